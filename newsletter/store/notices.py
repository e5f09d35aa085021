"""Mails of ours to one person each: asked for on a page, sent by the worker.

All functions take a connection, a writing one where they change something, and leave
the transaction to the caller.

Law: an address is written to once a day for each kind at the most, and three times
until it confirms anything, or a year has passed. The intent is written before a message
leaves; what is found under way at the next start is *unknown*, and never sent again by
itself. Moments too far ahead come of a clock that was wrong, and do not count.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from newsletter.model.delivery import DeliveryState
from newsletter.model.notice import ABOUT_CHANGES, Notice, NoticeKind
from newsletter.model.outcome import Reply
from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import (
    address_changes,
    courtesy_marks,
    joinings,
    notices,
    subscribers,
)

#: Whoever did not answer three mails does not want a fourth.
MOST_UNANSWERED = 3
#: Between two mails of one kind to one address.
SHORTEST_PAUSE = timedelta(days=1)
#: After the last mail of a kind: then nobody remembers the three before.
MARKS_COUNT_FOR = timedelta(days=365)
#: Nothing is put off for longer (`workflow.notices`).
_FURTHEST = timedelta(days=1)
#: Instead of a number of mails: its owner wants none of the kind, ever.
_FORBIDDEN = 1000

# Put together once: that takes longer than to execute them.
_MARK = select(courtesy_marks.c.last_at, courtesy_marks.c.used).where(
    courtesy_marks.c.address_hash == bindparam("address"),
    courtesy_marks.c.kind == bindparam("about"),
)
_INSERT_NOTICE = insert(notices)

_WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)
_OPEN = (*_WAITING, DeliveryState.ATTEMPTING)


def may_notify(
    connection: Connection, kind: NoticeKind, address_hash: bytes, *, now: datetime
) -> bool:
    """Tell whether an address may be written to once more."""
    return _count_used(connection, kind, address_hash, now) is not None


def _count_used(
    connection: Connection, kind: NoticeKind, address_hash: bytes, now: datetime
) -> int | None:
    """Return how often an address was written to; None: that is enough for now."""
    mark = connection.execute(_MARK, {"address": address_hash, "about": kind}).first()
    if mark is None:
        return 0
    age = abs(now - from_millis(mark.last_at))
    if age >= MARKS_COUNT_FOR and mark.used != _FORBIDDEN:
        return 0
    is_rested = age >= SHORTEST_PAUSE
    return mark.used if is_rested and mark.used < MOST_UNANSWERED else None


def queue_notice(
    connection: Connection,
    kind: NoticeKind,
    *,
    subscriber_id: int,
    address_hash: bytes,
    about_id: int = 0,
    language: str,
    now: datetime,
) -> bool:
    """Have a mail written to somebody, unless the address was written to enough.

    Args:
        connection: A writing one.
        kind: What the mail is for.
        subscriber_id: Whose mail it is.
        address_hash: Of the address that it goes to, as `NoticeKind` says.
        about_id: Row of the table that *kind* names; 0: none.
        language: Of its words.
        now: The present, aware.

    Returns:
        False: it was too often, and nothing is written.
    """
    used = _count_used(connection, kind, address_hash, now)
    if used is None:
        return False
    row = {
        "kind": kind,
        "subscriber_id": subscriber_id,
        "about_id": about_id or None,
        "language": language,
        "created_at": to_millis(now),
        "state": DeliveryState.PENDING,
        "next_at": to_millis(now),
    }
    connection.execute(_INSERT_NOTICE, row)
    _mark(connection, kind, address_hash, used=used + 1, now=now)
    return True


def _mark(
    connection: Connection,
    kind: NoticeKind,
    address_hash: bytes,
    *,
    used: int,
    now: datetime,
) -> None:
    mark = {"address_hash": address_hash, "kind": kind, "last_at": to_millis(now)}
    insert_or_update(connection, courtesy_marks, [mark | {"used": used}])


def forget_marks(connection: Connection, address_hash: bytes) -> None:
    """Begin to count anew: its owner has confirmed something."""
    connection.execute(
        delete(courtesy_marks).where(courtesy_marks.c.address_hash == address_hash)
    )


def exhaust_marks(
    connection: Connection, kind: NoticeKind, address_hash: bytes, *, now: datetime
) -> None:
    """Write to an address no more for a long time: it is dead."""
    _mark(connection, kind, address_hash, used=MOST_UNANSWERED, now=now)


def forbid_notices(
    connection: Connection, kind: NoticeKind, address_hash: bytes, *, now: datetime
) -> None:
    """Never write to an address until its owner confirms anything: they said so."""
    _mark(connection, kind, address_hash, used=_FORBIDDEN, now=now)


def is_outdated(before: datetime) -> ColumnElement[bool]:
    """Return the condition that a mark counts no more: its last mail was before."""
    marks = courtesy_marks.c
    return and_(marks.last_at <= to_millis(before), marks.used != _FORBIDDEN)


def drop_waiting(connection: Connection, subscriber_id: int, kind: NoticeKind) -> None:
    """Write somebody nothing of a kind that waits."""
    connection.execute(
        delete(notices).where(
            notices.c.subscriber_id == subscriber_id,
            notices.c.kind == kind,
            notices.c.state.in_(_WAITING),
        )
    )


def skip_unwanted(connection: Connection, *, now: datetime) -> None:
    """Write nobody about what is confirmed, erased or over meanwhile."""
    connection.execute(
        update(notices)
        .where(notices.c.state.in_(_WAITING), ~_is_wanted())
        .values(state=DeliveryState.SKIPPED, at=to_millis(now), next_at=None)
    )


def is_anything_due(connection: Connection, *, now: datetime) -> bool:
    """Tell whether there is something to send, or left over from a crash."""
    found = select(notices.c.id).where(
        or_(notices.c.state == DeliveryState.ATTEMPTING, _is_due(now))
    )
    return connection.scalar(found.limit(1)) is not None


def read_due(connection: Connection, *, now: datetime, most: int) -> tuple[Notice, ...]:
    """Return the mails that are to be sent now, oldest first."""
    is_about_change = notices.c.kind.in_(ABOUT_CHANGES)
    query = (
        select(
            notices.c.id,
            notices.c.kind,
            notices.c.subscriber_id,
            notices.c.about_id,
            notices.c.language,
            notices.c.attempts,
            goes_to().label("email"),
            joinings.c.lists,
        )
        .join_from(notices, subscribers)
        .outerjoin(
            joinings, and_(~is_about_change, joinings.c.id == notices.c.about_id)
        )
        .outerjoin(
            address_changes,
            and_(is_about_change, address_changes.c.id == notices.c.about_id),
        )
        .where(_is_due(now), _is_wanted())
        .order_by(notices.c.next_at, notices.c.id)
        .limit(most)
    )
    return tuple(_notice(row) for row in connection.execute(query))


def goes_to() -> ColumnElement[str]:
    """Return the address of a notice, joined to `subscribers`, `address_changes`."""
    kind = notices.c.kind
    return case(
        (kind == NoticeKind.CHANGE, address_changes.c.email),
        (kind == NoticeKind.MOVED, address_changes.c.old_email),
        else_=subscribers.c.email,
    )


def begin_notice(connection: Connection, notice_id: int, *, now: datetime) -> bool:
    """Write down that a mail is about to leave; False: it must not, any more."""
    begun = connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state.in_(_WAITING), _is_wanted())
        .values(
            state=DeliveryState.ATTEMPTING,
            attempts=notices.c.attempts + 1,
            at=to_millis(now),
            next_at=None,
        )
    )
    return begun.rowcount == 1


def end_notice(
    connection: Connection,
    notice_id: int,
    state: DeliveryState,
    *,
    reply: Reply | None = None,
    next_at: datetime | None = None,
    now: datetime,
) -> None:
    """Write down what came of a mail.

    Args:
        connection: A writing one.
        notice_id: Row of it; if it is gone, its person was forgotten meanwhile.
        state: How it stands now.
        reply: What the mail server said.
        next_at: When a waiting one is tried again.
        now: The present, aware.
    """
    connection.execute(
        update(notices)
        .where(notices.c.id == notice_id)
        .values(
            state=state,
            at=to_millis(now),
            next_at=None if next_at is None else to_millis(next_at),
            reply_code=reply.code if reply else None,
            reply_text=reply.text if reply else None,
        )
    )
    _forget_told(connection, notices.c.id == notice_id)


def note_left_behind(
    connection: Connection, *, with_waiting: bool = False, now: datetime
) -> int:
    """Call unknown what a crash left under way; return how many those were.

    Only the one worker may ask for it, while nothing of its own is under way; and who
    puts a backup back, for what waits in it may have been sent since.
    """
    states = _OPEN if with_waiting else (DeliveryState.ATTEMPTING,)
    found = connection.execute(
        update(notices)
        .where(notices.c.state.in_(states))
        .values(state=DeliveryState.UNKNOWN, at=to_millis(now), next_at=None)
    )
    _forget_told(connection, notices.c.state == DeliveryState.UNKNOWN)
    return found.rowcount


def _forget_told(connection: Connection, which: ColumnElement[bool]) -> None:
    """Erase the addresses of before, to which no notice goes any more."""
    told = select(notices.c.about_id).where(
        which, notices.c.kind == NoticeKind.MOVED, notices.c.state.not_in(_OPEN)
    )
    connection.execute(
        update(address_changes)
        .where(address_changes.c.id.in_(told))
        .values(old_email=None)
    )


def count_waiting(connection: Connection) -> int:
    """Return how many mails wait for a worker to send them."""
    return connection.execute(
        select(func.count()).where(notices.c.state.in_(_WAITING), _is_wanted())
    ).scalar_one()


def count_confirmed(
    connection: Connection, *, since: datetime, until: datetime
) -> tuple[int, int]:
    """Return how many were asked to confirm that they want to join, and who did.

    Args:
        connection: Reading.
        since: When the first of those mails was taken by the mail server.
        until: When the last was.
    """
    is_confirmed = exists(
        select(joinings.c.id).where(
            joinings.c.id == notices.c.about_id, joinings.c.confirmed_at.is_not(None)
        )
    ).correlate(notices)
    row = connection.execute(
        select(
            func.count().label("asked"),
            func.count(case((is_confirmed, 1))).label("confirmed"),
        ).where(
            notices.c.kind == NoticeKind.CONFIRM,
            notices.c.state == DeliveryState.ACCEPTED,
            notices.c.at.between(to_millis(since), to_millis(until)),
        )
    ).one()
    return row.asked, row.confirmed


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_time = or_(
        notices.c.next_at <= to_millis(now),
        notices.c.next_at > to_millis(now + _FURTHEST),
    )
    return and_(notices.c.state.in_(_WAITING), is_time)


def _is_wanted() -> ColumnElement[bool]:
    """Return the condition that what a mail is about is still open."""
    asked, changing = joinings.alias("asked"), address_changes.alias("changing")
    moved = address_changes.alias("moved")
    is_asked = exists(
        select(asked.c.id)
        .where(
            asked.c.id == notices.c.about_id,
            asked.c.subscriber_id == notices.c.subscriber_id,
            asked.c.confirmed_at.is_(None),
            # None is left of what was taken back.
            func.json_array_length(asked.c.lists) > 0,
        )
        .correlate(notices)
    )
    is_changing = exists(
        select(changing.c.id)
        .where(
            changing.c.id == notices.c.about_id,
            changing.c.confirmed_at.is_(None),
        )
        .correlate(notices)
    )
    has_moved = exists(
        select(moved.c.id)
        .where(moved.c.id == notices.c.about_id, moved.c.old_email.is_not(None))
        .correlate(notices)
    )
    kind = notices.c.kind
    return and_(
        or_(kind != NoticeKind.CONFIRM, is_asked),
        or_(kind != NoticeKind.CHANGE, is_changing),
        or_(kind != NoticeKind.MOVED, has_moved),
    )


def _notice(row: Any) -> Notice:
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        subscriber_id=row.subscriber_id,
        email=row.email,
        language=row.language,
        about_id=row.about_id or 0,
        lists=tuple(row.lists or ()),
        attempts=row.attempts,
    )
