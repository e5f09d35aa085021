"""Accept a finding with a reason: shown from then on, and no longer in the way.

An acceptance is bound to the words of its line: it follows the line when that moves,
and ends when it is changed. A finding about the whole issue is bound to its message.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from newsletter.errors import RefusedError, UsageError
from newsletter.model.finding import Finding
from newsletter.model.rules import DEFINITION, RULES
from newsletter.store.accepted import accept_finding, read_accepted
from newsletter.store.database import exists, open_database
from newsletter.workflow.project import Project

#: (rule, hash of the words) -> reason.
Acceptances = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an editor accepts."""

    #: Rule id.
    rule: str
    #: Line of the definition; 0 for a finding about the issue as a whole.
    line: int
    #: Shown wherever the finding is.
    reason: str


def read_acceptances(project: Project, issue: str) -> Acceptances:
    """Return what was accepted of an issue; makes no database where there is none.

    Args:
        project: The project.
        issue: Its slug.

    Raises:
        OperationError: The database cannot be read.
    """
    url = project.settings.database_url
    if not exists(url, root=project.root):
        return {}
    with (
        open_database(url, root=project.root) as database,
        database.reading() as connection,
    ):
        return read_accepted(connection, issue)


def apply_acceptances(
    findings: Iterable[Finding], acceptances: Acceptances, lines: Sequence[str]
) -> tuple[Finding, ...]:
    """Return the findings with the reasons for which they were accepted.

    Args:
        findings: From the checks.
        acceptances: From `read_acceptances`.
        lines: Lines of the definition.
    """
    return tuple(
        replace(finding, accepted=acceptances.get(_key(finding, lines), ""))
        if _is_acceptable(finding.rule)
        else finding
        for finding in findings
    )


def accept_findings(
    project: Project,
    issue: str,
    acceptance: Acceptance,
    *,
    findings: Sequence[Finding],
    lines: Sequence[str],
    now: datetime,
) -> tuple[Finding, ...]:
    """Keep an acceptance, and return the findings with it.

    Args:
        project: The project.
        issue: Slug of the issue.
        acceptance: What is accepted; all findings of its rule on its line are.
        findings: What was found in the issue.
        lines: Lines of the definition.
        now: The present, aware.

    Raises:
        UsageError: There is no such finding.
        RefusedError: Nobody can accept it.
        OperationError: The database cannot be written.
    """
    chosen = _chosen(findings, acceptance)
    keys = {_key(finding, lines) for finding in chosen}
    url, root = project.settings.database_url, project.root
    with (
        open_database(url, root=root) as database,
        database.writing() as connection,
    ):
        for rule, line_hash in keys:
            accept_finding(
                connection,
                issue=issue,
                rule=rule,
                line_hash=line_hash,
                reason=acceptance.reason,
                now=now,
            )
        kept = read_accepted(connection, issue)
    return apply_acceptances(findings, kept, lines)


def _is_acceptable(rule: str) -> bool:
    return rule in RULES and not RULES[rule].is_fixed


def _key(finding: Finding, lines: Sequence[str]) -> tuple[str, str]:
    line = finding.place.line
    words = lines[line - 1] if 1 <= line <= len(lines) else finding.message
    # Blanks are not words: wrapping and indenting change nothing of what was accepted.
    digest = hashlib.sha256(" ".join(words.split()).encode()).hexdigest()
    return finding.rule, digest


def _chosen(findings: Sequence[Finding], acceptance: Acceptance) -> list[Finding]:
    rule, line = acceptance.rule, acceptance.line
    if rule != DEFINITION and rule not in RULES:
        near = get_close_matches(rule, RULES, 1)
        hint = f'Did you mean "{near[0]}"?' if near else "docs/checks.md lists them."
        raise UsageError(f'there is no rule "{rule}".', hint)
    if not _is_acceptable(rule):
        raise RefusedError(
            f'"{rule}" cannot be accepted.', "It has to be put right before sending."
        )
    chosen = [f for f in findings if (f.rule, f.place.line) == (rule, line)]
    if not chosen:
        where = f" on line {line}" if line else " about the issue as a whole"
        raise UsageError(f'"{rule}" found nothing{where}.', _offer(findings))
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
