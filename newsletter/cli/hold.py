"""Second thoughts: between the number that was typed and the first mail."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from newsletter.cli.context import is_terminal, progress, say

if TYPE_CHECKING:
    from newsletter.model.dispatch import Dispatch


def hold(dispatch: "Dispatch", seconds: int) -> bool:
    """Wait on a terminal, so that second thoughts can come; False when they came."""
    if not is_terminal() or not seconds:
        return True
    with _noting_interrupt() as is_undone:
        end = time.monotonic() + seconds
        say(f"Holding for {seconds} seconds; Ctrl-C undoes it all.")
        with progress("Holding", seconds) as advance:
            while time.monotonic() < end and not is_undone.wait(1):
                advance(1)
    if is_undone.is_set():
        say(f"Undone: nothing of dispatch {dispatch.id} has left.")
        return False
    return True


@contextmanager
def _noting_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C into a note while the ``with`` block runs.

    A KeyboardInterrupt is lost where Python cannot raise (in the clean-up of an object,
    say), and here a lost one would send what somebody wanted to stop.
    """
    noted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: noted.set())
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
