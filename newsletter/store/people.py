"""Subscribers and the lists they are on: look-ups, and rows that come in.

Law: one subscriber for each address. Who may be mailed says `audience`; how people come
and go is written by `consent`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from newsletter.model.subscriber import (
    Standing,
    Subscriber,
    Subscription,
    SubscriptionStatus,
)
from newsletter.store.audience import EVERY_LIST
from newsletter.store.dialect import insert_missing
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import (
    address_changes,
    consent_events,
    import_changes,
    joinings,
    lists,
    notices,
    returned_mails,
    subscribers,
    subscriptions,
    suppressions,
)

#: What is held of one person alone.
_TABLES_OF_A_PERSON = (
    notices,
    joinings,
    address_changes,
    import_changes,
    consent_events,
    subscriptions,
)

#: Addresses looked up by one statement; SQLite takes 32,766 parameters at the most.
LOOK_UP_SIZE = 1000

# Of what the public pages ask: to put a statement together takes longer than to
# execute it.
_LISTS = select(lists)
_PERSON = select(subscribers.c.id, subscribers.c.email, subscribers.c.fields)
_PERSON_BY_ID = _PERSON.where(subscribers.c.id == bindparam("person"))
_PERSON_BY_KEY = _PERSON.where(subscribers.c.email_key == bindparam("key"))
_INSERT_PERSON = insert(subscribers)
_SUBSCRIPTIONS = (
    select(lists.c.slug, subscriptions.c.status, subscriptions.c.changed_at)
    .join_from(subscriptions, lists)
    .where(subscriptions.c.subscriber_id == bindparam("person"))
    .order_by(lists.c.slug)
)


@dataclass(frozen=True, slots=True)
class Person:
    """An address with all that its row holds."""

    email: str
    #: `addresses.address_key`.
    key: str
    #: `tokens.address_hash`.
    hash: bytes
    fields: Mapping[str, str] = field(default_factory=dict)


def ensure_lists(connection: Connection, slugs: Iterable[str]) -> dict[str, int]:
    """Return the ids of all lists by slug, making those of *slugs* that are missing."""
    known = read_list_ids(connection)
    missing = [{"slug": slug} for slug in slugs if slug not in known]
    if not missing:
        return known
    insert_missing(connection, lists, missing)
    return read_list_ids(connection)


def read_list_ids(connection: Connection) -> dict[str, int]:
    """Return the ids of the lists that ever had a subscriber, by slug."""
    return {row.slug: row.id for row in connection.execute(_LISTS)}


def find_by_id(connection: Connection, subscriber_id: int) -> Subscriber | None:
    """Return the subscriber with this id, or None."""
    found = connection.execute(_PERSON_BY_ID, {"person": subscriber_id})
    return _subscriber(found.first())


def find_by_key(connection: Connection, email_key: str) -> Subscriber | None:
    """Return the subscriber with this `addresses.address_key`, or None."""
    found = connection.execute(_PERSON_BY_KEY, {"key": email_key})
    return _subscriber(found.first())


def read_subscriptions(
    connection: Connection, subscriber_id: int
) -> tuple[Subscription, ...]:
    """Return somebody's standing on each list they ever had to do with, by slug."""
    rows = connection.execute(_SUBSCRIPTIONS, {"person": subscriber_id})
    return tuple(_subscription(row) for row in rows)


def iterate_people(
    connection: Connection,
    *,
    list_slug: str | None = None,
    status: SubscriptionStatus | None = None,
    where: ColumnElement[bool] | None = None,
) -> Iterator[tuple[Subscriber, Subscription]]:
    """Give everybody with their standing, a row for each list, oldest first.

    Args:
        connection: Reading or writing.
        list_slug: Only this list; None: all of them.
        status: Only who has it; None: everybody.
        where: Condition on `subscribers` (`segments.is_in`); None: everybody.
    """
    query = (
        select(
            subscribers.c.id,
            subscribers.c.email,
            subscribers.c.fields,
            lists.c.slug,
            subscriptions.c.status,
            subscriptions.c.changed_at,
        )
        .join_from(subscribers, subscriptions)
        .join(lists)
        .order_by(subscribers.c.id, lists.c.slug)
    )
    if list_slug is not None:
        query = query.where(lists.c.slug == list_slug)
    if status is not None:
        query = query.where(subscriptions.c.status == status)
    if where is not None:
        query = query.where(where)
    for row in connection.execute(query):
        yield Subscriber(row.id, row.email, row.fields), _subscription(row)


