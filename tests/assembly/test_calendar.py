from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from newsletter.assembly.calendar import calendar_files, render_calendars
from newsletter.model.issue import Event as Occasion
from newsletter.model.issue import Issue, ListBlock
from newsletter.model.problem import Place
from newsletter.model.settings import Settings

Read = Callable[..., Issue]

AT = Place("issue.md", 1)

EVENING = """\
## Agenda

### Avond over rechten

Kom langs; neem iemand mee.

::: event
when: 2023-05-09 19:00-20:30
where: Huis, Straat 1; Utrecht
link: https://example.org/avond?a=1,2
online: https://meet.example.org/x
:::
"""


def entry_of(calendar: bytes) -> Event:
    (entry,) = Calendar.from_ical(calendar).walk("VEVENT")
    assert isinstance(entry, Event)
    return entry


@pytest.fixture
def entry(read_issue: Read, settings: Settings) -> Callable[[str], Event]:
    """Return the only event of an issue as a calendar reads it."""

    def read(definition: str) -> Event:
        (calendar,) = render_calendars(read_issue(definition), settings).values()
        return entry_of(calendar)

    return read


def event_at(when: str) -> str:
    return f"::: event\ntitle: Avond\nwhen: {when}\n:::\n"


def test_calendar_of_an_event_says_what_when_and_where(
    entry: Callable[[str], Event],
) -> None:
    found = entry(EVENING)
    assert found["SUMMARY"] == "Avond over rechten"
    assert found["LOCATION"] == "Huis, Straat 1; Utrecht"
    assert found["URL"] == "https://example.org/avond?a=1,2"
    assert found["DESCRIPTION"] == (
        "Kom langs; neem iemand mee.\n\nOnline: https://meet.example.org/x\n"
        "Meer informatie: https://example.org/avond?a=1,2"
    )
    assert found.decoded("DTSTART") == datetime(
        2023, 5, 9, 19, tzinfo=ZoneInfo("Europe/Amsterdam")
    )
    assert found.decoded("DTEND") == datetime(
        2023, 5, 9, 20, 30, tzinfo=ZoneInfo("Europe/Amsterdam")
    )


def test_calendar_is_the_same_each_time_it_is_made(
    read_issue: Read, settings: Settings
) -> None:
    issue = read_issue(EVENING)
    (calendar,) = render_calendars(issue, settings).values()
    assert render_calendars(issue, settings) == {"avond-over-rechten.ics": calendar}
    assert entry_of(calendar).decoded("DTSTAMP") == datetime(2023, 5, 3, tzinfo=UTC)


def test_uid_stays_when_time_and_place_are_corrected(
    entry: Callable[[str], Event],
) -> None:
    corrected = EVENING.replace("19:00-20:30", "20:00-21:30").replace("Huis", "Zaal")
    uid = str(entry(EVENING)["UID"])
    assert str(entry(corrected)["UID"]) == uid
    assert uid.startswith("2023-05-")
    assert uid.endswith("@example.org")


def test_uid_differs_between_issues_titles_and_events_of_one_title(
    read_issue: Read, settings: Settings
) -> None:
    issue = read_issue(EVENING + event_at("2023-05-10") + event_at("2023-05-11"))
    calendars = [
        *render_calendars(issue, settings).values(),
        *render_calendars(replace(issue, slug="2023-06"), settings).values(),
    ]
    assert len({entry_of(calendar)["UID"] for calendar in calendars}) == 6


def test_whole_day_ends_where_the_next_begins(entry: Callable[[str], Event]) -> None:
    found = entry(event_at("2023-05-09"))
    assert found.decoded("DTSTART") == date(2023, 5, 9)
    assert found.decoded("DTEND") == date(2023, 5, 10)


def test_several_days_end_after_the_last(entry: Callable[[str], Event]) -> None:
    found = entry(event_at("2023-05-09 - 2023-05-11"))
    assert found.decoded("DTEND") == date(2023, 5, 12)


