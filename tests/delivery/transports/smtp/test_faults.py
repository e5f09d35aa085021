"""Everything that can go wrong at every stage, and what becomes of four letters.

Anna's, Bob's, Carl's and Dora's letters go over one line. The fault hits Anna's
connection, or Bob's letter where a stage comes once a letter, or what follows Anna's
letter at "idle"; Carl's at "rset", which comes between letters that are out together.
All cases run at once, as they mostly wait.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pytest
import uvloop

from newsletter.model.settings import Security
from newsletter.testing.letters import SampleFeed, SampleLetter
from newsletter.testing.smtp_server import EXTENSIONS, Fault, SmtpServer

#: What is silent is waited for so long; nothing else takes so long on a busy machine.
SECONDS = 1.5
FOREVER = 60.0
NAMES = ("anna", "bob", "carl", "dora")
#: By DATA with pipelining, by DATA and one command at a time, by BDAT.
Way = Literal["pipelined", "one-by-one", "chunked"]

#: What a server says at each stage when all is well.
YES = {
    "connect": "220 hi",
    "ehlo": "250 hi",
    "starttls": "220 go ahead",
    "auth": "235 welcome",
    "data": "354 go ahead",
    "quit": "221 bye",
}

#: Fault -> what makes it, given what would be said instead.
FAULTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "4xx": lambda _: {"reply": "451 4.3.0 later"},
    "421": lambda _: {"reply": "421 4.3.2 going down", "closes": True},
    "5xx": lambda _: {"reply": "554 5.0.0 no"},
    "hang-up": lambda _: {"closes": True},
    "reset": lambda _: {"resets": True},
    "silence": lambda _: {"delay_seconds": FOREVER},
    "partial": lambda yes: {"reply": yes[:2], "is_cut": True},
    "garbage": lambda _: {"reply": "it works, no really"},
    "flood": lambda yes: {"reply": yes, "times": 5000, "keeps": True},
    "late": lambda _: {"delay_seconds": 0.1, "keeps": True},
    "early": lambda yes: {"reply": yes, "extra": "250 ok\r\n", "keeps": True},
}

#: Stage, faults, and what becomes of the letter that is hit and the one behind it:
#: with pipelining, and one command at a time where that differs. "or": the moment at
#: which a doubtful reply comes decides.
TABLE = """
connect   4xx                                      connect 451
connect   421                                      connect 421
connect   5xx                                      connect 554
connect   hang-up reset silence partial garbage    lost
connect   flood                                    lost
connect   early                                    taken or lost
ehlo      4xx                                      connect 451
ehlo      421                                      connect 421
ehlo      5xx                                      connect 554
ehlo      hang-up reset silence partial garbage    lost
ehlo      flood early                              taken or lost
starttls  4xx                                      connect 451
starttls  421                                      connect 421
starttls  5xx                                      connect 554
starttls  hang-up reset silence partial garbage    lost
starttls  flood early                              taken or lost or misfit
auth      4xx                                      login 451
auth      421                                      login 421
auth      5xx                                      login 554
auth      hang-up reset silence partial garbage    lost
auth      flood early                              taken or lost
mail      4xx                                      mail 451
mail      421 hang-up reset                        taken
mail      5xx                                      mail 554
mail      silence partial garbage flood early      lost
rcpt      4xx                                      rcpt 451
rcpt      421                                      rcpt 421
rcpt      5xx                                      rcpt 554
rcpt      hang-up reset silence partial garbage    lost
rcpt      flood early                              lost
data      4xx                                      data 451
data      421                                      data 421
data      5xx                                      data 554
data      hang-up reset silence partial garbage    lost
data      flood early                              lost
body      421                                      end 421
body      hang-up reset silence partial garbage    unknown, lost  unknown
body      flood early                              taken, lost    taken, taken or lost
end       4xx                                      end 451
end       421                                      end 421
end       5xx                                      end 554
end       hang-up reset silence partial garbage    unknown, lost  unknown
end       flood early                              taken, lost    taken, taken or lost
idle      4xx                            mail 451  mail 451 or taken, taken or lost
idle      421 hang-up reset                        taken
idle      5xx                            mail 554  mail 554 or taken, taken or lost
idle      silence                                  lost
idle      partial garbage flood early              lost           taken or lost
quit      4xx 421 5xx hang-up reset silence        taken
quit      partial garbage flood early              taken
"""
#: By BDAT, where Bob's, Carl's and Dora's letters are out together; Anna's went alone,
#: and is the first of the four at "idle". "doubtful": all yeses are alike, so none is
#: believed when one too many came with it; and a reset may outrun any reply.
CHUNKED = """
mail      4xx                                      mail 451
mail      421                                      mail 421, unread, unread
mail      5xx                                      mail 554
mail      hang-up reset                            unknown, unread, unread
mail      silence partial garbage                  unknown, unknown, unknown
mail      flood early                              unknown, unknown, unknown
rcpt      4xx                                      rcpt 451
rcpt      421                                      rcpt 421, unread, unread
rcpt      5xx                                      rcpt 554
rcpt      hang-up reset                            unknown, unread, unread
rcpt      silence partial garbage                  unknown, unknown, unknown
rcpt      flood                                    unknown, unknown, unknown
rcpt      early                                    doubtful, unknown, unknown
body      421                                      end 421, unread, unread
body      hang-up reset                            unknown, unread, unread
body      silence partial garbage                  unknown, unknown, unknown
body      flood                                    unknown, unknown, unknown
body      early                                    doubtful, unknown, unknown
end       4xx                                      end 451
end       421                                      end 421, unread, unread
end       5xx                                      end 554
end       hang-up reset                            unknown, unread, unread
end       silence partial garbage                  unknown, unknown, unknown
end       flood                                    unknown, unknown, unknown
end       early                                    doubtful, unknown, unknown
idle      4xx 5xx partial garbage flood early      doubtful, anyhow, anyhow, anyhow
idle      421 hang-up reset                        taken, anyhow, anyhow, anyhow
idle      silence                                  taken, unknown, unknown, unknown
rset      4xx 5xx                                  taken
rset      silence                                  taken, unknown, unknown
rset      hang-up reset                            doubtful, unknown, unread
rset      421                                      taken, mail 421, unread
rset      partial garbage flood early              doubtful, unknown, unknown
"""
WORDS = {
    "doubtful": "taken or unknown",
    "421": "421 or unknown",
    "anyhow": "taken or lost or unknown",
    "unread": "lost or unknown",
}
#: Where nothing at all goes wrong for anybody in the end.
LATE = "taken, taken"

#: Stages at which all ways are alike.
BEFORE_AND_AFTER = ("connect", "ehlo", "starttls", "auth", "quit")
OFFERS = {
    "pipelined": EXTENSIONS,
    "one-by-one": [one for one in EXTENSIONS if one != "PIPELINING"],
    "chunked": [*EXTENSIONS, "CHUNKING"],
}


@dataclass(frozen=True)
class Case:
    stage: str
    fault: str
    way: Way
    #: What may become of each letter.
    expected: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return f"{self.stage}-{self.fault}-{self.way}"


@dataclass(frozen=True)
class Seen:
    endings: tuple[tuple[str, ...], ...]
    #: How often the server has each letter.
    kept: tuple[int, ...]


class HasContexts(Protocol):
    server: ssl.SSLContext
    client: ssl.SSLContext


def read_table(table: str) -> list[list[str]]:
    rows = [line.split("  ") for line in table.strip().splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    stages = dict.fromkeys(stage for stage, *_ in cells)
    return [*cells, *([stage, "late", LATE] for stage in stages)]


def list_cases() -> Iterator[Case]:
    for stage, faults, *outcomes in read_table(TABLE):
        behind = int(stage not in BEFORE_AND_AFTER)
        for fault in faults.split():
            yield Case(stage, fault, "pipelined", letters(outcomes[0], behind))
            yield Case(stage, fault, "one-by-one", letters(outcomes[-1], behind))
            if stage in BEFORE_AND_AFTER:
                yield Case(stage, fault, "chunked", letters(outcomes[0], behind))
    for stage, faults, outcome in read_table(CHUNKED):
        behind = int(stage != "idle")
        for word, meaning in WORDS.items():
            outcome = outcome.replace(word, meaning)
        for fault in faults.split():
            yield Case(stage, fault, "chunked", letters(outcome, behind))


def letters(outcomes: str, behind: int) -> tuple[tuple[str, ...], ...]:
    hit = [tuple(one.strip().split(" or ")) for one in outcomes.split(",")]
    before = [("taken",)] * behind
    return tuple([*before, *hit, *[("taken",)] * len(NAMES)][: len(NAMES)])


CASES = list(list_cases())


def make_fault(case: Case) -> Fault:
    yes = YES.get(case.stage, "250 ok")
    nth = 2 if case.stage in ("mail", "rcpt", "data", "body", "end") else 1
    made = FAULTS[case.fault](yes)
    if case.stage == "idle" and not made.get("reply"):
        made.pop("keeps", None)
    return Fault(case.stage, nth=nth, **made)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", OFFERS)
def test_the_table_names_every_fault_at_every_stage_once(way: Way) -> None:
    named = [(case.stage, case.fault) for case in CASES if case.way == way]
    assert len(named) == len(set(named))
    stages = {stage for stage, _ in named}
    assert stages >= {*BEFORE_AND_AFTER, "mail", "rcpt", "body", "end", "idle"}
    # A no in the middle of a message comes with a hang-up: else it would be a lie.
    wanted = {(stage, fault) for stage in stages for fault in FAULTS}
    assert wanted - set(named) == {("body", "4xx"), ("body", "5xx")}


async def run_case(case: Case, post: Any, certificate: HasContexts) -> Seen:
    has_login = case.stage in ("starttls", "auth")
    security: Security = "starttls" if has_login else "none"
    server = SmtpServer(
        [make_fault(case)],
        offers=OFFERS[case.way],
        certificate=certificate.server,
        security=security,
        users={"u": "p"} if has_login else None,
    )
    await asyncio.to_thread(server.start)
    try:
        user = "u" if has_login else ""
        account = post.account(server, security=security, user=user, window=4)
        account = post.with_password(account, "p" if has_login else "", certificate)
        sent: list[SampleLetter] = [post.letter(name) for name in NAMES]
        await asyncio.wait_for(post.hand_over(account, SampleFeed(sent)), 30)
    finally:
        await asyncio.to_thread(server.stop)
    return Seen(
        tuple(tuple(map(post.tell, one.endings)) for one in sent),
        tuple(
            server.recording.recipients.count(f"{name}@example.org") for name in NAMES
        ),
    )


@pytest.fixture(scope="module", params=[asyncio.new_event_loop, uvloop.new_event_loop])
def seen(
    request: pytest.FixtureRequest, post: Any, certificate: HasContexts
) -> dict[Case, Seen]:
    async def run_all() -> dict[Case, Seen]:
        turn = asyncio.Semaphore(60)

        async def one(case: Case) -> Seen:
            async with turn:
                return await run_case(case, post, certificate)

        found = await asyncio.gather(*map(one, CASES))
        return dict(zip(CASES, found, strict=True))

    connection = "newsletter.delivery.transports.smtp.connection"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ENVELOPE", "DATA", "PROGRESS", "FINAL_REPLY", "GOODBYE"):
            patch.setattr(f"{connection}.{name}_SECONDS", SECONDS)
        opening = "newsletter.delivery.transports.smtp.opening"
        patch.setattr(f"{opening}.GREETING_SECONDS", SECONDS)
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(run_all())


STAGES = sorted({case.stage for case in CASES})


@pytest.mark.parametrize("stage", STAGES)
def test_faults_end_each_letter_as_the_table_says(
    stage: str, seen: dict[Case, Seen]
) -> None:
    for case in (case for case in CASES if case.stage == stage):
        endings = seen[case].endings
        assert [len(one) for one in endings] == [1] * len(NAMES), (
            f"{case}: not settled once"
        )
        for name, (ending,), allowed in zip(NAMES, endings, case.expected, strict=True):
            assert ending in allowed, f"{case}: {name}"


@pytest.mark.parametrize("stage", STAGES)
def test_faults_never_make_an_ending_contradict_the_servers_record(
    stage: str, seen: dict[Case, Seen]
) -> None:
    for case in (case for case in CASES if case.stage == stage):
        for (ending,), kept in zip(seen[case].endings, seen[case].kept, strict=True):
            possible = {"taken": (1,), "unknown": (0, 1)}.get(ending, (0,))
            assert kept in possible, f"{case}: {ending}, but {kept} times there"
