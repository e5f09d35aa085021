"""Writes letters in threads, ahead of their turn: signing takes longer than sending.

In: letters of a lane's queue. Out: the same with their messages, a few together, since
each call into the loop costs as much as sending a letter does.

Law: what was written too long ago is written again: its date would be an old one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial

from newsletter.delivery.send_batch import BatchLetter
from newsletter.errors import RecipientError
from newsletter.model.delivery import Delivery
from newsletter.model.message import Message

#: Letters that are written in one go.
CHUNK = 4
#: Longer than this a written letter does not wait.
FRESH_SECONDS = 60.0

#: A message, or why there is none.
Written = Message | RecipientError


class Scribe:
    """The letters of one lane that are being written, or are written.

    Args:
        queue: Where they come from, and go back to.
        write: Makes a message; called in a thread.
        threads: Where.
        steady: Seconds of a clock.
        on_written: Told in the loop how many more there are.
    """

    def __init__(
        self,
        queue: deque[BatchLetter],
        *,
        write: Callable[[Delivery], Message],
        threads: Executor,
        steady: Callable[[], float],
        on_written: Callable[[int], None],
    ) -> None:
        self._queue = queue
        self._write = write
        self._threads = threads
        self._steady = steady
        self._on_written = on_written
        self._stock: deque[tuple[BatchLetter, Written, float]] = deque()
        self._jobs: set[asyncio.Future[list[Written]]] = set()
        self._in_work = 0
        #: A bug in *write*.
        self._error: BaseException | None = None

    @property
    def count(self) -> int:
        """How many letters are with it."""
        return len(self._stock) + self._in_work

    def refill(self, wanted: int) -> None:
        """Have letters written until so many are ready or in work."""
        while self._queue and self.count < wanted and self._error is None:
            number = min(CHUNK, len(self._queue), wanted - self.count)
            letters = [self._queue.popleft() for _ in range(number)]
            self._in_work += number
            loop = asyncio.get_running_loop()
            job = loop.run_in_executor(self._threads, self._write_all, letters)
            self._jobs.add(job)
            job.add_done_callback(partial(self._take_in, letters))

    def take(self) -> tuple[BatchLetter, Written] | None:
        """Return a letter and its message, None when none is ready.

        Raises:
            BaseException: Writing failed for a reason that is no recipient's.
        """
        if self._error is not None:
            raise self._error
        while self._stock:
            letter, written, at = self._stock.popleft()
            if self._steady() - at <= FRESH_SECONDS:
                return letter, written
            self._queue.appendleft(letter)
        return None

    async def close(self) -> None:
        """Return when nothing is in work any more."""
        if self._jobs:
            await asyncio.wait(self._jobs)

    def _write_all(self, letters: Sequence[BatchLetter]) -> list[Written]:
        return [write_letter(self._write, letter) for letter in letters]

    def _take_in(
        self, letters: Sequence[BatchLetter], job: asyncio.Future[list[Written]]
    ) -> None:
        self._jobs.discard(job)
        self._in_work -= len(letters)
        error = job.exception()
        if error is None:
            now = self._steady()
            self._stock.extend(
                (letter, written, now)
                for letter, written in zip(letters, job.result(), strict=True)
            )
        else:
            self._error = error
        self._on_written(len(letters))


def write_letter(write: Callable[[Delivery], Message], letter: BatchLetter) -> Written:
    """Return a letter's message, or why its recipient gets none."""
    try:
        return write(letter.delivery)
    except RecipientError as error:
        return error
