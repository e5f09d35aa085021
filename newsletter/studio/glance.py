"""Looks at something that changes by itself, and tells who waits for it.

Nobody looks while nobody waits. A look that takes long is made seldom: a page that is
left open beside a dispatch must not slow it down.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

#: Numbers that change more often cannot be read.
_REST_SECONDS = 1.0
#: Of all the time, looks take no more than a twentieth.
_SHARE = 20


class Stoppable(Protocol):
    """What may be about to stop."""

    @property
    def is_stopping(self) -> bool:
        """Whether it is."""


class Glance:
    """What was seen last, and a number that rises when it is something else.

    Args:
        look: Returns what is compared; called in a thread.
        beside: Stops when this one does.
    """

    def __init__(self, look: Callable[[], object], beside: Stoppable) -> None:
        self._look, self._beside = look, beside
        self._seen: object = None
        self._next_at = 0.0
        self._looking = asyncio.Lock()
        #: Rises with each change.
        self.version = 1

    @property
    def is_stopping(self) -> bool:
        """Whether everybody who waits is to go."""
        return self._beside.is_stopping

    async def newer_than(self, version: int, *, seconds: float) -> bool:
        """Wait for a newer one; False where there was none in *seconds*."""
        await asyncio.sleep(seconds)
        async with self._looking:
            if time.monotonic() >= self._next_at:
                await self._glance()
        return self.version > version

    async def _glance(self) -> None:
        begun = time.monotonic()
        seen = await asyncio.to_thread(self._look)
        took = time.monotonic() - begun
        self._next_at = time.monotonic() + max(_REST_SECONDS, _SHARE * took)
        if seen != self._seen:
            self._seen = seen
            self.version += 1
