"""What a sender asks of the ledger; `store.ledger_writer` answers.

Law: orders are committed in the order they were given, many in one transaction. So a
result that was given before an intent is on the disk no later than that intent, and no
line ever has more than two letters of which a crash would leave doubt (or as many as
its window holds).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from newsletter.model.delivery import Delivery, DispatchState
from newsletter.model.dispatch import Claim, Permission, Result

Answer = TypeVar("Answer")
#: Key -> (instant in milliseconds, messages).
Marks = Mapping[str, tuple[int, int]]


class Ledger(Protocol):
    """The only thing the dispatcher writes to."""

    async def open_lanes(self, dispatch_id: int) -> Sequence[str]:
        """Return the lanes with something left to do, now or later."""

    async def claim(self, dispatch_id: int, lane: str) -> Claim | None:
        """Claim a batch of *lane* with something due; None when there is none now.

        Who left since the snapshot is skipped in the same transaction. Never a batch
        that this ledger gave out and that was not released yet: the next one is claimed
        while the last letters of the former are under way.
        """

    async def read_due(self, claim: Claim) -> Sequence[Delivery]:
        """Return what is due in a claimed batch."""

    def intend(self, claim: Claim, delivery: Delivery) -> "asyncio.Future[Permission]":
        """Order an intent; its answer comes when it is on the disk."""

    def record(self, claim: Claim, result: Result) -> None:
        """Order a result; that it cannot be kept is told to who made the ledger.

        Never ordered after an intent that was not granted. A pending one for a delivery
        that is pending or deferred, without an intent, keeps what the server said.
        """

    async def flush(self) -> None:
        """Return when all that was ordered is on the disk.

        Raises:
            OperationError: It cannot be written.
        """

    async def release(self, claim: Claim) -> None:
        """Give the batch back, after the results ordered before."""

    async def state(self, dispatch_id: int) -> DispatchState:
        """Return the state of a dispatch."""

    async def next_due(self, dispatch_id: int) -> datetime | None:
        """Return when the next deferred delivery is due, None when there is none."""

    async def explain(self, dispatch_id: int, reason: str) -> None:
        """Say what hinders a running dispatch; empty: nothing does any more."""

    async def begin_waiting(
        self, dispatch_id: int, *, reason: str, until: datetime | None
    ) -> bool:
        """Turn running into waiting; False when it was not running."""

    async def end_waiting(self, dispatch_id: int) -> bool:
        """Turn waiting into running; False when it was not waiting."""

    async def change_marks(
        self, step: Callable[[Marks], tuple[Answer, Marks]]
    ) -> Answer:
        """Let *step* see what the limits remember and say what takes its place."""
