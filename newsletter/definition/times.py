"""When an event is: the value of ``when``.

``2023-02-15`` · ``2023-02-15 16:00`` · ``2023-02-15 16:00-18:30`` ·
``2023-02-15 - 2023-02-17`` · ``2023-02-15 22:00 - 2023-02-16 01:00``
"""

import re
from datetime import UTC, date, datetime, time, tzinfo

from newsletter.validation import refuse, shown

_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_TIME = r"([0-9]{1,2}[:.][0-9]{2})"
_MOMENT = rf"{_DATE}(?:[ T]\s*{_TIME})?"
_WHEN = re.compile(rf"{_MOMENT}(?:\s*[-–—]\s*(?:{_MOMENT}|{_TIME}))?")
_HOW_TO_WRITE = (
    'Write it as "2025-04-02 19:00", "2025-04-02 19:00-21:30" '
    'or "2025-04-02 - 2025-04-04".'
)
#: Years that a newsletter can be about; outside them time zones cannot be reckoned.
_YEARS = range(1900, 2200)

Moment = date | datetime


def parse_date(text: str) -> date:
    """Return an ISO date.

    Raises:
        PydanticCustomError: It is not one, or there is no such day.
    """
    if not re.fullmatch(_DATE, text):
        raise refuse(
            f"cannot be read as a date: {shown(text)}.",
            'Write year, month and day, for example "2025-04-02".',
        )
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        what = f"names a day that does not exist: {text}."
        raise refuse(what, "Check month and day.") from error
    if day.year not in _YEARS:
        raise refuse(f"names a year that cannot be meant: {text}.", "Check the year.")
    return day


def parse_when(text: str, zone: tzinfo) -> tuple[Moment, Moment | None]:
    """Return start and end; both are dates, or both are datetimes in *zone*.

    Raises:
        PydanticCustomError: It is no such time, or ends before it starts.
    """
    match = _WHEN.fullmatch(text.strip())
    if match is None:
        raise refuse(f"cannot be read: {shown(text)}.", _HOW_TO_WRITE)
    start_day, start_time, end_day, end_day_time, end_time = match.groups()
    end_time = end_time or end_day_time
    start = _moment(start_day, start_time, zone)
    if not end_day and not end_time:
        return start, None
    if bool(start_time) != bool(end_time):
        raise refuse(f"has a time on one side only: {shown(text)}.", _HOW_TO_WRITE)
    end = _moment(end_day or start_day, end_time, zone)
    if _instant(end) < _instant(start) or (end_time and end == start):
        raise _ends_too_early(has_end_day=bool(end_day))
    return start, end


def _moment(day: str, clock: str | None, zone: tzinfo) -> Moment:
    if clock is None:
        return parse_date(day)
    hour, minute = (int(part) for part in re.split("[:.]", clock))
    if hour > 23 or minute > 59:
        raise refuse(
            f"names a time that does not exist: {clock}.",
            "Write hours from 00 to 23 and minutes from 00 to 59.",
        )
    moment = datetime.combine(parse_date(day), time(hour, minute), zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != (
        moment.replace(tzinfo=None)
    ):
        raise refuse(
            f"names a time that does not exist: on {day} the clock skips {clock}.",
            "Summer time begins that night; choose another time.",
        )
    return moment


def _instant(moment: Moment) -> Moment:
    """Return what compares rightly: wall times of one zone would ignore summer time."""
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def _ends_too_early(*, has_end_day: bool) -> Exception:
    advice = (
        "Write the earlier moment first."
        if has_end_day
        else "After midnight the end needs its own date: "
        '"2025-04-02 22:00 - 2025-04-03 01:00".'
    )
    return refuse("ends before it starts.", advice, subject="this event")
