"""An issue as the archive lists it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ArchivedIssue:
    """An issue that was dispatched, and whose page anybody may see."""

    slug: str
    #: The subject, with fallbacks for personal fields.
    title: str
    summary: str
    date: date
    #: BCP 47 tag.
    language: str
    #: As the editor wrote it; empty: none.
    number: str
    #: When the first dispatch of it began; aware, UTC.
    sent_at: datetime
    #: When its page changed last; aware, UTC.
    updated_at: datetime
