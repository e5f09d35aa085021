"""Dispatches: made as one snapshot, halted, released, closed.

All functions take a connection and leave the transaction to the caller; those that
change something need a writing one. What single deliveries go through is in `ledger`,
what reports read in `dispatch_records`.

Law: the seven counters of a dispatch's batches sum to its total after every
transaction; a row becomes pending only by a new dispatch, by the editor's wish, or
because nothing of its message had left.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import (
    UNFINISHED,
    Dispatch,
    Halt,
    Order,
)
from newsletter.store.audience import is_mailable
from newsletter.store.claims import note_next_due
from newsletter.store.dispatch_records import (
    CANCELLED,
    counter,
    load_dispatch,
    load_where,
)
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import batches, deliveries, dispatches, subscribers

#: Small enough to be done soon, large enough to cost nothing.
BATCH_SIZE = 500

#: Who has, or may yet get, this very issue: nobody in these states gets it again.
_REACHED = (
    DeliveryState.ATTEMPTING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNKNOWN,
    DeliveryState.DEFERRED,
)

#: A dispatch in one of these states is done as soon as nobody is left.
_MAY_BE_OVER = (DispatchState.RUNNING, DispatchState.PAUSED)


def count_recipients(
    connection: Connection, *, issue: str, lists: Sequence[str]
) -> int:
    """Return how many a dispatch made now would have."""
    chosen = _recipients(issue, lists).subquery()
    return connection.scalar(select(func.count()).select_from(chosen)) or 0


def read_recipients(
    connection: Connection, *, issue: str, lists: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield address and fields of everybody a dispatch made now would go to."""
    people = _recipients(issue, lists).order_by(subscribers.c.id)
    for row in connection.execute(people):
        yield row.email, row.fields


def create_dispatch(connection: Connection, order: Order, *, now: datetime) -> Dispatch:
    """Freeze the recipients of *order* and make it run; its content is saved already.

    The union of its lists, each address once, active and not suppressed, without those
    who have the issue from an earlier dispatch, or may yet get it.
    """
    made = insert(dispatches).values(
        issue=order.issue,
        content_hash=order.content_hash,
        lists=list(order.lists),
        state=DispatchState.RUNNING,
        total=0,
        created_at=to_millis(now),
        waivers=list(order.waivers),
    )
    dispatch_id = connection.execute(made.returning(dispatches.c.id)).scalar_one()
    chosen = _recipients(order.issue, order.lists).subquery()
    snapshot = select(
        literal(dispatch_id),
        func.row_number().over(order_by=chosen.c.id),
        chosen.c.id,
        chosen.c.email,
        chosen.c.fields,
    )
    columns = ["dispatch_id", "seq", "subscriber_id", "email", "fields"]
    connection.execute(insert(deliveries).from_select(columns, snapshot))
    total = connection.scalar(
        select(func.count()).where(deliveries.c.dispatch_id == dispatch_id)
    )
    _insert_batches(connection, dispatch_id, total or 0)
    _change(connection, dispatch_id, total=total)
    return load_dispatch(connection, dispatch_id)


def _recipients(issue: str, lists: Sequence[str]) -> Select[Any]:
    """Select id, email and fields of everybody who is to get *issue*."""
    earlier = select(dispatches.c.id).where(dispatches.c.issue == issue)
    has_it = exists().where(
        deliveries.c.dispatch_id.in_(earlier),
        deliveries.c.subscriber_id == subscribers.c.id,
        deliveries.c.state.in_(_REACHED),
    )
    return select(subscribers.c.id, subscribers.c.email, subscribers.c.fields).where(
        is_mailable(lists), ~has_it
    )


def _insert_batches(connection: Connection, dispatch_id: int, total: int) -> None:
    rows = [
        {
            "dispatch_id": dispatch_id,
            "first_seq": first,
            "last_seq": min(first + BATCH_SIZE - 1, total),
            "state": "open",
            "n_pending": min(BATCH_SIZE, total - first + 1),
        }
        for first in range(1, total + 1, BATCH_SIZE)
    ]
    if rows:
        connection.execute(insert(batches), rows)


