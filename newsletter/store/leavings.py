"""One leaving of somebody, as it can be taken back: what it changed, and no more.

Law: an older reason why an address is not mailed stays, whatever is taken back.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import WAS, Word, set_status
from newsletter.store.instants import to_millis
from newsletter.store.people import read_list_ids
from newsletter.store.tables import (
    consent_events,
    lists,
    subscribers,
    subscriptions,
    suppressions,
)

_BEFORE = {evidence: status for status, evidence in WAS.items()}


def read_leaving(
    connection: Connection, subscriber_id: int, left_at: datetime
) -> dict[str, SubscriptionStatus]:
    """Return what can be taken back of a leaving: list slug -> what they were there.

    Nothing is left of it where something has changed since, or where the address is not
    mailed for another reason as well.
    """
    kept_off = _read_other_scopes(connection, subscriber_id, left_at)
    return {
        slug: status
        for slug, status in _read_before(connection, subscriber_id, left_at).items()
        if not kept_off & {slug, EVERY_LIST}
    }


def take_back(
    connection: Connection, subscriber_id: int, left_at: datetime, word: Word
) -> tuple[str, ...]:
    """Undo a leaving; return the lists that somebody is back on, which may be none.

    Args:
        connection: Writing.
        subscriber_id: Who left.
        left_at: The very moment.
        word: When and by which way it is taken back.
    """
    before = read_leaving(connection, subscriber_id, left_at)
    if not before:
        return ()
    connection.execute(delete(suppressions).where(_is_of(subscriber_id, left_at)))
    ids = read_list_ids(connection)
    for slug, status in before.items():
        set_status(
            connection,
            [subscriber_id],
            list_id=ids[slug],
            status=status,
            kind="undone",
            word=word,
        )
    return tuple(before)


def _read_other_scopes(
    connection: Connection, subscriber_id: int, left_at: datetime
) -> set[str]:
    """Return which lists an address is kept off for another reason, or `EVERY_LIST`."""
    rows = connection.execute(
        select(suppressions.c.scope).where(
            suppressions.c.address_hash == _address_hash(subscriber_id),
            ~_is_of(subscriber_id, left_at),
        )
    )
    return set(rows.scalars())


def _read_before(
    connection: Connection, subscriber_id: int, left_at: datetime
) -> dict[str, SubscriptionStatus]:
    at = to_millis(left_at)
    rows = connection.execute(
        select(lists.c.slug, consent_events.c.evidence)
        .join_from(subscriptions, lists)
        .join(
            consent_events,
            and_(
                consent_events.c.subscriber_id == subscriptions.c.subscriber_id,
                consent_events.c.list_id == subscriptions.c.list_id,
            ),
        )
        .where(
            subscriptions.c.subscriber_id == subscriber_id,
            # Whatever came later has another moment.
            subscriptions.c.status == SubscriptionStatus.UNSUBSCRIBED,
            subscriptions.c.changed_at == at,
            consent_events.c.kind == "unsubscribed",
            consent_events.c.at == at,
        )
        .order_by(lists.c.slug)
    )
    return {
        row.slug: _BEFORE.get(row.evidence, SubscriptionStatus.ACTIVE) for row in rows
    }


def _is_of(subscriber_id: int, left_at: datetime) -> ColumnElement[bool]:
    return and_(
        suppressions.c.address_hash == _address_hash(subscriber_id),
        suppressions.c.reason == "unsubscribed",
        suppressions.c.at == to_millis(left_at),
    )


def _address_hash(subscriber_id: int) -> ColumnElement[bytes]:
    return (
        select(subscribers.c.address_hash)
        .where(subscribers.c.id == subscriber_id)
        .scalar_subquery()
    )
