"""Whether a `newsletter worker` is at work: each says so now and then."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import workers


def beat(connection: Connection, owner: str, *, now: datetime) -> None:
    """Say that the worker *owner* is alive."""
    insert_or_update(connection, workers, [{"owner": owner, "seen_at": to_millis(now)}])


def stop_beating(connection: Connection, owner: str) -> None:
    """Say that the worker *owner* ended in good order."""
    connection.execute(delete(workers).where(workers.c.owner == owner))


def worker_seen_at(connection: Connection) -> datetime | None:
    """Return when any worker was alive last, None when there is none."""
    seen_at = connection.scalar(select(func.max(workers.c.seen_at)))
    return None if seen_at is None else from_millis(seen_at)
