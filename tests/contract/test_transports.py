"""What every transport keeps, so that the one in memory cannot drift."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from newsletter.delivery.transports import Answer, Denial, Transport
from newsletter.delivery.transports.folder import FolderTransport
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.model.message import Message
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage
from newsletter.testing.letters import SampleFeed, SampleLetter, permit
from newsletter.testing.smtp_server import EXTENSIONS, SmtpServer

DATA = b"Subject: a\r\n\r\nno dot\r\n\r\nend\r\n"
Permission = Callable[[], Awaitable[bool]]


@dataclass
class Subject:
    """A transport, and how to see what it handed over."""

    make: Callable[[], Transport]
    taken: Callable[[], list[bytes]]


@pytest.fixture(params=["smtp", "smtp-by-bdat", "folder", "memory"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    if request.param == "folder":
        folder = tmp_path / "outbox"
        yield Subject(
            lambda: FolderTransport(folder, prefix="x"),
            lambda: [path.read_bytes() for path in sorted(folder.glob("*.eml"))],
        )
    elif request.param == "memory":
        kept: list[Message] = []
        yield Subject(lambda: MemoryTransport(kept), lambda: [m.data for m in kept])
    else:
        with SmtpServer(offers=(*EXTENSIONS, "CHUNKING")) as server:
            settings = ServerSettings("127.0.0.1", server.port, security="none")
            window = 4 if request.param == "smtp-by-bdat" else 1
            account = Account(replace(settings, window=window))
            yield Subject(
                lambda: SmtpLine(account),
                lambda: [one.data for one in server.messages],
            )


def use(subject: Subject, work: Callable[[Transport], Awaitable[None]]) -> None:
    async def run() -> None:
        line = subject.make()
        try:
            await work(line)
        finally:
            await line.close()

    asyncio.run(run())


def letter(to: str, permission: Permission = permit) -> SampleLetter:
    return SampleLetter(Message(DATA, "news@example.org", to, "<1@x>"), permission)


async def deny() -> bool:
    return False


def hand_over(subject: Subject, *letters: SampleLetter, is_ready: bool = True) -> None:
    use(subject, lambda line: line.work(SampleFeed(letters, is_ready=is_ready)))


@pytest.mark.parametrize("is_ready", [True, False])
def test_work_when_permitted_hands_over_every_byte(
    subject: Subject, is_ready: bool
) -> None:
    letters = [letter("a@example.org"), letter("b@example.org")]
    hand_over(subject, *letters, is_ready=is_ready)
    assert subject.taken() == [DATA, DATA]
    for one in letters:
        (ending,) = one.endings
        assert isinstance(ending, Answer)
        assert (ending.stage, ending.reply.code) == (Stage.END, 250)


def test_work_asks_for_permission_once_for_each_letter_and_before_it_leaves(
    subject: Subject,
) -> None:
    seen: list[int] = []

    async def look() -> bool:
        seen.append(len(subject.taken()))
        return True

    letters = [letter("a@example.org", look), letter("b@example.org", look)]
    hand_over(subject, *letters, is_ready=False)
    assert [one.times_asked for one in letters] == [1, 1]
    assert seen == [0, 1]


def test_work_when_denied_hands_nothing_over_and_the_next_one_goes(
    subject: Subject,
) -> None:
    denied, wanted = letter("a@example.org", deny), letter("b@example.org")
    hand_over(subject, denied, wanted)
    assert denied.endings == [Denial()]
    assert len(wanted.endings) == 1
    assert subject.taken() == [DATA]


def test_work_when_permission_fails_hands_nothing_over(subject: Subject) -> None:
    async def fail() -> bool:
        raise RuntimeError("no disk")

    with pytest.raises(RuntimeError, match=r"^no disk$"):
        hand_over(subject, letter("a@example.org", fail))
    assert subject.taken() == []


def test_work_with_an_empty_feed_ends(subject: Subject) -> None:
    hand_over(subject)
    assert subject.taken() == []


def test_close_and_abort_may_be_called_again(subject: Subject) -> None:
    async def work(line: Transport) -> None:
        await line.close()
        line.abort()
        await line.close()

    use(subject, work)
