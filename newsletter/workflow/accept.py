"""Accept a finding with a reason: shown from then on, and no longer in the way.

An acceptance is bound to the words of its line: it follows the line when that moves,
and ends when it is changed. A finding about the whole issue is bound to its message. A
verdict on a link is bound to the address: it holds in every issue, and ends when the
link is found to be otherwise.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.checks.links.clean import clean_address
from newsletter.checks.links.lifetimes import says_something
from newsletter.checks.links.plan import OwnPages
from newsletter.errors import RefusedError, UsageError
from newsletter.model.finding import Finding
from newsletter.model.link import CheckedLink, Verdict
from newsletter.model.rules import DEFINITION, RULES
from newsletter.workflow.project import Project

# A fifth of a second to import, which a project without a database does not need.
if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.store.accepted import Accepted

#: Rule -> verdict that it reports.
_VERDICTS: Mapping[str, Verdict] = {f"link-{verdict}": verdict for verdict in Verdict}

_WHERE_RULES_STAND = "Each finding ends with its rule, in square brackets."


@dataclass(frozen=True, slots=True)
class Acceptances:
    """What was accepted of an issue, and of the links in it."""

    #: By rule and hash of the words.
    lines: Mapping[tuple[str, str], "Accepted"] = field(default_factory=dict)
    #: By address and verdict.
    links: Mapping[tuple[str, Verdict], "Accepted"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in an issue, as far as accepting goes."""

    #: Slug.
    issue: str
    #: The definition, as findings name it.
    file: str
    findings: Sequence[Finding]
    #: Lines of the definition.
    lines: Sequence[str]
    #: With what was found of each.
    links: Sequence[CheckedLink] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an editor accepts."""

    #: Rule id.
    rule: str
    #: Line of the definition; 0 for a finding about the issue as a whole.
    line: int
    #: Shown wherever the finding is.
    reason: str
    #: Column in that line; 0 for whatever is found on it.
    column: int = 0


def read_acceptances(project: Project, checked: Checked) -> Acceptances:
    """Return what was accepted; makes no database where there is none.

    Raises:
        OperationError: The database cannot be read.
    """
    from newsletter.store.database import exists, open_database

    url = project.settings.database_url
    if not exists(url, root=project.root):
        return Acceptances()
    with (
        open_database(url, root=project.root) as database,
        database.reading() as connection,
    ):
        return _read(connection, checked)


def apply_acceptances(
    checked: Checked, acceptances: Acceptances, *, time_zone: str
) -> tuple[Finding, ...]:
    """Return the findings with the reasons for which they were accepted.

    Args:
        checked: From the checks.
        acceptances: From `read_acceptances`.
        time_zone: In which dates are shown.
    """
    zone = ZoneInfo(time_zone)

    def apply(finding: Finding) -> Finding:
        accepted = _accepted(finding, checked, acceptances)
        if accepted is None or not _is_acceptable(finding.rule):
            return finding
        at = accepted.at.astimezone(zone)
        return replace(finding, accepted=accepted.reason, accepted_at=at)

    return tuple(map(apply, checked.findings))


def accept_findings(
    project: Project, checked: Checked, acceptance: Acceptance, *, now: datetime
) -> tuple[Finding, ...]:
    """Keep an acceptance, and return the findings with it.

    Args:
        project: The project.
        checked: What was found.
        acceptance: What is accepted; all findings of its rule on its line are, but of
            links one at a time.
        now: The present, aware.

    Raises:
        UsageError: There is no such finding.
        RefusedError: Nobody can accept it.
        OperationError: The database cannot be written.
    """
    from newsletter.store.database import open_database

    chosen = _chosen(checked.findings, acceptance)
    settings = project.settings
    own = OwnPages(settings.newsletter.base_url)
    with (
        open_database(settings.database_url, root=project.root) as database,
        database.writing() as connection,
    ):
        for finding in chosen:
            _keep(connection, finding, checked, own, acceptance.reason, now)
        kept = _read(connection, checked)
    time_zone = settings.newsletter.time_zone
    return apply_acceptances(checked, kept, time_zone=time_zone)


def lapse_acceptances(
    project: Project, acceptances: Acceptances, links: Iterable[CheckedLink]
) -> None:
    """Forget what was confirmed of links that are found to be otherwise now.

    Raises:
        OperationError: The database cannot be written.
    """
    found = {
        confirmed_address(link): link.judgement.verdict
        for link in links
        if says_something(link.judgement.verdict)
    }
    lapsed = {
        address: found[address]
        for address, verdict in acceptances.links
        if found.get(address, verdict) is not verdict
    }
    if not lapsed:
        return
    from newsletter.store.confirmed import lapse_confirmed
    from newsletter.store.database import open_database

    with (
        open_database(project.settings.database_url, root=project.root) as database,
        database.writing() as connection,
    ):
        lapse_confirmed(connection, lapsed)


def confirmed_address(link: CheckedLink) -> str:
    """Return what a confirmation is bound to: one spelling of the address.

    The place in the page belongs to it, for a page may be there and the place not.
    """
    url = link.use.url
    cleaned = clean_address(url)
    if not isinstance(cleaned, str):
        return url
    _, sign, fragment = url.partition("#")
    return f"{cleaned}{sign}{fragment}"


def _read(connection: "Connection", checked: Checked) -> Acceptances:
    from newsletter.store.accepted import read_accepted
    from newsletter.store.confirmed import read_confirmed

    addresses = {confirmed_address(link) for link in checked.links}
    return Acceptances(
        read_accepted(connection, checked.issue),
        read_confirmed(connection, addresses),
    )


def _keep(
    connection: "Connection",
    finding: Finding,
    checked: Checked,
    own: OwnPages,
    reason: str,
    now: datetime,
) -> None:
    from newsletter.store.accepted import accept_finding
    from newsletter.store.confirmed import confirm_link

    links = list(_links_of(finding, checked))
    # A reader's own address is stored nowhere.
    if links and not any(own.is_personal(link.use.url) for link in links):
        for link in links:
            address, verdict = confirmed_address(link), link.judgement.verdict
            confirm_link(connection, address, verdict, reason=reason, now=now)
        return
    rule, line_hash = _key(finding, checked)
    accept_finding(
        connection,
        issue=checked.issue,
        rule=rule,
        line_hash=line_hash,
        reason=reason,
        now=now,
    )


def _accepted(
    finding: Finding, checked: Checked, acceptances: Acceptances
) -> "Accepted | None":
    of_links = [
        acceptances.links.get((confirmed_address(link), link.judgement.verdict))
        for link in _links_of(finding, checked)
    ]
    if of_links and all(of_links):
        return of_links[0]
    return acceptances.lines.get(_key(finding, checked))


def _links_of(finding: Finding, checked: Checked) -> Iterator[CheckedLink]:
    """Yield the links whose verdict *finding* reports."""
    verdict = _VERDICTS.get(finding.rule)
    for link in checked.links:
        if link.judgement.verdict is verdict and link.use.place == finding.place:
            yield link


def _is_acceptable(rule: str) -> bool:
    return rule in RULES and not RULES[rule].is_fixed


def _key(finding: Finding, checked: Checked) -> tuple[str, str]:
    place, lines = finding.place, checked.lines
    # Lines of a template or of the settings are told by what was found there.
    is_there = place.file == checked.file and 1 <= place.line <= len(lines)
    words = lines[place.line - 1] if is_there else finding.message
    # Blanks are not words: wrapping and indenting change nothing of what was accepted.
    digest = hashlib.sha256(" ".join(words.split()).encode()).hexdigest()
    return finding.rule, digest


def refuse_rule(rule: str) -> None:
    """Refuse a rule of which no finding can be accepted, before any is looked for.

    Raises:
        UsageError: There is no such rule.
        RefusedError: Nobody can accept its findings.
    """
    if rule != DEFINITION and rule not in RULES:
        near = get_close_matches(rule, RULES, 1)
        hint = f'Did you mean "{near[0]}"?' if near else _WHERE_RULES_STAND
        raise UsageError(f'there is no rule "{rule}".', hint)
    if not _is_acceptable(rule):
        raise RefusedError(
            f'"{rule}" cannot be accepted.', "It has to be put right before sending."
        )


def _chosen(findings: Sequence[Finding], acceptance: Acceptance) -> list[Finding]:
    rule, line = acceptance.rule, acceptance.line
    refuse_rule(rule)
    chosen = [f for f in findings if (f.rule, f.place.line) == (rule, line)]
    if acceptance.column:
        chosen = [f for f in chosen if f.place.column == acceptance.column]
    if not chosen:
        where = f" on line {line}" if line else " about the issue as a whole"
        raise UsageError(f'"{rule}" found nothing{where}.', _offer(findings))
    if rule in _VERDICTS and len({f.place for f in chosen}) > 1:
        # Each is confirmed for good, so each has to be looked at.
        names = ", ".join(f"{rule}:{line}:{f.place.column}" for f in chosen)
        raise UsageError(
            f'"{rule}" found {len(chosen)} links on line {line}.',
            f"Accept each by its column: {names}.",
        )
    return chosen


def _offer(findings: Iterable[Finding]) -> str:
    """Say what there is to accept, as it would be typed."""
    names = [
        f"{finding.rule}:{finding.place.line}" if finding.place.line else finding.rule
        for finding in findings
        if _is_acceptable(finding.rule) and not finding.accepted
    ]
    if not names:
        return "There is nothing to accept."
    return f"There is: {', '.join(dict.fromkeys(names))}."
