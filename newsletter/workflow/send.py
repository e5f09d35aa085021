"""Send a plan to its subscribers: confirm, freeze, hold, dispatch.

Law: nothing leaves that was not confirmed by number; what is frozen at the confirmation
is what goes out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection

from newsletter.errors import OperationError, UsageError
from newsletter.messages.compile import dump_compiled
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch, Order
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import dispatches_since, load_dispatch
from newsletter.store.dispatches import (
    begin_held,
    cancel_dispatch,
    create_dispatch,
    pause_dispatch,
)
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.clearance import refuse_under_way
from newsletter.workflow.plan import Plan
from newsletter.workflow.project import Project
from newsletter.workflow.publish import publish_composition
from newsletter.workflow.sender import Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_accounts

UNDONE = "undone before the first mail left"
#: Why a dispatch is paused while it is held: whatever ends the command meanwhile, no
#: worker goes on with what may have been about to be undone.
HELD = "confirmed, and held so that it can be undone; nothing has left"


def send_planned(
    project: Project,
    plan: Plan,
    *,
    confirmed: int,
    environment: Mapping[str, str],
    hold: Callable[[Dispatch], bool] | None = None,
    watch: Watch | None = None,
) -> Dispatch:
    """Freeze what was confirmed and send it; returns how it stands at the end.

    Args:
        project: The project.
        plan: From `plan_send`.
        confirmed: Number of recipients, in the editor's word.
        environment: Where the password may be.
        hold: Called when all is frozen; False undoes the dispatch. None: it begins at
            once.
        watch: Told what happens.

    Raises:
        UsageError: *confirmed* is not the number of recipients.
        OperationError: Another process sends, or the database fails.
    """
    accounts = open_accounts(project, environment)
    # Before the lock, whose holder may be who was quicker with the same number.
    with _opened(project) as database, database.reading() as connection:
        _refuse_sent_meanwhile(connection, plan)
    with become_sender(project, accounts) as sender:
        # The mails point to it; before the first of them is tried nobody is shown it.
        publish_composition(project, plan.composition)
        dispatch = _freeze(
            project,
            sender.database,
            plan,
            confirmed,
            nobody_sends=True,
            is_held=hold is not None,
        )
        if hold is not None:
            dispatch = _hold(sender.database, dispatch, hold)
        if dispatch.state is not DispatchState.RUNNING:
            return dispatch
        watch = watch or Watch()
        watch.on_begin(dispatch)
        return run_dispatch(sender, dispatch, watch)


def schedule_planned(project: Project, plan: Plan, *, confirmed: int) -> Dispatch:
    """Freeze what was confirmed, to be sent at its start; returns it, scheduled.

    Another dispatch may be under way meanwhile.

    Args:
        project: The project.
        plan: From `plan_send`, with a start.
        confirmed: Number of recipients, in the editor's word.

    Raises:
        UsageError: *confirmed* is not the number of recipients.
        OperationError: It was sent meanwhile, or the database fails.
    """
    with _opened(project) as database:
        publish_composition(project, plan.composition)
        with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
            return _freeze(
                project, database, plan, confirmed, nobody_sends=nobody_sends
            )


def _opened(project: Project) -> Database:
    return open_database(project.settings.database_url, root=project.root)


def _freeze(
    project: Project,
    database: Database,
    plan: Plan,
    confirmed: int,
    *,
    nobody_sends: bool,
    is_held: bool = False,
) -> Dispatch:
    """Keep content and recipients as they are at this moment, all or nothing."""
    now = datetime.now(UTC)
    content = Content(
        hash=plan.compiled.content_hash,
        issue=plan.issue,
        subject=plan.subject,
        compiled=dump_compiled(plan.compiled),
    )
    order = Order(
        plan.issue,
        content.hash,
        plan.lists,
        plan.waivers,
        token=plan.token,
        only=plan.only,
        where=plan.segment,
        starts_at=plan.starts_at,
        canary=plan.canary,
    )
    lanes = {name: lane.domains for name, lane in project.settings.lanes.items()}
    refuse_under_way(database, plan.issue, nobody_sends=nobody_sends)
    with database.writing() as connection:
        _refuse_sent_meanwhile(connection, plan)
        save_content(connection, content, now=now)
        dispatch = create_dispatch(connection, order, now=now, lanes=lanes)
        if dispatch.total != confirmed:
            # Leaving the transaction like this undoes all of it.
            raise UsageError(
                f"{confirmed} was confirmed, but {dispatch.total} would get it. "
                "Nothing was sent.",
                "Look again who is on the list, and confirm the right number.",
            )
        if is_held:
            dispatch = pause_dispatch(connection, dispatch.id, reason=HELD)
    return dispatch


def _refuse_sent_meanwhile(connection: Connection, plan: Plan) -> None:
    """Refuse a plan whose issue was sent since it was made: a second Enter, say.

    Raises:
        OperationError: Names the dispatch that was quicker.
    """
    for dispatch in dispatches_since(connection, plan.after):
        is_called_off = dispatch.state is DispatchState.CANCELLED
        if dispatch.issue == plan.issue and not is_called_off:
            raise OperationError(
                f"{plan.issue} is being sent already: dispatch {dispatch.id} "
                f"({dispatch.state}) was made since you were shown the number. "
                "This command sent nothing.",
                f"See: newsletter status {dispatch.id}",
            )


def _hold(
    database: Database, dispatch: Dispatch, hold: Callable[[Dispatch], bool]
) -> Dispatch:
    """Let a held dispatch run, or undo it: its hold did not end well, by an error say.

    What another command did to it meanwhile holds.
    """
    is_over = False
    try:
        is_over = hold(dispatch)
    finally:
        with database.writing() as connection:
            found = load_dispatch(connection, dispatch.id)
            if found.state is DispatchState.PAUSED and found.reason == HELD:
                end = begin_held if is_over else _undo
                found = end(connection, dispatch.id)
    return found


def _undo(connection: Connection, dispatch_id: int) -> Dispatch:
    now = datetime.now(UTC)
    return cancel_dispatch(connection, dispatch_id, now=now, reason=UNDONE)
