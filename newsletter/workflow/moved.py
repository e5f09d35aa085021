"""Where the mail of an address goes since its reader, or somebody else, moved it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.model.subscriber import SuppressionReason
from newsletter.store.audience import lists_received
from newsletter.store.consent import Suppression
from newsletter.store.movers import find_movers, read_mailed
from newsletter.store.people import Person


@dataclass(frozen=True, slots=True)
class Moved:
    """Another address that somebody took in place of this one."""

    #: Of now; empty: which one is no longer kept.
    email: str
    #: When they took it; None: that is no longer kept.
    at: datetime | None
    #: Slugs of the lists whose mail goes there.
    gets: tuple[str, ...] = ()


def read_moved(
    connection: Connection, person: Person, suppressions: Iterable[Suppression]
) -> tuple[Moved, ...]:
    """Return where mail of an address goes now; nothing for one that nobody moved.

    Args:
        connection: Reading or writing.
        person: By the address of before.
        suppressions: Of that address.
    """
    reason = SuppressionReason.MOVED
    moved_at = next((one.at for one in suppressions if one.reason == reason), None)
    movers = find_movers(connection, person.key, person.hash, mailed=())
    if moved_at and not movers:
        rows = read_mailed(connection, person.key)
        mailed = {row.subscriber_id for row in rows}
        movers = find_movers(connection, person.key, person.hash, mailed=mailed)
    if moved_at and not movers:
        return (Moved("", moved_at),)
    return tuple(
        Moved(
            one.email,
            one.at or moved_at,
            tuple(sorted(lists_received(connection, one.subscriber_id))),
        )
        for one in movers
    )
