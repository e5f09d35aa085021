"""A worker lets others see that it is at work, and others look.

Law: what the operating system holds for a live process (its lock) and what that process
says itself (its heartbeat) must both say yes: a crash takes the first away at once, and
a process that hangs no longer says the second.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.errors import OperationError
from newsletter.store.database import Database, open_database
from newsletter.store.heartbeats import beat, stop_beating, worker_seen_at
from newsletter.store.sender_lock import sender_lock_if_free
from newsletter.workflow.project import Project

BEAT_SECONDS = 10.0
#: Another command's long write, an import say, may keep a live worker from writing.
_SILENT_FOR = timedelta(minutes=2)


def worker_lock_path(database: Path) -> Path:
    """Return the lock file of the worker of a database file."""
    return database.with_suffix(".worker.lock")


def is_worker_alive(project: Project) -> bool:
    """Whether a worker is there that will send what is due.

    Raises:
        OperationError: The database cannot be used.
    """
    with _opened(project) as database:
        return has_live_worker(database)


def has_live_worker(database: Database) -> bool:
    """Whether a worker of this database is there, and not stuck."""
    with sender_lock_if_free(worker_lock_path(database.path)) as is_free:
        if is_free:
            return False
    with database.reading() as connection:
        seen_at = worker_seen_at(connection)
    return seen_at is not None and datetime.now(UTC) - seen_at < _SILENT_FOR


@contextmanager
def beating(project: Project) -> Iterator[None]:
    """Say now and then that this process is at work, from a thread of its own.

    Raises:
        OperationError: Not even once can it be said.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}"
    ended = threading.Event()

    def keep_saying() -> None:
        while not ended.wait(BEAT_SECONDS):
            # A full disk, say: whoever sends will tell of it.
            with suppress(OperationError):
                _say(project, owner)

    _say(project, owner)
    thread = threading.Thread(target=keep_saying, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with (
            suppress(OperationError),
            _opened(project) as database,
            database.writing() as connection,
        ):
            stop_beating(connection, owner)


def _say(project: Project, owner: str) -> None:
    # Opened each time: a database put back from a backup is another file.
    with _opened(project) as database, database.writing() as connection:
        beat(connection, owner, now=datetime.now(UTC))


def _opened(project: Project) -> Database:
    return open_database(project.settings.database_url, root=project.root)
