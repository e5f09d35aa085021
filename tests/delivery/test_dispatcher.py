import asyncio
from typing import Any

from sqlalchemy import insert, update

from newsletter.delivery.send_batch import Desk
from newsletter.delivery.transports import Answer, Permit
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.message import Message
from newsletter.store.dispatches import pause_dispatch
from newsletter.store.tables import batches


def test_run_goes_from_batch_to_batch(floor: Any) -> None:
    with floor.database.writing() as connection:
        connection.execute(update(batches).values(last_seq=3, n_pending=3))
        second = {"dispatch_id": 1, "first_seq": 4, "last_seq": 4, "n_pending": 1}
        connection.execute(insert(batches).values(state="open", **second))
    kept: list[Message] = []
    assert floor.run(lambda: MemoryTransport(kept), connections=2) is None
    assert len(kept) == 4
    assert floor.dispatch.state is DispatchState.DONE


def test_run_asked_to_stop_ends_with_the_reason(floor: Any) -> None:
    halt = Halt(DispatchState.INTERRUPTED, "Ctrl-C")
    kept: list[Message] = []

    async def ask(desk: Desk) -> None:
        desk.stop.request(halt)
        desk.stop.request(Halt(DispatchState.PAUSED, "too late"))

    assert floor.run(lambda: MemoryTransport(kept), beside=ask) == halt
    assert floor.dispatch.state is DispatchState.INTERRUPTED
    assert len(kept) + floor.dispatch.unfinished == 4


def test_run_notices_a_pause_while_it_waits_for_a_line(floor: Any) -> None:
    """No intent is asked for meanwhile: the watcher has to see it."""

    is_waiting, released = asyncio.Event(), asyncio.Event()

    class Busy(MemoryTransport):
        async def send(self, message: Message, permit: Permit) -> Answer | None:
            is_waiting.set()
            await released.wait()
            return await super().send(message, permit)

    async def pause(desk: Desk) -> None:
        # Paused before that, nothing would be claimed, and nobody would have to wait.
        await is_waiting.wait()
        with floor.database.writing() as connection:
            pause_dispatch(connection, floor.dispatch.id, reason="by hand")
        await desk.stop.sleep(5)
        was_seen = desk.stop.is_set
        released.set()
        assert was_seen

    assert floor.run(Busy, beside=pause) is None
    assert floor.dispatch.state is DispatchState.PAUSED
    assert set(floor.states().values()) == {"pending"}


def test_run_closes_every_line(floor: Any) -> None:
    closed: list[int] = []

    class Closing(MemoryTransport):
        async def close(self) -> None:
            closed.append(1)

    floor.run(Closing, connections=3)
    assert closed == [1, 1, 1]
