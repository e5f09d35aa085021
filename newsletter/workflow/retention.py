"""Erase what is older than ``[retention]`` lets it be; the worker does it once a day.

Law: dispatches that are not over, and what is younger, stay as they are. It is done in
small pieces, and whoever else writes goes first: a dispatch under way does not feel it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.store.database import Database, exists, open_database
from newsletter.store.retention import (
    erase_changes,
    erase_deliveries,
    erase_joinings,
    erase_notices,
    erase_probes,
    erase_returned,
    erase_unconfirmed,
    find_over,
)
from newsletter.workflow.project import Project

#: Rows erased in one transaction: a few milliseconds.
_AT_ONCE = 500
#: Nobody waits longer for a probe (`store.probes`).
_PROBES_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, by its number."""

    #: Dispatches whose addresses are gone.
    dispatches: int = 0
    #: Mails that came back.
    returned: int = 0
    #: Times somebody asked to join, or for a new address.
    requests: int = 0
    #: People who never confirmed.
    people: int = 0
    #: Mails of ours that were asked for on a page.
    notices: int = 0

    @property
    def total(self) -> int:
        """How many there were in all."""
        return (
            self.dispatches + self.returned + self.requests + self.people + self.notices
        )


def erase_outdated(project: Project, *, now: datetime) -> Erased:
    """Erase what is too old; a setting of 0 keeps it for good.

    Raises:
        OperationError: The database cannot be used; what was erased until then is.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return Erased()
    kept = project.settings.retention
    with open_database(url, root=root) as database:
        _all_of(database, erase_probes, now - _PROBES_KEPT)
        erased = Erased(
            dispatches=_erase_dispatches(database, _since(now, kept.deliveries)),
            returned=_all_of(database, erase_returned, _since(now, kept.bounces)),
            notices=_all_of(database, erase_notices, _since(now, kept.pending)),
            requests=_all_of(database, erase_joinings, _since(now, kept.pending))
            + _all_of(database, erase_changes, _since(now, kept.pending)),
            # After what they asked: who asked lately is still wanted.
            people=_all_of(database, erase_unconfirmed, _since(now, kept.pending)),
        )
        if erased.total:
            database.empty_wal()
        return erased


def _since(now: datetime, days: int) -> datetime | None:
    return now - timedelta(days=days) if days else None


def _erase_dispatches(database: Database, before: datetime | None) -> int:
    if before is None:
        return 0
    with database.reading() as connection:
        over = find_over(connection, before=before)
    for dispatch_id in over:
        last: int | None = 0
        while last is not None:
            with database.erasing() as connection:
                last = erase_deliveries(
                    connection, dispatch_id, after=last, most=_AT_ONCE
                )
    return len(over)


def _all_of(
    database: Database, erase: Callable[..., int], before: datetime | None
) -> int:
    """Call *erase* until nothing is left for it; return how many there were."""
    erased = 0
    while before is not None:
        with database.erasing() as connection:
            found = erase(connection, before=before, most=_AT_ONCE)
        erased += found
        if found < _AT_ONCE:
            break
    return erased
