"""Many small writes of the public pages in few transactions, each durable.

In: functions that write on a connection. Out: their values, once they are on the disk.
One thread takes whatever waits, at most 50, and commits it at once: with
synchronous=FULL a commit costs the disk far more than what is written.

Law: a future is set only after the commit. One that fails is undone by itself (a
savepoint) and harms none of the others.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, IntegrityError

from newsletter.store.database import Database
from newsletter.store.sqlite import undoable

T = TypeVar("T")
Work = Callable[[Connection], Any]

#: More would keep the ledger waiting: other writers stand back for one group.
_MOST_AT_ONCE = 50


class Committer:
    """Use it in a ``with`` statement, or close it; its thread begins at the first work.

    Args:
        database: Open as long as this is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        """Order a write; the future has its value after the commit.

        Args:
            work: Called in the thread of this, on a connection that may write.

        Raises:
            RuntimeError: This was closed.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the committer is closed.")
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="committer", daemon=True
                )
                self._thread.start()
            self._waiting.put((work, future))
        return future

    def close(self) -> None:
        """Commit what was ordered, and end."""
        with self._lock:
            self._is_closed = True
            self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> "Committer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            is_last = False
            while len(group) < _MOST_AT_ONCE:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    is_last = True
                    break
                group.append(more)
            # Nobody may take back what is being written.
            self._commit(
                [one for one in group if one[1].set_running_or_notify_cancel()]
            )
            if is_last:
                return

    def _commit(self, group: list[tuple[Work, "Future[Any]"]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        failed: list[tuple[Future[Any], Exception]] = []
        try:
            with self._database.writing() as connection:
                for work, future in group:
                    try:
                        with undoable(connection):
                            done.append((future, work(connection)))
                    except IntegrityError as error:
                        failed.append((future, error))
                    except DatabaseError:
                        # Of disk or file: it is everybody's, and explained once.
                        raise
                    except Exception as error:  # noqa: BLE001 - its caller gets it
                        failed.append((future, error))
        except Exception as error:  # noqa: BLE001 - nobody else could be told
            for _, future in group:
                future.set_exception(error)
            return
        for future, value in done:
            future.set_result(value)
        for future, problem in failed:
            future.set_exception(problem)
