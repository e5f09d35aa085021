"""Who writes without a pause lets others in between.

SQLite has no queue: who finds it locked sleeps up to 100 ms and looks again, while the
ledger of a busy dispatch is back after less than one. Without this, each of ten people
who left during one waited 0.1 to 1 s, whoever was unlucky longer; with it, a few
milliseconds. So writers hold a shared lock on the folder while they wait for the
database, and the ledger looks whether anybody does.

It is a courtesy and decides nothing: where there is no such lock, it is done without.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Several may wait, and one of them may be stopped: the dispatch does not stand still.
LONGEST_SECONDS = 0.3

if sys.platform == "win32":

    @contextmanager
    def standing_in_line(folder: Path) -> Iterator[None]:
        """Do as if nobody else wrote: Windows locks no folder."""
        yield

    def let_others_pass(folder: Path) -> None:
        """Do as if nobody stood in line."""

else:
    import fcntl

    @contextmanager
    def standing_in_line(folder: Path) -> Iterator[None]:
        """Let others see that we wait to write to the database in *folder*."""
        place: int | None = None
        with suppress(OSError):
            place = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(place, fcntl.LOCK_SH)
        try:
            yield
        finally:
            if place is not None:
                os.close(place)

    def let_others_pass(folder: Path) -> None:
        """Wait while somebody stands in line, but not for long."""
        with suppress(OSError):
            place = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                _wait_for_nobody(place)
            finally:
                os.close(place)

    def _wait_for_nobody(place: int) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        while True:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    return
                time.sleep(0.001)
            else:
                return
