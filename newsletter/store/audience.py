"""Who may be mailed: the one place that says it, for snapshots and each intent.

Mailable is who has an active subscription to one of the lists, unless the address is
suppressed for that list or for all of them. It is asked in SQL, so that whoever left a
moment ago is left out of the very next statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.tables import lists, subscribers, subscriptions, suppressions

#: Scope of a suppression that counts for every list.
EVERY_LIST = "*"


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people of some lists a mail would reach, and why not the others."""

    #: Mailable people, each once.
    recipients: int
    #: "unsubscribed", "bounced", "pending" or "suppressed" -> people left out.
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Everybody who has or had to do with one of the lists."""
        return self.recipients + sum(self.left_out.values())


def is_mailable(list_slugs: Sequence[str]) -> ColumnElement[bool]:
    """Return the SQL condition that a person may be mailed now.

    For a query that has `subscribers` in its FROM.

    Args:
        list_slugs: The lists of the dispatch; being reached by one is enough.
    """
    membership = subscriptions.alias("membership")
    target = lists.alias("target")
    return exists(
        select(membership.c.list_id)
        .join_from(membership, target)
        .where(
            membership.c.subscriber_id == subscribers.c.id,
            membership.c.status == SubscriptionStatus.ACTIVE,
            target.c.slug.in_(list_slugs),
            ~_is_suppressed(subscribers.c.address_hash, target.c.slug),
        )
        .correlate_except(membership, target)
    )


def lists_received(connection: Connection, subscriber_id: int) -> set[str]:
    """Return the slugs of the lists whose mail somebody gets."""
    return set(connection.scalars(_RECEIVED, {"person": subscriber_id}))


def count_audience(connection: Connection, list_slugs: Sequence[str]) -> Audience:
    """Return how many people are mailable, and how many are not and why."""
    standings = _standings(list_slugs).subquery()
    rows = connection.execute(
        select(standings.c.standing, func.count().label("people")).group_by(
            standings.c.standing
        )
    )
    counts = {row.standing: row.people for row in rows}
    return Audience(recipients=counts.pop("mailable", 0), left_out=counts)


def _standings(list_slugs: Sequence[str]) -> Select[Any]:
    """One row for each person of the lists, with the best standing on any of them."""
    is_reached = and_(
        subscriptions.c.status == SubscriptionStatus.ACTIVE,
        ~_is_suppressed(subscribers.c.address_hash, lists.c.slug),
    )

    def has(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return func.max(case((condition, 1), else_=0)) == 1

    def has_status(status: SubscriptionStatus) -> ColumnElement[bool]:
        return has(subscriptions.c.status == status)

    standing = case(
        (has(is_reached), "mailable"),
        (has_status(SubscriptionStatus.ACTIVE), "suppressed"),
        (has_status(SubscriptionStatus.PENDING), "pending"),
        (has_status(SubscriptionStatus.BOUNCED), "bounced"),
        else_="unsubscribed",
    )
    return (
        select(standing.label("standing"))
        .select_from(subscribers)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .join(lists, lists.c.id == subscriptions.c.list_id)
        .where(lists.c.slug.in_(list_slugs))
        .group_by(subscribers.c.id)
    )


def _is_suppressed(
    address_hash: ColumnElement[bytes], slug: ColumnElement[str]
) -> ColumnElement[bool]:
    return exists(
        select(suppressions.c.scope)
        .where(
            suppressions.c.address_hash == address_hash,
            or_(suppressions.c.scope == EVERY_LIST, suppressions.c.scope == slug),
        )
        .correlate_except(suppressions)
    )


# Put together once: that takes longer than to execute it.
_RECEIVED = (
    select(lists.c.slug)
    .join_from(subscriptions, lists)
    .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    .where(
        subscribers.c.id == bindparam("person"),
        subscriptions.c.status == SubscriptionStatus.ACTIVE,
        ~_is_suppressed(subscribers.c.address_hash, lists.c.slug),
    )
)
