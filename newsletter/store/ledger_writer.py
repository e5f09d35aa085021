"""The ledger for code that must not wait: one writer thread with one connection.

In: orders of the event loop, which go into a queue. The thread writes whatever waits,
first come first served, at most `MOST_ROWS` rows in one transaction, without a timer.
Out: answers, with one call into the loop for each transaction, after its commit. Who is
answered orders more at once: the next transaction begins after their turn, and has it.

Law: what was ordered first is on the disk no later. Nothing is granted that is not on
the disk, and nothing at all after the disk failed once; a result is tried again until
it is written or there is no hope left.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from newsletter.errors import OperationError
from newsletter.model.delivery import Delivery, DispatchState
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.store import claims, ledger
from newsletter.store.database import Database
from newsletter.store.ledger_groups import Groups, Intent, Record
from newsletter.store.rate_limits import Marks, change_marks
from newsletter.store.sqlite import explained, is_busy, set_busy_seconds
from newsletter.store.waiting import begin_waiting, end_waiting, explain

Reply = TypeVar("Reply")

#: A whole round of 50 lines, results and intents, with one fsync instead of two (0.2 to
#: 10 ms each). This does not bound what a crash leaves in doubt: that follows from what
#: the lines have out, and from the order; a transaction is lost as a whole, or kept.
MOST_ROWS = 200
#: Another command's long write (an import) must not interrupt a dispatch.
BUSY_SECONDS = 600.0
#: How long the database waits before it tells us that it is busy, and we ask again.
_ASK_SECONDS = 1.0
#: A result must not be lost to a disk that is full for a moment: without it a message
#: that was taken would count as unknown.
DISK_SECONDS = 30.0
_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class _Intent(Intent):
    answer: "asyncio.Future[Permission]" = field(kw_only=True)


@dataclass(slots=True)
class _Call:
    """Anything else: a transaction of its own, or none, only its turn."""

    work: Callable[[Connection], Any] | None
    answer: "asyncio.Future[Any]"
    is_last: bool = False


class _TurnOver:
    """Those who were answered had their turn: what they ordered is in the queue."""


_TURN_OVER = _TurnOver()
_Row = _Intent | Record
_Order = _Row | _Call
_Queue = SimpleQueue[_Order | _TurnOver]
#: What a future is given: a value, or an exception.
_Answers = list[tuple["asyncio.Future[Any]", Any]]


class LedgerWriter:
    """Answers a dispatcher (`delivery.ledger.Ledger`); made and used inside a loop.

    Args:
        database: Open as long as this is.
        owner: Name of this process, for who reads the ledger.
        clock: The present, aware.
        on_lost: Told, in the loop, of a result that is not kept: None when it was not
            ours to write any more, else why it cannot be written.
        on_busy: Told, in the loop, that another command is writing and we wait for it
            (True), and that the wait is over (False).
    """

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        clock: Callable[[], datetime],
        on_lost: Callable[[OperationError | None], None],
        on_busy: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._owner = owner
        self._clock = clock
        self._claimed: set[int] = set()
        self._queue: _Queue = SimpleQueue()
        self._pen = _Pen(database, self._queue, self._loop, clock, on_lost, on_busy)
        self._thread = threading.Thread(
            target=self._pen.run, name="ledger", daemon=True
        )
        self._thread.start()

    # --- the hot path -----------------------------------------------------------------

    def intend(self, claim: Claim, delivery: Delivery) -> "asyncio.Future[Permission]":
        """Order an intent; its answer comes when it is on the disk.

        The future raises `OperationError` when it cannot be written.
        """
        answer: asyncio.Future[Permission] = self._loop.create_future()
        self._queue.put(_Intent(claim, delivery, answer=answer))
        return answer

    def record(self, claim: Claim, result: Result) -> None:
        """Order a result; that it is not kept is told to *on_lost*."""
        self._queue.put(Record(claim, result))

    async def flush(self) -> None:
        """Return when all that was ordered is on the disk.

        Raises:
            OperationError: It cannot be written.
        """
        await self._order(None)

    # --- all else ---------------------------------------------------------------------

    async def open_lanes(self, dispatch_id: int) -> list[str]:
        """See `claims.open_lanes`."""
        return await self._order(
            lambda connection: claims.open_lanes(connection, dispatch_id)
        )

    async def claim(self, dispatch_id: int, lane: str) -> Claim | None:
        """See `claims.claim_batch`; none that this ledger claimed and did not release.

        Nothing may be due in it after all, when everybody in it left.
        """
        held = frozenset(self._claimed)
        claim = await self._order(
            lambda connection: claims.claim_batch(
                connection,
                dispatch_id,
                owner=self._owner,
                now=self._clock(),
                lane=lane,
                held=held,
            )
        )
        if claim is not None:
            self._claimed.add(claim.batch_id)
        return claim

    async def read_due(self, claim: Claim) -> list[Delivery]:
        """See `claims.read_due`."""
        return await self._order(
            lambda connection: claims.read_due(connection, claim, now=self._clock())
        )

    async def release(self, claim: Claim) -> None:
        """See `claims.release_batch`."""
        await self._order(lambda connection: claims.release_batch(connection, claim))
        self._claimed.discard(claim.batch_id)

    async def state(self, dispatch_id: int) -> DispatchState:
        """See `ledger.read_state`."""
        return await self._order(
            lambda connection: ledger.read_state(connection, dispatch_id)
        )

    async def next_due(self, dispatch_id: int) -> datetime | None:
        """See `claims.read_next_due`."""
        return await self._order(
            lambda connection: claims.read_next_due(connection, dispatch_id)
        )

    async def explain(self, dispatch_id: int, reason: str) -> None:
        """See `waiting.explain`."""
        await self._order(lambda connection: explain(connection, dispatch_id, reason))

    async def begin_waiting(
        self, dispatch_id: int, *, reason: str, until: datetime | None
    ) -> bool:
        """See `waiting.begin_waiting`."""
        return await self._order(
            lambda connection: begin_waiting(
                connection, dispatch_id, owner=self._owner, reason=reason, until=until
            )
        )

    async def end_waiting(self, dispatch_id: int) -> bool:
        """See `waiting.end_waiting`."""
        return await self._order(
            lambda connection: end_waiting(connection, dispatch_id)
        )

    async def change_marks(self, step: Callable[[Marks], tuple[Reply, Marks]]) -> Reply:
        """See `rate_limits.change_marks`."""
        return await self._order(lambda connection: change_marks(connection, step))

    async def close(self) -> None:
        """Write what was ordered, then end the thread; nothing may be ordered after."""
        answer: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Call(None, answer, is_last=True))
        with suppress(OperationError):
            # Who orders a result is told by on_lost, who must know asks flush.
            await answer
        self._thread.join()

    async def _order(self, work: Callable[[Connection], Reply] | None) -> Reply:
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._queue.put(_Call(work, answer))
        return await answer


class _Pen:
    """The thread's side: takes orders off the queue, writes, answers."""

    def __init__(
        self,
        database: Database,
        queue: _Queue,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], datetime],
        on_lost: Callable[[OperationError | None], None],
        on_busy: Callable[[bool], None],
    ) -> None:
        self._database = database
        self._queue = queue
        self._loop = loop
        self._clock = clock
        self._on_lost = on_lost
        self._on_busy = on_busy
        self._groups = Groups(database.engine.dialect)
        self._connection: Connection | None = None
        #: Taken off the queue, not written yet; oldest first.
        self._waiting: deque[_Order] = deque()
        #: Why nothing is granted any more.
        self._failure: BaseException | None = None
        #: Results cannot be kept any more either.
        self._is_hopeless = False
        #: Those who were answered last may not have ordered all that they will.
        self._is_their_turn = False

    def run(self) -> None:
        """Serve until the last order."""
        while self._serve():
            pass
        self._disconnect()

    def _serve(self) -> bool:
        """Write the next group, or answer the next call; False after the last one."""
        self._take_in()
        first = self._waiting[0]
        if isinstance(first, _Call):
            self._waiting.popleft()
            self._answer([(first.answer, self._execute(first))])
            return not first.is_last
        self._write_rows(self._next_rows())
        return True

    def _take_in(self) -> None:
        # A transaction begun too early would hold the first of their orders alone, and
        # all the others would wait for its fsync: half as many mails a second.
        while self._is_their_turn or not self._waiting:
            self._take(self._queue.get())
        for _ in range(self._queue.qsize()):
            self._take(self._queue.get_nowait())

    def _take(self, order: _Order | _TurnOver) -> None:
        if isinstance(order, _TurnOver):
            self._is_their_turn = False
        else:
            self._waiting.append(order)

    def _next_rows(self) -> list[_Row]:
        rows: list[_Row] = []
        waiting = self._waiting
        while waiting and len(rows) < MOST_ROWS:
            order = waiting.popleft()
            if isinstance(order, _Call):
                waiting.appendleft(order)
                break
            rows.append(order)
        return rows

    def _execute(self, call: _Call) -> Any:
        """Return what a call gives, or the exception it raises."""
        if self._is_hopeless:
            return self._failure
        if call.work is None:
            return None
        work = call.work

        def execute() -> Any:
            connection = self._connect()
            with connection.begin():
                return work(connection)

        try:
            return self._patiently(execute)
        except Exception as error:  # noqa: BLE001 - raised where it was ordered
            return error

    # --- rows -------------------------------------------------------------------------

    def _write_rows(self, rows: list[_Row]) -> None:
        if self._failure is not None:
            rows = self._deny(rows)
        if self._is_hopeless or not rows:
            return
        try:
            self._write(rows)
        except OperationError as error:
            self._failure = error
            self._rescue(self._deny(rows))
        except Exception as error:  # noqa: BLE001 - a bug: raised to all who wait
            self._failure, self._is_hopeless = error, True
            self._deny(rows)

    def _write(self, rows: list[_Row]) -> None:
        now = self._clock()
        self._patiently(lambda: self._groups.write(self._connect(), rows, now))
        answers: _Answers = [
            (row.answer, row.permission) for row in rows if isinstance(row, _Intent)
        ]
        lost = sum(not row.is_kept for row in rows if isinstance(row, Record))
        self._answer(answers, lost=lost)

    def _deny(self, rows: list[_Row]) -> list[_Row]:
        """Answer the intents among *rows* with the failure; return the results."""
        self._answer(
            [(row.answer, self._failure) for row in rows if isinstance(row, _Intent)]
        )
        return [row for row in rows if isinstance(row, Record)]

    def _rescue(self, results: list[_Row]) -> None:
        """Try to write *results* after a failure, until there is no hope left."""
        end = time.monotonic() + DISK_SECONDS
        while results:
            self._rest(_PAUSE_SECONDS)
            try:
                self._write(results)
            except OperationError as error:
                self._failure = error
                if time.monotonic() >= end:
                    self._is_hopeless = True
                    self._tell(self._on_lost, error)
                    return
            else:
                return

    def _rest(self, seconds: float) -> None:
        """Sleep; intents that come, or came, meanwhile hear at once that it failed."""
        end = time.monotonic() + seconds
        while True:
            with suppress(Empty):
                left = max(0.0, end - time.monotonic())
                self._take(self._queue.get(timeout=left))
            waiting = list(self._waiting)
            intents = [order for order in waiting if isinstance(order, _Intent)]
            self._deny([*intents])
            self._waiting = deque(o for o in waiting if not isinstance(o, _Intent))
            if time.monotonic() >= end:
                return

    # --- the connection ---------------------------------------------------------------

    def _patiently(self, work: Callable[[], Reply]) -> Reply:
        """Work as soon as no other command writes.

        Raises:
            OperationError: Disk or file failed, or the other one does not end.
        """
        end = time.monotonic() + BUSY_SECONDS
        is_told = False
        with explained(self._database.path, patience_seconds=BUSY_SECONDS):
            try:
                while True:
                    try:
                        return work()
                    except DatabaseError as error:
                        if not is_busy(error):
                            self._disconnect()
                            raise
                        if time.monotonic() >= end:
                            raise
                    if not is_told:
                        is_told = True
                        self._tell(self._on_busy, True)
            finally:
                if is_told:
                    self._tell(self._on_busy, False)

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.connect_writer(yields=True)
            set_busy_seconds(self._connection, _ASK_SECONDS)
        return self._connection

    def _disconnect(self) -> None:
        """Drop the connection: after a failure nobody knows what it is good for."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    # --- answers ----------------------------------------------------------------------

    def _answer(self, answers: _Answers, *, lost: int = 0) -> None:
        if answers or lost:
            self._is_their_turn = self._tell(self._settle, answers, lost)

    def _settle(self, answers: _Answers, lost: int) -> None:
        """In the loop: give futures what they wait for, and then their turn."""
        for future, value in answers:
            if future.done():
                continue
            if isinstance(value, BaseException):
                future.set_exception(value)
            else:
                future.set_result(value)
        # Behind the steps of all who waited: the loop takes them in order.
        self._loop.call_soon(self._queue.put, _TURN_OVER)
        for _ in range(lost):
            self._on_lost(None)

    def _tell(self, step: Callable[..., None], *arguments: Any) -> bool:
        """Have the loop take *step*; False: it is closed, and nobody waits any more."""
        try:
            self._loop.call_soon_threadsafe(step, *arguments)
        except RuntimeError:
            return False
        return True
