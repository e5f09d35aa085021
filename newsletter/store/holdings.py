"""What the database holds of one person besides list, status and history."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from newsletter.model.delivery import DeliveryState
from newsletter.store.instants import from_millis
from newsletter.store.tables import (
    address_changes,
    courtesy_marks,
    deliveries,
    dispatches,
    import_changes,
    imports,
    joinings,
    notices,
    returned_mails,
    subscribers,
)

#: Kind of a note on how somebody was known; nobody asked for it.
BEFORE_IMPORT = "before-import"


@dataclass(frozen=True, slots=True)
class SentIssue:
    """An issue that was for somebody."""

    issue: str
    #: Last change of state; before the first that of the dispatch.
    at: datetime
    state: DeliveryState


@dataclass(frozen=True, slots=True)
class Note:
    """Something else that is kept, with its moment."""

    #: `MailKind`, or "asked-to-join", "asked-for-link", "asked-for-address", "mail" of
    #: ours, "last-mail", "before-import".
    kind: str
    at: datetime
    #: What a server said, a new address, a `NoticeKind`; may be empty.
    about: str = ""
    #: What was typed, or known.
    fields: Mapping[str, str] = field(default_factory=dict)


def read_created_at(connection: Connection, subscriber_id: int) -> datetime | None:
    """Return when somebody came into the database."""
    query = select(subscribers.c.created_at).where(subscribers.c.id == subscriber_id)
    created_at = connection.scalar(query)
    return None if created_at is None else from_millis(created_at)


def read_issues_of(connection: Connection, subscriber_id: int) -> tuple[SentIssue, ...]:
    """Return the issues that were for somebody, oldest first."""
    at = func.coalesce(deliveries.c.at, dispatches.c.created_at)
    rows = connection.execute(
        select(dispatches.c.issue, at.label("at"), deliveries.c.state)
        .join_from(dispatches, deliveries)
        .where(deliveries.c.subscriber_id == subscriber_id)
        .order_by(dispatches.c.id)
    )
    return tuple(
        SentIssue(row.issue, from_millis(row.at), DeliveryState(row.state))
        for row in rows
    )


def read_returned_of(connection: Connection, subscriber_id: int) -> tuple[Note, ...]:
    """Return the mails of somebody's that came back, oldest first."""
    rows = connection.execute(
        select(returned_mails)
        .where(returned_mails.c.subscriber_id == subscriber_id)
        .order_by(returned_mails.c.id)
    )
    return tuple(
        Note(row.kind, from_millis(row.at), f"{row.status} {row.diagnostic}".strip())
        for row in rows
    )


def read_requests_of(
    connection: Connection, subscriber_id: int, address_hash: bytes
) -> tuple[Note, ...]:
    """Return what was asked for about somebody, what we wrote then, and what was known.

    The latter: before the last import, so that it can be undone.
    """
    mails = tuple(_notices(connection, subscriber_id))
    # The last mail of a kind stands among the mails too, until it is erased there.
    told = {(mail.at, mail.about) for mail in mails}
    last_mails = _marks(connection, address_hash)
    return tuple(
        sorted(
            (
                *_joinings(connection, subscriber_id, address_hash),
                *_changes(connection, subscriber_id, address_hash),
                *mails,
                *(mail for mail in last_mails if (mail.at, mail.about) not in told),
                *_before_import(connection, subscriber_id),
            ),
            key=lambda note: note.at,
        )
    )


def _joinings(
    connection: Connection, subscriber_id: int, address_hash: bytes
) -> Iterator[Note]:
    rows = connection.execute(
        select(joinings).where(
            or_(
                joinings.c.subscriber_id == subscriber_id,
                joinings.c.address_hash == address_hash,
            )
        )
    )
    for row in rows:
        kind = "asked-for-link" if row.source == "/leave" else "asked-to-join"
        yield Note(kind, from_millis(row.at), fields=row.fields)


def _changes(
    connection: Connection, subscriber_id: int, address_hash: bytes
) -> Iterator[Note]:
    rows = connection.execute(
        select(address_changes).where(
            or_(
                address_changes.c.subscriber_id == subscriber_id,
                address_changes.c.address_hash == address_hash,
            )
        )
    )
    for row in rows:
        told = " → ".join(filter(None, (row.old_email, row.email)))
        yield Note("asked-for-address", from_millis(row.at), told)


def _notices(connection: Connection, subscriber_id: int) -> Iterator[Note]:
    rows = connection.execute(
        select(notices).where(notices.c.subscriber_id == subscriber_id)
    )
    for row in rows:
        yield Note("mail", from_millis(row.created_at), row.kind)


def _before_import(connection: Connection, subscriber_id: int) -> Iterator[Note]:
    rows = connection.execute(
        select(imports.c.at, import_changes.c.fields)
        .join_from(import_changes, imports)
        .where(import_changes.c.subscriber_id == subscriber_id)
        # A row for each list.
        .limit(1)
    )
    for row in rows:
        yield Note(BEFORE_IMPORT, from_millis(row.at), fields=row.fields)


def _marks(connection: Connection, address_hash: bytes) -> Iterator[Note]:
    rows = connection.execute(
        select(courtesy_marks).where(courtesy_marks.c.address_hash == address_hash)
    )
    for row in rows:
        yield Note("last-mail", from_millis(row.last_at), row.kind)
