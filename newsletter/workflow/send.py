"""Send an issue to its subscribers: plan, confirm, freeze, hold, dispatch.

Law: nothing leaves that was not checked, tested and confirmed by number; what is frozen
at the confirmation is what goes out.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from newsletter.checks.links.reach import Network
from newsletter.delivery.limits import estimate_seconds
from newsletter.delivery.transports.folder import FolderTransport
from newsletter.errors import OperationError, RefusedError, UsageError
from newsletter.messages.compile import dump_compiled
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch, Order
from newsletter.model.finding import Finding
from newsletter.model.message import CompiledMessage
from newsletter.store.audience import count_audience
from newsletter.store.contents import Content, last_tested_at, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import open_dispatches
from newsletter.store.dispatches import (
    cancel_dispatch,
    count_recipients,
    create_dispatch,
    read_recipients,
)
from newsletter.store.keys import open_keyring
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.check import CheckReport, Progress, check_composition
from newsletter.workflow.compose import (
    Composition,
    compose_issue,
    require_assembled,
)
from newsletter.workflow.imports import choose_list
from newsletter.workflow.letters import compile_issue, write_harmless
from newsletter.workflow.probe import probe_public_page
from newsletter.workflow.project import Project, find_issue
from newsletter.workflow.publish import publish_composition
from newsletter.workflow.sender import Sender, Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_account

#: A link seen longer ago than this is asked again before an issue goes out.
LINKS_MAX_AGE = timedelta(hours=24)

UNDONE = "undone before the first mail left"


@dataclass(frozen=True, slots=True)
class Wish:
    """What `send` is asked for."""

    #: List slugs; empty: those of the issue.
    lists: tuple[str, ...] = ()
    #: Send content that nobody has seen as a mail; recorded.
    is_untested: bool = False
    #: Do not prove that the public pages write to this database; recorded.
    skips_probe: bool = False
    #: Ask no address on the web while checking.
    is_offline: bool = False
    #: Private networks that links may lead to.
    allowed: Sequence[Network] = ()


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
    lists = _lists(project, wish.lists or issue.lists)
    with _open(project) as database:
        _refuse_planned(database, issue.slug)
        return _count(database, issue.slug, lists)[0]


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
    composition, compiled, report = _checked(
        project, reference, wish, now, show_progress
    )
    issue = require_assembled(composition).issue
    lists = _lists(project, wish.lists or issue.lists)
    server = project.settings.server
    with _open(project) as database:
        _refuse_planned(database, issue.slug)
        waivers = (
            *_tested(database, compiled, wish),
            *_probed(project, database, wish),
            *_accepted(report),
        )
        recipients, left_out = _count(database, issue.slug, lists)
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


def rehearse(
    project: Project,
    reference: str | None,
    wish: Wish,
    *,
    now: datetime,
    show_progress: Progress | None = None,
) -> list[Path]:
    """Write every mail of an issue to ``outbox/``; never a dispatch, nobody is mailed.

    The links in them change nothing.

    Raises:
        DefinitionError: The issue cannot be composed.
        RefusedError: It has error findings, as when it were sent.
        OperationError: Nobody to write to, or disk or database fail.
    """
    composition, compiled, _ = _checked(project, reference, wish, now, show_progress)
    issue = require_assembled(composition).issue
    lists = _lists(project, wish.lists or issue.lists)
    folder = FolderTransport(project.root / "outbox", prefix=issue.slug)
    with _open(project) as database:
        _count(database, issue.slug, lists)
        keyring = open_keyring(database, root=project.root)
        folder.remove_earlier()

        async def write_all() -> None:
            with database.reading() as connection:
                people = read_recipients(connection, issue=issue.slug, lists=lists)
                for number, (email, fields) in enumerate(people):
                    message = write_harmless(
                        compiled,
                        keyring,
                        email=email,
                        fields=fields,
                        number=number,
                        now=now,
                    )
                    await folder.send(message, _always)

        asyncio.run(write_all())
    return folder.written


@contextmanager
def _open(project: Project) -> Iterator[Database]:
    with open_database(project.settings.database_url, root=project.root) as database:
        yield database


async def _always() -> bool:
    return True


# --- planning -------------------------------------------------------------------------


def _checked(
    project: Project,
    reference: str | None,
    wish: Wish,
    now: datetime,
    show_progress: Progress | None,
) -> tuple[Composition, CompiledMessage, CheckReport]:
    """Compose, compile and check; refuse what blocks."""
    composition = compose_issue(project, find_issue(project, reference))
    assembled = require_assembled(composition)
    compiled = compile_issue(assembled, project.settings)
    check = partial(
        check_composition,
        offline=wish.is_offline,
        now=now,
        max_age=LINKS_MAX_AGE,
        allow_private=wish.allowed,
    )
    if show_progress is not None:
        check = partial(check, show_progress=show_progress)
    report = check(project, composition)
    if report.blocking:
        lines = [
            f"{found.place}: {found.message} {found.advice}".rstrip()
            for found in report.blocking
        ]
        raise RefusedError(
            "\n".join([*lines, f"{report.issue} was not sent."]),
            "Put it right, or accept it with its reason: newsletter check "
            f"{report.issue} --accept RULE:LINE --because TEXT",
        )
    return composition, compiled, report


def _lists(project: Project, slugs: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(choose_list(project, slug) for slug in slugs))


def _refuse_planned(database: Database, issue: str) -> None:
    """Refuse an issue that is still under way, by whomever."""
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        _refuse_under_way(database, issue, nobody_sends=nobody_sends)


def _refuse_under_way(database: Database, issue: str, *, nobody_sends: bool) -> None:
    with database.reading() as connection:
        under_way = [one for one in open_dispatches(connection) if one.issue == issue]
    for dispatch in under_way:
        state, number = dispatch.state, dispatch.id
        advice = f"Go on with it: newsletter resume {number}."
        if state is DispatchState.RUNNING and nobody_sends:
            state = DispatchState.INTERRUPTED
        elif state is DispatchState.RUNNING:
            advice = (
                f"Another process is sending it: see newsletter status {number}, or "
                f"halt it with newsletter pause {number}."
            )
        raise RefusedError(
            f"dispatch {number} of {issue} is not over yet "
            f"({state}, {dispatch.unfinished} left to do).",
            f"{advice} Or end it: newsletter cancel {number}.",
        )


def _tested(
    database: Database, compiled: CompiledMessage, wish: Wish
) -> tuple[str, ...]:
    """Return the waiver for content that was never tested, or refuse it."""
    with database.reading() as connection:
        if last_tested_at(connection, compiled.content_hash) is not None:
            return ()
    if wish.is_untested:
        return ("untested",)
    raise RefusedError(
        "what the issue says now was never sent as a test.",
        "Run newsletter test, look at the mail, and send then; or send it unseen "
        "with --untested.",
    )


def _probed(project: Project, database: Database, wish: Wish) -> tuple[str, ...]:
    """Return the waiver for pages that were not tried, or try them."""
    if not project.settings.newsletter.base_url:
        return ()
    if wish.skips_probe:
        return ("skip_probe",)
    keyring = open_keyring(database, root=project.root)
    probe_public_page(project, database, keyring)
    return ()


def _accepted(report: CheckReport) -> list[str]:
    """Return ``link-blocked:12, accepted on 14 February 2026: opened it myself``, …."""
    return [
        f"{_name(found)}, accepted on {found.accepted_on}: {found.accepted}"
        for found in report.findings
        if found.accepted
    ]


def _name(found: Finding) -> str:
    return f"{found.rule}:{found.place.line}" if found.place.line else found.rule


def _count(
    database: Database, issue: str, lists: tuple[str, ...]
) -> tuple[int, dict[str, int]]:
    """Return how many get it, and how many of the lists do not and why."""
    with database.reading() as connection:
        audience = count_audience(connection, lists)
        recipients = count_recipients(connection, issue=issue, lists=lists)
    left_out = dict(audience.left_out)
    if audience.recipients > recipients:
        left_out["got it already"] = audience.recipients - recipients
    if not recipients:
        reasons = ", ".join(f"{number} {reason}" for reason, number in left_out.items())
        raise OperationError(
            f"nobody is left to send {issue} to (list {', '.join(lists)}).",
            f"Left out: {reasons}."
            if reasons
            else "Import people first: newsletter subscribers import FILE.csv",
        )
    return recipients, left_out


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
    _refuse_under_way(sender.database, plan.issue, nobody_sends=True)
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
