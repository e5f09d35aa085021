"""Processes that a test started, and waiting for what they do (Linux: /proc)."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as *is_so* says yes.

    Raises:
        AssertionError: It did not within so many seconds.
    """
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() >= end:
            raise AssertionError("it did not come about")
        time.sleep(0.05)


def children_of(parent: int) -> list[int]:
    """Return the processes that *parent* started, and that have not ended."""
    found = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [one for one in found if _state_and_parent(one)[1:] == (str(parent),)]


def is_running(process: int) -> bool:
    """Tell whether a process has not ended."""
    return bool(_state_and_parent(process))


def _state_and_parent(process: int) -> tuple[str, ...]:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ()
    # The name stands in brackets, and may hold any character.
    state, parent = stat.rpartition(")")[2].split()[:2]
    return () if state == "Z" else (state, parent)
