"""The wish that a dispatch stops: no new messages; what has begun comes to its end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from newsletter.model.dispatch import Halt


class Stop:
    """Asked for once, seen by everybody."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self.is_set = False
        #: Why; None when it was decided elsewhere (paused or cancelled in the ledger).
        self.halt: Halt | None = None
        #: What made it impossible to go on: to be raised at the end.
        self.error: Exception | None = None

    def request(self, halt: Halt | None) -> None:
        """Ask for it; the first reason counts."""
        if self.is_set:
            return
        self.halt = halt
        self.is_set = True
        self._event.set()
        for listener in self._listeners:
            listener()

    def fail(self, error: Exception) -> None:
        """Ask for it because something of ours broke."""
        self.error = self.error or error
        self.request(None)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have *listener* called at the wish."""
        self._listeners.append(listener)

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the wish."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
