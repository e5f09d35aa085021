"""The lock that lets only one process of a newsletter send at a time.

The operating system drops it when its process ends, however that ends; so whoever gets
it knows that nobody is sending, and may tell what became of an earlier one's work.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from newsletter.errors import OperationError

#: `status` and its like hold the lock for moments; a sender for hours.
_PATIENCE_SECONDS = 2.0

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_path(database: Path) -> Path:
    """Return the lock file that belongs to a database file."""
    return database.with_suffix(".lock")


@contextmanager
def sender_lock(path: Path) -> Iterator[None]:
    """Hold the lock.

    Raises:
        OperationError: Another process is sending.
    """
    with _opened(path) as file:
        if not _try_for(file, _PATIENCE_SECONDS):
            raise OperationError(
                "another process is sending this newsletter's mail right now.",
                "See newsletter status; newsletter pause halts it.",
            )
        yield


@contextmanager
def sender_lock_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody else does; gives whether we do."""
    with _opened(path) as file:
        yield _try_for(file, 0.0)


def _opened(path: Path) -> IO[bytes]:
    try:
        return os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b")
    except OSError as error:
        raise OperationError(
            f"the lock file {path} cannot be opened: {error.strerror}.",
            "Check who owns it: another user may have sent from this folder.",
        ) from error


def _try_for(file: IO[bytes], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            _lock(file)
        except OSError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        else:
            return True
