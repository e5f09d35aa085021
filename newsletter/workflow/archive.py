"""What the archive shows: the issues that were dispatched and have a page.

In: ``public/`` and the database. Out: `ArchivedIssue`s, newest first. Law: an issue is
there from the moment when the first mail of a dispatch of it was tried, not before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.model.archive import ArchivedIssue
from newsletter.store.database import Database
from newsletter.store.published import dispatched_at, dispatched_subject
from newsletter.workflow.project import Project
from newsletter.workflow.publish import ENTRY, PAGE, public_folder

#: Entries whose file is not read again while it is the same; each takes some 500 bytes.
_MOST_ENTRIES = 2_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """What ``issue.json`` says."""

    title: str
    summary: str
    date: date
    language: str
    number: str


def list_archive(project: Project, database: Database) -> tuple[ArchivedIssue, ...]:
    """Return the issues that anybody may read, newest first.

    Raises:
        OperationError: The database cannot be used.
    """
    with database.reading() as connection:
        sent = dispatched_at(connection)
        titles = {
            slug: dispatched_subject(connection, slug)
            for slug in sent
            if _has_page(project, slug) and _read_entry(project, slug) is None
        }
    listed = (_listed(project, slug, at, titles) for slug, at in sent.items())
    return tuple(
        sorted(
            filter(None, listed),
            key=lambda issue: (issue.date, issue.sent_at, issue.slug),
            reverse=True,
        )
    )


def _has_page(project: Project, slug: str) -> bool:
    return (public_folder(project, slug) / PAGE).is_file()


def _listed(
    project: Project, slug: str, sent_at: datetime, titles: Mapping[str, str]
) -> ArchivedIssue | None:
    try:
        changed = (public_folder(project, slug) / PAGE).stat().st_mtime
    except OSError:  # kept off the archive, or removed by hand
        return None
    entry = _read_entry(project, slug) or _entry_of_old(
        project, titles.get(slug) or slug, sent_at
    )
    return ArchivedIssue(
        slug=slug,
        title=entry.title,
        summary=entry.summary,
        date=entry.date,
        language=entry.language,
        number=entry.number,
        sent_at=sent_at,
        updated_at=max(sent_at, datetime.fromtimestamp(changed, UTC)),
    )


def _entry_of_old(project: Project, title: str, sent_at: datetime) -> _Entry:
    """Return what is known of an issue that was published before there were entries."""
    newsletter = project.settings.newsletter
    day = sent_at.astimezone(ZoneInfo(newsletter.time_zone)).date()
    return _Entry(title, "", day, newsletter.language, number="")


def _read_entry(project: Project, slug: str) -> _Entry | None:
    path = public_folder(project, slug) / ENTRY
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _parse_entry(path, changed)


@lru_cache(_MOST_ENTRIES)
def _parse_entry(path: Path, _changed_ns: int) -> _Entry | None:
    """Return an entry, or None where somebody has spoilt the file."""
    try:
        said: Mapping[str, Any] = json.loads(path.read_bytes())
        return _Entry(
            title=str(said["title"]),
            summary=str(said["summary"]),
            date=date.fromisoformat(said["date"]),
            language=str(said["language"]),
            number=str(said["number"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
