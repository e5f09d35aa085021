"""Dates as people and spreadsheets write them: as 31-12-2022, 12/31/2022, 2022-12-31.

Law: 03/04/2022 is never read by itself. All dates of a column are looked at first, and
its order of day and month is theirs; where they leave it open, the editor is told.
"""

import re
from datetime import date
from enum import IntFlag, StrEnum
from typing import NoReturn

_ZONE = r"(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
_TIME = rf"(?:[T ]\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?(?: ?[AaPp][Mm])?{_ZONE})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}")


class DateOrder(StrEnum):
    """What comes first in the dates of a column, where the year comes last."""

    DAY_FIRST = "day-month-year"
    MONTH_FIRST = "month-day-year"
    #: Some dates of the column can only be read the one way, some only the other.
    MIXED = "mixed"


class Sign(IntFlag):
    """What a date says of the order in its column."""

    NOTHING = 0
    DAY_FIRST = 1
    MONTH_FIRST = 2
    #: Day and month are the same, or divided as nobody does who writes the month first.
    USUAL = 4
    #: It may be two dates.
    OPEN = 8


def sign_of(text: str) -> Sign:
    """Return what a cell says of the order of day and month in its column."""
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return Sign.NOTHING
    day_first, month_first = _both(match)
    if day_first and month_first:
        is_open = match[2] == "/" and day_first != month_first
        return Sign.OPEN if is_open else Sign.USUAL
    if day_first:
        return Sign.DAY_FIRST
    return Sign.MONTH_FIRST if month_first else Sign.NOTHING


def order_of(signs: Sign, told: DateOrder | None = None) -> DateOrder | None:
    """Return the order in a column; None: none of its dates has the year last.

    Args:
        signs: What all its dates say together.
        told: What the editor says of columns that leave it open; None: nothing. Then
            the day is taken to come first.
    """
    decided = signs & (Sign.DAY_FIRST | Sign.MONTH_FIRST)
    if decided == Sign.DAY_FIRST:
        return DateOrder.DAY_FIRST
    if decided == Sign.MONTH_FIRST:
        return DateOrder.MONTH_FIRST
    if decided:
        return told or DateOrder.MIXED
    return told or DateOrder.DAY_FIRST if signs else None


def is_guess(signs: Sign) -> bool:
    """Tell whether some dates of a column may be two dates, and no other decides."""
    return Sign.OPEN in signs and not signs & (Sign.DAY_FIRST | Sign.MONTH_FIRST)


def read_date(text: str, order: DateOrder) -> str:
    """Return a date as ISO 8601, without its time of day.

    Args:
        text: What stands in the cell, on one line.
        order: That of its column.

    Raises:
        ValueError: With a sentence that follows "which": it is none.
    """
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        year, _, month, day = match.groups()
        return _date(year, month, day) or _refuse()
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        _refuse()
    day_first, month_first = _both(match)
    if order is DateOrder.MIXED and day_first and month_first:
        if day_first != month_first:
            _refuse("may begin with the day or with the month.")
    elif order is DateOrder.MONTH_FIRST:
        day_first, month_first = month_first, day_first
    return day_first or month_first or _refuse()


def _both(match: re.Match[str]) -> tuple[str, str]:
    """Return a date with the year last read both ways: day first, month first."""
    first, mark, second, year = match.groups()
    # Nobody who writes the month first divides with dots.
    month_first = "" if mark == "." else _date(year, first, second)
    return _date(year, second, first), month_first


def _date(year: str, month: str, day: str) -> str:
    """Return a date as ISO 8601, or nothing where the calendar has none."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def _refuse(sentence: str = "is not a date like 2024-05-03.") -> NoReturn:
    raise ValueError(sentence)
