"""What is done now and then, and when it was done last."""

from datetime import datetime

from sqlalchemy import Connection, select

from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import chores


def last_done(connection: Connection, name: str) -> datetime | None:
    """Return when the chore *name* was done last, or None: it never was."""
    done_at = connection.scalar(select(chores.c.done_at).where(chores.c.name == name))
    return None if done_at is None else from_millis(done_at)


def mark_done(connection: Connection, name: str, now: datetime) -> None:
    """Write down that the chore *name* was done."""
    insert_or_update(connection, chores, [{"name": name, "done_at": to_millis(now)}])
