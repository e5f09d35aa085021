"""Wakes who waits for something to change."""

import asyncio


class Bell:
    """Heard by everybody who waits at the moment it rings."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake everybody who waits."""
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            _wake(one)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait for the next ring, or for so many seconds."""
        loop = asyncio.get_running_loop()
        one: asyncio.Future[None] = loop.create_future()
        self._waiting.add(one)
        alarm = None if seconds is None else loop.call_later(seconds, _wake, one)
        try:
            await one
        finally:
            self._waiting.discard(one)
            if alarm is not None:
                alarm.cancel()


def _wake(one: asyncio.Future[None]) -> None:
    if not one.done():
        one.set_result(None)
