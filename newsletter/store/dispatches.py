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
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Halt, Only, Order
from newsletter.model.segment import Segment
from newsletter.store.claims import note_next_due
from newsletter.store.dispatch_records import (
    counter,
    load_dispatch,
    load_where,
    write_only,
)
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.moves import (
    has_untried,
    make_due,
    move_in_batches,
    put_back,
    release_held,
    skip_untried,
)
from newsletter.store.snapshots import (
    Lanes,
    freeze_recipients,
    hash_recipients,
    select_recipients,
)
from newsletter.store.tables import batches, deliveries, dispatches, subscribers

#: Why a dispatch is interrupted whose process died.
LEFT_BEHIND = "the program was stopped while sending"
#: A dispatch in one of these states is done as soon as nobody is left.
_MAY_BE_OVER = (DispatchState.RUNNING, DispatchState.WAITING, DispatchState.PAUSED)

#: What goes on by itself when its moment has come.
_MAY_START = (
    DispatchState.SCHEDULED,
    DispatchState.WAITING,
    DispatchState.INTERRUPTED,
)


class TokenUsedError(OperationError):
    """One confirmation, one dispatch: a dispatch came of this one already."""

    def __init__(self, dispatch_id: int) -> None:
        super().__init__(
            f"this was confirmed once already: dispatch {dispatch_id} came of it.",
            f"Nothing new was started. See newsletter status {dispatch_id}.",
        )
        self.dispatch_id = dispatch_id


def count_recipients(
    connection: Connection,
    *,
    issue: str,
    lists: Sequence[str],
    only: Only | None = None,
    where: Segment | None = None,
) -> int:
    """Return how many a dispatch made now would have."""
    chosen = select_recipients(issue, lists, only, where).subquery()
    return connection.scalar(select(func.count()).select_from(chosen)) or 0


