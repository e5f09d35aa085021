"""Send an issue to its subscribers: plan, confirm, freeze, hold, dispatch.

Law: nothing leaves that was not checked, tested and confirmed by number; what is frozen
at the confirmation is what goes out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from newsletter.delivery.limits import estimate_seconds
from newsletter.errors import UsageError
from newsletter.messages.compile import dump_compiled
from newsletter.model.dispatch import Dispatch, Order
from newsletter.model.message import CompiledMessage
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import (
    cancel_dispatch,
    create_dispatch,
)
from newsletter.workflow.check import Progress
from newsletter.workflow.clearance import (
    Wish,
    accepted_findings,
    check_before_sending,
    choose_lists,
    count_recipients_left,
    refuse_planned,
    refuse_under_way,
    require_pages,
    require_test,
)
from newsletter.workflow.compose import (
    Composition,
    compose_issue,
    require_assembled,
)
from newsletter.workflow.project import Project, find_issue
from newsletter.workflow.publish import publish_composition
from newsletter.workflow.sender import Sender, Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_account

UNDONE = "undone before the first mail left"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent, if the number is confirmed."""

    issue: str
    subject: str
    lists: tuple[str, ...]
    recipients: int
    #: "unsubscribed", "has it already", … -> people left out.
    left_out: Mapping[str, int]
    #: Seconds it takes at the least, None when nothing limits it.
    seconds: int | None
    compiled: CompiledMessage
    #: What the public pages will show.
    composition: Composition = field(repr=False)
    waivers: tuple[str, ...] = field(default=())


def count_planned(
    project: Project,
    reference: str | None,
    wish: Wish,
    *,
    environment: Mapping[str, str],
) -> int:
    """Return how many recipients a `plan_send` would find, before anything is checked.

    Raises:
        NewsletterError: As `plan_send`, for what is seen without the network.
    """
    open_account(project, environment)
    composition = compose_issue(project, find_issue(project, reference))
    issue = require_assembled(composition).issue
    lists = choose_lists(project, wish.lists or issue.lists)
    with _open(project) as database:
        refuse_planned(database, issue.slug)
        return count_recipients_left(database, issue.slug, lists)[0]


def plan_send(
    project: Project,
    reference: str | None,
    wish: Wish,
    *,
    environment: Mapping[str, str],
    now: datetime,
    show_progress: Progress | None = None,
) -> Plan:
    """Return what `send_planned` would do, or refuse.

    Args:
        project: The project.
        reference: As for `find_issue`.
        wish: To whom, and what is waived.
        environment: Where the password may be.
        now: Aware.
        show_progress: As for `check_issue`.

    Raises:
        DefinitionError: The issue cannot be composed.
        RefusedError: No server, error findings, never tested, or still under way.
        OperationError: Nobody to send to, or server, pages or database fail.
        UsageError: There is no such list.
    """
    open_account(project, environment)
    composition, compiled, report = check_before_sending(
        project, reference, wish, now, show_progress
    )
    issue = require_assembled(composition).issue
    lists = choose_lists(project, wish.lists or issue.lists)
    server = project.settings.server
    with _open(project) as database:
        refuse_planned(database, issue.slug)
        waivers = (
            *require_test(database, compiled, wish),
            *require_pages(project, database, wish),
            *accepted_findings(report),
        )
        recipients, left_out = count_recipients_left(database, issue.slug, lists)
    return Plan(
        issue=issue.slug,
        subject=compiled.subject_text,
        lists=lists,
        recipients=recipients,
        left_out=left_out,
        seconds=estimate_seconds(recipients, server.limits if server else ()),
        compiled=compiled,
        composition=composition,
        waivers=waivers,
    )


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


@contextmanager
def _open(project: Project) -> Iterator[Database]:
    with open_database(project.settings.database_url, root=project.root) as database:
        yield database


# --- sending --------------------------------------------------------------------------


def _freeze(sender: Sender, plan: Plan, confirmed: int) -> Dispatch:
    """Keep content and recipients as they are at this moment, all or nothing."""
    now = datetime.now(UTC)
    content = Content(
        hash=plan.compiled.content_hash,
        issue=plan.issue,
        subject=plan.subject,
        compiled=dump_compiled(plan.compiled),
    )
    order = Order(plan.issue, content.hash, plan.lists, plan.waivers)
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
