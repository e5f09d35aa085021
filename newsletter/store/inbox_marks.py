"""How far each mailbox was read, so that the next look begins behind it."""

from datetime import datetime

from sqlalchemy import Connection, select

from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import to_millis
from newsletter.store.tables import inbox_marks


def read_mark(connection: Connection, source: str) -> str:
    """Return how far *source* was read; empty: never."""
    query = select(inbox_marks.c.mark).where(inbox_marks.c.source == source)
    return connection.scalar(query) or ""


def write_mark(
    connection: Connection, source: str, mark: str, *, now: datetime
) -> None:
    """Note how far *source* was read."""
    row = {"source": source, "mark": mark, "at": to_millis(now)}
    insert_or_update(connection, inbox_marks, [row])