def read_standings(
    connection: Connection, people: Sequence[Person], list_slug: str
) -> dict[str, Standing]:
    """Return what is known of *people* in view of a list: `Person.key` -> standing.

    People nothing is known of are not in it.

    Args:
        connection: Reading or writing.
        people: `LOOK_UP_SIZE` of them at the most.
        list_slug: The list that they are to join or leave.
    """
    subscribed = connection.execute(
        select(
            subscribers.c.id,
            subscribers.c.email_key,
            subscribers.c.fields,
            subscriptions.c.status,
        )
        .join_from(subscribers, lists, lists.c.slug == list_slug, isouter=True)
        .outerjoin(
            subscriptions,
            and_(
                subscriptions.c.subscriber_id == subscribers.c.id,
                subscriptions.c.list_id == lists.c.id,
            ),
        )
        .where(subscribers.c.email_key.in_([person.key for person in people]))
    )
    known = {row.email_key: row for row in subscribed}
    reasons = _read_reasons(connection, people, list_slug)
    return {
        person.key: _standing(known.get(person.key), reasons.get(person.hash, ""))
        for person in people
        if person.key in known or person.hash in reasons
    }


def insert_people(
    connection: Connection, people: Sequence[Person], *, now: datetime
) -> None:
    """Insert *people* that are not there yet."""
    insert_missing(connection, subscribers, [_row(person, now) for person in people])


def insert_person(connection: Connection, person: Person, *, now: datetime) -> int:
    """Insert somebody who is not there yet; return their id."""
    return connection.execute(_INSERT_PERSON, _row(person, now)).lastrowid


def _row(person: Person, now: datetime) -> dict[str, object]:
    return {
        "email": person.email,
        "email_key": person.key,
        "address_hash": person.hash,
        "fields": dict(person.fields),
        "created_at": to_millis(now),
    }


def read_ids(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Return subscriber ids by `Person.key`; `LOOK_UP_SIZE` keys at the most."""
    rows = connection.execute(
        select(subscribers.c.email_key, subscribers.c.id).where(
            subscribers.c.email_key.in_(keys)
        )
    )
    return {row.email_key: row.id for row in rows}


def read_emails(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the addresses of subscribers by id; `LOOK_UP_SIZE` ids at the most."""
    rows = connection.execute(
        select(subscribers.c.id, subscribers.c.email).where(subscribers.c.id.in_(ids))
    )
    return {row.id: row.email for row in rows}


def update_fields(
    connection: Connection, fields: Mapping[int, Mapping[str, str]]
) -> None:
    """Give subscribers (by id) these fields instead of the ones they had.

    Their `import_id` tells so: an undo of that import leaves them as they are.
    """
    if fields:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == bindparam("person"))
            .values(import_id=-func.abs(subscribers.c.import_id)),
            [{"person": number, "fields": dict(f)} for number, f in fields.items()],
        )


def erase_people(connection: Connection, subscriber_ids: Sequence[int]) -> int:
    """Erase people with all that is held of them alone; return how many there were.

    Of deliveries and returned mails the rows stay, for the numbers of a dispatch.
    """
    connection.execute(
        update(returned_mails)
        .where(returned_mails.c.subscriber_id.in_(subscriber_ids))
        .values(subscriber_id=None, diagnostic="")
    )
    for table in _TABLES_OF_A_PERSON:
        theirs = table.c.subscriber_id.in_(subscriber_ids)
        connection.execute(delete(table).where(theirs))
    theirs = subscribers.c.id.in_(subscriber_ids)
    return connection.execute(delete(subscribers).where(theirs)).rowcount


def _subscriber(row: Any) -> Subscriber | None:
    return None if row is None else Subscriber(row.id, row.email, row.fields)


def _subscription(row: Any) -> Subscription:
    return Subscription(
        row.slug, SubscriptionStatus(row.status), from_millis(row.changed_at)
    )


def _read_reasons(
    connection: Connection, people: Sequence[Person], list_slug: str
) -> dict[bytes, str]:
    rows = connection.execute(
        select(suppressions.c.address_hash, suppressions.c.reason)
        .where(
            suppressions.c.address_hash.in_([person.hash for person in people]),
            suppressions.c.scope.in_([EVERY_LIST, list_slug]),
        )
        .order_by(suppressions.c.at)
    )
    return {row.address_hash: row.reason for row in rows}


def _standing(row: Any, reason: str) -> Standing:
    if row is None:
        return Standing(suppressed=reason)
    status = None if row.status is None else SubscriptionStatus(row.status)
    return Standing(row.id, row.fields, status, reason)
