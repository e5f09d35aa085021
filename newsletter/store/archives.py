"""The database in a backup: copied while it is in use, looked at, put back.

Law: a copy never knows what was sent after it was made. So of a dispatch that was not
over in it, everybody who may have been mailed since is *unknown*, and only the editor
sends to them again. And what was given a number since, in a link or the Message-ID of a
mail, is never mistaken for what gets the next number here. But for a hand-over, after
which nobody else sends.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState
from newsletter.store.dialect import skip_ids
from newsletter.store.dispatch_records import load_dispatch, open_dispatches
from newsletter.store.dispatches import pause_dispatch, recover
from newsletter.store.handovers import take_over
from newsletter.store.instants import to_millis
from newsletter.store.moves import move_in_batches
from newsletter.store.notices import note_left_behind
from newsletter.store.tables import (
    address_changes,
    dispatches,
    imports,
    joinings,
    lists,
    notices,
    subscribers,
    workers,
)

#: What a delivery says that a restored copy knows nothing of.
_MEANWHILE = "restored from a backup: it may have been sent since"

#: How many numbers are left out: more than the original can have given since. They are
#: not larger, as they make links longer, and a dispatch is called by its number.
_LEFT_OUT = {
    subscribers: 4_000_000,
    joinings: 4_000_000,
    address_changes: 4_000_000,
    notices: 4_000_000,
    dispatches: 1_000,
    imports: 1_000,
    lists: 100,
}


@dataclass(frozen=True, slots=True)
class Halted:
    """A dispatch that was not over in a backup."""

    id: int
    #: Slug.
    issue: str
    #: Of whom nobody knows whether they have it.
    unknown: int
    #: Who certainly has not: they are sent to when it goes on.
    waiting: int


def copy_database(path: Path, copy: Path) -> None:
    """Copy a database while others read and write it; *copy* is private.

    Raises:
        OSError: The copy cannot be written.
        sqlite3.Error: The same, or the database cannot be read.
    """
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with (
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        # In one file, wherever it goes; opened again it is as it was.
        target.execute("PRAGMA journal_mode=DELETE")


def count_people_in(copy: Path) -> int:
    """Return how many subscribers a copy holds, after a look at every page of it.

    Raises:
        OperationError: It is damaged.
    """
    damaged = OperationError(
        f"the copy {copy} of the database is damaged.",
        "Check the disk, and make another copy.",
    )
    try:
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as opened:
            (verdict,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
            (people,) = opened.execute("SELECT count(*) FROM subscribers").fetchone()
    except sqlite3.Error as error:
        raise damaged from error
    if verdict != "ok":
        raise damaged
    return int(people)


def settle_restored(
    connection: Connection, *, reason: str, was_handed_over: bool, now: datetime
) -> tuple[Halted, ...]:
    """Make a copy that was put back the one that sends; nothing goes on by itself.

    Args:
        connection: A writing one.
        reason: Why its open dispatches are paused, for people.
        was_handed_over: Nothing was sent since it was made.
        now: Aware.
    """
    take_over(connection)
    connection.execute(delete(workers))
    recover(connection, now=now)
    note_left_behind(connection, with_waiting=not was_handed_over, now=now)
    if not was_handed_over:
        for table, count in _LEFT_OUT.items():
            skip_ids(connection, table, count)
    halted = []
    for dispatch in open_dispatches(connection):
        if not was_handed_over:
            _doubt(connection, dispatch.id, now)
        pause_dispatch(connection, dispatch.id, reason=reason)
        counts = load_dispatch(connection, dispatch.id).counts
        waiting = counts[DeliveryState.PENDING] + counts[DeliveryState.DEFERRED]
        unknown = counts[DeliveryState.UNKNOWN]
        halted.append(Halted(dispatch.id, dispatch.issue, unknown, waiting))
    return tuple(halted)


def _doubt(connection: Connection, dispatch_id: int, now: datetime) -> None:
    """Call unknown whom the original may have sent to since."""
    values = {
        "at": to_millis(now),
        "next_at": None,
        "reply_code": None,
        "reply_text": _MEANWHILE,
    }
    for state in (DeliveryState.PENDING, DeliveryState.DEFERRED):
        move_in_batches(
            connection, state, DeliveryState.UNKNOWN, values, dispatch_id=dispatch_id
        )
