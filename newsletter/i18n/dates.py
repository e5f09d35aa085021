"""Dates and times as a reader of the language writes them, with the weekday.

Patterns come from Unicode's CLDR by Babel; how date and times are joined ("from … to
…") is a text of the catalogues. Hours are counted to 24 unless the tag names a country
that does otherwise. Digits are those of the issue itself: Western ones, in Arabic too.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from math import inf

from babel import dates

from newsletter.i18n.languages import has_region, locale_of, primary_language
from newsletter.i18n.words import words
from newsletter.model.issue import NO_DATE, Event

#: Where CLDR is not what people write: no comma after an English or Arabic weekday.
_WITHOUT_COMMA = frozenset({"ar", "en_GB"})

#: French hours: "19 h", "19 h 30"; the spaces do not break.
_FRENCH_HOUR = "H'\u00a0h'"
_FRENCH_HOUR_AND_MINUTES = "H'\u00a0h\u00a0'mm"
_DEFAULT_TIME_PATTERN = "HH:mm"

#: CLDR has a narrow space before "PM" and elsewhere, which many fonts lack.
_USUAL_SPACE = {0x202F: "\u00a0"}

#: "vrijdag 3" of "vrijdag 3 maart": only where the day stands before the month.
_DAY_BEFORE_MONTH = re.compile(r"(EEEE\W+d\.?)\s+MMMM")

#: An event that ends by then, next morning, is one evening: "22:00-02:00".
_END_OF_NIGHT_HOUR = 6


def format_date(value: date, language: str, *, weekday: bool = True) -> str:
    """Return a date in words: "dinsdag 28 februari 2023", or without its weekday.

    `NO_DATE` is an ellipsis.
    """
    if value == NO_DATE:
        return "…"
    locale = locale_of(language)
    pattern = str(locale.date_formats["full" if weekday else "long"].pattern)
    return _format_day(value, pattern, language)


@lru_cache(maxsize=2048)
def date_in_words(stored: str, language: str) -> str:
    """Return a stored ``2022-12-31`` without its weekday; what is no date as it is."""
    try:
        return format_date(date.fromisoformat(stored), language, weekday=False)
    except ValueError:
        return stored


def format_month(value: date, language: str) -> str:
    """Return the month of a date in words: "februari 2023"."""
    locale = locale_of(language)
    return dates.format_skeleton("yMMMM", value, locale=locale).translate(_USUAL_SPACE)


def format_duration(value: timedelta, language: str) -> str:
    """Return a length of time in whole days, or below a day in hours: "14 dagen"."""
    # Not `format_unit`, which has no days in Dutch and Arabic (Babel 2.18).
    return dates.format_timedelta(
        value,
        granularity="day" if value.days else "hour",
        threshold=inf,  # thirty days stay days, and are not "a month"
        locale=locale_of(language),
    ).translate(_USUAL_SPACE)


def format_event_time(event: Event, language: str) -> str:
    """Return when an event is: "dinsdag 28 februari 2023, 19:00–20:30"."""
    start, end = event.start, event.end
    if isinstance(start, datetime):
        ends_at = end if isinstance(end, datetime) and end != start else None
        return _format_hours(start, ends_at, language)
    if end is None or end == start:
        return format_date(start, language)
    return _format_days(start, end, language)


def _format_hours(start: datetime, end: datetime | None, language: str) -> str:
    say = words(language).text
    if end is not None and _is_one_occasion(start, end):
        return say(
            "{date}, {start}–{end}",
            date=format_date(start.date(), language),
            start=_format_time(start, language),
            end=_format_time(end, language),
        )
    first = _format_moment(start, language)
    if end is None:
        return first
    return say("{start} – {end}", start=first, end=_format_moment(end, language))


def _is_one_occasion(start: datetime, end: datetime) -> bool:
    """Whether hours alone tell the end: the same day, or that very night."""
    days = end.date() - start.date()
    is_night = days == timedelta(days=1) and end.hour < _END_OF_NIGHT_HOUR
    return not days or (is_night and end - start < timedelta(hours=12))


def _format_moment(moment: datetime, language: str) -> str:
    return words(language).text(
        "{date}, {time}",
        date=format_date(moment.date(), language),
        time=_format_time(moment, language),
    )


def _format_time(moment: datetime, language: str) -> str:
    text = dates.format_time(
        moment,
        _time_pattern(language, moment),
        tzinfo=moment.tzinfo,
        locale=locale_of(language),
    )
    return text.translate(_USUAL_SPACE)


def _time_pattern(language: str, moment: datetime) -> str:
    name = primary_language(language)
    if name == "fr":
        return _FRENCH_HOUR_AND_MINUTES if moment.minute else _FRENCH_HOUR
    if name == "en" and has_region(language):
        return str(locale_of(language).time_formats["short"].pattern)
    return _DEFAULT_TIME_PATTERN


def _format_days(start: date, end: date, language: str) -> str:
    return words(language).text(
        "{start} – {end}",
        start=_format_day(start, _start_pattern(start, end, language), language),
        end=format_date(end, language),
    )


def _start_pattern(start: date, end: date, language: str) -> str:
    """Return the pattern for the first day: it leaves out what the last day repeats."""
    if start.year != end.year:
        return str(locale_of(language).date_formats["full"].pattern)
    without_year = _pattern_without_year(language)
    day = _DAY_BEFORE_MONTH.fullmatch(without_year)
    return day[1] if day and start.month == end.month else without_year


@cache
def _pattern_without_year(language: str) -> str:
    locale = locale_of(language)
    short = locale.datetime_skeletons.get("MMMEd") or locale.date_formats["full"]
    return re.sub(
        "E+", "EEEE", re.sub("M+", "MMMM", re.sub("L+", "LLLL", short.pattern))
    )


def _format_day(value: date, pattern: str, language: str) -> str:
    locale = locale_of(language)
    if not _WITHOUT_COMMA.isdisjoint({locale.language, str(locale)}):
        pattern = re.sub("EEEE[,،]", "EEEE", pattern)
    if locale.language == "fr" and value.day == 1:
        pattern = re.sub(r"\bd\b", "d'er'", pattern)  # "1er mars"
    return dates.format_date(value, pattern, locale).translate(_USUAL_SPACE)
