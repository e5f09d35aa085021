"""The ledger for code that must not wait: one writer thread with one connection.

In: the questions of a dispatcher, as coroutines. Out: answers that are committed. Each
is a transaction of its own; several could share one here without anybody noticing.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from newsletter.errors import OperationError
from newsletter.model.delivery import Delivery, DispatchState
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.store import claims, ledger
from newsletter.store.database import Database
from newsletter.store.rate_limits import Marks, change_marks
from newsletter.store.sqlite import explained

Answer = TypeVar("Answer")

#: A result must not be lost to a disk that is full for a moment: without it a message
#: that was taken would count as unknown.
_RESULT_TRIES = 5
_RESULT_PAUSE_SECONDS = 1.0


class LedgerThread:
    """Answers a dispatcher; close it when the dispatcher is through.

    Args:
        database: Open as long as this is.
        owner: Name of this process, for who reads the ledger.
        clock: The present, aware.
    """

    def __init__(
        self, database: Database, *, owner: str, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._connection: Connection | None = None

    async def claim(self, dispatch_id: int) -> Claim | None:
        """See `claims.claim_batch`."""
        return await self._write(
            lambda connection: claims.claim_batch(
                connection, dispatch_id, owner=self._owner, now=self._clock()
            )
        )

    async def read_due(self, claim: Claim) -> list[Delivery]:
        """See `claims.read_due`."""
        return await self._read(
            lambda connection: claims.read_due(connection, claim, now=self._clock())
        )

    async def intend(self, claim: Claim, delivery: Delivery) -> Permission:
        """See `ledger.write_intent`; what it grants is on the disk."""
        return await self._write(
            lambda connection: ledger.write_intent(
                connection, claim, delivery, now=self._clock()
            )
        )

    async def record(self, claim: Claim, result: Result) -> bool:
        """See `ledger.write_result`; tried again while the disk fails."""
        return await self._write(
            lambda connection: ledger.write_result(
                connection, claim, result, now=self._clock()
            ),
            tries=_RESULT_TRIES,
        )

    async def release(self, claim: Claim) -> None:
        """See `claims.release_batch`."""
        await self._write(lambda connection: claims.release_batch(connection, claim))

    async def state(self, dispatch_id: int) -> DispatchState:
        """See `ledger.read_state`."""
        return await self._read(
            lambda connection: ledger.read_state(connection, dispatch_id)
        )

    async def change_marks(
        self, step: Callable[[Marks], tuple[Answer, Marks]]
    ) -> Answer:
        """See `rate_limits.change_marks`."""
        return await self._write(lambda connection: change_marks(connection, step))

    def close(self) -> None:
        """End the thread, after what it has begun."""
        self._thread.submit(self._disconnect).result()
        self._thread.shutdown()

    async def _write(
        self, work: Callable[[Connection], Answer], *, tries: int = 1
    ) -> Answer:
        def run() -> Answer:
            for left in reversed(range(tries)):
                try:
                    return self._commit(work)
                except OperationError:
                    if not left:
                        raise
                    time.sleep(_RESULT_PAUSE_SECONDS)
            raise AssertionError("unreachable: the last try returns or raises")

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _commit(self, work: Callable[[Connection], Answer]) -> Answer:
        with explained(self._database.path):
            if self._connection is None:
                self._connection = self._database.connect_writer()
            with self._connection.begin():
                return work(self._connection)

    async def _read(self, work: Callable[[Connection], Answer]) -> Answer:
        def run() -> Answer:
            with self._database.reading() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
