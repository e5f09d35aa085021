"""Letters and a feed to try a line with."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from newsletter.model.message import Message

if TYPE_CHECKING:
    from newsletter.delivery.transports import Ending


async def permit() -> bool:
    """Let every letter leave."""
    return True


class SampleLetter:
    """Remembers what a line does with it.

    Args:
        message: What it carries.
        permission: Awaited for whether it may leave; begins when it is asked for.
    """

    def __init__(
        self, message: Message, permission: Callable[[], Awaitable[bool]] = permit
    ) -> None:
        self.message = message
        self.endings: list[Ending] = []
        self.times_asked = 0
        self._permission = permission

    def ask(self) -> "asyncio.Future[bool]":
        """Begin to find out whether it may leave."""
        self.times_asked += 1
        return asyncio.ensure_future(self._permission())

    def settle(self, ending: "Ending") -> None:
        """Remember *ending*."""
        self.endings.append(ending)


class SampleFeed:
    """Gives letters in order.

    Args:
        letters: All there are.
        is_ready: Whether a line may have the next one while it is busy.
        pause_seconds: How long `take` waits before each letter.
    """

    def __init__(
        self,
        letters: Iterable[SampleLetter],
        *,
        is_ready: bool = True,
        pause_seconds: float = 0.0,
    ) -> None:
        self._letters = deque(letters)
        self._is_ready = is_ready
        self._pause_seconds = pause_seconds

    def take_ready(self) -> SampleLetter | None:
        """Return the next letter, if there is one and it is ready."""
        return self._letters.popleft() if self._is_ready and self._letters else None

    async def take(self) -> SampleLetter | None:
        """Return the next letter, None when there is none left."""
        if not self._letters:
            return None
        await asyncio.sleep(self._pause_seconds)
        return self._letters.popleft()