def test_event_without_end_has_none(entry: Callable[[str], Event]) -> None:
    assert "DTEND" not in entry(event_at("2023-05-09 19:00"))


def test_zone_of_an_event_is_described_in_its_file(
    read_issue: Read, settings: Settings
) -> None:
    (calendar,) = render_calendars(read_issue(EVENING), settings).values()
    assert b"BEGIN:VTIMEZONE\r\nTZID:Europe/Amsterdam\r\n" in calendar
    assert b"DTSTART;TZID=Europe/Amsterdam:20230509T190000\r\n" in calendar


def test_whole_day_needs_no_zone(read_issue: Read, settings: Settings) -> None:
    issue = read_issue(event_at("2023-05-09"))
    (calendar,) = render_calendars(issue, settings).values()
    assert b"VTIMEZONE" not in calendar


def test_event_in_utc_needs_no_zone(read_issue: Read, settings: Settings) -> None:
    issue = read_issue(event_at("2023-05-09 19:00"))
    (event,) = issue.opening
    assert isinstance(event, Occasion)
    in_utc = replace(event, start=datetime(2023, 5, 9, 19, tzinfo=ZoneInfo("UTC")))
    (calendar,) = render_calendars(replace(issue, opening=(in_utc,)), settings).values()
    assert b"DTSTART:20230509T190000Z\r\n" in calendar
    assert b"VTIMEZONE" not in calendar


def test_event_only_online_takes_place_there(entry: Callable[[str], Event]) -> None:
    found = entry(event_at("2023-05-09").replace(":::\n", "online: via Jitsi\n:::\n"))
    assert found["LOCATION"] == "via Jitsi"
    assert "URL" not in found


def test_markup_in_a_title_cannot_add_a_line(entry: Callable[[str], Event]) -> None:
    title = r"Avond\nATTENDEE:x; y, z"
    found = entry(event_at("2023-05-09").replace("Avond", title))
    assert found["SUMMARY"] == title
    assert "ATTENDEE" not in found


def test_long_lines_are_folded_at_75_bytes(
    read_issue: Read, settings: Settings
) -> None:
    issue = read_issue(EVENING.replace("Kom langs", "Kom langs bij één van ons " * 20))
    (calendar,) = render_calendars(issue, settings).values()
    assert max(map(len, calendar.split(b"\r\n"))) <= 75
    assert "Kom langs bij één van ons " * 20 in str(entry_of(calendar)["DESCRIPTION"])


def test_files_are_named_by_title_and_never_the_same(read_issue: Read) -> None:
    twice = event_at("2023-05-09") * 2
    other = event_at("2023-05-09").replace("Avond", "لقاء")
    issue = read_issue(
        twice + other + "> " + event_at("2023-05-10").replace("\n", "\n> ")
    )
    assert list(calendar_files(issue).values()) == [
        "avond.ics",
        "avond-2.ics",
        "event.ics",
        "avond-3.ics",
    ]


def test_file_of_a_numbered_title_is_not_that_of_a_second_event(
    read_issue: Read,
) -> None:
    evening = event_at("2023-05-09")
    issue = read_issue(evening * 2 + evening.replace("Avond", "Avond 2"))
    assert list(calendar_files(issue).values()) == [
        "avond.ics",
        "avond-2.ics",
        "avond-2-2.ics",
    ]


def test_event_in_a_list_has_its_file(read_issue: Read) -> None:
    issue = read_issue(event_at("2023-05-09"))
    bullets = ListBlock((issue.opening,), is_ordered=False, start=1, place=AT)
    assert list(calendar_files(replace(issue, opening=(bullets,)))) == [
        issue.opening[0].place
    ]


def test_item_in_another_language_is_described_in_it(
    entry: Callable[[str], Event],
) -> None:
    found = entry(EVENING.replace("### Avond", "{lang=fr}\n### Avond"))
    assert "En savoir plus: https://example.org/avond" in str(found["DESCRIPTION"])
    assert "En ligne: https://meet.example.org/x" in str(found["DESCRIPTION"])
