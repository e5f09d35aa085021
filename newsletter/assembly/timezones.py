"""A time zone as calendars want it: its changes around the time of an event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

#: No zone changes twice within it.
_STEP = timedelta(days=7)


def describe_zone(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """Return the VTIMEZONE of a zone: its changes from a year before to the last.

    Written here because icalendar 7's own says when summer time begins an hour late.

    Source: RFC 5545, section 3.6.5: DTSTART is the local time before the change.
    """
    from icalendar import Timezone

    component = Timezone()
    component.add("tzid", zone.key)
    start = datetime(first.year - 1, 1, 1, tzinfo=UTC)
    offset = _offset(zone, start)
    component.add_component(_rule(zone, start, offset, offset))
    for moment in _changes(zone, start, datetime(last.year + 1, 1, 1, tzinfo=UTC)):
        before, offset = offset, _offset(zone, moment)
        component.add_component(_rule(zone, moment, before, offset))
    return component


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the first moments with another offset, in UTC."""
    while start < end:
        following = start + _STEP
        if _offset(zone, start) != _offset(zone, following):
            yield _change_between(zone, start, following)
        start = following


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    offset = _offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // 2
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _rule(
    zone: ZoneInfo, moment: datetime, before: timedelta, after: timedelta
) -> TimezoneDaylight | TimezoneStandard:
    from icalendar import TimezoneDaylight, TimezoneStandard

    local = moment.astimezone(zone)
    rule = TimezoneDaylight() if local.dst() else TimezoneStandard()
    rule.DTSTART = (moment + before).replace(tzinfo=None)
    rule.TZOFFSETFROM = before
    rule.TZOFFSETTO = after
    rule.add("tzname", local.tzname() or zone.key)
    return rule
