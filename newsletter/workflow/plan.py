"""What `send` would do: to whom, from when until when. Changes nothing.

Law: nothing is planned that was not checked and tested, or waived by name; what the
editor confirms is this value, and no other.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.messages.identity import derive_identity
from newsletter.model.dispatch import Dispatch, Only
from newsletter.model.finding import Finding, Severity
from newsletter.model.message import CompiledMessage
from newsletter.model.segment import Segment
from newsletter.model.settings import ServerSettings, Settings
from newsletter.store.database import Database, exists, open_database
from newsletter.store.dispatch_records import newest_dispatch, open_dispatches
from newsletter.store.dispatches import count_recipients
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.segments import count_missed_languages
from newsletter.store.snapshots import count_by_lane
from newsletter.workflow.changes import Changes
from newsletter.workflow.check import CheckReport, Progress
from newsletter.workflow.clearance import (
    Wish,
    accepted_findings,
    check_before_sending,
    choose_lists,
    count_recipients_left,
    name_accepted,
    refuse_planned,
    refuse_unasked_page,
    require_pages,
    require_test,
)
from newsletter.workflow.compose import Composition, require_assembled
from newsletter.workflow.forecast import Forecast, forecast_end
from newsletter.workflow.letters import MOST_LISTS_NAMED, open_seal
from newsletter.workflow.project import Project
from newsletter.workflow.server import open_account
from newsletter.workflow.since_test import Tested, read_tested


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent, if the number is confirmed."""

    #: Slug.
    issue: str
    #: As somebody without any field gets it.
    subject: str
    #: ``Name <address>`` or an address, as readers see it.
    sender: str
    #: Empty: answers go to the sender.
    reply_to: str
    lists: tuple[str, ...]
    recipients: int
    #: "unsubscribed", "got it already", … -> people of the lists left out.
    left_out: Mapping[str, int]
    #: Error findings that were accepted, each with its reason.
    accepted: tuple[Finding, ...]
    #: When it was tested, and what changed since; None: it never was.
    tested: Tested | None
    #: When it begins, how long it takes, and what limits it.
    forecast: Forecast
    server: ServerSettings
    #: Dispatches, of other issues, that are not over.
    others: tuple[Dispatch, ...]
    compiled: CompiledMessage = field(repr=False)
    #: What the public pages will show.
    composition: Composition = field(repr=False)
    #: Warnings of its check that were not accepted.
    warnings: tuple[Finding, ...] = ()
    #: For the record: "untested", "skip_probe", and the accepted findings in a line.
    waivers: tuple[str, ...] = ()
    #: Of the lists, only these people of an earlier dispatch.
    only: Only | None = None
    #: Of the lists, only who is in it.
    segment: Segment | None = None
    #: Who reads a language it asks for, in a region or perhaps, and is not in it: as
    #: `Headcount.missed_languages`.
    missed_languages: Mapping[str, int] = field(default_factory=dict)
    #: Of several lists, each -> how many of the recipients it alone would reach.
    by_list: Mapping[str, int] = field(default_factory=dict)
    #: Aware; None: now.
    starts_at: datetime | None = None
    #: So many first, then it pauses; 0: all at once.
    canary: int = 0
    #: Where everybody may read it; empty: it gets no page.
    web_page: str = ""
    #: Good for one dispatch, however often the plan is sent.
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    #: Number of the newest dispatch there was, 0 for none.
    after: int = 0

    @property
    def where(self) -> str:
        """The segment as it was typed; empty: everybody."""
        return self.segment.text if self.segment else ""

    @property
    def leaves_every_list(self) -> bool:
        """Whether who unsubscribes by this mail leaves more than it was sent to."""
        return len(self.lists) > MOST_LISTS_NAMED

    @property
    def people(self) -> int:
        """Everybody who has or had to do with one of the lists."""
        return self.recipients + sum(self.left_out.values())

    @property
    def changes(self) -> Changes | None:
        """What changed since the last test; None when nothing did, or without test."""
        return self.tested.changes if self.tested else None


