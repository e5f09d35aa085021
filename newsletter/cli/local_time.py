"""How an instant is shown to people: by the clock of the newsletter."""

from datetime import datetime
from zoneinfo import ZoneInfo


def show_time(at: datetime, time_zone: str, *, weekday: bool = False) -> str:
    """Return ``2026-03-01 14:05 CET``, or ``Sunday 2026-03-01 14:05 CET``."""
    local = at.astimezone(ZoneInfo(time_zone))
    day = f"{local:%A} " if weekday else ""
    return f"{day}{local:%Y-%m-%d %H:%M %Z}"
