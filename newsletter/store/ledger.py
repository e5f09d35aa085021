"""The ledger of a running dispatch: who may be tried, who was tried, what came of it.

All functions take a writing connection and leave the transaction to the caller. Each
intent is committed before the first byte of its message leaves, each result after the
reply; both are fenced by the epoch of the batch, so a process that lost its claim can
neither send nor spoil what its successor writes.

Law: a delivery changes its state only as `TRANSITIONS` allows, and the counters of its
batch change in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from newsletter.model.delivery import (
    TRANSITIONS,
    Delivery,
    DeliveryState,
    DispatchState,
)
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.store.claims import LEFT, may_be_mailed
from newsletter.store.dispatch_records import CANCELLED, counter
from newsletter.store.instants import to_millis
from newsletter.store.tables import batches, deliveries, dispatches

#: What the server said of a recipient; a fault of ours is no try of theirs.
_TRIES = (DeliveryState.DEFERRED, DeliveryState.REFUSED)

#: State -> what a result may make of it. As `TRANSITIONS`, but a result is no intent
#: and no skip, and no late answer sends a refused or unknown one again.
_RESULTS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.PENDING, *_TRIES}),
    DeliveryState.ATTEMPTING: TRANSITIONS[DeliveryState.ATTEMPTING],
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.DEFERRED: frozenset({DeliveryState.PENDING, *_TRIES}),
    DeliveryState.REFUSED: frozenset(),
    DeliveryState.UNKNOWN: frozenset({DeliveryState.ACCEPTED}),
    DeliveryState.SKIPPED: frozenset(),
}


def write_intent(
    connection: Connection, claim: Claim, delivery: Delivery, *, now: datetime
) -> Permission:
    """Write down that the message is about to leave, if it may.

    In this very transaction the dispatch must be running, the claim be the newest one,
    and the subscriber be on one of the lists, not suppressed and not forgotten.
    """
    row = connection.execute(
        select(batches.c.epoch, dispatches.c.state, dispatches.c.lists)
        .join(dispatches, dispatches.c.id == batches.c.dispatch_id)
        .where(batches.c.id == claim.batch_id)
    ).one()
    if row.epoch != claim.epoch or row.state != DispatchState.RUNNING:
        return Permission.HALTED
    is_wanted = connection.scalar(
        select(deliveries.c.seq).where(
            deliveries.c.dispatch_id == claim.dispatch_id,
            deliveries.c.seq == delivery.seq,
            may_be_mailed(row.lists),
        )
    )
    if is_wanted is None:
        left = {"at": to_millis(now), **LEFT}
        skipped = _move(connection, claim, delivery.seq, DeliveryState.SKIPPED, left)
        return Permission.SKIPPED if skipped else Permission.HALTED
    attempt = {
        "at": to_millis(now),
        "epoch": claim.epoch,
        "attempts": deliveries.c.attempts + 1,
        "next_at": None,
    }
    granted = _move(connection, claim, delivery.seq, DeliveryState.ATTEMPTING, attempt)
    return Permission.GRANTED if granted else Permission.HALTED


def write_result(
    connection: Connection, claim: Claim, result: Result, *, now: datetime
) -> bool:
    """Write down what came of a delivery; False when that is not ours to say any more.

    A late answer may still turn an unknown delivery of this epoch into an accepted one.
    """
    row = _row(connection, claim, result.seq)
    if result.state not in _RESULTS[row.state] or not _is_ours(connection, claim, row):
        return False
    code, words = kept_words(result.reply)
    values: dict[str, Any] = {
        "at": to_millis(now),
        "next_at": None if result.next_at is None else to_millis(result.next_at),
        "reply_code": code,
        # They may say the address once more, which `forget` has erased.
        "reply_text": words if row.email else None,
    }
    if row.state == result.state == DeliveryState.PENDING:
        values["next_at"] = None
        _update_row(connection, claim, result.seq, values)
        return True
    if result.state is DeliveryState.DEFERRED:
        values["deferred_since"] = row.deferred_since or to_millis(now)
    if row.state != DeliveryState.ATTEMPTING and result.state in _TRIES:
        # Refused or put off before there was an intent: it was a try all the same.
        values["attempts"] = deliveries.c.attempts + 1
    if row.state == result.state == DeliveryState.DEFERRED:
        _update_row(connection, claim, result.seq, values)
        return True
    is_moved = _move(connection, claim, result.seq, result.state, values)
    if is_moved and result.state in (DeliveryState.PENDING, DeliveryState.DEFERRED):
        _skip_if_cancelled(connection, claim, result.seq)
    return is_moved


def kept_words(reply: Reply | None) -> tuple[int | None, str | None]:
    """Return what is kept of a reply: its code and its words."""
    if reply is None:
        return None, None
    words = f"{reply.enhanced} {reply.text}".strip()
    return reply.code or None, words or None


def _skip_if_cancelled(connection: Connection, claim: Claim, seq: int) -> None:
    """Skip who was under way at the cancel and would be tried again: nobody will.

    A later dispatch of the issue would leave out a deferred one, who never got it.
    """
    if read_state(connection, claim.dispatch_id) is DispatchState.CANCELLED:
        words = {"reply_code": None, "reply_text": CANCELLED, "next_at": None}
        _move(connection, claim, seq, DeliveryState.SKIPPED, words)


def read_state(connection: Connection, dispatch_id: int) -> DispatchState:
    """Return the state of a dispatch."""
    query = select(dispatches.c.state).where(dispatches.c.id == dispatch_id)
    return DispatchState(connection.execute(query).scalar_one())


def _row(connection: Connection, claim: Claim, seq: int) -> Any:
    return connection.execute(
        select(deliveries).where(
            deliveries.c.dispatch_id == claim.dispatch_id, deliveries.c.seq == seq
        )
    ).one()


def _is_ours(connection: Connection, claim: Claim, row: Any) -> bool:
    """Tell whether a result under *claim* may be written to *row*."""
    if row.state in (DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN):
        return bool(row.epoch == claim.epoch)
    epoch = connection.scalar(
        select(batches.c.epoch).where(batches.c.id == claim.batch_id)
    )
    return epoch == claim.epoch


def _move(
    connection: Connection,
    claim: Claim,
    seq: int,
    state: DeliveryState,
    values: dict[str, Any],
) -> bool:
    """Bring a delivery into *state*; False when it may not come there from its own."""
    before = DeliveryState(_row(connection, claim, seq).state)
    if state not in TRANSITIONS[before]:
        return False
    _update_row(connection, claim, seq, {"state": state, **values})
    connection.execute(
        update(batches)
        .where(batches.c.id == claim.batch_id)
        .values(
            {
                counter(before): counter(before) - 1,
                counter(state): counter(state) + 1,
            }
        )
    )
    return True


def _update_row(
    connection: Connection, claim: Claim, seq: int, values: dict[str, Any]
) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.dispatch_id == claim.dispatch_id, deliveries.c.seq == seq)
        .values(values)
    )
