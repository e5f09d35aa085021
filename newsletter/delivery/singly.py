"""Hands over a few messages that no ledger knows: tests and rehearsals.

In: finished messages and a line. Out: how each of them ended, tried once. The line is
the one that a dispatch uses; only what gives its permission is another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from newsletter.delivery.transports import Ending, Transport
from newsletter.model.message import Message


async def hand_over(
    messages: Iterable[Message],
    line: Transport,
    *,
    on_ending: Callable[[Message, Ending], None],
    wait: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Hand one message after the other over, and close the line.

    Args:
        messages: Written as they are taken.
        line: Its connection is made at the first message.
        on_ending: Told how each ended.
        wait: Awaited before each message, for its moment.
    """
    try:
        await line.work(_Feed(iter(messages), on_ending, wait))
    finally:
        await line.close()


class _Feed:
    def __init__(
        self,
        messages: Iterator[Message],
        on_ending: Callable[[Message, Ending], None],
        wait: Callable[[], Awaitable[object]] | None,
    ) -> None:
        self._messages = messages
        self._on_ending = on_ending
        self._wait = wait

    def take_ready(self) -> "_Letter | None":
        return None

    async def take(self) -> "_Letter | None":
        message = next(self._messages, None)
        if message is None:
            return None
        if self._wait is not None:
            await self._wait()
        return _Letter(message, self._on_ending)


class _Letter:
    """Always permitted: it is to a few who were named."""

    def __init__(
        self, message: Message, on_ending: Callable[[Message, Ending], None]
    ) -> None:
        self.message = message
        self._on_ending = on_ending

    def ask(self) -> Awaitable[bool]:
        permission: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        permission.set_result(True)
        return permission

    def settle(self, ending: Ending) -> None:
        self._on_ending(self.message, ending)
