"""Hands over a few messages that no ledger knows: tests, rehearsals and notices.

In: finished messages and a line. Out: how each of them ended, tried once. The line is
the one that a dispatch uses; only what gives its permission is another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from newsletter.delivery.transports import Ending, Transport
from newsletter.model.message import Message


def _always(_: Message) -> bool:
    """Permit it: it is to a few who were named."""
    return True


async def hand_over(
    messages: Iterable[Message],
    line: Transport,
    *,
    on_ending: Callable[[Message, Ending], None],
    wait: Callable[[], Awaitable[object]] | None = None,
    permit: Callable[[Message], bool] = _always,
) -> None:
    """Hand one message after the other over, and close the line.

    Args:
        messages: Written as they are taken.
        line: Its connection is made at the first message.
        on_ending: Told how each ended.
        wait: Awaited before each message, for its moment; False: there is none, and
            nothing more is handed over.
        permit: Asked before the first byte of a message leaves; a no keeps it here.
    """
    try:
        await line.work(_Feed(iter(messages), on_ending, wait, permit))
    finally:
        await line.close()


class _Feed:
    def __init__(
        self,
        messages: Iterator[Message],
        on_ending: Callable[[Message, Ending], None],
        wait: Callable[[], Awaitable[object]] | None,
        permit: Callable[[Message], bool],
    ) -> None:
        self._messages = messages
        self._on_ending = on_ending
        self._wait = wait
        self._permit = permit

    def take_ready(self) -> "_Letter | None":
        return None

    async def take(self) -> "_Letter | None":
        message = next(self._messages, None)
        if message is None:
            return None
        if self._wait is not None and await self._wait() is False:
            return None
        return _Letter(message, self._on_ending, self._permit)


class _Letter:
    def __init__(
        self,
        message: Message,
        on_ending: Callable[[Message, Ending], None],
        permit: Callable[[Message], bool],
    ) -> None:
        self.message = message
        self._on_ending = on_ending
        self._permit = permit

    def ask(self) -> Awaitable[bool]:
        permission: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        permission.set_result(self._permit(self.message))
        return permission

    def settle(self, ending: Ending) -> None:
        self._on_ending(self.message, ending)
