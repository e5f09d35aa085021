"""Second thoughts: between the number that was typed and the first mail."""

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from newsletter.cli.context import is_terminal, progress, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.model.dispatch import Dispatch
    from newsletter.workflow.switch import Switch


def hold_of(seconds: int) -> "Callable[[Dispatch], bool] | None":
    """Return the hold of a command; None where nobody sits who could undo it."""
    if not is_terminal() or not seconds:
        return None
    return partial(_hold, seconds=seconds)


def _hold(dispatch: "Dispatch", *, seconds: int) -> bool:
    """Wait, so that second thoughts can come; False when they came.

    A closed terminal and a polite kill are second thoughts too: whoever confirmed it
    cannot undo it any more.
    """
    from newsletter.workflow.switch import Switch

    is_over = False
    # A KeyboardInterrupt is lost where Python cannot raise (in the clean-up of an
    # object, say), and here a lost one would send what somebody wanted to stop.
    with Switch() as switch, switch.on_signals(), suppress(OSError):
        is_over = _wait(switch, seconds)
        if not is_over:
            say(f"Undone: nothing of dispatch {dispatch.id} has left.")
    return is_over


def _wait(switch: "Switch", seconds: int) -> bool:
    """Wait, and tell whether nobody minded.

    Raises:
        OSError: The terminal is gone.
    """
    end = time.monotonic() + seconds
    say(f"Holding for {seconds} seconds; Ctrl-C undoes it all.")
    with progress("Holding", seconds) as advance:
        while time.monotonic() < end and not switch.wait(1):
            advance(1)
    return not switch.is_on
