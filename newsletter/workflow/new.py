"""Begin an issue: an empty one, the frame of an earlier one, or a correction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.errors import OperationError
from newsletter.model.issue import NO_ATTRIBUTES, Issue, Section
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.project import Project, find_issue, issue_name

#: Keys that an issue shares with the one it follows or corrects.
_WHO_AND_HOW = ("language", "template", "lists", "from", "reply_to")


@dataclass(frozen=True, slots=True)
class NewIssue:
    """What `new` asks for."""

    title: str = ""
    #: Name of an issue whose frame is copied, or "last", or empty.
    frame_of: str = ""
    #: Name of an issue that is corrected, or empty.
    correction_of: str = ""


def today_in(time_zone: str) -> date:
    """Return today's date where the newsletter is made."""
    return datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()


def begin_issue(project: Project, wanted: NewIssue, *, today: date) -> Path:
    """Write a new definition and return its path; an existing file is never touched.

    Raises:
        OperationError: The issue to copy or correct is not there, or writing failed.
    """
    text = _text_of(project, wanted, today)
    suffix = "-correction" if wanted.correction_of else ""
    path = _free_path(project.root / "issues", today, suffix)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OperationError(
            f"{project.shown(path)}: cannot write it: {error.strerror}.",
            "Make the folder issues/ writable.",
        ) from error
    return path


def _text_of(project: Project, wanted: NewIssue, today: date) -> str:
    if wanted.correction_of:
        return _correction(project, wanted, today)
    if wanted.frame_of:
        reference = None if wanted.frame_of == "last" else wanted.frame_of
        return _frame(project, find_issue(project, reference), wanted, today)
    return _front_matter(wanted.title, today)


def _front_matter(subject: str, today: date, more: Iterable[str] = ()) -> str:
    first = [f"subject: {subject}".rstrip(), "preheader:", f"date: {today}"]
    return "\n".join(["---", *first, *more, "---", "", ""])


def _frame(project: Project, path: Path, wanted: NewIssue, today: date) -> str:
    """Return front matter and section headings of an issue, without its items."""
    issue, lines = _read(project, path)
    kept = _kept_lines(issue, lines, [*_WHO_AND_HOW, "number", "archive"])
    if issue.number.isdecimal():
        kept["number"] = f"number: {int(issue.number) + 1}"
    sections = "\n".join(
        "\n".join([*_heading_lines(section, lines), ""])
        for section in issue.sections
        if section.heading
    )
    return _front_matter(wanted.title, today, kept.values()) + sections


def _read(project: Project, path: Path) -> tuple[Issue, Sequence[str]]:
    composition = compose_issue(project, path)
    if composition.issue is None:
        raise OperationError(
            f"{project.shown(path)}: its frame cannot be read.",
            f"Mend it first: newsletter check {issue_name(path)}",
        )
    return composition.issue, composition.lines


def _kept_lines(
    issue: Issue, lines: Sequence[str], keys: Iterable[str]
) -> dict[str, str]:
    """Return lines of the front matter as they were written, in their order."""
    return {
        key: lines[place.line - 1].strip()
        for key, place in issue.places.items()
        if key in keys
    }


def _heading_lines(section: Section, lines: Sequence[str]) -> list[str]:
    """Return a section's heading as it was written, with the attributes above it."""
    number = section.place.line
    above = lines[number - 2] if section.attributes != NO_ATTRIBUTES else ""
    return [line for line in (above, lines[number - 1]) if line]


def _correction(project: Project, wanted: NewIssue, today: date) -> str:
    """Return front matter of a letter to the same readers, kept off the web."""
    issue, lines = _read(project, find_issue(project, wanted.correction_of))
    kept = _kept_lines(issue, lines, ["subject", *_WHO_AND_HOW])
    subject = kept.pop("subject", "").partition(":")[2].strip()
    title = wanted.title or f"Correction: {subject}"
    return _front_matter(title, today, [*kept.values(), "archive: no"])


def _free_path(folder: Path, today: date, suffix: str) -> Path:
    """Return the first of 2023-02, 2023-02-14, 2023-02-14-2, … that is not taken."""
    names = [f"{today:%Y-%m}", f"{today:%Y-%m-%d}"]
    names += [f"{today:%Y-%m-%d}-{count}" for count in range(2, 100)]
    for name in names:
        path = folder / f"{name}{suffix}.md"
        if not path.exists() and not (folder / f"{name}{suffix}").exists():
            return path
    raise OperationError(
        f"there are too many issues of {today:%Y-%m-%d} in issues/.",
        "Move some away, or write the file yourself.",
    )
