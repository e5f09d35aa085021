"""What goes on by itself, and when. Pure.

Law: what the editor halted stays halted, and a start that was missed asks.
"""

from collections.abc import Iterable
from datetime import datetime

from newsletter.delivery.schedule import show_duration
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.schedule import is_missed, show_start

#: Why a dispatch is interrupted that its editor stopped: it waits for her word.
STOPPED = "stopped at the keyboard"
KILLED = "stopped by the system or another program"
HUNG_UP = "the terminal was closed"
#: All of them: nothing goes on by itself that was stopped so.
STOPPED_BY_HAND = frozenset({STOPPED, KILLED, HUNG_UP})
#: Why one is interrupted whose worker was stopped: the next worker goes on.
WORKER_STOPPED = "the worker was stopped"


def next_due(found: Iterable[Dispatch], now: datetime) -> Dispatch | None:
    """Return the oldest dispatch that goes on by itself now; None when there is none.

    Args:
        found: Open dispatches that no process is sending.
        now: Aware.
    """
    due = [dispatch for dispatch in found if is_due(dispatch, now)]
    return min(due, key=lambda dispatch: dispatch.id, default=None)


def is_due(dispatch: Dispatch, now: datetime) -> bool:
    """Tell whether a dispatch goes on by itself, without anybody's word, now."""
    if dispatch.state is DispatchState.SCHEDULED:
        return dispatch.starts_at is None or dispatch.starts_at <= now
    is_stopped = dispatch.reason in STOPPED_BY_HAND
    if dispatch.state is DispatchState.INTERRUPTED and is_stopped:
        return False
    if dispatch.state in (DispatchState.WAITING, DispatchState.INTERRUPTED):
        return dispatch.next_at is None or dispatch.next_at <= now
    return False


def why_missed(dispatch: Dispatch, *, time_zone: str, now: datetime) -> str:
    """Return why a scheduled dispatch does not start by itself any more, or nothing."""
    start = dispatch.starts_at
    if start is None or not is_missed(start, now):
        return ""
    late = show_duration(round((now - start).total_seconds()))
    return (
        f"it was to start on {show_start(start, time_zone)}, {late} ago, and nothing "
        "was there to start it; is it still right to send it?"
    )
