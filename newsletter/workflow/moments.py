"""Moments of a few mails outside a dispatch, within the limits they share with it."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from newsletter.delivery.pace import Pace
from newsletter.store.instants import to_millis

#: How often who waits looks whether it should stop.
_LOOK_SECONDS = 0.5


def never() -> bool:
    """Wait as long as it takes."""
    return False


class Moments:
    """Waits for the moment of one message after the other.

    Args:
        pace: Gives them.
        count: How many messages there are.
        clock: Aware.
        is_over: Asked while waiting: whether to give up.
    """

    def __init__(
        self,
        pace: Pace,
        count: int,
        *,
        clock: Callable[[], datetime],
        is_over: Callable[[], bool] = never,
    ) -> None:
        self._pace = pace
        self._left = count
        self._clock = clock
        self._is_over = is_over
        self._moments: list[int] = []

    async def wait(self) -> bool:
        """Wait for the next moment; False: given up."""
        if not self._moments:
            slots = await self._pace.take_for_test(self._left)
            self._moments = list(slots.moments())
        self._left -= 1
        moment = self._moments.pop(0)
        while not self._is_over():
            seconds = (moment - to_millis(self._clock())) / 1000
            if seconds <= 0:
                return True
            await asyncio.sleep(min(seconds, _LOOK_SECONDS))
        return False
