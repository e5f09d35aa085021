"""When a dispatch starts: what the editor wrote, as an instant. Pure.

Law: a start is one instant, or it is refused. An hour that a change of the clocks
leaves out, or brings twice, is told and never guessed; nor is one for "tomorrow".
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.errors import UsageError
from newsletter.i18n import format_date

#: A start missed by more than this asks instead of firing: the news may be old, the
#: database may come from a backup.
MOST_LATE = timedelta(minutes=30)
#: Nobody freezes a newsletter for longer; another year is a slip of the finger.
FARTHEST = timedelta(days=366)

_SHAPE = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2}))?"
    r"(?:(?P<offset> ?[+-]\d{2}:?\d{2})| ?(?P<zulu>[Zz])| (?P<zone>[A-Za-z][\w+/-]*))?"
)
_EXAMPLE = "Write day and time: --at"


def read_start(text: str, *, time_zone: str, now: datetime) -> datetime:
    """Return the instant that ``--at TEXT`` means, aware, UTC.

    Args:
        text: ``2026-12-01 09:00``, with a ``T`` or seconds if you like; then nothing,
            the name of a zone (``Europe/Amsterdam``), or an offset (``+01:00``, ``Z``).
        time_zone: IANA name, for a *text* that names none.
        now: Aware.

    Raises:
        UsageError: It is no instant, not a single one, past, or too far away.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f'"{text}" is not a start we can be sure of.',
            f'{_EXAMPLE} "{_next_morning(now, time_zone)}".',
        )
    start = _instant(found, text, time_zone).astimezone(UTC)
    if start <= now:
        raise UsageError(
            f"{show_start(start, time_zone)} is past: it is "
            f"{show_start(now, time_zone)} now.",
            "Leave --at out to send now, or choose a later moment.",
        )
    if start - now > FARTHEST:
        raise UsageError(
            f"{show_start(start, time_zone)} is more than a year away.",
            "Look at the year.",
        )
    return start


def show_start(at: datetime, time_zone: str) -> str:
    """Return ``Tuesday 1 December 2026, 09:00 CET``, by the clock of *time_zone*."""
    there = at.astimezone(ZoneInfo(time_zone))
    seconds = f":{there:%S}" if there.second else ""
    return f"{format_date(there.date(), 'en')}, {there:%H:%M}{seconds} {there:%Z}"


def is_missed(starts_at: datetime, now: datetime) -> bool:
    """Tell whether a start is so long ago that the editor must be asked."""
    return now - starts_at > MOST_LATE


def _next_morning(now: datetime, time_zone: str) -> str:
    there = now.astimezone(ZoneInfo(time_zone))
    return f"{there.date() + timedelta(days=1)} 09:00"


def _instant(found: "re.Match[str]", text: str, time_zone: str) -> datetime:
    wall = _wall_clock(found, text)
    if found["zulu"]:
        return wall.replace(tzinfo=UTC)
    if found["offset"]:
        return _with_offset(wall, found["offset"].strip(), text)
    return _by_the_clock(wall, _zone(found["zone"] or time_zone))


def _wall_clock(found: "re.Match[str]", text: str) -> datetime:
    hour, minute, second = (int(found[name] or 0) for name in _PARTS)
    try:
        day = date.fromisoformat(found["day"])
        return datetime.combine(day, time(hour, minute, second))
    except ValueError:
        raise UsageError(f'"{text}": there is no such day or time.') from None


_PARTS = ("hour", "minute", "second")


def _with_offset(wall: datetime, offset: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{wall.isoformat()}{offset}")
    except ValueError:
        raise UsageError(f'"{text}": {offset} is no distance from UTC.') from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # OSError: the name of a folder
        raise UsageError(
            f'there is no time zone "{name}".',
            "Write one as Europe/Amsterdam, or leave it out: "
            "the one of newsletter.toml counts then.",
        ) from None


def _by_the_clock(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the one instant at which the clocks of *zone* show *wall*."""
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    day = format_date(wall.date(), "en")
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        # In a gap the offset before it gives the time after it (PEP 495).
        after = first.astimezone(UTC).astimezone(zone)
        raise UsageError(
            f"{wall:%H:%M} on {day} does not exist in {zone.key}: "
            "the clocks go forward then.",
            f'Choose another time: --at "{after:%Y-%m-%d %H:%M}".',
        )
    choices = " or ".join(f'"{_offset_form(one)}"' for one in (first, second))
    raise UsageError(
        f"{wall:%H:%M} on {day} comes twice in {zone.key}: the clocks go back then.",
        f"Say which one: --at {choices}.",
    )


def _offset_form(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes")
