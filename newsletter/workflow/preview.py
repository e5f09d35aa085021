"""What the preview shows of an issue, made anew whenever something of it changes."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from newsletter.addresses import parse_mailbox
from newsletter.errors import DefinitionError, OperationError
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.problem import Place, Problem
from newsletter.model.rules import DEFINITION
from newsletter.model.walk import images_of
from newsletter.store.database import database_path
from newsletter.workflow.changes import Changes
from newsletter.workflow.check import check_composition
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.copies import make_copies
from newsletter.workflow.differences import Version, read_versions
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.redline import compare

#: Path, time of the last change in nanoseconds, size: differs whenever a file does.
Stamp = frozenset[tuple[str, int, int]]

#: Ending of the log of a database, which holds what is not in the file itself yet.
_LOG = "-wal"

#: What an issue can be compared with.
Since = Literal["previous", "tested"]


@dataclass(frozen=True, slots=True)
class Preview:
    """An issue as the editor sees it while writing."""

    #: Path of the definition as shown to the editor.
    file: str
    made_at: datetime
    #: Name and address, as the inbox shows them.
    sender_name: str = ""
    sender_address: str = ""
    #: Its settings are those of this moment; None when they cannot be read.
    project: Project | None = None
    #: None when the settings cannot be read.
    composition: Composition | None = None
    #: What keeps it from being built.
    problems: tuple[Problem, ...] = ()
    #: What the checks saw without visiting any address; gravest first.
    findings: tuple[Finding, ...] = ()
    #: What the edge recipients get, first one of whom nothing is known; empty when no
    #: mail can be made.
    copies: tuple[Copy, ...] = ()
    #: Links that were never looked at, and when each of the others was: aware.
    unasked_links: int = 0
    links_seen: tuple[datetime, ...] = ()
    #: Pictures it uses, whether they are there or not.
    pictures: tuple[Path, ...] = ()

    @property
    def watched(self) -> tuple[Path, ...]:
        """Files besides the definition that it was made of: pictures, the database."""
        return (*self.pictures, *_database_files(self.project))

    @property
    def issue(self) -> Issue | None:
        """The issue as far as it could be read."""
        return self.composition.issue if self.composition else None

    @property
    def assembled(self) -> Assembled | None:
        """None when no mail could be made; may be there beside problems."""
        return self.composition.assembled if self.composition else None


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


def copy_as(preview: Preview, reader: Reader) -> Copy | None:
    """Return what *reader* gets of the issue; None when no mail can be made.

    About 10 ms for a reader who is not among the edge recipients.
    """
    for copy in preview.copies:
        if copy.reader == reader:
            return copy
    if preview.assembled is None or preview.project is None or not preview.copies:
        return None
    made = make_copies(preview.assembled, preview.project.settings, (reader,))
    return made[0] if made else None


def changes_in(preview: Preview, *, since: Since) -> tuple[Version, Changes] | None:
    """Return what changed since the issue before, or since the last test.

    Some 50 ms; for a view that is asked for. None where there is nothing to compare.

    Raises:
        OperationError: The database cannot be read.
    """
    if preview.project is None or preview.composition is None:
        return None
    versions = read_versions(preview.project, preview.composition)
    version = versions.previous if since == "previous" else versions.tested
    if version is None or versions.present is None:
        return None
    return version, compare(version.copy, versions.present)


def last_test(preview: Preview) -> str:
    """Return when the issue was last tested and what changed since, in a sentence."""
    if preview.problems:
        return "It cannot be compared with the last test until it can be built."
    try:
        found = changes_in(preview, since="tested")
    except OperationError as error:
        return str(error)
    if found is None:
        return "This issue was not tested yet."
    version, changes = found
    return f"{changes.summary} since {version.title}."


def read_stamp(root: Path, path: Path, watched: Iterable[Path]) -> Stamp:
    """Return what changes whenever the preview of *path* would.

    Args:
        root: The project folder: its settings and templates count.
        path: The definition.
        watched: `Preview.watched` of the last preview.
    """
    files = (path, root / "newsletter.toml", *watched, *_files(root / "templates"))
    return frozenset(_stamps(files))


def _describe(project: Project, composition: Composition, now: datetime) -> Preview:
    issue = composition.issue
    name, address = _sender(issue, project)
    preview = Preview(
        file=issue.file if issue else project.shown(composition.path),
        made_at=now,
        sender_name=name,
        sender_address=address,
        project=project,
        composition=composition,
        pictures=_pictures(project, composition),
    )
    try:
        report = check_composition(project, composition, offline=True, now=now)
    except OperationError as error:
        problem = _as_problem(error, preview.file)
        return replace(preview, problems=(*composition.problems, problem))
    return replace(
        preview,
        problems=tuple(_problem(f) for f in report.findings if f.rule == DEFINITION),
        findings=tuple(f for f in report.findings if f.rule != DEFINITION),
        copies=report.copies,
        unasked_links=report.unasked_links,
        links_seen=report.tally.remembered,
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


def _pictures(project: Project, composition: Composition) -> tuple[Path, ...]:
    shown = images_of(composition.issue) if composition.issue else ()
    logo = project.settings.template.logo
    return (
        *(composition.path.parent / image.source for image in shown),
        *([project.root / logo] if logo else []),
    )


def _database_files(project: Project | None) -> tuple[Path, ...]:
    """Return where a test or an import is written, whether it is there or not."""
    if project is None:
        return ()
    try:
        path = database_path(project.settings.database_url, root=project.root)
    except OperationError:  # told beside the mail
        return ()
    return path, path.with_name(path.name + _LOG)


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
        if not path.name.endswith(_LOG):
            yield str(path), status.st_mtime_ns, status.st_size
        elif status.st_size:  # reading alone makes an empty one, and takes it away
            yield str(path), status.st_mtime_ns, 0
