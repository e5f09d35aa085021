"""Starts a dispatch whose moment has come; waits for that moment if asked to.

Law: the wall clock decides, look by look, so that a computer that slept knows how late
it is; a start that was missed asks.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.store.database import Database
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import pause_dispatch, start_dispatch
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.beating import has_live_worker
from newsletter.workflow.due import is_due, why_missed
from newsletter.workflow.project import Project
from newsletter.workflow.sender import Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_accounts
from newsletter.workflow.status import opened
from newsletter.workflow.switch import Switch

#: How late a start may be noticed, and a pause or cancel from another terminal.
LOOK_SECONDS = 0.5


def send_at_start(
    project: Project,
    number: int,
    *,
    environment: Mapping[str, str],
    watch: Watch,
    switch: Switch,
    tell: Callable[[str], None],
) -> Dispatch:
    """Wait until a scheduled dispatch starts, and send it; returns how it stands then.

    It comes back sooner, with a dispatch that is still scheduled, when *switch* is
    turned on or a worker takes over; and when somebody paused or cancelled it.

    Args:
        project: The project.
        number: Of the dispatch.
        environment: Where the password may be.
        watch: Told what happens once it is sent.
        switch: Ends the waiting; signals turn it on while we wait.
        tell: Told why we wait longer than until the start, in a sentence.

    Raises:
        OperationError: The database fails; the dispatch stays as it is.
        RefusedError: There is no server.
    """
    accounts = open_accounts(project, environment)
    with opened(project) as database:
        if not _wait_until_due(project, database, number, switch, tell):
            return _load(database, number)
    with become_sender(project, accounts) as sender:
        begun = begin_due(sender.database, number)
        if begun is None:
            return _load(sender.database, number)
        watch.on_begin(begun)
        return run_dispatch(sender, begun, watch)


def begin_due(database: Database, number: int) -> Dispatch | None:
    """Make a dispatch run that is due; None when it is not, or not any more.

    To be called by who holds the sender's lock.
    """
    now = _now()
    with database.writing() as connection:
        if not is_due(load_dispatch(connection, number), now):
            return None
        return start_dispatch(connection, number)


def pause_missed(
    project: Project, database: Database, dispatch: Dispatch
) -> Dispatch | None:
    """Let a scheduled dispatch ask whose start was missed; None when it was not."""
    if dispatch.state is not DispatchState.SCHEDULED:
        return None
    zone = project.settings.newsletter.time_zone
    reason = why_missed(dispatch, time_zone=zone, now=_now())
    if not reason:
        return None
    with database.writing() as connection:
        if load_dispatch(connection, dispatch.id).state is not DispatchState.SCHEDULED:
            return None
        return pause_dispatch(connection, dispatch.id, reason=reason)


def _wait_until_due(
    project: Project,
    database: Database,
    number: int,
    switch: Switch,
    tell: Callable[[str], None],
) -> bool:
    """Wait for the start; False when there is nothing to wait for any more."""
    has_told = False
    with switch.on_signals():
        while not switch.wait(LOOK_SECONDS):
            dispatch = _load(database, number)
            if (
                pause_missed(project, database, dispatch)
                or dispatch.state is not DispatchState.SCHEDULED
            ):
                return False
            if has_live_worker(database):
                tell("A newsletter worker was started; it sends this.")
                return False
            if is_due(dispatch, _now()) and _is_free(database):
                return True
            if is_due(dispatch, _now()) and not has_told:
                has_told = True
                tell("Another process is sending; this dispatch comes after it.")
    return False


def _is_free(database: Database) -> bool:
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        return nobody_sends


def _load(database: Database, number: int) -> Dispatch:
    with database.reading() as connection:
        return load_dispatch(connection, number)


def _now() -> datetime:
    return datetime.now(UTC)
