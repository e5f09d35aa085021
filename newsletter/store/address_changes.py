"""New addresses that somebody asked for, and taking one over once it is confirmed.

All functions take a connection, a writing one where they change something, and leave
the transaction to the caller.

Law: one subscriber for each address. Whoever left by the old address has left by the
new one too. Once an address is theirs, what they asked for before it is over: it may
have been mistyped, and be a stranger's.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from newsletter.model.subscriber import (
    ConsentKind,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import (
    Word,
    read_suppressions,
    readmit,
    set_status,
    suppress,
)
from newsletter.store.instants import to_millis
from newsletter.store.people import (
    Person,
    find_by_key,
    read_list_ids,
    read_subscriptions,
)
from newsletter.store.tables import address_changes, subscribers, suppressions

#: These say nothing of the new address.
_OF_THE_OLD_ADDRESS = (SuppressionReason.BOUNCED, SuppressionReason.MOVED)
_ON = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.BOUNCED})


@dataclass(frozen=True, slots=True)
class AddressChange:
    """A new address that was asked for."""

    subscriber_id: int
    person: Person
    #: Of the page on which it was asked for.
    language: str
    is_confirmed: bool = False


def insert_change(
    connection: Connection, change: AddressChange, *, now: datetime
) -> int:
    """Write down that an address was asked for; return its row."""
    row = {
        "subscriber_id": change.subscriber_id,
        "email": change.person.email,
        "email_key": change.person.key,
        "address_hash": change.person.hash,
        "language": change.language,
        "at": to_millis(now),
    }
    key = connection.execute(insert(address_changes).values(row)).inserted_primary_key
    assert key is not None  # noqa: S101 - one row gives one key
    return int(key[0])


def read_change(connection: Connection, change_id: int) -> AddressChange | None:
    """Return what was asked for, or None if it is erased."""
    row = connection.execute(
        select(address_changes).where(address_changes.c.id == change_id)
    ).first()
    if row is None:
        return None
    return AddressChange(
        row.subscriber_id,
        Person(row.email, row.email_key, row.address_hash),
        row.language,
        is_confirmed=row.confirmed_at is not None,
    )


def is_taken(connection: Connection, change: AddressChange) -> bool:
    """Tell whether the address belongs to somebody else."""
    other = find_by_key(connection, change.person.key)
    return other is not None and other.id != change.subscriber_id


def take_over(connection: Connection, change_id: int, *, word: Word) -> Person:
    """Give somebody the address they asked for; it is not taken, and they are there.

    An open dispatch keeps the address it was made with.

    Returns:
        Who they were by the old address.
    """
    change = read_change(connection, change_id)
    assert change is not None  # noqa: S101 - its caller has read it
    held = subscribers.c
    row = connection.execute(
        select(held.email, held.email_key, held.address_hash).where(
            held.id == change.subscriber_id
        )
    ).one()
    former = Person(row.email, row.email_key, row.address_hash)
    connection.execute(
        update(subscribers)
        .where(subscribers.c.id == change.subscriber_id)
        .values(
            email=change.person.email,
            email_key=change.person.key,
            address_hash=change.person.hash,
        )
    )
    connection.execute(
        update(address_changes)
        .where(address_changes.c.id == change_id)
        .values(confirmed_at=to_millis(word.at), old_hash=former.hash)
    )
    _end_older(connection, change.subscriber_id, change_id)
    _swap(connection, former.hash, change.person.hash, word)
    kept_off = _carry_over(connection, former.hash, change.person.hash)
    _bring_along(connection, change, kept_off, word)
    return former


def keep_old_address(connection: Connection, change_id: int, former: Person) -> None:
    """Keep the address of before until it is told (`notices.end_notice`)."""
    connection.execute(
        update(address_changes)
        .where(address_changes.c.id == change_id)
        .values(old_email=former.email)
    )


def _end_older(connection: Connection, subscriber_id: int, change_id: int) -> None:
    """Erase the addresses that were asked for before this one, and not confirmed."""
    connection.execute(
        delete(address_changes).where(
            address_changes.c.subscriber_id == subscriber_id,
            address_changes.c.id < change_id,
            address_changes.c.confirmed_at.is_(None),
        )
    )


def _swap(connection: Connection, old_hash: bytes, new_hash: bytes, word: Word) -> None:
    """Let nobody add the old address again; the new one may have been theirs before."""
    connection.execute(
        delete(suppressions).where(
            suppressions.c.address_hash == new_hash,
            suppressions.c.reason == SuppressionReason.MOVED,
        )
    )
    reason = SuppressionReason.MOVED
    suppress(connection, [old_hash], scope=EVERY_LIST, reason=reason, word=word)


def _carry_over(
    connection: Connection, old_hash: bytes, new_hash: bytes
) -> frozenset[str]:
    """Keep the new address off every list that the old one was kept off.

    Returns:
        Slugs of those lists, or `EVERY_LIST`.
    """
    kept_off = [
        one
        for one in read_suppressions(connection, old_hash)
        if one.reason not in _OF_THE_OLD_ADDRESS
    ]
    for one in kept_off:
        word = Word(one.at, one.source)
        suppress(connection, [new_hash], scope=one.scope, reason=one.reason, word=word)
    return frozenset(one.scope for one in kept_off)


def _bring_along(
    connection: Connection, change: AddressChange, kept_off: frozenset[str], word: Word
) -> None:
    """Let mail of every list that somebody is on come to the new address."""
    list_ids = read_list_ids(connection)
    for one in read_subscriptions(connection, change.subscriber_id):
        if one.status not in _ON or kept_off & {one.list, EVERY_LIST}:
            continue
        readmit(connection, change.person.hash, list_slug=one.list)
        set_status(
            connection,
            [change.subscriber_id],
            list_id=list_ids[one.list],
            status=SubscriptionStatus.ACTIVE,
            kind=ConsentKind.CHANGED_ADDRESS,
            word=word,
        )
