import asyncio
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from aiosmtplib import SMTPResponseException, SMTPServerDisconnected
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.transports.smtp.wire import (
    MAX_REPLY_BYTES,
    BrokenOffError,
    Wire,
)


class Pipe(asyncio.Transport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_aborted = False
        self.protocol: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


class Inner(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost: list[Exception | None] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


def use(work: Callable[[Wire, Pipe], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        pipe = Pipe()
        wire = Wire(pipe, Inner())
        wire.attach()
        assert pipe.protocol is wire
        return await work(wire, pipe)

    return asyncio.run(run())


def read(count: int, *pieces: bytes) -> list[tuple[int, str] | type[BaseException]]:
    """Return the replies in *pieces* where so many are owed, and how it ended."""

    async def work(wire: Wire, pipe: Pipe) -> Any:
        wire.send([b"x"], replies=count)
        for piece in pieces:
            wire.data_received(piece)
        found: list[Any] = []
        try:
            for _ in range(count):
                found.append(await wire.reply(0.05))
            wire.check()
        except BrokenOffError as error:
            found.append(type(error.cause))
            assert pipe.is_aborted
        return found

    return list(use(work))


@pytest.mark.parametrize(
    ("said", "replies"),
    [
        (b"250 2.0.0 ok\r\n", [(250, "2.0.0 ok")]),
        (b"250\r\n", [(250, "")]),
        (b"250 \r\n", [(250, "")]),
        (b"250 ok\n", [(250, "ok")]),
        (b"250-a\r\n250-b\r\n250 c\r\n", [(250, "a\nb\nc")]),
        (b"250 a\r\n550 b\r\n", [(250, "a"), (550, "b")]),
        (b"250 \xc3\xa9\xff\r\n", [(250, "é�")]),
    ],
)
def test_reply_returns_code_and_text(
    said: bytes, replies: list[tuple[int, str]]
) -> None:
    assert read(len(replies), said) == replies


@pytest.mark.parametrize(
    "said",
    [
        b"it works\r\n",
        b"\r\n",
        b"25\r\n",
        b"250ok\r\n",
        b"150 wait\r\n",
        b"650 what\r\n",
        b"250-a\r\n550 b\r\n",
        "２50 ok\r\n".encode(),
        b"250 " + b"x" * MAX_REPLY_BYTES,
        b"250-xxxxxxxx\r\n" * (MAX_REPLY_BYTES // 12 + 1),
    ],
)
def test_reply_that_is_not_smtp_drops_the_connection(said: bytes) -> None:
    assert read(1, said) == [SMTPResponseException]


def test_reply_comes_before_what_ends_the_connection() -> None:
    said = b"250 ok\r\n250 nobody asked\r\n"
    assert read(1, said) == [(250, "ok"), SMTPResponseException]


def test_check_with_a_piece_of_an_unasked_reply_drops_the_connection() -> None:
    assert read(1, b"250 ok\r\n4") == [(250, "ok"), SMTPResponseException]


def test_check_with_a_piece_of_a_reply_that_is_owed_is_fine() -> None:
    """More may be written while replies are on their way."""

    async def work(wire: Wire, _: Pipe) -> None:
        wire.send([b"x"], replies=2)
        wire.data_received(b"250 ok\r\n25")
        assert wire.is_open
        wire.check()
        wire.send([b"y"], replies=1)
        wire.data_received(b"0 and\r\n250 more\r\n")
        assert wire.has_reply
        assert [await wire.reply(0.05) for _ in range(3)] == [
            *((250, "ok"), (250, "and"), (250, "more"))
        ]
        assert not wire.has_reply

    use(work)


@pytest.mark.parametrize(
    ("said", "is_hang_up"),
    [
        (b"421 4.3.2 closing\r\n", True),
        (b"421-4.3.2 closing\r\n421 bye\r\n", True),
        (b"4210\r\n", False),
        (b"250 ok\r\n", False),
    ],
)
def test_reply_that_nobody_asked_for_is_a_hang_up_if_it_says_so(
    said: bytes, is_hang_up: bool
) -> None:
    """RFC 5321, section 3.8: a server may say 421 and close at any time."""

    async def work(wire: Wire, _: Pipe) -> None:
        wire.data_received(said)
        with pytest.raises(BrokenOffError) as caught:
            wire.check()
        assert caught.value.is_hang_up == is_hang_up
        assert wire.has_babbled != is_hang_up

    use(work)


def test_reply_that_does_not_come_drops_the_connection() -> None:
    assert read(2, b"250 ok\r\n250 o") == [(250, "ok"), TimeoutError]


def test_reply_when_the_server_hangs_up_tells_the_other_protocol_too() -> None:
    async def work(wire: Wire, pipe: Pipe) -> None:
        wire.send([b"x"], replies=1)
        asyncio.get_running_loop().call_soon(wire.connection_lost, None)
        with pytest.raises(BrokenOffError) as caught:
            await wire.reply(5)
        assert isinstance(caught.value.cause, SMTPServerDisconnected)
        assert caught.value.is_hang_up
        assert wire._inner.lost == [None]  # type: ignore[attr-defined]
        assert not wire.is_open

    use(work)


def test_drop_while_a_reply_is_awaited_is_told_apart_from_a_hang_up() -> None:
    async def work(wire: Wire, pipe: Pipe) -> None:
        wire.send([b"x"], replies=1)
        asyncio.get_running_loop().call_soon(wire.drop)
        with pytest.raises(BrokenOffError) as caught:
            await wire.reply(5)
        assert (caught.value.cause, caught.value.is_hang_up) == (None, False)

    use(work)


def test_give_back_lets_the_other_protocol_read_again() -> None:
    async def work(wire: Wire, pipe: Pipe) -> None:
        wire.give_back()
        assert pipe.protocol is wire._inner

    use(work)


def test_reply_that_came_while_the_process_stood_still_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.delivery.transports.smtp.wire.LATE_SECONDS", 0.05)

    async def work(wire: Wire, pipe: Pipe) -> None:
        wire.send([b"x"], replies=1)
        loop = asyncio.get_running_loop()
        # Stopped beyond the deadline; uvloop rings its timers before it reads.
        loop.call_soon(time.sleep, 0.15)
        loop.call_later(0.16, wire.data_received, b"250 ok\r\n")
        assert await wire.reply(0.01) == (250, "ok")
        wire.send([b"x"], replies=1)
        loop.call_soon(time.sleep, 0.15)
        with pytest.raises(BrokenOffError):
            await wire.reply(0.01)

    use(work)


def test_wire_uses_one_timer_for_many_replies() -> None:
    async def work(wire: Wire, pipe: Pipe) -> None:
        timers = set()
        for _ in range(50):
            wire.send([b"x"], replies=1)
            loop = asyncio.get_running_loop()
            loop.call_soon(wire.data_received, b"250 ok\r\n")
            await wire.reply(60)
            timers.add(wire._timer)
        assert len(timers) == 1
        wire.give_back()

    use(work)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([220, 250, 354, 421, 550]),
            st.lists(st.text("ab .-25", max_size=8), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_replies_are_the_same_however_they_are_cut(
    replies: list[tuple[int, list[str]]], data: st.DataObject
) -> None:
    said = b"".join(
        f"{code}{'-' if number < len(texts) - 1 else ' '}{text}\r\n".encode()
        for code, texts in replies
        for number, text in enumerate(texts)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=8)))
    edges = [0, *cuts, len(said)]
    pieces = [said[a:b] for a, b in pairwise(edges)]
    expected = [(code, "\n".join(texts)) for code, texts in replies]
    assert read(len(replies), *pieces) == expected
