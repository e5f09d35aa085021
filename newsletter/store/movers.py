"""Who had an address before, and which one they have now.

It is known as long as the request for the new address, or a delivery to the old one, is
(`retention`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from newsletter.addresses import address_key
from newsletter.store.dialect import domain_of, fold_case
from newsletter.store.instants import from_millis
from newsletter.store.tables import address_changes, deliveries, subscribers


@dataclass(frozen=True, slots=True)
class Mover:
    """Somebody who had an address before."""

    subscriber_id: int
    #: Their present address.
    email: str
    #: When they left the one of before; None: only mails to it are left of that.
    at: datetime | None


def read_mailed(connection: Connection, email_key: str) -> Sequence[Any]:
    """Return the deliveries to an address, also of those who moved away since.

    All deliveries are looked at: an index of them by address, for this alone, would
    cost each dispatch more. 1,000,000 take a second.
    """
    domain = email_key.rpartition("@")[2]
    rows = connection.execute(
        select(
            deliveries.c.dispatch_id,
            deliveries.c.seq,
            deliveries.c.subscriber_id,
            deliveries.c.email,
        ).where(fold_case(domain_of(deliveries.c.email)) == domain)
    )
    return [row for row in rows if address_key(row.email) == email_key]


def find_movers(
    connection: Connection,
    email_key: str,
    address_hash: bytes,
    *,
    mailed: Collection[int],
) -> tuple[Mover, ...]:
    """Return those who had an address before and have another one now.

    Args:
        connection: Reading or writing; not after `forget_address`.
        email_key: `addresses.address_key`.
        address_hash: `tokens.address_hash`.
        mailed: Subscribers who were mailed there.
    """
    changes = address_changes.c
    moved = connection.execute(
        select(changes.subscriber_id, changes.old_hash, changes.confirmed_at)
        .where(
            changes.confirmed_at.is_not(None),
            or_(changes.address_hash == address_hash, changes.old_hash == address_hash),
        )
        .order_by(changes.id)
    )
    left_at: dict[int, datetime | None] = dict.fromkeys(mailed)
    for row in moved:
        is_away = row.old_hash == address_hash
        before = left_at.get(row.subscriber_id)
        left_at[row.subscriber_id] = (
            from_millis(row.confirmed_at) if is_away else before
        )
    present = connection.execute(
        select(subscribers.c.id, subscribers.c.email)
        .where(subscribers.c.id.in_(left_at), subscribers.c.email_key != email_key)
        .order_by(subscribers.c.email)
    )
    return tuple(Mover(row.id, row.email, left_at[row.id]) for row in present)
