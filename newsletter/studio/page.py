"""The page around the mail: what the inbox shows, what is wrong, how big it is."""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Problem
from newsletter.studio.mail_frame import shown_subject
from newsletter.workflow.preview import Preview


@dataclass(frozen=True, slots=True)
class Note:
    """One line beside the mail."""

    place: str
    message: str
    advice: str
    #: The editor's reason for accepting it, or empty.
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Notes of one weight, under a heading that says what they mean."""

    kind: str
    title: str
    notes: tuple[Note, ...]


def preview_page(preview: Preview, *, good: Preview | None, version: int) -> str:
    """Return the page.

    Args:
        preview: The present state.
        good: The last one that has a mail; shown, dimmed, where the present has none.
        version: Number of the present state.
    """
    shown = preview if preview.assembled is not None else good
    return (
        _environment()
        .get_template("preview.html.j2")
        .render(
            preview=preview,
            shown=shown,
            subject=_subject(shown),
            is_old=preview.assembled is None and shown is not None,
            is_partial=preview.assembled is not None and bool(preview.problems),
            groups=group_notes(preview),
            status=status_line(preview),
            size=_size(shown),
            version=version,
        )
    )


def group_notes(preview: Preview) -> list[Group]:
    """Return problems and findings, gravest first; empty groups are left out."""
    by_severity: dict[Severity, list[Note]] = {severity: [] for severity in Severity}
    accepted = []
    for finding in preview.findings:
        if finding.accepted:
            accepted.append(_note(finding))
        else:
            by_severity[finding.severity].append(_note(finding))
    groups = (
        Group(
            "problem",
            "Keeps it from being built",
            tuple(_note(problem) for problem in preview.problems),
        ),
        Group("error", "Blocks sending", tuple(by_severity[Severity.ERROR])),
        Group("warning", "Look at this", tuple(by_severity[Severity.WARNING])),
        Group("info", "Good to know", tuple(by_severity[Severity.INFO])),
        Group("accepted", "Accepted by you", tuple(accepted)),
    )
    return [group for group in groups if group.notes]


def status_line(preview: Preview) -> str:
    """Return how things stand, in a sentence that a screen reader may say."""
    counts = [
        _count(len(preview.problems), "problem"),
        _count(_open(preview, Severity.ERROR), "error"),
        _count(_open(preview, Severity.WARNING), "warning"),
    ]
    told = ", ".join(count for count in counts if count) or "Nothing to solve"
    return f"{told}."


def _open(preview: Preview, severity: Severity) -> int:
    return sum(
        finding.severity is severity and not finding.accepted
        for finding in preview.findings
    )


def _count(number: int, noun: str) -> str:
    plural = "" if number == 1 else "s"
    return f"{number} {noun}{plural}" if number else ""


def _note(seen: Problem | Finding) -> Note:
    accepted = seen.accepted if isinstance(seen, Finding) else ""
    message = seen.message[:1].upper() + seen.message[1:]
    return Note(str(seen.place), message, seen.advice, accepted)


def _subject(shown: Preview | None) -> str:
    if shown is None or shown.assembled is None:
        return ""
    return shown_subject(shown.assembled)


def _size(shown: Preview | None) -> str:
    if shown is None or not shown.html_bytes:
        return ""
    return f"{max(1, round(shown.html_bytes / 1024))} KB"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("newsletter.studio", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
