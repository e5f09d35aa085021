"""Who gets a dispatch: chosen in SQL, frozen as rows, bound to the content.

In: what the editor confirmed. Out: deliveries, numbered from 1, and batches, which are
ranges of these numbers. Everything happens in the database, whatever the number.

Law: the number that is counted is the number that is frozen, as both come of
`select_recipients`; and what was frozen stays: `hash_recipients` tells.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)

from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Only, Order, Reach
from newsletter.model.segment import Segment
from newsletter.store.audience import is_mailable
from newsletter.store.dialect import domain_of
from newsletter.store.segments import is_in
from newsletter.store.tables import batches, deliveries, dispatches, subscribers

#: Small enough to be done soon, large enough to cost nothing.
BATCH_SIZE = 500

#: Lane -> its domains; ".example.org" is all below it too. `LaneSettings.domains`.
Lanes = Mapping[str, Sequence[str]]

#: Who has, or may yet get, this very issue: nobody in these states gets it again.
REACHED = (
    DeliveryState.ATTEMPTING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNKNOWN,
    DeliveryState.DEFERRED,
)
#: Who has it, or may have it: `Reach.REACHED`.
_HAVE_IT = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING)


def select_recipients(
    issue: str, lists: Sequence[str], only: Only | None, where: Segment | None = None
) -> Select[Any]:
    """Select id, email and fields of everybody who is to get *issue*.

    The union of the lists, each address once, active and not suppressed, without those
    who have the issue from an earlier dispatch, or may yet get it; of these, whom
    *only* and *where* mean.
    """
    earlier = select(dispatches.c.id).where(dispatches.c.issue == issue)
    has_it = exists().where(
        deliveries.c.dispatch_id.in_(earlier),
        deliveries.c.subscriber_id == subscribers.c.id,
        deliveries.c.state.in_(REACHED),
    )
    chosen = select(subscribers.c.id, subscribers.c.email, subscribers.c.fields).where(
        is_mailable(lists), ~has_it
    )
    if where is not None:
        chosen = chosen.where(is_in(where))
    return chosen if only is None else chosen.where(_is_meant(only))


def _is_meant(only: Only) -> ColumnElement[bool]:
    former = deliveries.alias("former")
    have_it = former.c.state.in_(_HAVE_IT)
    return exists().where(
        former.c.dispatch_id == only.dispatch_id,
        former.c.subscriber_id == subscribers.c.id,
        have_it if only.reach is Reach.REACHED else ~have_it,
    )


def count_by_lane(
    connection: Connection,
    *,
    issue: str,
    lists: Sequence[str],
    only: Only | None,
    lanes: Lanes,
    where: Segment | None = None,
) -> dict[str, int]:
    """Return how many a dispatch made now would have in each lane."""
    chosen = select_recipients(issue, lists, only, where).subquery()
    lane = _lane_of(chosen.c.email, lanes).label("lane")
    # Without lanes it is a constant, and names no table by itself.
    people = select(lane, func.count()).select_from(chosen).group_by("lane")
    return {row.lane: row[1] for row in connection.execute(people)}


def freeze_recipients(
    connection: Connection, dispatch_id: int, order: Order, lanes: Lanes
) -> int:
    """Insert the deliveries and batches of a new dispatch; return how many get it.

    They are numbered lane by lane; those of a canary come before all others.
    """
    recipients = select_recipients(order.issue, order.lists, order.only, order.where)
    place = func.row_number().over(order_by=subscribers.c.id).label("place")
    chosen = recipients.add_columns(place).subquery()
    ranks: list[ColumnElement[Any]] = [chosen.c.id]
    if lanes:
        ranks.insert(0, _lane_of(chosen.c.email, lanes))
    if order.canary:
        ranks.insert(0, chosen.c.place > order.canary)
    columns = ["dispatch_id", "seq", "subscriber_id", "email", "fields"]
    snapshot = select(
        literal(dispatch_id),
        func.row_number().over(order_by=ranks),
        chosen.c.id,
        chosen.c.email,
        chosen.c.fields,
    )
    connection.execute(insert(deliveries).from_select(columns, snapshot))
    return _insert_batches(connection, dispatch_id, order.canary, lanes)


def _lane_of(email: ColumnElement[str], lanes: Lanes) -> ColumnElement[str]:
    """Return the lane of an address; empty: everybody else."""
    domain = domain_of(email)
    branches = [
        (_is_one_of_them(domain, domains), literal(lane))
        for lane, domains in lanes.items()
        if domains
    ]
    return case(*branches, else_=literal("")) if branches else literal("")


def _is_one_of_them(
    domain: ColumnElement[str], domains: Sequence[str]
) -> ColumnElement[bool]:
    below = [name for name in domains if name.startswith(".")]
    return or_(
        domain.in_([name.removeprefix(".") for name in domains]),
        *(domain.endswith(name, autoescape=True) for name in below),
    )


def _insert_batches(
    connection: Connection, dispatch_id: int, canary: int, lanes: Lanes
) -> int:
    """Insert the batches of what was numbered; return how many deliveries there are."""
    held = (deliveries.c.seq > canary) if canary else literal(False)
    lane = _lane_of(deliveries.c.email, lanes)
    ranges = connection.execute(
        select(
            held.label("is_held"),
            lane.label("lane"),
            func.min(deliveries.c.seq).label("first"),
            func.max(deliveries.c.seq).label("last"),
        )
        .where(deliveries.c.dispatch_id == dispatch_id)
        .group_by("is_held", "lane")
        .order_by("first")
    ).all()
    rows = [
        {
            "dispatch_id": dispatch_id,
            "first_seq": first,
            "last_seq": min(first + BATCH_SIZE - 1, found.last),
            "state": "held" if found.is_held else "open",
            "n_pending": min(BATCH_SIZE, found.last - first + 1),
            "lane": found.lane,
        }
        for found in ranges
        for first in range(found.first, found.last + 1, BATCH_SIZE)
    ]
    if rows:
        connection.execute(insert(batches), rows)
    return sum(row["n_pending"] for row in rows)


def hash_recipients(connection: Connection, dispatch_id: int) -> str:
    """Return what binds the recipients of a dispatch to its content.

    Hex SHA-256 over the content hash, and number, person, address and fields of each
    delivery; nothing that sending changes. 3 s for 1,000,000, in flat memory.
    """
    content_hash = connection.scalar(
        select(dispatches.c.content_hash).where(dispatches.c.id == dispatch_id)
    )
    digest = sha256(f"{content_hash}\n".encode())
    rows = connection.execute(
        select(
            deliveries.c.seq,
            deliveries.c.subscriber_id,
            deliveries.c.email,
            cast(deliveries.c.fields, Text),
        )
        .where(deliveries.c.dispatch_id == dispatch_id)
        .order_by(deliveries.c.seq)
    )
    for part in rows.partitions(1000):
        digest.update("\n".join(map(str, part)).encode())
    return digest.hexdigest()
