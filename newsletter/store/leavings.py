"""One leaving of somebody, as it can be taken back: what it changed, and no more.

Law: an older reason why an address is not mailed stays, whatever is taken back.
"""

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, select

from newsletter.model.subscriber import (
    ConsentKind,
    SubscriptionStatus,
    SuppressionReason,
)
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

# Put together once: that takes longer than to execute them.
_ADDRESS_HASH = (
    select(subscribers.c.address_hash)
    .where(subscribers.c.id == bindparam("person"))
    .scalar_subquery()
)
_IS_OF_IT = and_(
    suppressions.c.address_hash == _ADDRESS_HASH,
    suppressions.c.reason == SuppressionReason.UNSUBSCRIBED,
    suppressions.c.at == bindparam("left_at"),
)
_TAKE_AWAY = delete(suppressions).where(_IS_OF_IT)
_OTHER_SCOPES = select(suppressions.c.scope).where(
    suppressions.c.address_hash == _ADDRESS_HASH, ~_IS_OF_IT
)
_LISTS_LEFT = (
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
        subscriptions.c.subscriber_id == bindparam("person"),
        # Whatever came later has another moment.
        subscriptions.c.status == SubscriptionStatus.UNSUBSCRIBED,
        subscriptions.c.changed_at == bindparam("left_at"),
        consent_events.c.kind == ConsentKind.UNSUBSCRIBED,
        consent_events.c.at == bindparam("left_at"),
    )
    .order_by(lists.c.slug)
)


def read_leaving(
    connection: Connection, subscriber_id: int, left_at: datetime
) -> dict[str, SubscriptionStatus]:
    """Return what can be taken back of a leaving: list slug -> what they were there.

    Nothing is left of it where something has changed since, or where the address is not
    mailed for another reason as well.
    """
    it = _name(subscriber_id, left_at)
    kept_off = set(connection.scalars(_OTHER_SCOPES, it))
    return {
        row.slug: _BEFORE.get(row.evidence, SubscriptionStatus.ACTIVE)
        for row in connection.execute(_LISTS_LEFT, it)
        if not kept_off & {row.slug, EVERY_LIST}
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
    connection.execute(_TAKE_AWAY, _name(subscriber_id, left_at))
    ids = read_list_ids(connection)
    for slug, status in before.items():
        set_status(
            connection,
            [subscriber_id],
            list_id=ids[slug],
            status=status,
            kind=ConsentKind.UNDONE,
            word=word,
        )
    return tuple(before)


def _name(subscriber_id: int, left_at: datetime) -> dict[str, int]:
    """Return what the statements above call a leaving."""
    return {"person": subscriber_id, "left_at": to_millis(left_at)}
