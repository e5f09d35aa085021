"""What every transport keeps, so that the one in memory cannot drift."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery.transports import Transport
from newsletter.delivery.transports.folder import FolderTransport
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.delivery.transports.smtp import Account, SmtpTransport
from newsletter.model.message import Message
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage
from newsletter.testing.smtp_server import SmtpServer

DATA = b"Subject: a\r\n\r\n.dot\r\n\r\nend\r\n"


@dataclass
class Subject:
    """A transport, and how to see what it handed over."""

    make: Callable[[], Transport]
    taken: Callable[[], list[bytes]]


@pytest.fixture(params=["smtp", "folder", "memory"])
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
        with SmtpServer() as server:
            account = Account(ServerSettings("127.0.0.1", server.port, security="none"))
            yield Subject(
                lambda: SmtpTransport(account),
                lambda: [one.data for one in server.messages],
            )


def use(
    subject: Subject, work: Callable[[Transport], Coroutine[Any, Any, None]]
) -> None:
    async def run() -> None:
        line = subject.make()
        try:
            await work(line)
        finally:
            await line.close()

    asyncio.run(run())


def message(to: str) -> Message:
    return Message(DATA, "news@example.org", to, "<1@example.org>")


def test_send_when_permitted_hands_over_every_byte(subject: Subject) -> None:
    async def work(line: Transport) -> None:
        for to in ("a@example.org", "b@example.org"):
            answer = await line.send(message(to), permit)
            assert answer is not None
            assert (answer.stage, answer.reply.code) == (Stage.END, 250)

    async def permit() -> bool:
        return True

    use(subject, work)
    assert subject.taken() == [DATA, DATA]


def test_send_asks_for_permission_once_for_each_message_and_before_it_leaves(
    subject: Subject,
) -> None:
    seen: list[int] = []

    async def permit() -> bool:
        seen.append(len(subject.taken()))
        return True

    async def work(line: Transport) -> None:
        await line.send(message("a@example.org"), permit)
        await line.send(message("b@example.org"), permit)

    use(subject, work)
    assert seen == [0, 1]


def test_send_when_denied_hands_nothing_over_and_the_next_one_goes(
    subject: Subject,
) -> None:
    async def no() -> bool:
        return False

    async def yes() -> bool:
        return True

    async def work(line: Transport) -> None:
        assert await line.send(message("a@example.org"), no) is None
        assert subject.taken() == []
        assert await line.send(message("b@example.org"), yes) is not None

    use(subject, work)
    assert subject.taken() == [DATA]


def test_send_when_permission_fails_hands_nothing_over(subject: Subject) -> None:
    async def permit() -> bool:
        raise RuntimeError("no disk")

    async def work(line: Transport) -> None:
        with pytest.raises(RuntimeError, match=r"^no disk$"):
            await line.send(message("a@example.org"), permit)

    use(subject, work)
    assert subject.taken() == []


def test_close_and_abort_may_be_called_again(subject: Subject) -> None:
    async def work(line: Transport) -> None:
        await line.close()
        line.abort()
        await line.close()

    use(subject, work)
