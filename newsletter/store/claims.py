"""Who works on which batch of a dispatch, and what is due in it.

All functions take a connection, a writing one where they change something, and leave
the transaction to the caller.

Law: each claim raises the epoch of its batch, and nothing is granted under an older
one; a claim changes nothing for those who may still be mailed.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)

from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim
from newsletter.store.audience import is_mailable
from newsletter.store.dispatch_records import counter, unfinished
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import batches, deliveries, dispatches, subscribers

#: What a delivery says that was skipped because the person left.
LEFT: dict[str, Any] = {
    "reply_code": None,
    "reply_text": "left meanwhile",
    "next_at": None,
}


def claim_batch(
    connection: Connection,
    dispatch_id: int,
    *,
    owner: str,
    now: datetime,
    lane: str = "",
    held: Collection[int] = (),
) -> Claim | None:
    """Claim the first batch of a lane with something due; None when there is none.

    Whoever claimed it before has lost it from now on. Who left since the snapshot is
    skipped; so it may be that nothing is due in it after all.

    Args:
        connection: A writing one.
        dispatch_id: A dispatch; unless it runs there is nothing to claim.
        owner: Name of the process.
        now: Aware.
        lane: Its name, empty for everybody else's.
        held: Ids of batches that the owner is still at work on.
    """
    query = _open_batches(dispatch_id, lane, now).where(batches.c.id.not_in(held))
    batch = connection.execute(query.order_by(batches.c.id).limit(1)).first()
    if batch is None:
        return None
    claim = Claim(
        dispatch_id=dispatch_id,
        batch_id=batch.id,
        epoch=batch.epoch + 1,
        first_seq=batch.first_seq,
        last_seq=batch.last_seq,
        lane=lane,
    )
    connection.execute(
        update(batches)
        .where(batches.c.id == batch.id)
        .values(epoch=claim.epoch, owner=owner)
    )
    _skip_who_left(connection, claim, batch.lists, now)
    return claim


def _open_batches(dispatch_id: int, lane: str, now: datetime) -> Select[Any]:
    """Return the query for batches of a running dispatch in which something is due."""
    return (
        select(batches, dispatches.c.lists)
        .join(dispatches, dispatches.c.id == batches.c.dispatch_id)
        .where(
            batches.c.dispatch_id == dispatch_id,
            batches.c.state == "open",
            batches.c.lane == lane,
            dispatches.c.state == DispatchState.RUNNING,
            or_(batches.c.n_pending > 0, batches.c.next_at <= to_millis(now)),
        )
    )


def _skip_who_left(
    connection: Connection, claim: Claim, lists: Sequence[str], now: datetime
) -> None:
    """Skip everybody of a batch who may not be mailed any more."""
    waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
    left = connection.execute(
        select(deliveries.c.seq, deliveries.c.state).where(
            *_in_batch(claim), deliveries.c.state.in_(waiting), ~may_be_mailed(lists)
        )
    ).all()
    if not left:
        return
    connection.execute(
        update(deliveries)
        .where(*_in_batch(claim), deliveries.c.seq.in_([row.seq for row in left]))
        .values(state=DeliveryState.SKIPPED, at=to_millis(now), **LEFT)
    )
    gone = Counter(DeliveryState(row.state) for row in left)
    values = {counter(state): counter(state) - gone[state] for state in waiting}
    skipped = counter(DeliveryState.SKIPPED)
    connection.execute(
        update(batches)
        .where(batches.c.id == claim.batch_id)
        .values({**values, skipped: skipped + len(left)})
    )


def may_be_mailed(lists: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that the person of a delivery may be mailed now.

    Where the address was erased (`forget`), nobody is.
    """
    return _may_be_mailed(tuple(lists))


