"""A dispatch that is halted while a real connection is in the middle of something."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.delivery.transports import Answer, Ending, Letter
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage
from newsletter.store.dispatches import pause_dispatch
from newsletter.testing.smtp_server import EXTENSIONS, Fault, SmtpServer

S = DeliveryState
HALT = Halt(DispatchState.INTERRUPTED, "Ctrl-C")


def line_to(host: str, port: int) -> Callable[[], SmtpLine]:
    settings = ServerSettings(
        host=host, port=port, security="none", allow_clear_text=True
    )
    return lambda: SmtpLine(Account(settings))


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])
def test_run_paused_while_the_server_thinks_sends_no_other_message(
    make_floor: Any, pipelining: bool
) -> None:
    """The next envelope is out and its intent is granted; the message stays here."""
    floor = make_floor(count=20)
    offers = [one for one in EXTENSIONS if pipelining or one != "PIPELINING"]
    slow = [Fault("end", delay_seconds=1.2, reply="250 ok", keeps=True)]

    async def pause(_: Any) -> None:
        while server.seen["end"] < 2:  # noqa: ASYNC110 - another thread counts
            await asyncio.sleep(0.01)
        with floor.database.writing() as connection:
            pause_dispatch(connection, floor.dispatch.id, reason="by hand")

    with SmtpServer(slow, offers=offers) as server:
        connect = line_to(server.host, server.port)
        assert floor.run(connect, connections=2, beside=pause) is None
    assert len(server.messages) == server.seen["end"] == 2
    assert floor.dispatch.counts[S.ACCEPTED] == 2
    assert floor.dispatch.counts[S.PENDING] == 18
    assert floor.dispatch.state is DispatchState.PAUSED


def test_run_asked_to_stop_while_it_connects_does_not_wait_for_the_server(
    floor: Any,
) -> None:
    """A server that greets nobody: nothing has begun that must come to its end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:

        async def stop(hall: Any) -> None:
            await asyncio.sleep(0.3)
            hall.desk.stop.request(HALT)

        began = time.monotonic()
        connect = line_to(*silent.getsockname())
        assert floor.run(connect, connections=3, beside=stop) == HALT
    assert time.monotonic() - began < 3
    assert floor.dispatch.counts[S.PENDING] == 4
    assert floor.told.troubles == []


def test_run_that_ends_with_a_bug_while_the_database_is_busy_leaves_no_doubt(
    make_floor: Any,
) -> None:
    """Two were put off before their intents were written; then something breaks."""
    floor = make_floor(count=3)
    gate = threading.Event()

    class Greylisting(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            while not gate.is_set():  # noqa: ASYNC110 - the test sets it
                await asyncio.sleep(0.001)
            letter.ask()
            return Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1"))

    def write(delivery: Delivery) -> Message:
        if delivery.seq == 3:
            raise ZeroDivisionError("a bug")
        return Message(b"a\r\n", "n@example.org", delivery.email, "<1@x>")

    async def keep_busy(_: Any) -> None:
        # The lane has learned meanwhile that there is no other batch.
        await asyncio.sleep(1.3)
        with floor.database.writing():
            gate.set()
            await asyncio.sleep(0.1)

    with pytest.raises(ZeroDivisionError):
        floor.run(Greylisting, connections=2, beside=keep_busy, write=write)
    counts = floor.look().counts
    assert (counts[S.DEFERRED], counts[S.PENDING]) == (2, 1)
