"""Check an issue: what a reader would stumble over, and which links answer.

Definition problems stand beside the findings. `check_composition` is for who has
composed already (the preview), `check_issue` for who has not (the command, `send`).
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsletter import __version__
from newsletter.addresses import domain_of, parse_mailbox
from newsletter.checks import Facts, run_checks
from newsletter.checks.links.plan import OwnPages, Plan, conclude_links, plan_links
from newsletter.checks.links.reach import Network
from newsletter.definition.files import read_definition
from newsletter.definition.frontmatter import declared
from newsletter.errors import DefinitionError
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import CheckedLink, Sightings
from newsletter.model.problem import Place, Problem
from newsletter.model.rules import DEFINITION
from newsletter.model.settings import Settings
from newsletter.workflow.accept import (
    Acceptance,
    accept_findings,
    apply_acceptances,
    read_acceptances,
)
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.project import Project, find_issue, issue_name, list_issues

#: Takes the number of addresses to ask; gives a function that takes how many are done.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


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
    #: How many links were left out because nobody was to be asked.
    unasked_links: int = 0
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


@contextmanager
def _silent(total: int) -> Iterator[Callable[[int], None]]:
    del total
    yield lambda _: None


def check_issue(
    project: Project,
    reference: str | None,
    *,
    offline: bool,
    now: datetime,
    allow_private: Sequence[Network] = (),
    show_progress: Progress = _silent,
) -> CheckReport:
    """Compose and check an issue.

    Args:
        project: The project.
        reference: As for `find_issue`.
        offline: Ask no address.
        now: The present, aware.
        allow_private: Private networks that links may lead to.
        show_progress: Called before addresses are asked.

    Raises:
        OperationError: There is no such issue, or the database cannot be read.
    """
    composition = compose_issue(project, find_issue(project, reference))
    return check_composition(
        project,
        composition,
        offline=offline,
        now=now,
        allow_private=allow_private,
        show_progress=show_progress,
    )


def check_composition(
    project: Project,
    composition: Composition,
    *,
    offline: bool,
    now: datetime,
    allow_private: Sequence[Network] = (),
    show_progress: Progress = _silent,
) -> CheckReport:
    """Check an issue that is composed already; arguments as for `check_issue`.

    Asking addresses starts an event loop of its own; offline can be called anywhere.
    """
    report = _begin_report(project, composition)
    assembled, settings = composition.assembled, project.settings
    if assembled is None:
        return report
    own = OwnPages(settings.newsletter.base_url, assembled.issue.slug)
    plan = plan_links(assembled.links, own, allowed=allow_private)
    seen = None
    if plan.asked and not offline:
        seen = _observe(plan, settings, allow_private, show_progress)
    links = conclude_links(assembled.links, plan, seen)
    copies, refused = _copies(assembled, settings)
    size = max((copy.html_bytes for copy in copies), default=None)
    facts = Facts(
        now=now.astimezone(ZoneInfo(settings.newsletter.time_zone)),
        source=composition.lines,
        problems=frozenset(problem.place for problem in composition.problems),
        base_url=settings.newsletter.base_url,
        postal_address=settings.newsletter.address,
        copies=copies,
        html_bytes=size,
        sender=settings.newsletter.sender,
        server_user=settings.server.user if settings.server else "",
        links=links,
        has_network=seen is None or seen.has_network,
        levels=settings.checks,
    )
    shared = _find_namesakes(project, composition)
    found = [*report.findings, *shared, *refused, *run_checks(assembled, facts)]
    unasked = [] if seen else [u for u in assembled.links if u.url in plan.asked]
    complete = replace(
        report,
        links=links,
        unasked_links=len(unasked),
        html_bytes=size,
        copies=copies,
    )
    return _finish_report(project, complete, found)


def accept_in_report(
    project: Project, report: CheckReport, acceptance: Acceptance, *, now: datetime
) -> CheckReport:
    """Keep an acceptance, and return the report as it is then.

    Raises:
        UsageError: There is no such finding.
        RefusedError: Nobody can accept it.
        OperationError: The database cannot be written.
    """
    findings = accept_findings(
        project,
        report.issue,
        acceptance,
        findings=report.findings,
        lines=report.lines,
        now=now,
    )
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
    acceptances = read_acceptances(project, report.issue)
    findings = apply_acceptances(gravest_first, acceptances, report.lines)
    return replace(report, findings=findings)


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


def _observe(
    plan: Plan,
    settings: Settings,
    allowed: Sequence[Network],
    show_progress: Progress,
) -> Sightings:
    # A tenth of a second to import, and most checks are offline ones of the preview.
    from newsletter.checks.links.observe import Manner, observe_links

    manner = Manner(
        contact=settings.newsletter.base_url,
        version=__version__,
        allowed=allowed,
        control_hosts=_control_hosts(settings),
    )
    addresses = frozenset(plan.asked.values())
    with show_progress(len(addresses)) as step:
        asking = observe_links(addresses, manner, on_look=lambda: step(1))
        return asyncio.run(asking)


def _control_hosts(settings: Settings) -> tuple[str, ...]:
    """Return names of our own that exist wherever there is a network."""
    hosts = [
        settings.server.host if settings.server else "",
        urlsplit(settings.newsletter.base_url).hostname or "",
        domain_of(parse_mailbox(settings.newsletter.sender).address),
    ]
    # Numbers and "localhost" are found without a network too.
    return tuple(h for h in hosts if "." in h and h.rpartition(".")[2].isalpha())


def _copies(
    assembled: Assembled, settings: Settings
) -> tuple[tuple[Copy, ...], list[Finding]]:
    """Return the copies to look at, or why there is no mail."""
    try:
        return make_copies(assembled, settings, (UNKNOWN_READER,)), []
    except DefinitionError as error:
        return (), [_problem_finding(problem) for problem in error.problems]
