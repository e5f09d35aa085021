import asyncio
import resource
import time
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from newsletter.checks.links.judge import judge
from newsletter.checks.links.manner import Manner
from newsletter.checks.links.schedule import Host, Schedule, most_in_flight
from newsletter.model.link import Fault, Judgement, Verdict

if TYPE_CHECKING:
    from tests.checks.links.conftest import Visit, Web


class Diary:
    """Asks what nobody answers, and notes who was at it when."""

    def __init__(self, *, in_flight: int = 256, gap: float = 0) -> None:
        self.schedule = Schedule(in_flight=in_flight, gap_seconds=gap)
        self.starts: dict[str, list[float]] = {}
        self.most_at_once = self._open = 0

    async def ask(self, url: str, seconds: float = 0) -> Fault | None:
        async with self.schedule.turn(url) as host:
            if host.closed:
                return host.closed
            self.starts.setdefault(url, []).append(time.monotonic())
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
            await asyncio.sleep(seconds)
            self._open -= 1
        return None

    async def ask_all(
        self, urls: Iterable[str], seconds: float = 0
    ) -> list[Fault | None]:
        return await asyncio.gather(*(self.ask(url, seconds) for url in urls))


def test_site_is_asked_in_its_pace() -> None:
    async def asked() -> list[float]:
        diary = Diary(gap=0.05)
        await diary.ask_all(f"https://a.example/{n}" for n in range(6))
        return sorted(start for starts in diary.starts.values() for start in starts)

    gaps = [b - a for a, b in pairwise(asyncio.run(asked()))]
    assert min(gaps) >= 0.049


def test_site_gets_at_most_four_questions_at_once() -> None:
    async def asked() -> int:
        diary = Diary()
        await diary.ask_all((f"https://a.example/{n}" for n in range(20)), 0.01)
        return diary.most_at_once

    assert asyncio.run(asked()) == 4


def test_all_sites_together_get_no_more_than_is_allowed() -> None:
    async def asked() -> int:
        diary = Diary(in_flight=10)
        await diary.ask_all((f"https://{n}.example/" for n in range(50)), 0.01)
        return diary.most_at_once

    assert asyncio.run(asked()) == 10


def test_site_that_is_waited_for_holds_up_no_other() -> None:
    """The fault of LinkChecker: one wait under a lock that all sites share."""

    async def asked() -> list[float]:
        diary = Diary(in_flight=8, gap=0.3)
        slow = [f"https://slow.example/{n}" for n in range(20)]
        others = [f"https://{n}.example/" for n in range(40)]
        began = time.monotonic()
        waiting = asyncio.gather(*(diary.ask(url, 0.01) for url in slow))
        await diary.ask_all(others, 0.01)
        waiting.cancel()
        return [diary.starts[url][0] - began for url in others]

    # Forty sites, eight at once, 10 ms each: 50 ms, and a busy machine.
    assert max(asyncio.run(asked())) < 0.29


def test_cancelled_wait_gives_its_place_back() -> None:
    async def asked() -> Fault | None:
        diary = Diary(in_flight=1)
        holds = asyncio.create_task(diary.ask("https://a.example/", 0.05))
        await asyncio.sleep(0)
        waits = [asyncio.create_task(diary.ask("https://a.example/")) for _ in range(9)]
        await asyncio.sleep(0.01)
        for one in waits:
            one.cancel()
        await holds
        async with asyncio.timeout(1):
            return await diary.ask("https://a.example/")

    assert asyncio.run(asked()) is None


# --- what sites ask for ---------------------------------------------------------------


def test_pause_is_kept_and_then_over() -> None:
    host = Host()
    host.note_wait(3, asked_at=100, now=101)
    assert host.seconds_to_wait(101) == 3
    assert host.seconds_to_wait(104) == 0
    assert host.closed is None


def test_pause_beyond_what_we_wait_closes_the_site() -> None:
    host = Host()
    host.note_wait(11, asked_at=100, now=101)
    assert (host.closed, host.rest_seconds) == (Fault.LEFT_ALONE, 11)


def test_pauses_without_a_length_grow_and_end() -> None:
    host, now, waits = Host(), 100.0, []
    while host.closed is None:
        host.note_wait(None, asked_at=now, now=now)
        waits.append(host.free_at - now)
        now = host.free_at
    assert waits == [2, 4, 8, 10]


def test_answers_to_questions_of_before_the_pause_count_once() -> None:
    host = Host()
    for _ in range(4):
        host.note_wait(1, asked_at=100, now=101)
    assert host.closed is None
    assert host.free_at == 102


def test_answer_in_between_lets_pauses_begin_anew() -> None:
    host = Host()
    for second in range(20):
        host.note_wait(1, asked_at=second, now=second)
        host.note_answer()
    assert host.closed is None


def test_site_that_never_takes_the_call_is_not_dialled_for_ever() -> None:
    host = Host()
    host.note_silence(Fault.TIMEOUT)
    assert host.closed is None
    host.note_silence(Fault.TIMEOUT)
    assert host.closed is Fault.TIMEOUT
    host.try_again()
    assert host.closed is None


def test_site_that_answered_once_is_dialled_again() -> None:
    host = Host()
    host.note_answer()
    for _ in range(9):
        host.note_silence(Fault.TIMEOUT)
    assert host.closed is None


