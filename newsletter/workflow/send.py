"""Send a plan to its subscribers: confirm, freeze, hold, dispatch.

Law: nothing leaves that was not confirmed by number; what is frozen at the confirmation
is what goes out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from newsletter.errors import UsageError
from newsletter.messages.compile import dump_compiled
from newsletter.model.dispatch import Dispatch, Order
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatches import cancel_dispatch, create_dispatch
from newsletter.workflow.clearance import refuse_under_way
from newsletter.workflow.plan import Plan
from newsletter.workflow.project import Project
from newsletter.workflow.publish import publish_composition
from newsletter.workflow.sender import Sender, Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_account

UNDONE = "undone before the first mail left"


def send_planned(
    project: Project,
    plan: Plan,
    *,
    confirmed: int,
    environment: Mapping[str, str],
    hold: Callable[[Dispatch], bool] = lambda _: True,
    watch: Watch | None = None,
) -> Dispatch:
    """Freeze what was confirmed and send it; returns how it stands at the end.

    Args:
        project: The project.
        plan: From `plan_send`.
        confirmed: Number of recipients, in the editor's word.
        environment: Where the password may be.
        hold: Called when all is frozen; False undoes the dispatch.
        watch: Told what happens.

    Raises:
        UsageError: *confirmed* is not the number of recipients.
        OperationError: Another process sends, or the database fails.
    """
    account = open_account(project, environment)
    with become_sender(project, account) as sender:
        # The mails point to it; before the first of them is tried nobody is shown it.
        publish_composition(project, plan.composition)
        dispatch = _freeze(sender, plan, confirmed)
        if not hold(dispatch):
            return _undo(sender, dispatch)
        watch = watch or Watch()
        watch.on_begin(dispatch)
        return run_dispatch(sender, dispatch, watch)


def _freeze(sender: Sender, plan: Plan, confirmed: int) -> Dispatch:
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
        starts_at=plan.starts_at,
        canary=plan.canary,
    )
    refuse_under_way(sender.database, plan.issue, nobody_sends=True)
    with sender.database.writing() as connection:
        save_content(connection, content, now=now)
        dispatch = create_dispatch(connection, order, now=now)
        if dispatch.total != confirmed:
            # Leaving the transaction like this undoes all of it.
            raise UsageError(
                f"{confirmed} was confirmed, but {dispatch.total} would get it. "
                "Nothing was sent.",
                "Look again who is on the list, and confirm the right number.",
            )
    return dispatch


def _undo(sender: Sender, dispatch: Dispatch) -> Dispatch:
    now = datetime.now(UTC)
    with sender.database.writing() as connection:
        return cancel_dispatch(connection, dispatch.id, now=now, reason=UNDONE)
