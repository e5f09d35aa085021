"""Has letters written ahead of their turn: signing takes longer than sending.

In: letters of a lane's queue. Out: the same with their messages, a few together, since
each call into the loop costs as much as sending a letter does.

Law: what was written too long ago is written again: its date would be an old one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from newsletter.delivery.pens import Pens, Written
from newsletter.delivery.send_batch import BatchLetter

#: Longer than this a written letter does not wait.
FRESH_SECONDS = 60.0


class Scribe:
    """The letters of one lane that are being written, or are written.

    Args:
        queue: Where they come from, and go back to.
        pens: Write them.
        steady: Seconds of a clock.
        on_written: Told in the loop how many more there are.
    """

    def __init__(
        self,
        queue: deque[BatchLetter],
        *,
        pens: Pens,
        steady: Callable[[], float],
        on_written: Callable[[int], None],
    ) -> None:
        self._queue = queue
        self._pens = pens
        self._steady = steady
        self._on_written = on_written
        self._stock: deque[tuple[BatchLetter, Written, float]] = deque()
        self._jobs: set[asyncio.Future[list[Written]]] = set()
        self._in_work = 0
        #: A bug of the pens.
        self._error: BaseException | None = None

    @property
    def count(self) -> int:
        """How many letters are with it."""
        return len(self._stock) + self._in_work

    @property
    def chunk(self) -> int:
        """How many letters are written in one go."""
        return self._pens.chunk

    def refill(self, wanted: int) -> None:
        """Have letters written, by whole chunks, while no more than *wanted* are here.

        It is called for each letter that is taken: letters ordered one by one would
        each cost a call into the threads or processes that write.
        """
        size = min(self.chunk, wanted)
        while self._queue and self.count + size <= wanted and self._error is None:
            number = min(size, len(self._queue))
            letters = [self._queue.popleft() for _ in range(number)]
            self._in_work += number
            job = self._pens.write([letter.delivery for letter in letters])
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
