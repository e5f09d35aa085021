from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.due import (
    HUNG_UP,
    KILLED,
    STOPPED,
    WORKER_STOPPED,
    is_due,
    next_due,
    why_missed,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON, BEFORE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)

DISPATCH = Dispatch(
    id=4,
    issue="2026-03",
    content_hash="",
    lists=("main",),
    state=DispatchState.SCHEDULED,
    reason="",
    next_at=None,
    total=3,
    counts=dict.fromkeys(DeliveryState, 0) | {DeliveryState.PENDING: 3},
    created_at=NOW - timedelta(days=1),
)


@pytest.mark.parametrize(
    ("state", "next_at", "reason", "due"),
    [
        (DispatchState.SCHEDULED, BEFORE, "", True),
        (DispatchState.SCHEDULED, NOW, "", True),
        (DispatchState.SCHEDULED, SOON, "", False),
        (DispatchState.WAITING, BEFORE, "later", True),
        (DispatchState.WAITING, None, "the server is away", True),
        (DispatchState.WAITING, SOON, "later", False),
        (DispatchState.INTERRUPTED, None, "the program was stopped", True),
        (DispatchState.INTERRUPTED, None, WORKER_STOPPED, True),
        (DispatchState.INTERRUPTED, SOON, "the program was stopped", False),
        (DispatchState.INTERRUPTED, None, STOPPED, False),
        (DispatchState.INTERRUPTED, None, KILLED, False),
        (DispatchState.INTERRUPTED, None, HUNG_UP, False),
        (DispatchState.PAUSED, None, "paused by hand", False),
        (DispatchState.RUNNING, None, "", False),
        (DispatchState.DONE, None, "", False),
        (DispatchState.CANCELLED, BEFORE, "", False),
    ],
)
def test_is_due_what_goes_on_without_anybodys_word(
    state: DispatchState, next_at: datetime | None, reason: str, due: bool
) -> None:
    starts_at = next_at if state is DispatchState.SCHEDULED else None
    dispatch = replace(
        DISPATCH, state=state, next_at=next_at, starts_at=starts_at, reason=reason
    )
    assert is_due(dispatch, NOW) is due


def test_next_due_is_the_oldest_that_is() -> None:
    late = replace(DISPATCH, id=7, starts_at=BEFORE)
    waiting = replace(DISPATCH, id=5, state=DispatchState.WAITING, next_at=BEFORE)
    later = replace(DISPATCH, id=2, starts_at=SOON)
    assert next_due([late, waiting, later], NOW) == waiting
    assert next_due([later], NOW) is None


def test_why_missed_of_a_start_in_time_is_nothing() -> None:
    in_time = replace(DISPATCH, starts_at=NOW - timedelta(minutes=30))
    assert why_missed(in_time, time_zone="UTC", now=NOW) == ""


def test_why_missed_says_when_it_was_and_how_late_it_is() -> None:
    late = replace(DISPATCH, starts_at=NOW - timedelta(hours=3, minutes=5))
    assert why_missed(late, time_zone="Europe/Amsterdam", now=NOW) == (
        "it was to start on Sunday 1 March 2026, 09:55 CET, 3 h 05 ago, and nothing "
        "was there to start it; is it still right to send it?"
    )
