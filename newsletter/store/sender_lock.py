"""The lock that lets only one process of a newsletter send at a time.

The operating system drops it when its process ends, however that ends; so whoever gets
it knows that nobody is sending, and may tell what became of an earlier one's work. Who
holds it writes into the file who that is, for who comes second.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from newsletter.errors import OperationError

#: `status` and its like hold the lock for moments; a sender for hours.
_PATIENCE_SECONDS = 2.0
#: More than the text ever has.
_MOST_BYTES = 4096

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        # Windows locks bytes, and nobody else may read those: one beyond the text.
        file.seek(_MOST_BYTES)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_path(database: Path) -> Path:
    """Return the lock file that belongs to a database file."""
    return database.with_suffix(".lock")


@dataclass(frozen=True, slots=True)
class SenderLock:
    """The lock, while we hold it."""

    file: IO[bytes]
    #: Aware, UTC.
    since: datetime

    def name_dispatch(self, dispatch_id: int | None) -> None:
        """Let others know which dispatch we send; None: none any more."""
        about = {
            "pid": os.getpid(),
            "since": self.since.isoformat(timespec="seconds"),
            "dispatch": dispatch_id,
        }
        _rewrite(self.file, json.dumps(about).encode())


@contextmanager
def sender_lock(path: Path) -> Iterator[SenderLock]:
    """Hold the lock.

    Raises:
        OperationError: Another process is sending; says which, and what it sends.
    """
    with _opened(path) as file:
        if not _try_for(file, _PATIENCE_SECONDS):
            raise _taken(file)
        lock = SenderLock(file, datetime.now(UTC))
        lock.name_dispatch(None)
        try:
            yield lock
        finally:
            _rewrite(file, b"")


@contextmanager
def sender_lock_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody else does; gives whether we do."""
    with _opened(path) as file:
        is_ours = _try_for(file, 0.0) and _is_there_still(file, path)
        if is_ours and os.fstat(file.fileno()).st_size:
            # Of one that died: who must wait for us is not to be told of it.
            _rewrite(file, b"")
        yield is_ours


def _is_there_still(file: IO[bytes], path: Path) -> bool:
    """Whether others find this file too; the lock of a removed one is worthless."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _rewrite(file: IO[bytes], text: bytes) -> None:
    """Write who holds the lock; on a full disk nobody is told, and no more."""
    with suppress(OSError):
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), text)


def _taken(file: IO[bytes]) -> OperationError:
    """Return what to say to who comes second."""
    process, dispatch = _read_holder(file)
    number = "" if dispatch is None else f" {dispatch}"
    work = f": dispatch{number}" if number else ""
    return OperationError(
        f"another process{process} is sending this newsletter's mail{work}.",
        f"See newsletter status{number}; newsletter pause{number} halts it.",
    )


def _read_holder(file: IO[bytes]) -> tuple[str, int | None]:
    """Return its process and since when, in words, and its dispatch if it has one."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    try:
        about = json.loads(os.read(file.fileno(), _MOST_BYTES))
        since = datetime.fromisoformat(about["since"]).astimezone()
        process = f" ({int(about['pid'])}, since {since:%H:%M on %d %B})"
        return process, about["dispatch"]
    except (ValueError, KeyError, TypeError):
        # It has the lock, and has not told yet who it is.
        return "", None


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
