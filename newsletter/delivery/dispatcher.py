"""Runs a dispatch to its end, or until it has to stop: all its lanes side by side.

In: a running dispatch, a ledger, and lanes to open. Out: why it stopped early, or None.
It looks up twice a second: was the dispatch paused or cancelled elsewhere, did the
computer sleep, does everything wait for something that takes long?
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from newsletter.delivery.bell import Bell
from newsletter.delivery.desk import Desk
from newsletter.delivery.lane import BRAKED, Lane
from newsletter.delivery.waits import Wait
from newsletter.errors import OperationError
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Halt

#: Pause and cancel hold at the next intent anyway; this is for who waits in between.
LOOK_SECONDS = 0.4
#: Nobody is kept from looking up for so long but by sleep.
SLEPT_SECONDS = 30.0
#: Shorter trouble is no news for other processes.
HINDERED_SECONDS = 3.0
LATER = "the mail server asked to try some of them later"

_AT_WORK = frozenset({DispatchState.RUNNING, DispatchState.WAITING})

#: Makes a lane: its name, the desk, and what to ring when it is idle.
OpenLane = Callable[[str, Desk, Bell], Lane]


async def run(dispatch_id: int, *, desk: Desk, open_lane: OpenLane) -> Halt | None:
    """Send until nothing is due, as long as it pays to wait, or something stops us.

    Args:
        dispatch_id: A dispatch in state running.
        desk: The ledger and all else a sender needs.
        open_lane: Makes a lane; its lines connect at their first message.

    Returns:
        Why it stopped early; None when nothing is due, or the ledger says why.

    Raises:
        OperationError: The ledger failed; nothing was sent that it does not know.
    """
    changed = Bell()
    desk.stop.listen(changed.ring)
    names = await desk.ledger.open_lanes(dispatch_id)
    lanes = [open_lane(name, desk, changed) for name in names]
    work = [asyncio.create_task(lane.run()) for lane in lanes]
    try:
        await _Watch(dispatch_id, desk, lanes, changed).run()
    finally:
        for lane in lanes:
            lane.end()
        results = await asyncio.gather(*work, return_exceptions=True)
        # Who was refused before the intent was written waits for that, also when
        # something broke: else nobody would know that nothing of it left.
        with suppress(OperationError):
            await desk.ledger.flush()
    for error in (*results, desk.stop.error):
        if isinstance(error, BaseException):
            raise error
    halt = desk.stop.halt or _set_aside(lanes)
    for lane in lanes:
        await lane.give_back()
    await desk.waits.end()
    await desk.ledger.flush()
    return halt


def _set_aside(lanes: Sequence[Lane]) -> Halt | None:
    """Return why a dispatch is not done when a policy spoke against some."""
    found = [lane for lane in lanes if lane.set_aside]
    if not found:
        return None
    number = sum(lane.set_aside for lane in found)
    people = "recipient" if number == 1 else "recipients"
    reason = f"{found[-1].policy} (of {number} {people}; all others were tried)"
    return Halt(DispatchState.PAUSED, reason)


class _Watch:
    """Looks up twice a second."""

    def __init__(
        self, dispatch_id: int, desk: Desk, lanes: Sequence[Lane], changed: Bell
    ) -> None:
        self._dispatch_id = dispatch_id
        self._desk = desk
        self._lanes = lanes
        self._changed = changed
        #: When the next deferred delivery is due; asked again when it has passed, or
        #: somebody else was put off.
        self._next_due: datetime | None = None
        #: How many had been put off in this run when we looked last.
        self._deferred = 0
        #: What the ledger says of a dispatch that runs.
        self._told = ""
        #: Since when nothing else is left.
        self._only_deferred_since: datetime | None = None

    async def run(self) -> None:
        """Look until nothing is left, or somebody asked to stop."""
        stop = self._desk.stop
        while not stop.is_set:
            await self._look()
            if stop.is_set or await self._is_over():
                return
            await self._changed.wait(LOOK_SECONDS)

    async def _look(self) -> None:
        desk = self._desk
        halt = desk.pulse.asleep()
        is_well = desk.trouble.failing_since is None and not desk.route.in_vain
        if halt is None and not is_well:
            halt = desk.pulse.away(desk.trouble.reason)
        if halt is not None:
            desk.stop.request(halt)
            return
        if desk.pulse.beat(is_well=is_well) > SLEPT_SECONDS:
            for lane in self._lanes:
                lane.wake_up()
        if await desk.ledger.state(self._dispatch_id) not in _AT_WORK:
            desk.stop.request(None)
            return
        if desk.trouble.is_away(desk.steady()):
            desk.change_server()
        await self._explain()
        wait = self._find_wait()
        if wait is not None:
            await desk.waits.begin(wait)

    async def _explain(self) -> None:
        """Let other processes know what hinders us; a wait has a reason of its own."""
        desk = self._desk
        if desk.waits.now is not None:
            self._told = ""
            return
        reason = self._hindrance()
        if reason != self._told:
            self._told = reason
            desk.on_slow(BRAKED if reason == BRAKED else "")
            await desk.ledger.explain(self._dispatch_id, reason)

    def _hindrance(self) -> str:
        trouble = self._desk.trouble
        since = trouble.failing_since
        if since is not None and self._desk.steady() - since >= HINDERED_SECONDS:
            return trouble.reason
        return BRAKED if any(lane.is_braked for lane in self._lanes) else ""

    def _find_wait(self) -> Wait | None:
        """Return what everything waits for."""
        if self._desk.route.is_hopeless:
            return Wait(self._desk.trouble.reason)
        waits = [lane.waits_for() for lane in self._lanes if not lane.is_idle]
        found = [(wait.until, wait) for wait in waits if wait and wait.until]
        if not found or len(found) < len(waits):
            return None
        return min(found, key=lambda pair: pair[0])[1]

    async def _is_over(self) -> bool:
        """Tell whether nothing is left that it pays to wait for."""
        if not any(lane.is_idle for lane in self._lanes) and self._lanes:
            return False
        is_all = all(lane.is_idle for lane in self._lanes)
        desk = self._desk
        self._forget_if_more_deferred()
        if self._next_due is None and (is_all or desk.waits.now is not None):
            self._next_due = await desk.ledger.next_due(self._dispatch_id)
        if self._next_due is None:
            return is_all
        now = desk.clock()
        if self._next_due <= now:
            self._next_due = None
            await desk.waits.end()
            for lane in self._lanes:
                lane.look_again()
            return False
        if not is_all:
            return False
        self._only_deferred_since = self._only_deferred_since or now
        if not self._pays(self._next_due, self._only_deferred_since):
            return True
        await desk.waits.begin(Wait(LATER, self._next_due))
        return False

    def _forget_if_more_deferred(self) -> None:
        deferred = sum(lane.deferred for lane in self._lanes)
        if deferred != self._deferred:
            self._deferred, self._next_due = deferred, None

    def _pays(self, due: datetime, since: datetime) -> bool:
        patience = self._desk.trouble.patience.deferred
        return patience is None or (due - since).total_seconds() <= patience
