"""Check an issue: what a reader would stumble over, and which links answer.

Definition problems stand beside the findings. `check_composition` is for who has
composed already (the preview), `check_issue` for who has not (the command, `send`).
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from newsletter.checks import run_checks
from newsletter.checks.links.joins import find_breaks
from newsletter.checks.links.plan import (
    OwnPages,
    Plan,
    conclude_breaks,
    conclude_links,
    plan_links,
)
from newsletter.checks.links.reach import Network
from newsletter.errors import DefinitionError, OperationError
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Problem
from newsletter.model.rules import DEFINITION
from newsletter.workflow.accept import (
    Acceptance,
    Checked,
    accept_findings,
    apply_acceptances,
    lapse_acceptances,
    read_acceptances,
)
from newsletter.workflow.check_facts import gather_facts
from newsletter.workflow.check_report import ArchiveReport, CheckReport
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.copies import edge_readers, make_copies
from newsletter.workflow.links import (
    Inquiry,
    LinksSeen,
    Progress,
    look_at_links,
    silent,
)
from newsletter.workflow.looks import (
    NO_PROGRAMS,
    Programs,
    render_copies,
    score_copies,
)
from newsletter.workflow.namesakes import find_namesakes
from newsletter.workflow.project import (
    Project,
    find_issue,
    issue_name,
    list_issues,
    no_issue,
)

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

    Raises:
        OperationError: There is no issue.
    """
    paths = list_issues(project)
    if not paths:
        raise no_issue()
    compositions = [compose_issue(project, path) for path in paths]
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
    assembled = composition.assembled
    if assembled is None:
        return report
    links = conclude_links(assembled.links, plan, seen.sightings)
    breaks = conclude_breaks(plan, seen.sightings)
    copies, refused = _copies(project, assembled, readers)
    size = max((copy.html_bytes for copy in copies), default=None)
    facts = replace(
        gather_facts(project, composition, assembled, now=now, is_past=is_past),
        copies=copies,
        html_bytes=size,
        links=links,
        breaks=breaks,
        has_network=seen.sightings.has_network,
        renderings=render_copies(assembled, copies) if programs.browser else (),
        spam=score_copies(copies) if programs.spam_filter else None,
    )
    shared = map(_problem_finding, find_namesakes(project, composition))
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
        spam=facts.spam,
    )
    return _finish_report(project, complete, found, asked=plan.asked)


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
    project: Project,
    report: CheckReport,
    found: list[Finding],
    *,
    asked: Container[str],
) -> CheckReport:
    gravest_first = sorted(found, key=lambda finding: -finding.severity)
    report = replace(report, findings=tuple(gravest_first))
    checked = _as_checked(report)
    try:
        acceptances = read_acceptances(project, checked)
        if report.tally.asked:
            # What was not asked, as for want of --allow-private, shows nothing new.
            seen = [link for link in report.links if link.use.url in asked]
            lapse_acceptances(project, acceptances, seen)
    except OperationError as error:
        return replace(report, trouble=report.trouble or str(error))
    time_zone = project.settings.newsletter.time_zone
    findings = apply_acceptances(checked, acceptances, time_zone=time_zone)
    return replace(report, findings=findings)


def _as_checked(report: CheckReport) -> Checked:
    return Checked(
        report.issue, report.file, report.findings, report.lines, report.links
    )


def _problem_finding(problem: Problem) -> Finding:
    return Finding(
        DEFINITION, Severity.ERROR, problem.place, problem.message, problem.advice
    )


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
