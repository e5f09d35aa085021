"""Runs a dispatch to its end, or until it has to stop: batch after batch.

In: the number of a running dispatch, a ledger, and a way to connect. Out: why it
stopped early, or None. The embedded loop: one process that holds the sender's lock.
"""

import asyncio
from collections.abc import Callable, Sequence

from newsletter.delivery.send_batch import Desk, Line, send_batch
from newsletter.delivery.transports import Transport
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Halt

#: Pause and cancel hold at the next intent anyway; this is for who waits in between.
WATCH_SECONDS = 0.5


async def run(
    dispatch_id: int,
    *,
    desk: Desk,
    connect: Callable[[], Transport],
    connections: int,
    on_start: Callable[[Sequence[Transport]], None] = lambda _: None,
) -> Halt | None:
    """Send until nothing is due or something stops us.

    Args:
        dispatch_id: A dispatch in state running.
        desk: The ledger and all else a sender needs.
        connect: Makes a line; it connects at its first message.
        connections: Lines to use at once.
        on_start: Given the lines, for who must be able to abort them.

    Returns:
        Why it stopped early; None when nothing is due, or the ledger says why.
    """
    lines = [Line(connect()) for _ in range(connections)]
    on_start([line.transport for line in lines])
    watcher = asyncio.create_task(_watch(dispatch_id, desk))
    try:
        while not desk.stop.is_set:
            claim = await desk.ledger.claim(dispatch_id)
            if claim is None:
                break
            await send_batch(claim, desk=desk, lines=lines)
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await asyncio.gather(*(line.transport.close() for line in lines))
    return desk.stop.halt


async def _watch(dispatch_id: int, desk: Desk) -> None:
    """Stop everybody when the dispatch is paused or cancelled from elsewhere."""
    while not desk.stop.is_set:
        if await desk.ledger.state(dispatch_id) is not DispatchState.RUNNING:
            desk.stop.request(None)
        await desk.stop.sleep(WATCH_SECONDS)