# To build it costs as much as to ask it of a batch; a dispatch asks hundreds of times.
@lru_cache(maxsize=16)
def _may_be_mailed(lists: tuple[str, ...]) -> ColumnElement[bool]:
    person = select(subscribers.c.id).where(
        subscribers.c.id == deliveries.c.subscriber_id, is_mailable(lists)
    )
    return and_(deliveries.c.email != "", exists(person.correlate(deliveries)))


def read_due(connection: Connection, claim: Claim, *, now: datetime) -> list[Delivery]:
    """Return what is due in a claimed batch.

    Who was answered before comes last: one recipient at whom the server balks must not
    keep everybody else from being tried.
    """
    rows = connection.execute(
        select(
            deliveries.c.seq,
            deliveries.c.subscriber_id,
            deliveries.c.email,
            cast(deliveries.c.fields, Text).label("fields"),
            deliveries.c.attempts,
            deliveries.c.deferred_since,
        )
        .where(*_in_batch(claim), _is_due(now))
        .order_by(deliveries.c.reply_text.is_not(None), deliveries.c.seq)
    ).all()
    # All at once: one by one, by the column's type, it takes as long as all else here.
    decoded = json.loads(f"[{','.join(row.fields for row in rows)}]")
    return [
        Delivery(
            claim.dispatch_id,
            seq,
            subscriber_id,
            email,
            fields,
            attempts,
            None if since is None else from_millis(since),
        )
        for (seq, subscriber_id, email, _, attempts, since), fields in zip(
            rows, decoded, strict=True
        )
    ]


def _is_due(now: datetime) -> Any:
    deferred = and_(
        deliveries.c.state == DeliveryState.DEFERRED,
        deliveries.c.next_at <= to_millis(now),
    )
    return or_(deliveries.c.state == DeliveryState.PENDING, deferred)


def _in_batch(claim: Claim) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        deliveries.c.dispatch_id == claim.dispatch_id,
        deliveries.c.seq.between(claim.first_seq, claim.last_seq),
    )


def release_batch(connection: Connection, claim: Claim) -> None:
    """Give a batch back, and close it when nothing in it is left to do."""
    is_over = and_(batches.c.state == "open", unfinished() == 0)
    connection.execute(
        update(batches)
        .where(batches.c.id == claim.batch_id, batches.c.epoch == claim.epoch)
        .values(
            owner=None,
            next_at=_first_due(),
            state=case((is_over, "done"), else_=batches.c.state),
        )
    )


def note_next_due(connection: Connection, *chosen: ColumnElement[bool]) -> None:
    """Let batches say when the first of their deferred deliveries is due."""
    connection.execute(update(batches).where(*chosen).values(next_at=_first_due()))


def _first_due() -> ColumnElement[int | None]:
    first = (
        select(func.min(deliveries.c.next_at))
        .where(
            deliveries.c.dispatch_id == batches.c.dispatch_id,
            deliveries.c.seq.between(batches.c.first_seq, batches.c.last_seq),
            deliveries.c.state == DeliveryState.DEFERRED,
        )
        .correlate(batches)
        .scalar_subquery()
    )
    return case((counter(DeliveryState.DEFERRED) > 0, first), else_=None)


def open_lanes(connection: Connection, dispatch_id: int) -> list[str]:
    """Return the lanes with something left to do, now or later."""
    return list(
        connection.scalars(
            select(batches.c.lane)
            .where(
                batches.c.dispatch_id == dispatch_id,
                batches.c.state == "open",
                unfinished() > 0,
            )
            .distinct()
            .order_by(batches.c.lane)
        )
    )


def read_next_due(connection: Connection, dispatch_id: int) -> datetime | None:
    """Return when the next deferred delivery is due; None when none will be by itself.

    Behind a canary waits the editor: what is deferred then does not keep her from it.
    """
    held = exists().where(
        batches.c.dispatch_id == dispatch_id, batches.c.state == "held"
    )
    next_at = connection.scalar(
        select(func.min(deliveries.c.next_at)).where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.state == DeliveryState.DEFERRED,
            ~held,
        )
    )
    return None if next_at is None else from_millis(next_at)
