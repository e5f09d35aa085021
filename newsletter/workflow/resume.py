"""Go on with a dispatch: what was interrupted, paused, put off, or is tried again.

Law: only the editor's own word sends again to somebody who may have it, and nothing
that is to start later starts now without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from newsletter.errors import OperationError, RefusedError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.store.database import Database
from newsletter.store.dispatch_records import newest_dispatch, open_dispatches
from newsletter.store.dispatches import (
    continue_dispatch,
    count_unknown_as_accepted,
    reschedule_dispatch,
)
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.project import Project
from newsletter.workflow.sender import Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_accounts
from newsletter.workflow.status import nothing_sent, numbered, opened, the_open_one


@dataclass(frozen=True, slots=True)
class Again:
    """What `resume` is asked for besides going on."""

    #: `REFUSED` or `UNKNOWN`: try these again too.
    states: tuple[DeliveryState, ...] = ()
    #: Count the unknown as having it.
    counts_unknown: bool = False
    #: Do not wait for its start.
    is_now: bool = False

    @property
    def takes_closed(self) -> bool:
        """Whether there may be something to do in a dispatch that is over."""
        return bool(self.states) or self.counts_unknown


def resume(
    project: Project,
    number: int | None,
    again: Again | None = None,
    *,
    environment: Mapping[str, str],
    watch: Watch | None = None,
) -> Dispatch:
    """Go on with a dispatch; returns how it stands at the end.

    One that is to start later is scheduled (again), and comes back as such.

    Args:
        project: The project.
        number: Of the dispatch; None: the open one (with something to try again: else
            the newest).
        again: What else is wished.
        environment: Where the password may be.
        watch: Told what happens; `Watch.on_begin` before the first mail.

    Raises:
        OperationError: There is none, it was cancelled, another process sends, or the
            database fails.
        RefusedError: There is no server, the addresses to be tried again are erased, or
            the newsletter was handed over to another computer.
    """
    again = again or Again()
    with opened(project) as database:
        settled = _settle(database, number, again)
        if settled is not None:
            return settled
        with database.reading() as connection:
            number = _choose(connection, number, again).id
        _refuse_busy(database, number)
    accounts = open_accounts(project, environment)
    with become_sender(project, accounts) as sender:
        now = datetime.now(UTC)
        with sender.database.writing() as connection:
            dispatch = numbered(connection, number)
            if _is_over(dispatch, again):
                return dispatch
            dispatch = continue_dispatch(
                connection, dispatch.id, now=now, again=again.states
            )
        watch = watch or Watch()
        watch.on_begin(dispatch)
        return run_dispatch(sender, dispatch, watch)


def _settle(database: Database, number: int | None, again: Again) -> Dispatch | None:
    """Do what needs no mail; None when there is something to send."""
    now = datetime.now(UTC)
    with database.writing() as connection:
        refuse_handed_over(connection)
        dispatch = _choose(connection, number, again)
        if again.counts_unknown:
            dispatch = count_unknown_as_accepted(connection, dispatch.id, now=now)
            if not dispatch.is_open:
                return dispatch
        if _is_over(dispatch, again):
            return dispatch
        if again.states and dispatch.is_erased:
            raise _erased(dispatch, again)
        if again.is_now or again.states or not _starts_later(dispatch, now):
            return None
        return reschedule_dispatch(connection, dispatch.id)


def _erased(dispatch: Dispatch, again: Again) -> RefusedError:
    """Return what to say where nobody knows any more where to send it."""
    if DeliveryState.UNKNOWN in again.states:
        advice = f"See who they are: newsletter status {dispatch.id} --unknown"
    else:
        advice = (
            f"Send the issue again: newsletter send {dispatch.issue} (who has it "
            "already is left out)."
        )
    return RefusedError(
        f"dispatch {dispatch.id} of {dispatch.issue} is long over, and its "
        "addresses are erased ([retention] deliveries): none of them can be tried "
        "again.",
        advice,
    )


def _starts_later(dispatch: Dispatch, now: datetime) -> bool:
    """Tell whether nothing was sent yet, and its start is still to come."""
    waits = (DispatchState.SCHEDULED, DispatchState.PAUSED)
    start = dispatch.starts_at
    return dispatch.state in waits and start is not None and start > now


def _choose(connection: Connection, number: int | None, again: Again) -> Dispatch:
    if number is not None:
        return numbered(connection, number)
    if again.takes_closed and not open_dispatches(connection):
        newest = newest_dispatch(connection)
        if newest is None:
            raise nothing_sent()
        return newest
    return the_open_one(connection, None)


def _is_over(dispatch: Dispatch, again: Again) -> bool:
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
    left = sum(dispatch.counts[state] for state in again.states)
    return not dispatch.is_open and not left


def _refuse_busy(database: Database, number: int) -> None:
    """Refuse while another process has the right to send, and say what it does.

    Raises:
        OperationError: Names the dispatch that is under way.
    """
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        if nobody_sends:
            return
    with database.reading() as connection:
        dispatch = numbered(connection, number)
        others = [one for one in open_dispatches(connection) if _is_with(one)]
    if _is_with(dispatch):
        raise OperationError(
            f"another process is with dispatch {number} of {dispatch.issue} already "
            f"({_what_it_does(dispatch)}).",
            f"See newsletter status {number}. To go on here instead: newsletter pause "
            f"{number}, then newsletter resume {number}.",
        )
    named = f"dispatch {others[0].id} of {others[0].issue}" if others else "mail"
    raise OperationError(
        f"another process is sending {named} right now.",
        f"Go on with this one when that is over: newsletter resume {number}.",
    )


def _is_with(dispatch: Dispatch) -> bool:
    return dispatch.state in (DispatchState.RUNNING, DispatchState.WAITING)


def _what_it_does(dispatch: Dispatch) -> str:
    if dispatch.state is DispatchState.RUNNING:
        return "it is being sent"
    return f"it waits: {dispatch.reason}" if dispatch.reason else "it waits"
