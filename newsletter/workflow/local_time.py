"""How an instant is shown to people: by the clock of the newsletter."""

from datetime import datetime
from zoneinfo import ZoneInfo


def show_time(at: datetime, time_zone: str) -> str:
    """Return ``2026-03-01 14:05 CET``."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M %Z}"
