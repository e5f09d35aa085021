"""Lay an issue out for the public pages, and find what of it may be shown.

``public/<slug>/`` holds the web page, its pictures and its calendar files, and what the
archive says of it (``issue.json``, which is never shown). Law: a file is there whole or
not at all; nothing that a sent mail may point to is ever removed; the page of an issue
with ``archive: no`` is not there.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import OperationError
from newsletter.model.assembled import AssembledImage, Editions
from newsletter.model.issue import Issue
from newsletter.model.words import plain_words
from newsletter.store.database import Database
from newsletter.store.published import was_dispatched, was_tested
from newsletter.workflow.project import Project

if TYPE_CHECKING:
    from newsletter.workflow.compose import Composition

PAGE = "index.html"

#: What the archive says of an issue; no media type, so nobody is ever shown it.
ENTRY = "issue.json"

#: What may be served, by suffix; anything else in the folder is not ours.
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
}

#: No leading dot, no slash: a name can never point outside its folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class Standing(StrEnum):
    """Who may see what of an issue."""

    #: Nobody anything: it is being written.
    UNSEEN = "unseen"
    #: Its pictures, which the test mail shows.
    TESTED = "tested"
    #: All of it.
    SENT = "sent"


def public_folder(project: Project, slug: str) -> Path:
    """Return where the files of an issue lie."""
    return project.root / "public" / slug


def publish_issue(
    project: Project,
    issue: Issue,
    editions: Editions,
    images: Mapping[str, AssembledImage],
) -> Path:
    """Write web page, pictures and calendar files of *issue*; return their folder.

    Args:
        project: The project.
        issue: Its slug names the folder; ``archive: no`` leaves the page out.
        editions: Page and calendars.
        images: Every picture of mail and page.

    Raises:
        OperationError: The disk refused.
    """
    folder = public_folder(project, issue.slug)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for image in images.values():
            write_whole(folder / image.name, image.data)
        for name, calendar in editions.calendars.items():
            write_whole(folder / name, calendar)
        write_whole(folder / ENTRY, _entry(issue))
        if issue.is_archived:
            write_whole(folder / PAGE, editions.web_page.encode())
        else:
            (folder / PAGE).unlink(missing_ok=True)
    except OSError as error:
        raise OperationError(
            f"the web page could not be written to {project.shown(folder)}: "
            f"{error.strerror}.",
            "Check the disk and who owns the folder public/, then try again.",
        ) from error
    return folder


def publish_composition(project: Project, composition: "Composition") -> Path | None:
    """Publish a composed issue where there are public pages (``base_url``).

    For `test` and `send`: the mail points to its page, and to pictures that are hosted.
    Nobody sees the page before the first mail of a dispatch is tried.

    Raises:
        OperationError: The disk refused.
    """
    if not project.settings.newsletter.base_url or composition.issue is None:
        return None
    # The public pages import this module, and never assemble anything.
    from newsletter.assembly.editions import assemble_editions
    from newsletter.assembly.loaders import Templates

    issue, images = composition.issue, composition.images
    templates = Templates.of_project(project.root)
    editions = assemble_editions(issue, project.settings, images, templates)
    return publish_issue(project, issue, editions, images)


def read_standing(database: Database, slug: str) -> Standing:
    """Return how far an issue has come."""
    with database.reading() as connection:
        if was_dispatched(connection, slug):
            return Standing.SENT
        if was_tested(connection, slug):
            return Standing.TESTED
    return Standing.UNSEEN


def find_public_file(
    project: Project, slug: str, name: str, standing: Standing
) -> Path | None:
    """Return a file of an issue that may be shown, or None.

    Args:
        project: The project.
        slug: As it came from the network.
        name: As it came from the network.
        standing: Of the issue.
    """
    media_type = MEDIA_TYPES.get(Path(name).suffix, "")
    is_allowed = standing is Standing.SENT or (
        standing is Standing.TESTED and media_type.startswith("image/")
    )
    names_are_plain = _NAME.fullmatch(slug) and _NAME.fullmatch(name)
    if not (media_type and is_allowed and names_are_plain):
        return None
    path = public_folder(project, slug) / name
    is_ours = path.is_file() and path.resolve().is_relative_to(
        (project.root / "public").resolve()
    )
    return path if is_ours else None


def _entry(issue: Issue) -> bytes:
    entry = {
        "title": plain_words(issue.subject),
        "summary": plain_words(issue.preheader),
        "date": issue.date.isoformat(),
        "language": issue.language,
        "number": issue.number,
        "archived": issue.is_archived,
    }
    return json.dumps(entry, ensure_ascii=False, indent=2).encode() + b"\n"


def write_whole(path: Path, data: bytes) -> bool:
    """Write a file so that nobody ever reads half of it; spare one that is the same.

    Returns:
        Whether it was written.
    """
    if path.is_file() and path.read_bytes() == data:
        return False
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    written = Path(file.name)
    written.chmod(0o644)
    written.replace(path)
    return True
