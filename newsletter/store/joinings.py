"""Who asked to join on the public page: rows until they are confirmed or erased.

All functions take a connection, a writing one where they change something, and leave
the transaction to the caller.

Law: what was typed is nobody's until it is confirmed. A row is written each time
somebody asks, whoever it is, and holds nothing where nothing comes of it. Whoever goes
takes back what they asked for before: no older link brings them on again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, insert, select, update

from newsletter.model.subscriber import ConsentKind, SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.people import erase_people
from newsletter.store.tables import (
    consent_events,
    joinings,
    subscriptions,
)

# Put together once: that takes longer than to execute them.
_INSERT = insert(joinings)
_OPEN = select(joinings.c.id, joinings.c.lists, joinings.c.fields).where(
    joinings.c.address_hash == bindparam("address"),
    joinings.c.confirmed_at.is_(None),
    joinings.c.at <= bindparam("until"),
)


@dataclass(frozen=True, slots=True)
class Joining:
    """A request to join."""

    address_hash: bytes
    #: Which words stood on the page, and in which language.
    wording: str
    language: str
    #: Path of the page.
    source: str
    #: When; aware, UTC.
    at: datetime
    #: None: nothing came of it, or it was taken back.
    subscriber_id: int | None = None
    #: Slugs.
    lists: tuple[str, ...] = ()
    #: What was typed.
    fields: Mapping[str, str] = field(default_factory=dict)
    confirmed_at: datetime | None = None


def insert_joining(connection: Connection, joining: Joining) -> int:
    """Write a request down; return its row."""
    row = {
        "address_hash": joining.address_hash,
        "subscriber_id": joining.subscriber_id,
        "lists": list(joining.lists),
        "fields": dict(joining.fields),
        "wording": joining.wording,
        "language": joining.language,
        "source": joining.source,
        "at": to_millis(joining.at),
    }
    return connection.execute(_INSERT, row).lastrowid


def read_joining(connection: Connection, joining_id: int) -> Joining | None:
    """Return a request, or None if it is erased."""
    row = connection.execute(
        select(joinings).where(joinings.c.id == joining_id)
    ).first()
    if row is None:
        return None
    return Joining(
        address_hash=row.address_hash,
        wording=row.wording,
        language=row.language,
        source=row.source,
        at=from_millis(row.at),
        subscriber_id=row.subscriber_id,
        lists=tuple(row.lists),
        fields=row.fields,
        confirmed_at=None
        if row.confirmed_at is None
        else from_millis(row.confirmed_at),
    )


def note_confirmed(connection: Connection, joining_id: int, *, now: datetime) -> None:
    """Write down that a request was confirmed; what was typed is theirs now."""
    connection.execute(
        update(joinings)
        .where(joinings.c.id == joining_id)
        .values(confirmed_at=to_millis(now), fields={})
    )


def take_back_joinings(
    connection: Connection, address_hash: bytes, *, scope: str, at: datetime
) -> None:
    """Empty what was asked for an address until then, and is not confirmed.

    The rows stay until their time is over, so that a second visit to the link that did
    it finds the same page; a link to confirm is void.

    Args:
        connection: Writing.
        address_hash: Of the address.
        scope: Slug of the list that is not wanted any more, or `EVERY_LIST`.
        at: What was asked for later stays good.
    """
    until = {"address": address_hash, "until": to_millis(at)}
    for row in connection.execute(_OPEN, until).all():
        kept = [] if scope == EVERY_LIST else [one for one in row.lists if one != scope]
        if kept == row.lists:
            continue
        fields = row.fields if kept else {}
        connection.execute(
            update(joinings)
            .where(joinings.c.id == row.id)
            .values(lists=kept, fields=fields)
        )


def is_newcomer(connection: Connection, subscriber_id: int) -> bool:
    """Tell whether somebody asked on the page and never was anything but pending.

    So they were never mailed either.
    """
    others = [
        exists().where(
            subscriptions.c.subscriber_id == subscriber_id,
            subscriptions.c.status != SubscriptionStatus.PENDING,
        ),
        exists().where(
            consent_events.c.subscriber_id == subscriber_id,
            consent_events.c.kind != ConsentKind.ASKED,
        ),
    ]
    return not any(connection.scalar(select(one)) for one in others)


def erase_newcomers(connection: Connection, subscriber_ids: Sequence[int]) -> None:
    """Erase people who never confirmed, with all that is held of them.

    Requests of theirs stay, emptied.
    """
    connection.execute(
        update(joinings)
        .where(joinings.c.subscriber_id.in_(subscriber_ids))
        .values(subscriber_id=None, lists=[], fields={})
    )
    erase_people(connection, subscriber_ids)
