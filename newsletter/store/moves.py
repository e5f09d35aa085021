"""Many deliveries at once: after a crash, or by the editor's wish.

All functions take a writing connection and leave the transaction to the caller.

Law: as in `ledger`: only as `TRANSITIONS` allows, with the counters of the batches.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    literal,
    select,
    update,
)

from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import UNFINISHED
from newsletter.store.claims import may_be_mailed, note_next_due
from newsletter.store.dispatch_records import CANCELLED, counter
from newsletter.store.instants import to_millis
from newsletter.store.snapshots import REACHED
from newsletter.store.tables import batches, deliveries, dispatches


def move_in_batches(
    connection: Connection,
    before: DeliveryState,
    after: DeliveryState,
    values: Mapping[str, Any],
    *,
    dispatch_id: int | None = None,
    condition: ColumnElement[bool] | None = None,
) -> None:
    """Move deliveries from one state to another, and the counters of their batches.

    Args:
        connection: A writing one.
        before: Where they are.
        after: Where they come; batches that were done are open again if it must be.
        values: What their columns say then.
        dispatch_id: None: those of all dispatches.
        condition: Which of them; None: all.
    """
    chosen = select(batches).where(counter(before) > 0)
    if dispatch_id is not None:
        chosen = chosen.where(batches.c.dispatch_id == dispatch_id)
    for batch in connection.execute(chosen).all():
        moved = connection.execute(
            update(deliveries)
            .where(
                deliveries.c.dispatch_id == batch.dispatch_id,
                deliveries.c.seq.between(batch.first_seq, batch.last_seq),
                deliveries.c.state == before,
                literal(True) if condition is None else condition,
            )
            .values(state=after, **values)
        ).rowcount
        connection.execute(
            update(batches)
            .where(batches.c.id == batch.id)
            .values(
                {
                    counter(before): counter(before) - moved,
                    counter(after): counter(after) + moved,
                    batches.c.state: "open" if after in UNFINISHED else batch.state,
                }
            )
        )


def put_back(
    connection: Connection, dispatch_id: int, state: DeliveryState, now: datetime
) -> None:
    """Make refused or unknown deliveries pending again, by the editor's wish.

    Who has the issue from another dispatch meanwhile, or is to get it, stays; so does
    of the refused whose address is known to be dead now.
    """
    issue = select(dispatches.c.issue).where(dispatches.c.id == dispatch_id)
    others = select(dispatches.c.id).where(
        dispatches.c.issue == issue.scalar_subquery(), dispatches.c.id != dispatch_id
    )
    other = deliveries.alias("other")
    has_it = exists().where(
        other.c.dispatch_id.in_(others),
        other.c.subscriber_id == deliveries.c.subscriber_id,
        other.c.state.in_((*REACHED, DeliveryState.PENDING)),
    )
    values = {
        "at": to_millis(now),
        "deferred_since": None,
    }
    chosen = ~has_it
    if state is DeliveryState.REFUSED:
        lists = connection.scalar(
            select(dispatches.c.lists).where(dispatches.c.id == dispatch_id)
        )
        chosen = and_(chosen, may_be_mailed(lists or ()))
    move_in_batches(
        connection,
        state,
        DeliveryState.PENDING,
        values,
        dispatch_id=dispatch_id,
        condition=chosen,
    )


def skip_untried(connection: Connection, dispatch_id: int, now: datetime) -> None:
    """Skip, of a cancelled dispatch, who was not tried or was to be tried again."""
    waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.dispatch_id == dispatch_id, deliveries.c.state.in_(waiting))
        .values(
            state=DeliveryState.SKIPPED,
            at=to_millis(now),
            next_at=None,
            # What the server said of somebody stays known.
            reply_text=case(
                (deliveries.c.reply_text.is_(None), CANCELLED),
                else_=f"{CANCELLED}; before that: " + deliveries.c.reply_text,
            ),
        )
    )
    connection.execute(
        update(batches)
        .where(batches.c.dispatch_id == dispatch_id)
        .values(
            n_skipped=batches.c.n_skipped + batches.c.n_pending + batches.c.n_deferred,
            n_pending=0,
            n_deferred=0,
        )
    )


def make_due(connection: Connection, dispatch_id: int, now: datetime) -> None:
    """Make due now whom the server asked to try later."""
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.state == DeliveryState.DEFERRED,
            deliveries.c.next_at > to_millis(now),
        )
        .values(next_at=to_millis(now))
    )
    has_some = counter(DeliveryState.DEFERRED) > 0
    note_next_due(connection, batches.c.dispatch_id == dispatch_id, has_some)


def release_held(connection: Connection, dispatch_id: int) -> None:
    """Let those behind a canary be claimed, when all of the canary were tried."""
    connection.execute(
        update(batches)
        .where(
            batches.c.dispatch_id == dispatch_id,
            batches.c.state == "held",
            ~has_untried(dispatch_id),
        )
        .values(state="open")
    )


def has_untried(dispatch_id: int) -> ColumnElement[bool]:
    """Return the condition that somebody may be tried who was not yet."""
    before = batches.alias("before")
    return exists(
        select(before.c.id)
        .where(
            before.c.dispatch_id == dispatch_id,
            before.c.state == "open",
            before.c.n_pending > 0,
        )
        .correlate(None)
    )
