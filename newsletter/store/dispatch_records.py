"""What the ledger says of dispatches, for reports: nothing here changes anything.

All functions take a connection. The counters of a dispatch's batches sum to its total.
"""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    func,
    literal,
    select,
)

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import (
    OPEN_STATES,
    UNFINISHED,
    DeliveryRecord,
    Dispatch,
    Only,
    PastDispatch,
    Reach,
)
from newsletter.model.outcome import Reply
from newsletter.replies import read_reply
from newsletter.store.instants import from_millis
from newsletter.store.returned_counts import (
    bounced_of,
    complained_of,
    who_came_back,
)
from newsletter.store.tables import batches, deliveries, dispatches

#: What a skipped delivery of a cancelled dispatch says first; the last words of the
#: mail server may follow.
CANCELLED = "cancelled"
#: `dispatches.recipients_hash` of a dispatch whose addresses are erased: it never goes
#: on, as nothing has this hash.
ERASED = ""


def counter(state: DeliveryState) -> Any:
    """Return the column of `batches` that counts deliveries in *state*."""
    return batches.c[f"n_{state.name.lower()}"]


def unfinished() -> Any:
    """Return how many deliveries of a batch may still lead to a mail."""
    return sum((counter(state) for state in UNFINISHED), literal(0))


def load_dispatch(connection: Connection, dispatch_id: int) -> Dispatch:
    """Return a dispatch.

    Raises:
        LookupError: There is none with this number.
    """
    found = load_where(connection, dispatches.c.id == dispatch_id)
    if not found:
        raise LookupError(dispatch_id)
    return found[0]


def newest_dispatch(connection: Connection) -> Dispatch | None:
    """Return the dispatch made last, None when there never was one."""
    newest = select(func.max(dispatches.c.id)).scalar_subquery()
    found = load_where(connection, dispatches.c.id == newest)
    return found[0] if found else None


def dispatches_since(connection: Connection, dispatch_id: int) -> list[Dispatch]:
    """Return the dispatches made after this one, oldest first.

    Their numbers may be far apart, where a backup was put back.
    """
    return load_where(connection, dispatches.c.id > dispatch_id)


def open_dispatches(connection: Connection) -> list[Dispatch]:
    """Return the dispatches with something left to do, oldest first."""
    return load_where(connection, dispatches.c.state.in_(OPEN_STATES))


def earlier_dispatches(
    connection: Connection, dispatch_id: int, *, limit: int
) -> list[PastDispatch]:
    """Return the dispatches made before this one, newest first."""
    rows = connection.execute(
        select(dispatches.c.id, dispatches.c.issue, dispatches.c.state)
        .where(dispatches.c.id < dispatch_id)
        .order_by(dispatches.c.id.desc())
        .limit(limit)
    )
    return [PastDispatch(row.id, row.issue, DispatchState(row.state)) for row in rows]


def load_where(
    connection: Connection, condition: ColumnElement[bool]
) -> list[Dispatch]:
    """Return the dispatches for which *condition* holds, oldest first."""
    sums = [
        func.coalesce(func.sum(counter(state)), 0).label(state.name)
        for state in DeliveryState
    ]
    returned = (
        bounced_of(dispatches.c.id).label("bounced"),
        complained_of(dispatches.c.id).label("complained"),
    )
    rows = connection.execute(
        select(dispatches, _cancelled().label("cancelled"), _tried(), *returned, *sums)
        .outerjoin(batches, batches.c.dispatch_id == dispatches.c.id)
        .where(condition)
        .group_by(dispatches.c.id)
        .order_by(dispatches.c.id)
    )
    return [_dispatch(row) for row in rows]


def _cancelled() -> ColumnElement[int]:
    """Count who is skipped because of a cancel; batches do not tell that apart."""
    counted = (
        select(func.count())
        .where(
            deliveries.c.dispatch_id == dispatches.c.id,
            deliveries.c.state == DeliveryState.SKIPPED,
            deliveries.c.reply_text.startswith(CANCELLED),
        )
        .correlate(dispatches)
        .scalar_subquery()
    )
    # Deliveries are counted only of a dispatch that was cancelled.
    return case((dispatches.c.state == DispatchState.CANCELLED, counted), else_=0)


def _tried() -> Any:
    """Count who is pending although the server answered; batches do not tell it."""
    counted = (
        select(func.count())
        .where(
            deliveries.c.dispatch_id == dispatches.c.id,
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.reply_code.is_not(None),
        )
        .correlate(dispatches)
        .scalar_subquery()
    )
    is_paused = dispatches.c.state == DispatchState.PAUSED
    return case((is_paused, counted), else_=0).label("set_aside")


def _dispatch(row: Any) -> Dispatch:
    return Dispatch(
        id=row.id,
        issue=row.issue,
        content_hash=row.content_hash,
        lists=tuple(row.lists),
        state=DispatchState(row.state),
        reason=row.reason,
        next_at=None if row.next_at is None else from_millis(row.next_at),
        total=row.total,
        counts={state: getattr(row, state.name) for state in DeliveryState},
        created_at=from_millis(row.created_at),
        finished_at=None if row.finished_at is None else from_millis(row.finished_at),
        waivers=tuple(row.waivers),
        cancelled=row.cancelled,
        set_aside=row.set_aside,
        starts_at=None if row.starts_at is None else from_millis(row.starts_at),
        only=None if row.only is None else _read_only(row.only),
        where=row.segment or "",
        canary=row.canary,
        bounced=row.bounced,
        complained=row.complained,
        is_erased=row.recipients_hash == ERASED,
    )


def write_only(only: Only) -> str:
    """Return *only* as the table keeps it: ``reached:12``."""
    return f"{only.reach}:{only.dispatch_id}"


def _read_only(kept: str) -> Only:
    reach, _, dispatch_id = kept.partition(":")
    return Only(Reach(reach), int(dispatch_id))


def read_records(
    connection: Connection,
    dispatch_id: int,
    states: Collection[DeliveryState],
    *,
    only_came_back: bool = False,
) -> Iterator[DeliveryRecord]:
    """Yield the deliveries of a dispatch that are in one of *states*, in order.

    Args:
        connection: Reading.
        dispatch_id: A dispatch.
        states: Which ones.
        only_came_back: Of these, whose mail came back later.
    """
    wanted = select(deliveries).where(
        deliveries.c.dispatch_id == dispatch_id,
        deliveries.c.state.in_(list(states)),
    )
    if only_came_back:
        theirs = deliveries.c.subscriber_id
        wanted = wanted.where(theirs.in_(who_came_back(dispatch_id)))
    rows = connection.execute(wanted.order_by(deliveries.c.seq))
    for row in rows:
        yield DeliveryRecord(
            seq=row.seq,
            subscriber_id=row.subscriber_id,
            email=row.email,
            state=DeliveryState(row.state),
            at=None if row.at is None else from_millis(row.at),
            reply=_kept_reply(row),
        )


def _kept_reply(row: Any) -> Reply | None:
    """Return what is known of the last reply; code 0: only our own words."""
    if row.reply_code is None and not row.reply_text:
        return None
    return read_reply(row.reply_code or 0, row.reply_text or "")