# --- changing -------------------------------------------------------------------------


def pause_dispatch(
    connection: Connection, dispatch_id: int, *, reason: str = ""
) -> Dispatch:
    """Halt a dispatch: the next intent is denied, whichever process asks."""
    _change(
        connection,
        dispatch_id,
        state=DispatchState.PAUSED,
        reason=reason,
        next_at=None,
    )
    return load_dispatch(connection, dispatch_id)


def cancel_dispatch(
    connection: Connection, dispatch_id: int, *, now: datetime, reason: str = ""
) -> Dispatch:
    """End a dispatch: who has not been tried, or was to be tried again, is skipped."""
    waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.dispatch_id == dispatch_id, deliveries.c.state.in_(waiting))
        .values(
            state=DeliveryState.SKIPPED,
            at=to_millis(now),
            next_at=None,
            reply_code=None,
            reply_text=CANCELLED,
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
    _change(
        connection,
        dispatch_id,
        state=DispatchState.CANCELLED,
        reason=reason,
        next_at=None,
        finished_at=to_millis(now),
    )
    return load_dispatch(connection, dispatch_id)


def continue_dispatch(
    connection: Connection,
    dispatch_id: int,
    *,
    now: datetime,
    again: Collection[DeliveryState] = (),
) -> Dispatch:
    """Make a dispatch run: what was put off is due now.

    Args:
        connection: A writing one.
        dispatch_id: Neither running nor cancelled.
        now: Aware.
        again: `REFUSED` or `UNKNOWN` deliveries to be tried again, by the editor's
            wish; who has the issue from another dispatch meanwhile stays as they are.
    """
    for state in again:
        _put_back(connection, dispatch_id, state, now)
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.state == DeliveryState.DEFERRED,
            deliveries.c.next_at > to_millis(now),
        )
        .values(next_at=to_millis(now))
    )
    ours = batches.c.dispatch_id == dispatch_id
    note_next_due(connection, ours, counter(DeliveryState.DEFERRED) > 0)
    connection.execute(
        update(batches).where(ours, batches.c.state == "held").values(state="open")
    )
    _change(
        connection,
        dispatch_id,
        state=DispatchState.RUNNING,
        reason="",
        next_at=None,
        finished_at=None,
    )
    return load_dispatch(connection, dispatch_id)


def _put_back(
    connection: Connection, dispatch_id: int, state: DeliveryState, now: datetime
) -> None:
    issue = select(dispatches.c.issue).where(dispatches.c.id == dispatch_id)
    others = select(dispatches.c.id).where(
        dispatches.c.issue == issue.scalar_subquery(), dispatches.c.id != dispatch_id
    )
    other = deliveries.alias("other")
    has_it = exists().where(
        other.c.dispatch_id.in_(others),
        other.c.subscriber_id == deliveries.c.subscriber_id,
        other.c.state.in_((*_REACHED, DeliveryState.PENDING)),
    )
    values = {
        "state": DeliveryState.PENDING,
        "at": to_millis(now),
        "deferred_since": None,
    }
    _move_in_batches(
        connection, state, DeliveryState.PENDING, ~has_it, values, dispatch_id
    )


def recover(connection: Connection, *, now: datetime) -> None:
    """Tell what became of the work of processes that died; no process may be sending.

    Attempts without a result are unknown, and what was running is interrupted.
    """
    values = {
        "state": DeliveryState.UNKNOWN,
        "at": to_millis(now),
        "reply_text": "the program was stopped before the server answered",
    }
    _move_in_batches(
        connection,
        DeliveryState.ATTEMPTING,
        DeliveryState.UNKNOWN,
        literal(True),
        values,
    )
    connection.execute(
        update(batches).where(batches.c.owner.is_not(None)).values(owner=None)
    )
    for dispatch in load_where(connection, dispatches.c.state.in_(_MAY_BE_OVER)):
        halt = Halt(DispatchState.INTERRUPTED, "the program was stopped while sending")
        finish_dispatch(connection, dispatch.id, halt, now=now)