def read_recipients(
    connection: Connection,
    *,
    issue: str,
    lists: Sequence[str],
    only: Only | None = None,
    where: Segment | None = None,
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield address and fields of everybody a dispatch made now would go to."""
    people = select_recipients(issue, lists, only, where).order_by(subscribers.c.id)
    for row in connection.execute(people):
        yield row.email, row.fields


def create_dispatch(
    connection: Connection,
    order: Order,
    *,
    now: datetime,
    lanes: Lanes = MappingProxyType({}),
) -> Dispatch:
    """Freeze the recipients of *order*; its content is saved already.

    It runs, unless it is to start later.

    Args:
        connection: A writing one.
        order: What was confirmed.
        now: Aware.
        lanes: Name -> domains, as in `LaneSettings`.

    Raises:
        TokenUsedError: A dispatch came of this confirmation already.
    """
    _refuse_used(connection, order.token)
    starts_at = None if order.starts_at is None else to_millis(order.starts_at)
    made = insert(dispatches).values(
        issue=order.issue,
        content_hash=order.content_hash,
        lists=list(order.lists),
        state=DispatchState.RUNNING if starts_at is None else DispatchState.SCHEDULED,
        total=0,
        created_at=to_millis(now),
        waivers=list(order.waivers),
        token=order.token or None,
        only=None if order.only is None else write_only(order.only),
        segment=None if order.where is None else order.where.text,
        starts_at=starts_at,
        next_at=starts_at,
        canary=order.canary,
    )
    dispatch_id = connection.execute(made.returning(dispatches.c.id)).scalar_one()
    total = freeze_recipients(connection, dispatch_id, order, lanes)
    bond = hash_recipients(connection, dispatch_id)
    _change(connection, dispatch_id, total=total, recipients_hash=bond)
    return load_dispatch(connection, dispatch_id)


def _refuse_used(connection: Connection, token: str) -> None:
    query = select(dispatches.c.id).where(dispatches.c.token == token)
    earlier = connection.scalar(query) if token else None
    if earlier is not None:
        raise TokenUsedError(earlier)


def _require_frozen(connection: Connection, dispatch_id: int) -> None:
    """Refuse a dispatch whose content or recipients are not those confirmed."""
    confirmed = connection.scalar(
        select(dispatches.c.recipients_hash).where(dispatches.c.id == dispatch_id)
    )
    # Null: made by an earlier release, which kept none.
    if confirmed in (None, hash_recipients(connection, dispatch_id)):
        return
    raise OperationError(
        f"the recipients of dispatch {dispatch_id} are not those that were confirmed: "
        "somebody changed the database.",
        "Nothing was sent. Put back a backup copy, or end it with: newsletter cancel "
        f"{dispatch_id}",
    )


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
    skip_untried(connection, dispatch_id, now)
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

    Behind a canary that was tried the others are free to go.

    Args:
        connection: A writing one.
        dispatch_id: Neither running nor cancelled.
        now: Aware.
        again: `REFUSED` or `UNKNOWN` deliveries to be tried again, by the editor's
            wish; who has the issue from another dispatch meanwhile stays as they are.

    Raises:
        OperationError: Its recipients are not those that were confirmed.
    """
    _require_frozen(connection, dispatch_id)
    release_held(connection, dispatch_id)
    for state in again:
        put_back(connection, dispatch_id, state, now)
    make_due(connection, dispatch_id, now)
    _change(
        connection,
        dispatch_id,
        state=DispatchState.RUNNING,
        reason="",
        next_at=None,
        finished_at=None,
    )
    return load_dispatch(connection, dispatch_id)


def recover(connection: Connection, *, now: datetime) -> None:
    """Tell what became of the work of processes that died; no process may be sending.

    Attempts without a result are unknown, and what was running, or waiting with its
    process, is interrupted.
    """
    values = {
        "at": to_millis(now),
        "reply_code": None,
        "reply_text": "the program was stopped before the server answered",
    }
    move_in_batches(connection, DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN, values)
    claimed = batches.c.owner.is_not(None)
    note_next_due(connection, claimed)
    connection.execute(update(batches).where(claimed).values(owner=None))
    for dispatch in load_where(connection, or_(_was_at_work(), _is_paused())):
        halt = Halt(DispatchState.INTERRUPTED, LEFT_BEHIND, dispatch.next_at)
        finish_dispatch(connection, dispatch.id, halt, now=now)


def is_at_work(connection: Connection, dispatch_id: int) -> bool:
    """Tell whether a process runs a dispatch, or waits with it, if it is alive."""
    of_it = dispatches.c.id == dispatch_id
    return bool(connection.scalar(select(exists().where(of_it, _was_at_work()))))


def _was_at_work() -> ColumnElement[bool]:
    """Return the condition that a process ran a dispatch, or waited with it.

    One that waits without a process ended in good order, and stays as it is.
    """
    waited = and_(
        dispatches.c.state == DispatchState.WAITING, dispatches.c.owner.is_not(None)
    )
    return or_(dispatches.c.state == DispatchState.RUNNING, waited)


def _is_paused() -> ColumnElement[bool]:
    return dispatches.c.state == DispatchState.PAUSED


def needs_recovery(connection: Connection) -> bool:
    """Tell whether `recover` would find something, if no process is sending."""
    at_work = exists(select(dispatches.c.id).where(_was_at_work()))
    attempting = exists().where(counter(DeliveryState.ATTEMPTING) > 0)
    return bool(connection.scalar(select(or_(at_work, attempting))))


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
    end = halt or _end_of_canary(connection, dispatch)
    if end is None and dispatch.state is DispatchState.RUNNING:
        end = _unexplained_end(connection, dispatch)
    if end is not None:
        next_at = None if end.next_at is None else to_millis(end.next_at)
        _change(
            connection, dispatch_id, state=end.state, reason=end.reason, next_at=next_at
        )
    _change(connection, dispatch_id, owner=None)
    return load_dispatch(connection, dispatch_id)


def _end_of_canary(connection: Connection, dispatch: Dispatch) -> Halt | None:
    """Return the pause after a canary of whom everybody was tried, if it is one."""
    held = exists().where(
        batches.c.dispatch_id == dispatch.id, batches.c.state == "held"
    )
    if not connection.scalar(select(and_(held, ~has_untried(dispatch.id)))):
        return None
    return Halt(
        DispatchState.PAUSED,
        f"the first {dispatch.canary} were tried, as you asked; the others wait for "
        "your word",
    )


def _unexplained_end(connection: Connection, dispatch: Dispatch) -> Halt:
    """Return how a run ended that nobody halted: only deferred ones are left, mostly.

    Else the ledger granted nothing more, as to a process that lost its claims.
    """
    if dispatch.counts[DeliveryState.PENDING]:
        reason = "it ended before everybody was tried"
        return Halt(DispatchState.INTERRUPTED, reason)
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


def start_dispatch(connection: Connection, dispatch_id: int) -> Dispatch:
    """Make a dispatch run whose moment has come; a halted one stays as it is.

    Whom the server asked to try later keep their time, unlike in `continue_dispatch`.

    Raises:
        OperationError: Its recipients are not those that were confirmed.
    """
    dispatch = load_dispatch(connection, dispatch_id)
    if dispatch.state not in _MAY_START:
        return dispatch
    _require_frozen(connection, dispatch_id)
    _change(
        connection,
        dispatch_id,
        state=DispatchState.RUNNING,
        reason="",
        next_at=None,
        owner=None,
    )
    return load_dispatch(connection, dispatch_id)


def begin_held(connection: Connection, dispatch_id: int) -> Dispatch:
    """Make a dispatch run that was paused since it was made; a canary stays one."""
    _change(connection, dispatch_id, state=DispatchState.RUNNING, reason="")
    return load_dispatch(connection, dispatch_id)


def reschedule_dispatch(connection: Connection, dispatch_id: int) -> Dispatch:
    """Leave a dispatch to its start again, which is still to come, after a pause."""
    starts_at = connection.scalar(
        select(dispatches.c.starts_at).where(dispatches.c.id == dispatch_id)
    )
    _change(
        connection,
        dispatch_id,
        state=DispatchState.SCHEDULED,
        reason="",
        next_at=starts_at,
    )
    return load_dispatch(connection, dispatch_id)


def count_unknown_as_accepted(
    connection: Connection, dispatch_id: int, *, now: datetime
) -> Dispatch:
    """Call accepted who is unknown: the editor looked into the server's log."""
    values = {
        "at": to_millis(now),
        "reply_code": None,
        "reply_text": "counted as taken, by hand",
    }
    move_in_batches(
        connection,
        DeliveryState.UNKNOWN,
        DeliveryState.ACCEPTED,
        values,
        dispatch_id=dispatch_id,
    )
    return load_dispatch(connection, dispatch_id)


def _change(connection: Connection, dispatch_id: int, **values: Any) -> None:
    connection.execute(
        update(dispatches).where(dispatches.c.id == dispatch_id).values(**values)
    )
