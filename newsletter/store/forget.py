"""Erase a person, and see to it that nobody brings them back.

What is left is a keyed hash in `suppressions`, from which no address can be made, and
in each dispatch the row of a delivery without address and fields: so the numbers of a
dispatch stay what they are.

Law: all of it is one transaction. What binds the recipients of a dispatch to its
content is looked at before, and written anew only if it was right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    or_,
    select,
    union,
    update,
)

from newsletter.model.delivery import DeliveryState
from newsletter.model.notice import ABOUT_CHANGES
from newsletter.model.subscriber import FOR_GOOD, SuppressionReason
from newsletter.store.audience import EVERY_LIST
from newsletter.store.claims import LEFT, note_next_due
from newsletter.store.consent import Word, suppress
from newsletter.store.dispatch_records import (
    CANCELLED,
    counter,
    load_dispatch,
    unfinished,
)
from newsletter.store.instants import to_millis
from newsletter.store.movers import read_mailed
from newsletter.store.people import erase_people
from newsletter.store.snapshots import hash_recipients
from newsletter.store.tables import (
    address_changes,
    batches,
    courtesy_marks,
    deliveries,
    dispatches,
    joinings,
    notices,
    subscribers,
    suppressions,
)

_WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)
#: A dispatch that is over may go on with these: `resume --refused`, `--unknown`.
_MAY_COME_BACK = (DeliveryState.REFUSED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Erased:
    """What went with a person."""

    #: Deliveries whose address and fields are gone.
    deliveries: int = 0
    #: Whether there was a subscriber.
    was_known: bool = False


def read_addresses(connection: Connection, subscriber_id: int) -> frozenset[str]:
    """Return the addresses that somebody has and had, as far as a mail tells."""
    mailed = select(deliveries.c.email).where(
        deliveries.c.dispatch_id.in_(select(dispatches.c.id)),
        deliveries.c.subscriber_id == subscriber_id,
    )
    confirmed = select(address_changes.c.email).where(
        address_changes.c.subscriber_id == subscriber_id,
        address_changes.c.confirmed_at.is_not(None),
    )
    before = select(address_changes.c.old_email).where(
        address_changes.c.subscriber_id == subscriber_id
    )
    present = select(subscribers.c.email).where(subscribers.c.id == subscriber_id)
    found = connection.scalars(union(mailed, confirmed, before, present))
    # Empty: erased by `retention`.
    return frozenset(filter(None, found))


def forget_person(
    connection: Connection, subscriber_id: int, *, now: datetime
) -> Erased:
    """Erase a subscriber, and address and fields in all deliveries of theirs.

    Nobody is suppressed by it: `forget_address`.

    Args:
        connection: Of `Database.erasing`.
        subscriber_id: Of the table.
        now: Aware.
    """
    theirs = connection.execute(
        select(deliveries.c.dispatch_id, deliveries.c.seq).where(
            deliveries.c.dispatch_id.in_(select(dispatches.c.id)),
            deliveries.c.subscriber_id == subscriber_id,
        )
    ).all()
    _erase(connection, theirs, now)
    was_known = erase_people(connection, [subscriber_id]) > 0
    return Erased(len(theirs), was_known)


def forget_mailed(
    connection: Connection, email_key: str, *, now: datetime
) -> list[int]:
    """Erase an address in the deliveries to it, also of those who moved away since.

    Args:
        connection: Of `Database.erasing`.
        email_key: `addresses.address_key`.
        now: Aware.

    Returns:
        Subscribers, once for each delivery that was theirs.
    """
    found = read_mailed(connection, email_key)
    _erase(connection, found, now)
    return [row.subscriber_id for row in found]


def forget_address(
    connection: Connection, address_hash: bytes, *, is_completely: bool, now: datetime
) -> None:
    """Erase what was typed about an address by others, and never mail it again.

    Args:
        connection: Of `Database.erasing`.
        address_hash: `tokens.address_hash`.
        is_completely: Forget that it is not to be mailed, too: anybody may bring it in
            again.
        now: Aware.
    """
    asked = select(joinings.c.id).where(joinings.c.address_hash == address_hash)
    changes = select(address_changes.c.id).where(
        address_changes.c.address_hash == address_hash
    )
    connection.execute(delete(notices).where(_is_about(asked, changes)))
    connection.execute(delete(joinings).where(joinings.c.id.in_(asked)))
    connection.execute(delete(address_changes).where(address_changes.c.id.in_(changes)))
    # Who moved away from it goes on, and nobody is told of it there any more.
    connection.execute(
        update(address_changes)
        .where(address_changes.c.old_hash == address_hash)
        .values(old_email=None, old_hash=None)
    )
    of_theirs = suppressions.c.address_hash == address_hash
    if is_completely:
        connection.execute(delete(suppressions).where(of_theirs))
        connection.execute(
            delete(courtesy_marks).where(courtesy_marks.c.address_hash == address_hash)
        )
        return
    for_all = suppressions.c.scope == EVERY_LIST
    is_stronger = and_(for_all, suppressions.c.reason.in_(FOR_GOOD))
    connection.execute(delete(suppressions).where(of_theirs, ~is_stronger))
    suppress(
        connection,
        [address_hash],
        scope=EVERY_LIST,
        reason=SuppressionReason.FORGOTTEN,
        word=Word(now, "command"),
    )


def _is_about(asked: Any, changes: Any) -> ColumnElement[bool]:
    about = notices.c.about_id
    is_about_change = notices.c.kind.in_(ABOUT_CHANGES)
    return or_(
        and_(is_about_change, about.in_(changes)),
        and_(~is_about_change, about.in_(asked)),
    )


# --- deliveries -----------------------------------------------------------------------


def _erase(connection: Connection, rows: Sequence[Any], now: datetime) -> None:
    """Erase address and fields in deliveries; none of them goes out any more."""
    dispatch_ids = sorted({row.dispatch_id for row in rows})
    bound = [one for one in dispatch_ids if _is_rightly_bound(connection, one)]
    for row in rows:
        _skip(connection, row.dispatch_id, row.seq, now)
        _blank(connection, row.dispatch_id, row.seq)
    for dispatch_id in bound:
        connection.execute(
            update(dispatches)
            .where(dispatches.c.id == dispatch_id)
            .values(recipients_hash=hash_recipients(connection, dispatch_id))
        )


def _is_rightly_bound(connection: Connection, dispatch_id: int) -> bool:
    """Tell whether a dispatch may go on, and has the very recipients confirmed."""
    dispatch = load_dispatch(connection, dispatch_id)
    if not dispatch.is_open and not any(map(dispatch.counts.get, _MAY_COME_BACK)):
        return False
    bond = connection.scalar(
        select(dispatches.c.recipients_hash).where(dispatches.c.id == dispatch_id)
    )
    # Null: made by an earlier release, which kept none. Empty: erased by `retention`.
    return bool(bond) and bond == hash_recipients(connection, dispatch_id)


def _skip(connection: Connection, dispatch_id: int, seq: int, now: datetime) -> None:
    """Skip a delivery that waits, unless a process has it in hand.

    That one asks before each mail, finds no address and skips it itself; what the
    server said before to the address must find the row as it was.
    """
    of_its_batch = (
        batches.c.dispatch_id == dispatch_id,
        batches.c.first_seq <= seq,
        batches.c.last_seq >= seq,
        batches.c.owner.is_(None),
    )
    batch = connection.scalar(select(batches.c.id).where(*of_its_batch))
    if batch is None:
        return
    for state in _WAITING:
        moved = connection.execute(
            update(deliveries)
            .where(
                deliveries.c.dispatch_id == dispatch_id,
                deliveries.c.seq == seq,
                deliveries.c.state == state,
            )
            .values(state=DeliveryState.SKIPPED, at=to_millis(now), **LEFT)
        ).rowcount
        if moved:
            _count_skipped(connection, batch, state)
            return


def _count_skipped(connection: Connection, batch: int, before: DeliveryState) -> None:
    skipped = counter(DeliveryState.SKIPPED)
    connection.execute(
        update(batches)
        .where(batches.c.id == batch)
        .values({counter(before): counter(before) - 1, skipped: skipped + 1})
    )
    note_next_due(connection, batches.c.id == batch)
    is_over = and_(batches.c.id == batch, batches.c.state == "open", unfinished() == 0)
    connection.execute(update(batches).where(is_over).values(state="done"))


def _blank(connection: Connection, dispatch_id: int, seq: int) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.dispatch_id == dispatch_id, deliveries.c.seq == seq)
        .values(email="", fields={}, reply_text=without_replies())
    )


def without_replies() -> ColumnElement[str | None]:
    """Return what is kept of the words of a delivery: our own, never a server's."""
    text = deliveries.c.reply_text
    left = LEFT["reply_text"]
    return case(
        (text.startswith(CANCELLED), CANCELLED), (text == left, left), else_=None
    )
