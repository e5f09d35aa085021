"""Findings as the page lists them: grouped by weight, each with its landmark. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from newsletter.i18n import format_date
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Problem
from newsletter.model.rules import RULES
from newsletter.studio.landmarks import Landmark, Landmarks
from newsletter.studio.recipients import key_of
from newsletter.workflow.preview import Preview


@dataclass(frozen=True, slots=True)
class Note:
    """One line beside the mail."""

    #: ``file:line:column``.
    place: str
    message: str
    advice: str
    #: Where it is seen in the mail, if it can be.
    landmark: Landmark | None = None
    #: Key of the recipient it speaks of; empty: of everybody.
    recipient: str = ""
    #: Rule id; empty for what keeps the issue from being built.
    rule: str = ""
    #: What the rule rests on.
    source: str = ""
    #: Page of the documentation that explains it.
    page: str = ""
    #: How to accept it in the terminal, or empty.
    accept: str = ""
    #: The editor's reason for accepting it, or empty.
    accepted: str = ""
    #: The day of that: "14 February 2023", or empty.
    accepted_on: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Notes of one weight, under a heading that says what they mean."""

    kind: str
    title: str
    notes: tuple[Note, ...]


_UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)

#: Kind on the page -> heading, gravest first.
_TITLES = {
    "problem": "Keeps it from being built",
    "error": "Blocks sending",
    "warning": "Look at this",
    "info": "Good to know",
    "accepted": "Accepted by you",
}


def group_notes(preview: Preview) -> list[Group]:
    """Return problems and findings, gravest first; empty groups are left out."""
    assembled = preview.assembled
    landmarks = Landmarks(assembled) if assembled else None
    by_kind: dict[str, list[Note]] = {kind: [] for kind in _TITLES}
    for problem in preview.problems:
        by_kind["problem"].append(_note(problem, landmarks))
    for finding in preview.findings:
        kind = "accepted" if finding.accepted else finding.severity.name.lower()
        by_kind[kind].append(_finding_note(finding, landmarks, preview))
    return [
        Group(kind, title, tuple(by_kind[kind]))
        for kind, title in _TITLES.items()
        if by_kind[kind]
    ]


def status_line(preview: Preview) -> str:
    """Return how things stand, in a sentence that a screen reader may say."""
    counts = [
        _count(len(preview.problems), "problem"),
        _count(_open(preview, Severity.ERROR), "error"),
        _count(_open(preview, Severity.WARNING), "warning"),
    ]
    told = ", ".join(count for count in counts if count) or "Nothing to solve"
    return f"{told}."


def links_line(preview: Preview) -> str:
    """Return what is known of the links, which nobody visits while the editor writes.

    Empty where there is none on the web.
    """
    seen, unasked = preview.links_seen, preview.unasked_links
    if not seen and not unasked:
        return ""
    if not seen:
        return "No link was visited yet: newsletter check does that."
    called = "The links were visited" if len(seen) > 1 else "The link was visited"
    oldest = ", the oldest" if len(seen) > 1 else ""
    line = f"{called} by newsletter check{oldest} {_age(preview.made_at - min(seen))}."
    if unasked == 1:
        return f"{line} One was never visited."
    return f"{line} {unasked} were never visited." if unasked else line


def _age(age: timedelta) -> str:
    for unit, name in _UNITS:
        if age >= unit:
            return f"{_count(age // unit, name)} ago"
    return "just now"


def worst(preview: Preview) -> str:
    """Return the kind of the gravest group that is to be solved, or "calm"."""
    if preview.problems or _open(preview, Severity.ERROR):
        return "error"
    return "warning" if _open(preview, Severity.WARNING) else "calm"


def _open(preview: Preview, severity: Severity) -> int:
    return sum(
        finding.severity is severity and not finding.accepted
        for finding in preview.findings
    )


def _count(number: int, noun: str) -> str:
    plural = "" if number == 1 else "s"
    return f"{number} {noun}{plural}" if number else ""


def _note(seen: Problem | Finding, landmarks: Landmarks | None) -> Note:
    return Note(
        place=str(seen.place),
        message=seen.message[:1].upper() + seen.message[1:],
        advice=seen.advice,
        landmark=landmarks.at(seen.place) if landmarks else None,
    )


def _finding_note(
    finding: Finding, landmarks: Landmarks | None, preview: Preview
) -> Note:
    rule, at = RULES.get(finding.rule), finding.accepted_at
    note = _note(finding, landmarks)
    return Note(
        place=note.place,
        message=note.message,
        advice=note.advice,
        landmark=note.landmark,
        recipient=_recipient(finding, preview),
        rule=finding.rule,
        source=rule.source if rule else "",
        page=rule.page if rule else "",
        accept=_how_to_accept(finding, preview),
        accepted=finding.accepted,
        accepted_on=format_date(at.date(), "en", weekday=False) if at else "",
    )


def _recipient(finding: Finding, preview: Preview) -> str:
    """Return the key of the reader whose copy alone it was found in, or empty."""
    readers = (copy.reader.who for copy in preview.copies)
    found = (who for who in readers if finding.message.startswith(f"for {who}: "))
    return next(map(key_of, found), "")


def _how_to_accept(finding: Finding, preview: Preview) -> str:
    """Return the command that accepts a finding; empty where none does or need."""
    rule, issue = RULES.get(finding.rule), preview.issue
    can_be_accepted = rule is not None and not rule.is_fixed and not finding.accepted
    is_grave = finding.severity is not Severity.INFO
    if not (can_be_accepted and is_grave and issue):
        return ""
    line = finding.place.line
    where = f"{finding.rule}:{line}" if line else finding.rule
    return f'newsletter check {issue.slug} --accept {where} --because "…"'
