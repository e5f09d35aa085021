"""Wakes who waits for something to change."""

import asyncio


class Bell:
    """Heard by those who wait at the moment it rings, the longest waiting first."""

    def __init__(self) -> None:
        # A dict keeps the order.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._linked: list[Bell] = []

    def link(self, other: "Bell") -> None:
        """Have *other* ring too, for everybody, whenever this one does."""
        self._linked.append(other)

    def ring(self, number: int | None = None) -> None:
        """Wake everybody who waits, or so many."""
        if number is None:
            for other in self._linked:
                other.ring()
        waiting = list(self._waiting)
        for one in waiting[:number]:
            self._waiting.pop(one, None)
            _wake(one)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait for the next ring, or for so many seconds."""
        loop = asyncio.get_running_loop()
        one: asyncio.Future[None] = loop.create_future()
        self._waiting[one] = None
        alarm = None if seconds is None else loop.call_later(seconds, _wake, one)
        try:
            await one
        finally:
            self._waiting.pop(one, None)
            if alarm is not None:
                alarm.cancel()


def _wake(one: asyncio.Future[None]) -> None:
    if not one.done():
        one.set_result(None)
