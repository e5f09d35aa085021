"""Versions of an issue to compare it with: the issue before it, and its last test.

`redline.compare` says what changed between the copies found here; all of them are made
for the same reader, of whom nothing is known, with the same tokens that lead nowhere.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.checks.copies import read_copy
from newsletter.errors import DefinitionError, OperationError
from newsletter.i18n import format_date
from newsletter.messages.compile import load_compiled
from newsletter.messages.personalise import personalise
from newsletter.model.copy import Copy
from newsletter.store.contents import last_tested_at, load_last_tested
from newsletter.store.database import exists, open_database
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.letters import compile_issue
from newsletter.workflow.previous import previous_issue
from newsletter.workflow.project import Project
from newsletter.workflow.sample import (
    SAMPLE_PREFERENCES_TOKEN,
    SAMPLE_TOKEN,
    SAMPLE_TOKENS,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A mail to compare with."""

    #: For people, after "since": "the test of Tuesday 14 February 2023, 14:20".
    title: str
    #: When it was tested; of the issue before this one noon of its own day. Aware.
    at: datetime
    copy: Copy


@dataclass(frozen=True, slots=True)
class Versions:
    """What there is to compare, as far as there is."""

    #: The issue as it is now; None when no mail can be made of it.
    present: Copy | None = None
    #: The issue with the latest date before that of this one.
    previous: Version | None = None
    #: What was last seen as a test; the present one if exactly that was ever tested.
    tested: Version | None = None


def read_versions(project: Project, composition: Composition) -> Versions:
    """Return the versions of an issue: some 50 ms, for a view that is asked for.

    The issue before this one is composed with the settings and templates of today: it
    differs in what was written, not in how the newsletter looked then.

    Raises:
        OperationError: The database cannot be read.
    """
    return Versions(
        present=present_copy(project, composition),
        previous=previous_version(project, composition),
        tested=tested_version(project, composition),
    )


def find_previous(project: Project, composition: Composition) -> Path | None:
    """Return the definition with the latest date before that of this one, or None."""
    issue = composition.issue
    if issue is None:
        return None
    found = previous_issue(project, composition.path, issue.date)
    return None if found is None else project.root / found.file


def present_copy(project: Project, composition: Composition) -> Copy | None:
    """Return the mail that the composition gives, or None if it gives none."""
    if composition.assembled is None:
        return None
    try:
        (copy,) = make_copies(
            composition.assembled, project.settings, (UNKNOWN_READER,)
        )
    except DefinitionError:
        return None
    return copy


def previous_version(project: Project, composition: Composition) -> Version | None:
    """Return the mail of the issue before this one, as it would be today; or None."""
    path = find_previous(project, composition)
    if path is None:
        return None
    earlier = compose_issue(project, path)
    copy = present_copy(project, earlier)
    if copy is None or earlier.issue is None:
        return None
    zone = ZoneInfo(project.settings.newsletter.time_zone)
    noon = datetime.combine(earlier.issue.date, time(12), tzinfo=zone)
    title = f"the issue of {format_date(earlier.issue.date, 'en')}"
    return Version(title, noon, copy)


def tested_version(project: Project, composition: Composition) -> Version | None:
    """Return the mail that was last tested, or the present one if it ever was; or None.

    Raises:
        OperationError: The database cannot be read.
    """
    issue, url = composition.issue, project.settings.database_url
    if issue is None or not exists(url, root=project.root):
        return None
    present = _present_hash(project, composition)
    with (
        open_database(url, root=project.root) as database,
        database.reading() as connection,
    ):
        at = last_tested_at(connection, present)
        last = load_last_tested(connection, issue.slug)
    if at is not None:
        copy = present_copy(project, composition)
        return None if copy is None else Version(_title(project, at), at, copy)
    if last is None:
        return None
    content, at = last
    copy = _stored_copy(content.compiled, at)
    return None if copy is None else Version(_title(project, at), at, copy)


def _present_hash(project: Project, composition: Composition) -> str:
    """Return the content hash of the issue as it is now; empty without a mail."""
    if composition.assembled is None:
        return ""
    try:
        return compile_issue(composition.assembled, project.settings).content_hash
    except DefinitionError:
        return ""


def _stored_copy(compiled: bytes, at: datetime) -> Copy | None:
    """Return the copy of a stored mail, or None if another version of us stored it."""
    try:
        mail = load_compiled(compiled)
    except OperationError:
        return None
    message = personalise(
        mail,
        email=UNKNOWN_READER.email,
        fields=UNKNOWN_READER.fields,
        unsubscribe_token=SAMPLE_TOKEN,
        message_token=SAMPLE_TOKEN,
        preferences_token=SAMPLE_PREFERENCES_TOKEN,
        sent_at=at.astimezone(UTC),
    )
    return read_copy(UNKNOWN_READER, message.data, tokens=SAMPLE_TOKENS)


def _title(project: Project, at: datetime) -> str:
    there = at.astimezone(ZoneInfo(project.settings.newsletter.time_zone))
    return f"the test of {format_date(there.date(), 'en')}, {there:%H:%M}"
