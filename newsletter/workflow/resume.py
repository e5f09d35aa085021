"""Go on with a dispatch: what was interrupted, paused, put off, or is tried again."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.store.dispatch_records import newest_dispatch, open_dispatches
from newsletter.store.dispatches import continue_dispatch
from newsletter.workflow.project import Project
from newsletter.workflow.sender import Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_account
from newsletter.workflow.status import nothing_sent, numbered, opened, the_open_one


def resume(
    project: Project,
    number: int | None,
    *,
    again: Collection[DeliveryState] = (),
    environment: Mapping[str, str],
    watch: Watch | None = None,
) -> Dispatch:
    """Go on with a dispatch; returns how it stands at the end.

    Args:
        project: The project.
        number: Of the dispatch; None: the open one (with *again*: else the newest).
        again: `REFUSED` or `UNKNOWN`: try these too, by the editor's wish.
        environment: Where the password may be.
        watch: Told what happens; `Watch.on_begin` before the first mail.

    Raises:
        OperationError: There is none, it was cancelled, another process sends, or the
            database fails.
        RefusedError: There is no server.
    """
    account = open_account(project, environment)
    # Before the lock: without a database there is nothing to lock.
    with opened(project):
        pass
    with become_sender(project, account) as sender:
        now = datetime.now(UTC)
        with sender.database.writing() as connection:
            dispatch = _choose(connection, number, bool(again))
            if _is_over(dispatch, again):
                return dispatch
            dispatch = continue_dispatch(connection, dispatch.id, now=now, again=again)
        watch = watch or Watch()
        watch.on_begin(dispatch)
        return run_dispatch(sender, dispatch, watch)


def _choose(connection: Connection, number: int | None, takes_closed: bool) -> Dispatch:
    if number is not None:
        return numbered(connection, number)
    if takes_closed and not open_dispatches(connection):
        newest = newest_dispatch(connection)
        if newest is None:
            raise nothing_sent()
        return newest
    return the_open_one(connection, None)


def _is_over(dispatch: Dispatch, again: Collection[DeliveryState]) -> bool:
    """Tell whether nothing is left to do; refuse what was cancelled.

    Raises:
        OperationError: It was cancelled.
    """
    if dispatch.state is DispatchState.CANCELLED:
        raise OperationError(
            f"dispatch {dispatch.id} of {dispatch.issue} was cancelled.",
            f"Send the issue again: newsletter send {dispatch.issue} "
            "(who has it already is left out).",
        )
    left = sum(dispatch.counts[state] for state in again)
    return not dispatch.is_open and not left
