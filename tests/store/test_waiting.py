from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch, Halt
from newsletter.store.dispatches import (
    finish_dispatch,
    needs_recovery,
    pause_dispatch,
    recover,
    start_dispatch,
)
from newsletter.store.waiting import begin_waiting, end_waiting

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def dispatch(people: Any, dispatching: Any) -> Dispatch:
    people.add_many(2)
    made: Dispatch = dispatching.make()
    return made


def wait(dispatching: Any, dispatch: Dispatch) -> None:
    limit: dict[str, Any] = {"reason": "300 an hour", "until": LATER}
    assert dispatching.write(
        lambda c: begin_waiting(c, dispatch.id, owner="here:1", **limit)
    )


def test_recover_of_one_that_waited_with_its_process_keeps_the_time(
    dispatching: Any, dispatch: Dispatch
) -> None:
    wait(dispatching, dispatch)
    assert dispatching.write(needs_recovery)
    dispatching.write(lambda c: recover(c, now=NOW))
    found = dispatching.load(dispatch)
    assert (found.state, found.next_at) == (DispatchState.INTERRUPTED, LATER)
    assert found.reason == "the program was stopped while sending"
    assert not dispatching.write(needs_recovery)


def test_recover_leaves_one_that_ended_waiting_as_it_is(
    dispatching: Any, dispatch: Dispatch
) -> None:
    wait(dispatching, dispatch)
    dispatching.write(lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert not dispatching.write(needs_recovery)
    dispatching.write(lambda c: recover(c, now=NOW))
    found = dispatching.load(dispatch)
    assert (found.state, found.reason) == (DispatchState.WAITING, "300 an hour")
    assert found.next_at == LATER


def test_finish_dispatch_of_one_that_is_stopped_while_it_waits(
    dispatching: Any, dispatch: Dispatch
) -> None:
    wait(dispatching, dispatch)
    halt = Halt(DispatchState.INTERRUPTED, "stopped at the keyboard")
    dispatching.write(lambda c: finish_dispatch(c, dispatch.id, halt, now=NOW))
    found = dispatching.load(dispatch)
    assert (found.state, found.reason) == (DispatchState.INTERRUPTED, halt.reason)


def test_end_waiting_does_not_undo_a_pause(
    dispatching: Any, dispatch: Dispatch
) -> None:
    wait(dispatching, dispatch)
    dispatching.write(lambda c: pause_dispatch(c, dispatch.id, reason="lunch"))
    assert not dispatching.write(lambda c: end_waiting(c, dispatch.id))
    assert dispatching.load(dispatch).state is DispatchState.PAUSED
    dispatching.write(lambda c: recover(c, now=NOW))
    assert dispatching.load(dispatch).reason == "lunch"


def test_create_dispatch_for_later_waits_for_its_start(
    people: Any, dispatching: Any
) -> None:
    people.add_many(1)
    made = dispatching.make(starts_at=LATER)
    assert made.state is DispatchState.SCHEDULED
    assert made.starts_at == made.next_at == LATER
    dispatching.write(lambda c: recover(c, now=NOW))
    assert dispatching.load(made).state is DispatchState.SCHEDULED
    begun = dispatching.write(lambda c: start_dispatch(c, made.id))
    assert (begun.state, begun.next_at) == (DispatchState.RUNNING, None)
    assert begun.starts_at == LATER


@pytest.mark.parametrize("reason", ["", "by hand"])
def test_start_dispatch_leaves_a_paused_one_alone(
    dispatching: Any, dispatch: Dispatch, reason: str
) -> None:
    dispatching.write(lambda c: pause_dispatch(c, dispatch.id, reason=reason))
    found = dispatching.write(lambda c: start_dispatch(c, dispatch.id))
    assert (found.state, found.reason) == (DispatchState.PAUSED, reason)


def test_start_dispatch_goes_on_with_one_that_waited(
    dispatching: Any, dispatch: Dispatch
) -> None:
    wait(dispatching, dispatch)
    found = dispatching.write(lambda c: start_dispatch(c, dispatch.id))
    assert (found.state, found.reason) == (DispatchState.RUNNING, "")