def test_second_pass_still_leaves_alone_who_asked_for_it() -> None:
    host = Host()
    host.note_wait(3600, asked_at=1, now=2)
    host.try_again()
    assert host.closed is Fault.LEFT_ALONE


# --- with servers ---------------------------------------------------------------------


def test_links_of_a_site_that_wants_rest_are_not_asked(web: "Web") -> None:
    busy = web.answer(429, "Retry-After: 3600")
    site = web.site({f"/{n}": busy for n in range(30)})
    urls = [f"{site.url}/{n}" for n in range(30)]
    seen = web.observe(*urls, gap_seconds=0.05)
    assert 1 <= len(site.hits) <= 4
    last = seen.looks[urls[-1]][-1]
    assert judge([last]) == Judgement(
        Verdict.RATE_LIMITED, "127.0.0.1 asks to be left alone for a while."
    )
    assert (last.fault, last.retry_after_seconds) == (Fault.LEFT_ALONE, 3600)
    assert {len(looks) for looks in seen.looks.values()} == {1}


def test_site_is_asked_ten_times_a_second_unless_told_otherwise(web: "Web") -> None:
    moments: list[float] = []

    def note(visit: "Visit") -> None:
        moments.append(time.monotonic())
        visit.send(web.answer(200))

    site = web.site({f"/{n}": note for n in range(5)})
    urls = [f"{site.url}/{n}" for n in range(5)]
    web.observe(*urls, gap_seconds=Manner().gap_seconds)
    # The first may be on its way a little longer than the last.
    assert max(moments) - min(moments) >= 0.36


def test_hundreds_of_sites_are_asked_side_by_side_and_no_more_than_256(
    web: "Web",
) -> None:
    def slowly(visit: "Visit") -> None:
        time.sleep(0.4)
        visit.send(web.answer(200))

    site = web.site({"/": slowly})
    hosts = [f"site{n}.example" for n in range(300)]
    names = web.names({host: ["127.0.0.1"] for host in hosts})
    seen = web.observe(*(f"http://{h}:{site.port}/" for h in hosts), resolver=names)
    assert {looks[-1].status for looks in seen.looks.values()} == {200}
    # How many are at it at one moment is also a matter of the machine.
    assert most_in_flight() / 2 <= site.most_at_once <= most_in_flight()


def test_pause_of_one_site_holds_up_no_other(web: "Web") -> None:
    busy = web.site({"/": web.answer(429, "Retry-After: 1")})
    moments: list[float] = []

    def note(visit: "Visit") -> None:
        moments.append(time.monotonic())
        visit.send(web.answer(200))

    quick = web.site({f"/{n}": note for n in range(8)})
    names = web.names({"busy.example": ["127.0.0.1"], "quick.example": ["127.0.0.1"]})
    began = time.monotonic()
    web.observe(
        f"http://busy.example:{busy.port}/",
        *(f"http://quick.example:{quick.port}/{n}" for n in range(8)),
        resolver=names,
    )
    assert max(moments) - began < 0.9
    assert len(busy.hits) == 2


def test_name_that_is_never_looked_up_holds_up_no_other(web: "Web") -> None:
    class Hanging(web.names):  # type: ignore[name-defined, misc]
        async def resolve(self, host: str, *more: object) -> object:
            if host.startswith("dead"):
                self.asked.append(host)
                await asyncio.sleep(30)
            return await super().resolve(host, *more)

    site = web.site({"/": web.answer(200)})
    names = Hanging({"good.example": ["127.0.0.1"]})
    dead = [f"http://dead.example/{n}" for n in range(20)]
    good = f"http://good.example:{site.port}/"
    began = time.monotonic()
    seen = web.observe(*dead, good, resolver=names, dial_seconds=0.2)
    assert time.monotonic() - began < 2
    assert seen.looks[good][0].status == 200
    assert seen.looks[dead[-1]][-1].fault is Fault.NAME_UNSURE


# --- how many at once -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [(1024, 256), (256, 64), (100_000, 256), (8, 4), (resource.RLIM_INFINITY, 256)],
)
def test_few_open_files_mean_few_questions_at_once(
    monkeypatch: pytest.MonkeyPatch, files: int, expected: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_in_flight() == expected


def test_connection_is_kept_only_while_links_of_its_site_wait() -> None:
    async def asked() -> list[bool]:
        schedule, kept = Schedule(in_flight=8, gap_seconds=0), []

        async def ask(url: str) -> None:
            async with schedule.turn(url) as host:
                await asyncio.sleep(0.001)
                kept.append(schedule.keeps_connection(host))

        await asyncio.gather(*(ask(f"https://a.example/{n}") for n in range(6)))
        return kept

    kept = asyncio.run(asked())
    assert (kept[0], kept[-1]) == (True, False)


def test_no_connection_is_kept_when_many_sites_wait() -> None:
    """Idle ones would use up the files that a process may open."""

    async def asked() -> set[bool]:
        schedule, kept = Schedule(in_flight=8, gap_seconds=0), set()

        async def ask(url: str) -> None:
            async with schedule.turn(url) as host:
                kept.add(schedule.keeps_connection(host))
                await asyncio.sleep(0.001)

        urls = [f"https://{n // 9}.example/{n}" for n in range(90)]
        await asyncio.gather(*map(ask, urls[:45]), *map(ask, urls[45:]))
        return kept

    assert asyncio.run(asked()) == {False}
