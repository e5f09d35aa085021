"""Whatever writes messages: the bytes that one recipient gets, made when they leave."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Protocol

from newsletter.errors import RecipientError
from newsletter.model.delivery import Delivery
from newsletter.model.message import Message

#: A message, or why there is none.
Written = Message | RecipientError


class Pens(Protocol):
    """Whatever writes messages beside the loop, in the order they are wanted."""

    @property
    def chunk(self) -> int:
        """How many are best ordered together: each call costs, and each takes time."""

    def write(self, deliveries: Sequence[Delivery]) -> "asyncio.Future[list[Written]]":
        """Order a message for each delivery, made as soon as may be."""


class ThreadPens:
    """Pens in threads.

    Args:
        write: Makes a message; called in a thread.
        threads: Where.
    """

    chunk = 4

    def __init__(self, write: Callable[[Delivery], Message], threads: Executor) -> None:
        self._write = write
        self._threads = threads

    def write(self, deliveries: Sequence[Delivery]) -> "asyncio.Future[list[Written]]":
        """See `Pens`."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, self._write_all, deliveries)

    def _write_all(self, deliveries: Sequence[Delivery]) -> list[Written]:
        return [write_letter(self._write, delivery) for delivery in deliveries]


def write_letter(write: Callable[[Delivery], Message], delivery: Delivery) -> Written:
    """Return a message, or why its recipient gets none."""
    try:
        return write(delivery)
    except RecipientError as error:
        return error
