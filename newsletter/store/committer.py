"""Many small writes of the public pages in few transactions, each durable.

In: functions that write on a connection. Out: their values, once they are on the disk.
One thread takes whatever waits, at most 50, and commits it at once: with
synchronous=FULL a commit costs the disk far more than what is written.

Law: a future is set only after the commit. One that fails is undone by itself (a
savepoint) and harms none of the others. While another command writes, each waits its
own time and no longer, however many wait before it.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, IntegrityError

from newsletter.store.database import Database
from newsletter.store.sqlite import DatabaseBusyError, busy_error, undoable

T = TypeVar("T")
Work = Callable[[Connection], Any]

#: Web servers and people wait longer than this, mail programs hardly.
PATIENCE_SECONDS = 10.0
#: Nobody's time is up so soon that the database is not even asked.
_SHORTEST_SECONDS = 0.1
#: More would keep the ledger waiting: other writers stand back for one group.
_MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Order:
    work: Work
    #: Of the monotonic clock.
    deadline: float
    future: Future[Any] = field(default_factory=Future)

    def begin(self) -> bool:
        """Let nobody take it back any more; False: somebody did."""
        future = self.future
        return future.running() or (
            not future.cancelled() and future.set_running_or_notify_cancel()
        )

    def carry_out(self, connection: Connection) -> Callable[[], None]:
        """Write it; return what tells so once it is on the disk.

        Raises:
            DatabaseError: Of disk or file: it is everybody's, and explained once.
        """
        try:
            with undoable(connection):
                return partial(self.future.set_result, self.work(connection))
        except IntegrityError as error:
            return partial(self.future.set_exception, error)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - its caller gets it
            return partial(self.future.set_exception, error)

    def fail(self, error: Exception) -> None:
        """Tell that it was not written."""
        if self.begin():
            self.future.set_exception(error)


class Committer:
    """Use it in a ``with`` statement, or close it; its thread begins at the first work.

    Args:
        database: Open as long as this is.
        patience_seconds: How long an order waits for another command's write.
    """

    def __init__(
        self, database: Database, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._database = database
        self._patience_seconds = patience_seconds
        self._queue: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        #: Taken off the queue, not written yet; oldest first.
        self._waiting: deque[_Order] = deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        #: What comes last was taken off the queue.
        self._is_over = False

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        """Order a write; the future has its value after the commit.

        It has an `OperationError` where the database cannot be written in time.

        Args:
            work: Called in the thread of this, on a connection that may write.

        Raises:
            RuntimeError: This was closed.
        """
        order = _Order(work, time.monotonic() + self._patience_seconds)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the committer is closed.")
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="committer", daemon=True
                )
                self._thread.start()
            self._queue.put(order)
        return order.future

    def close(self) -> None:
        """Commit what was ordered, and end."""
        with self._lock:
            self._is_closed = True
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> "Committer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while self._take_in():
            most = min(len(self._waiting), _MOST_AT_ONCE)
            group = [self._waiting.popleft() for _ in range(most)]
            try:
                self._commit(group)
            except DatabaseBusyError:
                self._put_back(group)

    def _take_in(self) -> bool:
        """Take what was ordered off the queue, once there is any; False: no more is."""
        while not self._is_over and not (self._waiting and self._queue.empty()):
            order = self._queue.get()
            if order is None:
                self._is_over = True
            else:
                self._waiting.append(order)
        return bool(self._waiting)

    def _put_back(self, group: list[_Order]) -> None:
        """Let those wait on whose time is not up."""
        # So long each has waited; the last try of all was for what was left of it.
        error = busy_error(self._database.path, self._patience_seconds)
        self._waiting.extendleft(reversed(group))
        self._take_in()
        now = time.monotonic()
        while self._waiting and self._waiting[0].deadline <= now:
            self._waiting.popleft().fail(error)

    def _commit(self, group: list[_Order]) -> None:
        """Write a group, and tell each what came of it.

        Raises:
            DatabaseBusyError: Another command writes; nothing was begun.
        """
        left = group[0].deadline - time.monotonic()
        patience = max(left, _SHORTEST_SECONDS)
        answers: list[Callable[[], None]] = []
        try:
            with self._database.writing(patience_seconds=patience) as connection:
                for order in group:
                    if order.begin():
                        answers.append(order.carry_out(connection))
        except DatabaseBusyError:
            raise
        except Exception as error:  # noqa: BLE001 - nobody else could be told
            for order in group:
                order.fail(error)
            return
        for answer in answers:
            answer()
