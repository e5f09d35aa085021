from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.i18n import (
    format_date,
    format_duration,
    format_event_time,
    format_month,
)
from newsletter.model.issue import NO_DATE, Event
from newsletter.model.problem import Place

ZONE = ZoneInfo("Europe/Amsterdam")


def event(start: date | datetime, end: date | datetime | None = None) -> Event:
    return Event("Kickoff", start, end, Place("issue.md", 1))


def at(day: int, hour: int, minute: int = 0, month: int = 2) -> datetime:
    return datetime(2023, month, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "dinsdag 28 februari 2023"),
        ("nl-BE", "dinsdag 28 februari 2023"),
        ("de", "Dienstag, 28. Februar 2023"),
        ("fr", "mardi 28 février 2023"),
        ("en", "Tuesday 28 February 2023"),
        ("en-US", "Tuesday, February 28, 2023"),
        ("ar", "الثلاثاء 28 فبراير 2023"),
        ("ar-SY", "الثلاثاء 28 شباط 2023"),
        ("uk", "вівторок, 28 лютого 2023\u00a0р."),
        ("xx", "Tuesday 28 February 2023"),
    ],
)
def test_format_date_in_each_language_names_the_weekday(
    language: str, expected: str
) -> None:
    assert format_date(date(2023, 2, 28), language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "1 maart 2023"),
        ("de", "1. März 2023"),
        ("fr", "1er mars 2023"),
        ("en", "1 March 2023"),
        ("ar", "1 مارس 2023"),
    ],
)
def test_format_date_without_weekday_is_day_month_year(
    language: str, expected: str
) -> None:
    assert format_date(date(2023, 3, 1), language, weekday=False) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "dinsdag 28 februari 2023, 19:00–20:30"),
        ("de", "Dienstag, 28. Februar 2023, 19:00–20:30 Uhr"),
        ("fr", "mardi 28 février 2023, de 19 h à 20 h 30"),
        ("en", "Tuesday 28 February 2023, 19:00–20:30"),
        ("en-US", "Tuesday, February 28, 2023, 7:00 PM–8:30 PM"),
        ("ar", "الثلاثاء 28 فبراير 2023، من الساعة 19:00 إلى الساعة 20:30"),
    ],
)
def test_event_time_with_hours_of_one_day_names_the_day_once(
    language: str, expected: str
) -> None:
    text = format_event_time(event(at(28, 19), at(28, 20, 30)), language)
    assert text.replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("language", "day", "month", "hour"),
    [
        ("nl-BE", "1 dag", "30 dagen", "1 uur"),
        ("de", "1 Tag", "30 Tage", "1 Stunde"),
        ("fr", "1 jour", "30 jours", "1 heure"),
        ("en", "1 day", "30 days", "1 hour"),
        ("ar", "يوم", "30 يومًا", "ساعة"),
    ],
)
def test_duration_is_told_in_days_or_hours(
    language: str, day: str, month: str, hour: str
) -> None:
    lengths = [timedelta(days=1), timedelta(days=30), timedelta(hours=1)]
    told = [format_duration(length, language) for length in lengths]
    assert [text.replace("\u00a0", " ") for text in told] == [
        day,
        month,
        hour,
    ]


def test_date_that_is_not_known_is_an_ellipsis() -> None:
    assert format_date(NO_DATE, "nl") == "…"


def test_event_time_without_end_is_its_start() -> None:
    assert (
        format_event_time(event(at(28, 9)), "nl") == "dinsdag 28 februari 2023, 09:00"
    )


def test_event_time_with_equal_end_is_its_start() -> None:
    text = format_event_time(event(at(28, 9), at(28, 9)), "nl")
    assert text == "dinsdag 28 februari 2023, 09:00"


def test_event_time_over_midnight_is_one_evening() -> None:
    text = format_event_time(event(at(28, 22), at(1, 2, month=3)), "nl")
    assert text == "dinsdag 28 februari 2023, 22:00–02:00"


def test_event_time_over_days_names_both() -> None:
    text = format_event_time(event(at(27, 9), at(28, 17)), "nl")
    assert text == ("maandag 27 februari 2023, 09:00 – dinsdag 28 februari 2023, 17:00")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "vrijdag 3 – zondag 5 maart 2023"),
        ("de", "Freitag, 3. – Sonntag, 5. März 2023"),
        ("fr", "du vendredi 3 au dimanche 5 mars 2023"),
        ("en", "Friday 3 – Sunday 5 March 2023"),
        ("en-US", "Friday, March 3 – Sunday, March 5, 2023"),
        ("tr", "3 Mart Cuma – 5 Mart 2023 Pazar"),
        ("ar", "من الجمعة 3 إلى الأحد 5 مارس 2023"),
    ],
)
def test_event_time_of_whole_days_leaves_out_what_repeats(
    language: str, expected: str
) -> None:
    text = format_event_time(event(date(2023, 3, 3), date(2023, 3, 5)), language)
    assert text == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (date(2023, 3, 5), "zondag 5 maart 2023"),
        (date(2023, 2, 28), "dinsdag 28 februari – zondag 5 maart 2023"),
        (date(2022, 12, 31), "zaterdag 31 december 2022 – zondag 5 maart 2023"),
    ],
)
def test_event_time_of_whole_days_names_month_and_year_where_they_differ(
    start: date, expected: str
) -> None:
    assert format_event_time(event(start, date(2023, 3, 5)), "nl") == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "February 2023"),
        ("nl", "februari 2023"),
        ("de", "Februar 2023"),
        ("fr", "février 2023"),
        ("ar", "فبراير 2023"),
    ],
)
def test_month_is_written_as_the_language_does(language: str, expected: str) -> None:
    assert format_month(date(2023, 2, 28), language) == expected
