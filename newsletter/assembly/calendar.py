"""Events of an issue -> iCalendar files, one for each, that any calendar takes.

Nothing in them depends on when they are made: stamp and identity come from the issue,
so that a file opened twice, or built anew after a correction, is the same event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import chain, count
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.assembly.filenames import filename_slug
from newsletter.assembly.links import web_address
from newsletter.assembly.timezones import describe_zone
from newsletter.i18n import words
from newsletter.model.issue import (
    Block,
    Event,
    Issue,
    Item,
    ListBlock,
    Note,
    Paragraph,
    Quote,
)
from newsletter.model.problem import Place
from newsletter.model.settings import Settings
from newsletter.model.words import plain_words

if TYPE_CHECKING:
    from icalendar import Calendar
    from icalendar import Event as Entry

_PRODUCT = "-//newsletter//newsletter//EN"


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """An event with what only the issue around it knows."""

    event: Event
    #: BCP 47 tag of where it stands.
    language: str
    #: Words of the item around it: its first paragraph, or empty.
    about: str
    #: Name of its file.
    file: str
    #: Which of the events with this title it is, from 1.
    occurrence: int


def render_calendars(issue: Issue, settings: Settings) -> dict[str, bytes]:
    """Return the iCalendar file of each event by its name, in reading order."""
    domain = domain_of(
        parse_mailbox(issue.sender or settings.newsletter.sender).address
    )
    return {
        found.file: _calendar(found, issue, domain).to_ical()
        for found in calendar_events(issue)
    }


def calendar_files(issue: Issue) -> dict[Place, str]:
    """Return the name of each event's file by the event's place."""
    return {found.event.place: found.file for found in calendar_events(issue)}


def calendar_events(issue: Issue) -> list[CalendarEvent]:
    """Return the events of an issue in reading order, each with its file name."""
    titles: Counter[str] = Counter()
    files: set[str] = set()
    found = []
    for event, language, about in _events(issue):
        titles[event.title] += 1
        file = _unused_file(filename_slug(event.title) or "event", files)
        files.add(file)
        occurrence = titles[event.title]
        found.append(CalendarEvent(event, language, about, file, occurrence))
    return found


def _unused_file(slug: str, used: Container[str]) -> str:
    """Return the first of slug.ics, slug-2.ics, … that is free."""
    names = chain([slug], (f"{slug}-{number}" for number in count(2)))
    return next(f"{name}.ics" for name in names if f"{name}.ics" not in used)


def _events(issue: Issue) -> Iterator[tuple[Event, str, str]]:
    yield from _events_in(issue.opening, issue.language, "")
    for lead in issue.leads:
        yield from _events_of_item(lead, issue.language)
    for section in issue.sections:
        language = section.attributes.language or issue.language
        yield from _events_in(section.blocks, language, "")
        for item in section.items:
            yield from _events_of_item(item, language)


def _events_of_item(item: Item, language: str) -> Iterator[tuple[Event, str, str]]:
    paragraphs = (b for b in item.blocks if isinstance(b, Paragraph))
    first = next(paragraphs, None)
    about = plain_words(first.content) if first else ""
    yield from _events_in(item.blocks, item.attributes.language or language, about)


def _events_in(
    blocks: Iterable[Block], language: str, about: str
) -> Iterator[tuple[Event, str, str]]:
    for block in blocks:
        own = block.attributes.language or language
        match block:
            case Event():
                yield block, own, about
            case Quote() | Note():
                yield from _events_in(block.blocks, own, about)
            case ListBlock():
                for entry in block.entries:
                    yield from _events_in(entry, own, about)


def _calendar(found: CalendarEvent, issue: Issue, domain: str) -> Calendar:
    from icalendar import Calendar  # 100 ms, for who needs a calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    start, end = found.event.start, found.event.end or found.event.start
    if isinstance(start, datetime) and isinstance(end, datetime):
        zone = start.tzinfo
        if isinstance(zone, ZoneInfo) and zone.key != "UTC":
            calendar.add_component(describe_zone(zone, start, end))
    calendar.add_component(_entry(found, issue, domain))
    return calendar


def _entry(found: CalendarEvent, issue: Issue, domain: str) -> Entry:
    from icalendar import Event as Entry

    event, entry = found.event, Entry()
    entry.add("uid", f"{_identity(found, issue)}@{domain}")
    entry.add("dtstamp", datetime.combine(issue.date, time(), UTC))
    _add_times(entry, event.start, event.end)
    entry.add("summary", event.title)
    for name, value in _details(found).items():
        if value:
            entry.add(name, value)
    return entry


def _identity(found: CalendarEvent, issue: Issue) -> str:
    """Return what stays the same when time or place of the event is corrected."""
    text = f"{issue.slug}\n{found.event.title}\n{found.occurrence}"
    return f"{issue.slug}-{sha256(text.encode()).hexdigest()[:16]}"


def _add_times(
    entry: Entry, start: date | datetime, end: date | datetime | None
) -> None:
    entry.add("dtstart", start)
    if isinstance(start, datetime):
        if end is not None and end != start:
            entry.add("dtend", end)
    else:
        # A whole day ends where the next begins (RFC 5545, section 3.6.1).
        entry.add("dtend", (end or start) + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")


def _details(found: CalendarEvent) -> dict[str, str]:
    event, say = found.event, words(found.language).text
    online = f"{say('Online')}: {event.online}" if event.online else ""
    more = f"{say('More information')}: {event.link}" if event.link else ""
    links = "\n".join(filter(None, (online, more)))
    return {
        "location": event.where or event.online,
        "description": "\n\n".join(filter(None, (found.about, links))),
        "url": event.link or web_address(event.online),
    }
