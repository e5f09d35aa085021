"""The wish that a dispatch stops: no new messages; what has begun comes to its end."""

import asyncio
from contextlib import suppress

from newsletter.model.dispatch import Halt


class Stop:
    """Asked for once, seen by everybody."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        #: Why; None when it was decided elsewhere (paused or cancelled in the ledger).
        self.halt: Halt | None = None

    @property
    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def request(self, halt: Halt | None) -> None:
        """Ask for it; the first reason counts."""
        if not self.is_set:
            self.halt = halt
            self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the wish."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
