"""How findings are shown: to people as aligned lines, to scripts as promised JSON."""

import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import progress, say
from newsletter.model.finding import Finding, Severity

if TYPE_CHECKING:
    from newsletter.model.link import CheckedLink
    from newsletter.workflow.check import CheckReport
    from newsletter.workflow.links import Tally

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_NOUNS = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("info", "info"),
}
_UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)
#: Narrower columns of words are no easier to read than long lines.
_LEAST_WIDTH = 40
#: Who waits longer for a sign of life takes a program for stuck.
TOLD_EVERY_SECONDS = 10.0


def report_json(report: "CheckReport") -> dict[str, Any]:
    """Return the promised shape of ``check --json``."""
    return {
        "issue": report.issue,
        "blocking": len(report.blocking),
        "findings": [_finding_json(finding) for finding in report.findings],
        "links": [_link_json(link) for link in report.links],
    }


def finding_lines(
    findings: Iterable[Finding], *, columns: int | None = None
) -> Iterator[str]:
    """Yield findings as aligned lines: place, severity, message; advice below it.

    An empty line divides groups of one severity, and ends the last.

    Args:
        findings: Gravest first.
        columns: Width of the terminal; None leaves lines whole, for grep and editors.
    """
    findings = tuple(findings)
    width = max((len(str(finding.place)) for finding in findings), default=0)
    for _, group in groupby(findings, key=lambda finding: finding.severity):
        for finding in group:
            yield from _lines_of(finding, width, columns)
        yield ""


def link_summary(links: Iterable["CheckedLink"], *, unasked: int = 0) -> str:
    """Return ``5 links checked: 4 ok, 1 moved.``, or nothing when there are none.

    Args:
        links: Those that were looked at.
        unasked: How many more there are, whose addresses were not asked on purpose.
    """
    verdicts = Counter(link.judgement.verdict.value for link in links)
    counts = [f"{count} {name}" for name, count in verdicts.most_common()]
    if unasked:
        total = count_of(verdicts.total() + unasked, "link")
        return f"{total}: {', '.join([f'{unasked} not asked (--offline)', *counts])}."
    if not counts:
        return ""
    return f"{count_of(verdicts.total(), 'link')} checked: {', '.join(counts)}."


def tally_sentence(tally: "Tally", now: datetime) -> str:
    """Return ``3 addresses: 1 asked, 2 remembered (the oldest seen 2 days ago).``."""
    asked, remembered = tally.asked, len(tally.remembered)
    if not asked and not remembered:
        return ""
    total = count_of(asked + remembered, "address", plural="addresses")
    if not remembered:
        return f"{total} asked."
    oldest = "seen" if remembered == 1 else "the oldest seen"
    age = f"({oldest} {_shown_age(now - min(tally.remembered))})"
    if not asked:
        return f"{total} remembered {age}."
    return f"{total}: {asked} asked, {remembered} remembered {age}."


def _shown_age(age: timedelta) -> str:
    for unit, name in _UNITS:
        if age >= unit:
            return f"{count_of(age // unit, name)} ago"
    return "just now"


def show_link_progress(total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Show how far the asking of links is; without a terminal, in a line now and then.

    Links to one address are one question.
    """
    if sys.stderr.isatty():
        return progress("Links", total)
    return _told_progress(total)


@contextmanager
def _told_progress(total: int) -> Iterator[Callable[[int], None]]:
    """Say what begins, and how far it is whenever nothing was said for a while."""
    addresses = count_of(total, "link address", plural="link addresses")
    say(f"asking {addresses}.")
    answered, ended = 0, Event()

    def step(number: int) -> None:
        nonlocal answered
        answered += number

    def tell() -> None:
        while not ended.wait(TOLD_EVERY_SECONDS):
            say(f"{answered} of {addresses} answered.")

    # A site may take a minute, in which no answer comes that could say so.
    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield step
    finally:
        ended.set()
        teller.join()


def count_of(number: int, noun: str, *, plural: str = "") -> str:
    """Return ``1 link``, ``2 links``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def severity_counts(findings: Iterable[Finding]) -> str:
    """Return ``2 errors (1 accepted), 1 warning``, or nothing when there are none."""
    findings = tuple(findings)
    parts = []
    for severity, (noun, plural) in _NOUNS.items():
        group = [finding for finding in findings if finding.severity is severity]
        accepted = sum(bool(finding.accepted) for finding in group)
        if group:
            note = f" ({accepted} accepted)" if accepted else ""
            parts.append(f"{count_of(len(group), noun, plural=plural)}{note}")
    return ", ".join(parts)


def _lines_of(finding: Finding, width: int, columns: int | None) -> Iterator[str]:
    severity = finding.severity.name.lower()
    margin = width + 2 + len("warning") + 2
    styled = click.style(f"{severity:<7}", fg=_COLOURS[finding.severity])
    room = max(columns - margin, _LEAST_WIDTH) if columns else None
    first, *others = _wrapped(f"{finding.message} [{finding.rule}]", room)
    yield f"{finding.place!s:<{width}}  {styled}  {first}"
    below = [*others, *_wrapped(finding.advice, room)]
    if finding.accepted:
        below += _wrapped(_acceptance(finding), room)
    for line in below:
        yield " " * margin + line


def _acceptance(finding: Finding) -> str:
    """Return ``Accepted on 14 February 2026: opened it myself``."""
    day = f" on {finding.accepted_on}" if finding.accepted_on else ""
    return f"Accepted{day}: {finding.accepted}"


def _wrapped(text: str, room: int | None) -> list[str]:
    if room is None or not text:
        return [text] if text else []
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "advice": finding.advice,
        "accepted": finding.accepted or None,
        "accepted_at": finding.accepted_at.isoformat() if finding.accepted_at else None,
    }


def _link_json(link: "CheckedLink") -> dict[str, Any]:
    judgement = link.judgement
    return {
        "url": link.use.url,
        "verdict": judgement.verdict.value,
        "new_url": judgement.new_url or None,
        "status": judgement.status,
        "file": link.use.place.file,
        "line": link.use.place.line,
        "reason": judgement.reason,
    }
