"""Begin an issue: an empty one, the frame of an earlier one, or a correction."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.errors import OperationError
from newsletter.model.issue import Issue, Text
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.project import Project, find_issue, issue_name

_STARTER = """\
---
subject: Our first letter
preheader: What we are going to write about, and how to answer us
date: {day}
---

Dear {{{{ first_name or "reader" }}}},

This text opens the issue. Below it come sections, each with items.

## News

### [An item that is a link](https://example.org/)

A paragraph is a few lines of text with **bold words** or [a link](https://example.org/).

### An evening together

::: event
when: {day} 19:30-21:00
where: The reading room
:::

[Tell us that you come](https://example.org/come){{.button}}
"""


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


def starter_text(day: date, language: str) -> str:
    """Return a small first issue that builds; its text is English in any language."""
    text = _STARTER.format(day=day.isoformat())
    if language.partition("-")[0] != "en":
        text = text.replace("---\n\nDear", "language: en\n---\n\nDear", 1)
    return text


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
    head = _front_matter(subject=wanted.title, preheader="", date=today.isoformat())
    return f"{head}\n"


def _front_matter(**keys: str) -> str:
    lines = [
        f"{key.replace('_', '-')}: {value}".rstrip() for key, value in keys.items()
    ]
    return "\n".join(["---", *lines, "---", ""])


def _frame(project: Project, path: Path, wanted: NewIssue, today: date) -> str:
    """Return front matter and section headings of an issue, without its items."""
    issue = compose_issue(project, path).issue
    if issue is None:
        raise OperationError(
            f"{project.shown(path)}: its frame cannot be read.",
            f"Mend it first: newsletter check {issue_name(path)}",
        )
    keys = {"subject": wanted.title, "preheader": "", "date": today.isoformat()}
    if issue.language != project.settings.newsletter.language:
        keys["language"] = issue.language
    if issue.number.isdecimal():
        keys["number"] = str(int(issue.number) + 1)
    if issue.template != project.settings.template.name:
        keys["template"] = issue.template
    headings = [_heading_text(issue, index) for index in range(len(issue.sections))]
    sections = "\n".join(f"## {words}\n" for words in headings if words)
    return f"{_front_matter(**keys)}\n{sections}"


def _heading_text(issue: Issue, index: int) -> str:
    """Return the words of a section's heading, as plain text."""
    heading = issue.sections[index].heading
    return "".join(part.text for part in heading if isinstance(part, Text))


def _correction(project: Project, wanted: NewIssue, today: date) -> str:
    path = find_issue(project, wanted.correction_of)
    issue = compose_issue(project, path).issue
    subject = "".join(
        part.text if isinstance(part, Text) else part.fallback
        for part in (issue.subject if issue else ())
    )
    head = _front_matter(
        subject=wanted.title or f"Correction: {subject}",
        preheader="",
        date=today.isoformat(),
        archive="no",
    )
    return f"{head}\n"


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
