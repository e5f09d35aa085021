"""Waits until the next message may leave; the arithmetic is in `limits`."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from newsletter.delivery.limits import Mark, Slots, slice_size, take_slots
from newsletter.delivery.stop import Stop

Limits = Sequence[tuple[int, int]]
Marks = Mapping[str, tuple[int, int]]
Step = Callable[[Marks], tuple[Slots, Marks]]


class MarkStore(Protocol):
    """Keeps what the limits remember; `store.ledger_thread` does."""

    async def change_marks(self, step: Step) -> Slots:
        """Let *step* see the marks and say what takes their place, durably."""


class Pace:
    """Gives one message after the other its moment; one waits at a time.

    Args:
        limits: (messages, seconds) each; none: no waiting.
        store: Where the limits remember.
        clock: Milliseconds since 1970.
        is_test: May use what is kept free for tests.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        store: MarkStore,
        clock: Callable[[], int],
        is_test: bool = False,
    ) -> None:
        self._limits = limits
        self._store = store
        self._clock = clock
        self._is_test = is_test
        self._moments: deque[int] = deque()

    async def wait(self, stop: Stop, *, count: int | None = None) -> bool:
        """Wait for the next moment; False when the dispatch is to stop first.

        Args:
            stop: Ends the waiting.
            count: Messages that are still to come, where that is known.
        """
        if not self._limits:
            return not stop.is_set
        if stop.is_set:
            return False
        if not self._moments:
            self._moments.extend(await self._take(count))
        seconds = (self._moments.popleft() - self._clock()) / 1000
        if seconds > 0:
            await stop.sleep(seconds)
        return not stop.is_set

    async def _take(self, count: int | None) -> tuple[int, ...]:
        wanted = slice_size(self._limits) if count is None else count
        now = self._clock()

        def step(before: Marks) -> tuple[Slots, Marks]:
            marks = {key: Mark(*values) for key, values in before.items()}
            slots, after = take_slots(
                marks, self._limits, count=wanted, now=now, is_test=self._is_test
            )
            return slots, {
                key: (mark.arrival_at, mark.used) for key, mark in after.items()
            }

        return (await self._store.change_marks(step)).moments()