def needs_recovery(connection: Connection) -> bool:
    """Tell whether `recover` would find something, if no process is sending."""
    running = exists().where(dispatches.c.state == DispatchState.RUNNING)
    attempting = exists().where(counter(DeliveryState.ATTEMPTING) > 0)
    return bool(connection.scalar(select(or_(running, attempting))))


def _move_in_batches(
    connection: Connection,
    before: DeliveryState,
    after: DeliveryState,
    condition: ColumnElement[bool],
    values: dict[str, Any],
    dispatch_id: int | None = None,
) -> None:
    """Move deliveries from one state to another, and the counters of their batches."""
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
                condition,
            )
            .values(values)
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


def begin_waiting(
    connection: Connection,
    dispatch_id: int,
    *,
    owner: str,
    reason: str,
    until: datetime | None,
) -> bool:
    """Turn running into waiting, with *owner* at its side; False if it did not run."""
    next_at = None if until is None else to_millis(until)
    return _turn(
        connection,
        dispatch_id,
        before=DispatchState.RUNNING,
        values={
            "state": DispatchState.WAITING,
            "owner": owner,
            "reason": reason,
            "next_at": next_at,
        },
    )


def end_waiting(connection: Connection, dispatch_id: int) -> bool:
    """Turn waiting into running; False when it was not waiting."""
    return _turn(
        connection,
        dispatch_id,
        before=DispatchState.WAITING,
        values={
            "state": DispatchState.RUNNING,
            "owner": None,
            "reason": "",
            "next_at": None,
        },
    )


def _turn(
    connection: Connection,
    dispatch_id: int,
    *,
    before: DispatchState,
    values: dict[str, Any],
) -> bool:
    turned = connection.execute(
        update(dispatches)
        .where(dispatches.c.id == dispatch_id, dispatches.c.state == before)
        .values(values)
    )
    return turned.rowcount == 1


def finish_dispatch(
    connection: Connection, dispatch_id: int, halt: Halt | None, *, now: datetime
) -> Dispatch:
    """Write down how a run ended, unless somebody paused or cancelled it meanwhile.

    One that was paused when nobody was left any more is done all the same.
    """
    dispatch = load_dispatch(connection, dispatch_id)
    if dispatch.state not in _MAY_BE_OVER:
        return dispatch
    if not dispatch.unfinished:
        _change(
            connection,
            dispatch_id,
            state=DispatchState.DONE,
            reason="",
            next_at=None,
            finished_at=to_millis(now),
        )
        return load_dispatch(connection, dispatch_id)
    if dispatch.state is DispatchState.PAUSED:
        return dispatch
    end = halt or _waiting_for_deferred(connection, dispatch)
    _change(
        connection,
        dispatch_id,
        state=end.state,
        reason=end.reason,
        next_at=None if end.next_at is None else to_millis(end.next_at),
    )
    return load_dispatch(connection, dispatch_id)


def _waiting_for_deferred(connection: Connection, dispatch: Dispatch) -> Halt:
    next_at = connection.scalar(
        select(func.min(deliveries.c.next_at)).where(
            deliveries.c.dispatch_id == dispatch.id,
            deliveries.c.state == DeliveryState.DEFERRED,
        )
    )
    return Halt(
        DispatchState.WAITING,
        "the mail server asked to try some of them later",
        None if next_at is None else from_millis(next_at),
    )


def _change(connection: Connection, dispatch_id: int, **values: Any) -> None:
    connection.execute(
        update(dispatches).where(dispatches.c.id == dispatch_id).values(**values)
    )