@dataclass(frozen=True, slots=True)
class _Content:
    """What would go out, as it was checked and tested, and to which lists."""

    #: Of the issue.
    slug: str
    composition: Composition
    compiled: CompiledMessage
    report: CheckReport
    lists: tuple[str, ...]
    tested: Tested | None


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
        wish: To whom, when, and what is waived.
        environment: Where the password may be.
        now: Aware.
        show_progress: As for `check_issue`.

    Raises:
        DefinitionError: The issue cannot be composed.
        RefusedError: No server, error findings, never tested, still under way, handed
            over to another computer, or a page for everybody that nobody asked for.
        OperationError: Nobody to send to, or server, pages or database fail.
        UsageError: There is no such list, or no such dispatch for ``--only``.
    """
    _refuse_elsewhere(project)
    server = open_account(project, environment).server
    # A key that is missing is told now, not after the number was typed.
    open_seal(project)
    content = _read_content(project, reference, wish, now, show_progress)
    with _open(project) as database:
        refuse_planned(database, content.slug)
        plan = _plan(database, project.settings, content, wish, server, now)
        waivers = _waivers(project, database, content, wish)
    return replace(plan, waivers=waivers)


def _read_content(
    project: Project,
    reference: str | None,
    wish: Wish,
    now: datetime,
    show_progress: Progress | None,
) -> _Content:
    """Check what would go out, and look up when it was tested."""
    composition, compiled, report = check_before_sending(
        project, reference, wish, now, show_progress
    )
    issue = require_assembled(composition).issue
    lists = choose_lists(project, wish.lists or issue.lists)
    refuse_unasked_page(project.settings, issue, lists)
    return _Content(
        slug=issue.slug,
        composition=composition,
        compiled=compiled,
        report=report,
        lists=lists,
        tested=read_tested(project, composition, compiled),
    )


def _waivers(
    project: Project, database: Database, content: _Content, wish: Wish
) -> tuple[str, ...]:
    """Return what the editor waives; refuse what is neither proven nor waived."""
    return (
        *require_test(content.tested, wish),
        *require_pages(project, database, wish),
        *name_accepted(content.report),
    )


def _plan(
    database: Database,
    settings: Settings,
    content: _Content,
    wish: Wish,
    server: ServerSettings,
    now: datetime,
) -> Plan:
    issue = require_assembled(content.composition).issue
    identity = derive_identity(issue, settings)
    recipients, left_out = count_recipients_left(
        database, content.slug, content.lists, wish
    )
    with database.reading() as connection:
        return Plan(
            issue=content.slug,
            subject=content.compiled.subject_text,
            sender=identity.sender,
            reply_to=identity.reply_to,
            lists=content.lists,
            recipients=recipients,
            left_out=left_out,
            accepted=accepted_findings(content.report),
            warnings=_open_warnings(content.report),
            tested=content.tested,
            forecast=_forecast(connection, settings, content, wish, now),
            server=server,
            others=tuple(open_dispatches(connection)),
            compiled=content.compiled,
            composition=content.composition,
            only=wish.only,
            segment=wish.where,
            missed_languages=count_missed_languages(
                connection, content.lists, wish.where
            ),
            by_list=_count_by_list(connection, content, wish),
            starts_at=wish.starts_at,
            canary=wish.canary,
            web_page=issue.web_folder(settings.newsletter.base_url),
            after=_newest(connection),
        )


def _open_warnings(report: CheckReport) -> tuple[Finding, ...]:
    return tuple(
        found
        for found in report.findings
        if found.severity is Severity.WARNING and not found.accepted
    )


def _count_by_list(
    connection: Connection, content: _Content, wish: Wish
) -> dict[str, int]:
    if len(content.lists) == 1:
        return {}
    return {
        slug: count_recipients(
            connection,
            issue=content.slug,
            lists=(slug,),
            only=wish.only,
            where=wish.where,
        )
        for slug in content.lists
    }


def _forecast(
    connection: Connection,
    settings: Settings,
    content: _Content,
    wish: Wish,
    now: datetime,
) -> Forecast:
    counts = _count_lanes(connection, settings, content, wish)
    begins_at = wish.starts_at or now
    return forecast_end(connection, counts, settings, starts_at=begins_at)


def _count_lanes(
    connection: Connection, settings: Settings, content: _Content, wish: Wish
) -> dict[str, int]:
    """Return how many mails go by each lane, before the first pause."""
    counts = count_by_lane(
        connection,
        issue=content.slug,
        lists=content.lists,
        only=wish.only,
        where=wish.where,
        lanes={name: lane.domains for name, lane in settings.lanes.items()},
    )
    if wish.canary and wish.canary < sum(counts.values()):
        # Who of them is in which lane matters little: they are few.
        return {"": wish.canary}
    return counts


def _newest(connection: Connection) -> int:
    newest = newest_dispatch(connection)
    return newest.id if newest else 0


def _refuse_elsewhere(project: Project) -> None:
    """Refuse before links are asked where another copy is in charge."""
    if exists(project.settings.database_url, root=project.root):
        with _open(project):
            pass


@contextmanager
def _open(project: Project) -> Iterator[Database]:
    """Open the database of a copy that may send."""
    with open_database(project.settings.database_url, root=project.root) as database:
        with database.reading() as connection:
            refuse_handed_over(connection)
        yield database
