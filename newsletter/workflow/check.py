"""Check an issue: what a reader would stumble over, and which links answer.

Definition problems stand beside the findings. `check_composition` is for who has
composed already (the preview), `check_issue` for who has not (the command, `send`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.assembly.loaders import Templates
from newsletter.checks import Facts, run_checks
from newsletter.checks.links.joins import find_breaks
from newsletter.checks.links.plan import (
    OwnPages,
    Plan,
    conclude_breaks,
    conclude_links,
    plan_links,
)
from newsletter.checks.links.reach import Network
from newsletter.definition.files import read_definition
from newsletter.definition.frontmatter import declared
from newsletter.errors import DefinitionError, OperationError
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import CheckedBreak, CheckedLink
from newsletter.model.problem import Place, Problem
from newsletter.model.rules import DEFINITION
from newsletter.model.settings import Settings
from newsletter.workflow.accept import (
    Acceptance,
    Checked,
    accept_findings,
    apply_acceptances,
    lapse_acceptances,
    read_acceptances,
)
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.copies import edge_readers, make_copies
from newsletter.workflow.links import (
    Inquiry,
    LinksSeen,
    Progress,
    Tally,
    look_at_links,
    silent,
)
from newsletter.workflow.looks import (
    NO_PROGRAMS,
    Programs,
    render_copies,
    score_copies,
)
from newsletter.workflow.previous import previous_issue
from newsletter.workflow.project import Project, find_issue, issue_name, list_issues

__all__ = [
    "ArchiveReport",
    "CheckReport",
    "Inquiry",
    "Programs",
    "Progress",
    "accept_in_report",
    "check_archive",
    "check_composition",
    "check_issue",
]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found in one issue."""

    #: Slug of the issue.
    issue: str
    #: The definition, as shown to the editor.
    file: str
    #: Gravest first, each group in reading order; definition problems among them.
    findings: tuple[Finding, ...]
    #: Links in reading order; those that were not looked at are left out.
    links: tuple[CheckedLink, ...] = ()
    #: Addresses that are broken over two lines.
    breaks: tuple[CheckedBreak, ...] = ()
    #: How many links were left out because nobody was to be asked.
    unasked_links: int = 0
    #: How many addresses were asked, and how many remembered.
    tally: Tally = field(default_factory=Tally)
    #: Why nothing was remembered, or empty.
    trouble: str = ""
    #: Lines of the definition.
    lines: tuple[str, ...] = ()
    #: Bytes of the HTML part as it travels; None when there is no mail.
    html_bytes: int | None = None
    #: The copies that were looked at, as `Facts.copies`.
    copies: tuple[Copy, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What keeps the issue from being sent."""
        return tuple(finding for finding in self.findings if finding.is_blocking)

    def passes(self, *, strict: bool = False) -> bool:
        """Whether nothing is left to put right; *strict* counts warnings too."""
        least = Severity.WARNING if strict else Severity.ERROR
        return not any(f.severity >= least and not f.accepted for f in self.findings)


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What was found in all issues."""

    #: In the order of their names.
    issues: tuple[CheckReport, ...]
    #: Of all addresses, each counted once.
    tally: Tally

    @property
    def trouble(self) -> str:
        """Why nothing was remembered, or empty."""
        return next((one.trouble for one in self.issues if one.trouble), "")

    def passes(self, *, strict: bool = False) -> bool:
        """Whether every issue does."""
        return all(report.passes(strict=strict) for report in self.issues)


def check_issue(
    project: Project,
    reference: str | None,
    *,
    offline: bool,
    now: datetime,
    max_age: timedelta | None = None,
    allow_private: Sequence[Network] = (),
    show_progress: Progress = silent,
    programs: Programs = NO_PROGRAMS,
) -> CheckReport:
    """Compose and check an issue.

    Args:
        project: The project.
        reference: As for `find_issue`.
        offline: Ask no address.
        now: The present, aware.
        max_age: Ask what was seen longer ago; None leaves it to each verdict.
        allow_private: Private networks that links may lead to.
        show_progress: Called before addresses are asked.
        programs: Which programs of this computer look at the mail too.

    Raises:
        OperationError: There is no such issue, or a program does not work.
    """
    composition = compose_issue(project, find_issue(project, reference))
    return check_composition(
        project,
        composition,
        offline=offline,
        now=now,
        max_age=max_age,
        allow_private=allow_private,
        show_progress=show_progress,
        programs=programs,
    )


def check_composition(
    project: Project,
    composition: Composition,
    *,
    offline: bool,
    now: datetime,
    max_age: timedelta | None = None,
    allow_private: Sequence[Network] = (),
    show_progress: Progress = silent,
    programs: Programs = NO_PROGRAMS,
    readers: Sequence[Reader] | None = None,
) -> CheckReport:
    """Check an issue that is composed already; arguments as for `check_issue`.

    *readers* spares the question who the edge readers are, which takes a second for a
    million subscribers. Asking addresses starts an event loop of its own; offline can
    be called anywhere.
    """
    inquiry = Inquiry(offline, max_age, allow_private, show_progress)
    plan = _plan(project, composition, inquiry)
    seen = look_at_links(project, plan.asked.values(), inquiry, now=now)
    return _check_seen(
        project,
        composition,
        plan,
        seen,
        now=now,
        readers=readers,
        programs=programs,
    )


def check_archive(
    project: Project, inquiry: Inquiry, *, now: datetime
) -> ArchiveReport:
    """Check all issues; an address that many of them have is asked once.

    An issue of the past is checked as on its day: that its events are over is no news.
    """
    compositions = [compose_issue(project, path) for path in list_issues(project)]
    plans = [_plan(project, one, inquiry) for one in compositions]
    addresses = {address for plan in plans for address in plan.asked.values()}
    seen = look_at_links(project, addresses, inquiry, now=now)
    reports = [
        _check_seen(project, composition, plan, seen, now=now, is_past=True)
        for composition, plan in zip(compositions, plans, strict=True)
    ]
    return ArchiveReport(tuple(reports), seen.tally(addresses))


def _plan(project: Project, composition: Composition, inquiry: Inquiry) -> Plan:
    assembled = composition.assembled
    if assembled is None:
        return Plan({}, {})
    own = OwnPages(project.settings.newsletter.base_url, assembled.issue.slug)
    breaks = find_breaks(composition.lines, assembled.issue.file)
    return plan_links(assembled.links, own, allowed=inquiry.allowed, breaks=breaks)


def _check_seen(
    project: Project,
    composition: Composition,
    plan: Plan,
    seen: LinksSeen,
    *,
    now: datetime,
    is_past: bool = False,
    readers: Sequence[Reader] | None = None,
    programs: Programs = NO_PROGRAMS,
) -> CheckReport:
    """Return what is found in an issue, when its links have been looked at."""
    report = _begin_report(project, composition)
    assembled, settings = composition.assembled, project.settings
    if assembled is None:
        return report
    links = conclude_links(assembled.links, plan, seen.sightings)
    breaks = conclude_breaks(plan, seen.sightings)
    copies, refused = _copies(project, assembled, readers)
    size = max((copy.html_bytes for copy in copies), default=None)
    facts = Facts(
        now=_day_of(assembled, settings, now) if is_past else _local(now, settings),
        source=composition.lines,
        problems=frozenset(problem.place for problem in composition.problems),
        base_url=settings.newsletter.base_url,
        postal_address=settings.newsletter.address,
        copies=copies,
        html_bytes=size,
        sender=settings.newsletter.sender,
        reply_to=settings.newsletter.reply_to,
        server_host=settings.server.host if settings.server else "",
        server_user=settings.server.user if settings.server else "",
        template_file=_own_template(project, assembled),
        previous=previous_issue(project, composition.path, assembled.issue.date),
        templates=Templates.of_project(project.root).own_texts(),
        clients=settings.clients,
        links=links,
        breaks=breaks,
        has_network=seen.sightings.has_network,
        renderings=render_copies(assembled, copies) if programs.browser else (),
        spam=score_copies(copies) if programs.spam_filter else None,
        levels=settings.checks,
    )
    shared = _find_namesakes(project, composition)
    found = [*report.findings, *shared, *refused, *run_checks(assembled, facts)]
    known = seen.sightings.looks
    unasked = [
        use
        for use in assembled.links
        if use.url in plan.asked
        and plan.asked[use.url] not in known
        and use.url not in plan.known
    ]
    complete = replace(
        report,
        links=links,
        breaks=breaks,
        unasked_links=len(unasked),
        tally=seen.tally(plan.asked.values()),
        trouble=seen.trouble,
        html_bytes=size,
        copies=copies,
    )
    return _finish_report(project, complete, found)


def _local(now: datetime, settings: Settings) -> datetime:
    return now.astimezone(ZoneInfo(settings.newsletter.time_zone))


def _day_of(assembled: Assembled, settings: Settings, now: datetime) -> datetime:
    """Return the present, or the first moment of the day of an issue of the past."""
    zone = ZoneInfo(settings.newsletter.time_zone)
    day = datetime.combine(assembled.issue.date, time.min, zone)
    return min(day, now.astimezone(zone))


def accept_in_report(
    project: Project, report: CheckReport, acceptance: Acceptance, *, now: datetime
) -> CheckReport:
    """Keep an acceptance, and return the report as it is then.

    Raises:
        UsageError: There is no such finding.
        RefusedError: Nobody can accept it.
        OperationError: The database cannot be written.
    """
    findings = accept_findings(project, _as_checked(report), acceptance, now=now)
    return replace(report, findings=findings)


def _begin_report(project: Project, composition: Composition) -> CheckReport:
    issue = composition.issue
    return CheckReport(
        issue=issue.slug if issue else issue_name(composition.path),
        file=issue.file if issue else project.shown(composition.path),
        findings=tuple(map(_problem_finding, composition.problems)),
        lines=composition.lines,
    )


def _finish_report(
    project: Project, report: CheckReport, found: list[Finding]
) -> CheckReport:
    gravest_first = sorted(found, key=lambda finding: -finding.severity)
    report = replace(report, findings=tuple(gravest_first))
    checked = _as_checked(report)
    try:
        acceptances = read_acceptances(project, checked)
        if report.tally.asked:
            lapse_acceptances(project, acceptances, report.links)
    except OperationError as error:
        return replace(report, trouble=report.trouble or str(error))
    time_zone = project.settings.newsletter.time_zone
    findings = apply_acceptances(checked, acceptances, time_zone=time_zone)
    return replace(report, findings=findings)


def _as_checked(report: CheckReport) -> Checked:
    return Checked(report.issue, report.findings, report.lines, report.links)


def _problem_finding(problem: Problem) -> Finding:
    return Finding(
        DEFINITION, Severity.ERROR, problem.place, problem.message, problem.advice
    )


def _find_namesakes(project: Project, composition: Composition) -> list[Finding]:
    """Return a finding for each other issue with the slug of this one.

    Who has had an issue is known by its slug.
    """
    issue = composition.issue
    if issue is None:
        return []
    place = issue.places.get("slug", Place(issue.file))
    return [
        _problem_finding(
            Problem(
                place,
                f'{project.shown(path)} goes by the same name, "{issue.slug}": '
                "whoever got one of the two would not get the other.",
                'Add a line such as "slug: another-name" to this one.',
            )
        )
        for path in list_issues(project)
        if path != composition.path and _slug_at(path, project) == issue.slug
    ]


def _slug_at(path: Path, project: Project) -> str:
    """Return the slug of a definition, or empty when it cannot be read."""
    try:
        definition = read_definition(path, root=project.root)
    except DefinitionError:
        return ""
    return declared(definition.text, "slug") or definition.slug


def _own_template(project: Project, assembled: Assembled) -> str:
    return Templates.of_project(project.root).own_file(assembled.issue.template)


def _copies(
    project: Project, assembled: Assembled, readers: Sequence[Reader] | None
) -> tuple[tuple[Copy, ...], list[Finding]]:
    """Return the copies to look at, or why there is no mail."""
    if readers is None:
        readers = edge_readers(project, assembled)
    try:
        return make_copies(assembled, project.settings, readers), []
    except DefinitionError as error:
        return (), [_problem_finding(problem) for problem in error.problems]
