"""Probes: proof before a dispatch that the public address reaches this database."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from newsletter.store.dialect import insert_missing
from newsletter.store.instants import to_millis
from newsletter.store.tables import probes

#: `send` waits for its probe for seconds; after this nobody waits any more.
_KEPT_FOR = timedelta(hours=1)


def receive_probe(connection: Connection, nonce: str, *, now: datetime) -> None:
    """Note that a probe came in through the public address; again is no harm."""
    connection.execute(
        delete(probes).where(probes.c.received_at < to_millis(now - _KEPT_FOR))
    )
    row = {"nonce": nonce, "received_at": to_millis(now)}
    insert_missing(connection, probes, [row])


def take_probe(connection: Connection, nonce: str) -> bool:
    """Tell whether a probe came in, and forget it."""
    taken = connection.execute(delete(probes).where(probes.c.nonce == nonce))
    return taken.rowcount > 0
