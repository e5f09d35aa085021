"""Halt a dispatch, or end it, from any process; whoever sends it stops in a second."""

from datetime import UTC, datetime

from newsletter.errors import OperationError
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.store.dispatches import cancel_dispatch, pause_dispatch
from newsletter.store.handovers import refuse_handed_over
from newsletter.workflow.project import Project
from newsletter.workflow.status import opened, the_open_one


def pause(project: Project, number: int | None) -> Dispatch:
    """Halt a dispatch, also one that another process is sending.

    Raises:
        OperationError: It is over, or there is none.
        RefusedError: The newsletter was handed over to another computer.
    """
    with opened(project) as database, database.writing() as connection:
        refuse_handed_over(connection)
        dispatch = the_open_one(connection, number)
        _refuse_closed(dispatch, "paused")
        if dispatch.state is DispatchState.PAUSED:
            return dispatch
        return pause_dispatch(connection, dispatch.id, reason="paused by hand")


def cancel(project: Project, number: int | None) -> Dispatch:
    """End a dispatch for good, also one that another process is sending.

    Raises:
        OperationError: It is over, or there is none.
        RefusedError: The newsletter was handed over to another computer.
    """
    now = datetime.now(UTC)
    with opened(project) as database, database.writing() as connection:
        refuse_handed_over(connection)
        dispatch = the_open_one(connection, number)
        _refuse_closed(dispatch, "cancelled")
        return cancel_dispatch(
            connection, dispatch.id, now=now, reason="cancelled by hand"
        )


def _refuse_closed(dispatch: Dispatch, what: str) -> None:
    if not dispatch.is_open:
        raise OperationError(
            f"dispatch {dispatch.id} of {dispatch.issue} is {dispatch.state} already; "
            f"it cannot be {what}."
        )
