"""How it is told where the mail of an address goes now, and what stops it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from newsletter.workflow.local_time import show_time

if TYPE_CHECKING:
    from newsletter.workflow.moved import Moved


def moved_json(moved: Iterable["Moved"]) -> list[dict[str, Any]]:
    """Return the promised shape of the addresses that mail goes to now."""
    return [
        {
            "email": one.email or None,
            "at": one.at.isoformat() if one.at else None,
            "gets": list(one.gets),
        }
        for one in moved
    ]


def moved_words(moved: "Moved", time_zone: str) -> str:
    """Return ``moved to bert@example.org on …; the mail of main goes there``."""
    on = f" on {show_time(moved.at, time_zone)}" if moved.at else ""
    if not moved.email:
        return f"moved to another address{on}; which one is no longer kept"
    return f"moved to {moved.email}{on}; {mail_words(moved.gets)} goes there"


def mail_words(slugs: tuple[str, ...]) -> str:
    """Return ``the mail of events and main``."""
    from newsletter.i18n import join_words

    return f"the mail of {join_words(slugs, 'en')}" if slugs else "no mail of any list"


def stop_lines(moved: "Moved") -> Iterator[str]:
    """Give the commands that stop what goes to an address; none if it is not kept."""
    if moved.gets:
        yield f"  To stop mail to {moved.email}:"
        yield f"    newsletter subscribers unsubscribe {moved.email}"
    if moved.email:
        yield "  To take its name, history and link to the settings away as well:"
        yield f"    newsletter subscribers forget {moved.email}"
