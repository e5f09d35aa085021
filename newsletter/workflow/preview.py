"""What the preview shows of an issue, made anew whenever something of it changes."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.addresses import parse_mailbox
from newsletter.errors import DefinitionError, OperationError
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Field, Issue, Text
from newsletter.model.problem import Place, Problem
from newsletter.model.rules import DEFINITION
from newsletter.model.walk import images_of
from newsletter.workflow.check import check_composition
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.project import Project, open_project

#: Path, time of the last change in nanoseconds, size: differs whenever a file does.
Stamp = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Preview:
    """An issue as the editor sees it while writing."""

    #: Path of the definition as shown to the editor.
    file: str
    made_at: datetime
    #: Name and address, as the inbox shows them.
    sender_name: str = ""
    sender_address: str = ""
    #: With what a reader without any field gets.
    preheader: str = ""
    issue: Issue | None = None
    #: None when no mail could be made; may be there beside problems.
    assembled: Assembled | None = None
    #: What keeps it from being built.
    problems: tuple[Problem, ...] = ()
    #: What the checks saw without visiting any address; gravest first.
    findings: tuple[Finding, ...] = ()
    #: Bytes of the HTML part as it travels; None when there is no mail.
    html_bytes: int | None = None
    #: Pictures it uses, whether they are there or not.
    pictures: tuple[Path, ...] = ()


def make_preview(root: Path, path: Path, *, now: datetime) -> Preview:
    """Compose and check the definition at *path*; problems are part of the result.

    Args:
        root: The project folder; its settings are read anew, as they may have changed.
        path: The definition.
        now: The present, aware.
    """
    file = path.relative_to(root) if path.is_relative_to(root) else path
    try:
        project = open_project(root, search=False)
    except DefinitionError as error:
        return Preview(str(file), now, problems=error.problems)
    except OperationError as error:
        return Preview(
            str(file), now, problems=(_as_problem(error, "newsletter.toml"),)
        )
    return _describe(project, compose_issue(project, path), now)


def read_stamp(root: Path, path: Path, pictures: Iterable[Path]) -> Stamp:
    """Return what changes whenever the preview of *path* would.

    Args:
        root: The project folder: its settings and templates count.
        path: The definition.
        pictures: `Preview.pictures` of the last preview.
    """
    watched = (path, root / "newsletter.toml", *pictures, *_files(root / "templates"))
    return frozenset(_stamps(watched))


def _describe(project: Project, composition: Composition, now: datetime) -> Preview:
    issue = composition.issue
    file = issue.file if issue else project.shown(composition.path)
    try:
        report = check_composition(project, composition, offline=True, now=now)
        findings, size = report.findings, report.html_bytes
        problems = [_problem(f) for f in findings if f.rule == DEFINITION]
    except OperationError as error:
        findings, size = (), None
        problems = [*composition.problems, _as_problem(error, file)]
    name, address = _sender(issue, project)
    return Preview(
        file=file,
        made_at=now,
        sender_name=name,
        sender_address=address,
        preheader=_plain(issue.preheader) if issue else "",
        issue=issue,
        assembled=composition.assembled,
        problems=tuple(problems),
        findings=tuple(f for f in findings if f.rule != DEFINITION),
        html_bytes=size,
        pictures=_pictures(project, composition),
    )


def _as_problem(error: OperationError, file: str) -> Problem:
    return Problem(Place(file), error.message, error.advice)


def _problem(finding: Finding) -> Problem:
    return Problem(finding.place, finding.message, finding.advice)


def _sender(issue: Issue | None, project: Project) -> tuple[str, str]:
    """Return the name that the inbox shows, and the address behind it."""
    written = (issue.sender if issue else "") or project.settings.newsletter.sender
    try:
        mailbox = parse_mailbox(written)
    except ValueError:  # a problem of its own, told beside the mail
        return written, ""
    return mailbox.name or mailbox.address, mailbox.address


def _plain(content: Iterable[Text | Field]) -> str:
    return "".join(
        part.text if isinstance(part, Text) else part.fallback for part in content
    )


def _pictures(project: Project, composition: Composition) -> tuple[Path, ...]:
    shown = images_of(composition.issue) if composition.issue else ()
    logo = project.settings.template.logo
    return (
        *(composition.path.parent / image.source for image in shown),
        *([project.root / logo] if logo else []),
    )


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _stamps(paths: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Yield the stamp of each file that is there."""
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        yield str(path), status.st_mtime_ns, status.st_size
