"""Whom the mail server refused while we sent: counted as mail that came back.

Law: as in `returned`. A refusal counts once for each dispatch, however often it is
tried again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, exists, func, select

from newsletter.bounces import classify_refusal
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.outcome import Reply
from newsletter.model.returned import MailKind
from newsletter.replies import read_reply
from newsletter.store.dispatch_records import counter, load_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.people import find_by_id
from newsletter.store.returned import (
    MAIL_COUNTS_FOR,
    ReturnedMail,
    is_current,
    note_returned,
    stop_if_dead,
)
from newsletter.store.returned_counts import SMTP
from newsletter.store.tables import (
    batches,
    deliveries,
    dispatches,
    returned_mails,
    subscribers,
)

#: Rows in one transaction: other writers wait for it.
_AT_ONCE = 200
#: When most of so many are refused it is the mail server that is wrong, not each of
#: the readers: a relay that knows none of them, say.
_MANY = 10
#: Likewise so many next to one another: that pauses a dispatch (`delivery.trouble`).
_CROWD = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the mail server said of one reader."""

    seq: int
    subscriber_id: int
    reply: Reply
    #: It was about the address that they have now.
    is_current: bool


def dispatches_with_refusals(connection: Connection, *, now: datetime) -> list[int]:
    """Return the recent dispatches with refusals that were not counted, oldest first.

    Also those with some that never are: given up after days.
    """
    noted = (
        select(func.count())
        .where(
            returned_mails.c.dispatch_id == dispatches.c.id,
            returned_mails.c.kind == MailKind.BOUNCE,
            returned_mails.c.source == SMTP,
        )
        .correlate(dispatches)
        .scalar_subquery()
    )
    return list(
        connection.scalars(
            select(dispatches.c.id)
            .join_from(batches, dispatches)
            .where(dispatches.c.created_at >= to_millis(now - MAIL_COUNTS_FOR))
            .group_by(dispatches.c.id)
            .having(func.sum(counter(DeliveryState.REFUSED)) > noted)
            .order_by(dispatches.c.id)
        )
    )


def are_believable(connection: Connection, dispatch_id: int) -> bool:
    """Tell whether there are refusals, and so few that their addresses may be dead.

    When the server was mended and they were tried again, the rest is believable.
    """
    dispatch = load_dispatch(connection, dispatch_id)
    refused = dispatch.counts[DeliveryState.REFUSED]
    is_most = refused > dispatch.counts[DeliveryState.ACCEPTED]
    is_doubtful = refused >= _MANY and is_most
    is_paused = dispatch.state is DispatchState.PAUSED
    return refused > 0 and not is_doubtful and not is_paused


def read_refusals(
    connection: Connection, dispatch_id: int, *, after: int = 0, now: datetime
) -> list[Refusal]:
    """Return some refusals of a dispatch that were not counted, in order.

    Args:
        connection: Reading: a long dispatch takes a second to go through.
        dispatch_id: A dispatch.
        after: Those behind this `Refusal.seq`.
        now: Aware.
    """
    return [
        Refusal(
            row.seq,
            row.subscriber_id,
            read_reply(row.reply_code, row.reply_text),
            is_current(connection, row, now=now),
        )
        for row in connection.execute(_refused(dispatch_id, after)).all()
    ]


def apply_refusals(
    connection: Connection,
    dispatch_id: int,
    refusals: Iterable[Refusal],
    *,
    now: datetime,
) -> None:
    """Count whom the mail server refused for good while we sent.

    Args:
        connection: A writing one.
        dispatch_id: A dispatch.
        refusals: Of it.
        now: Aware.
    """
    for refusal in refusals:
        reply, person = refusal.reply, refusal.subscriber_id
        mail = ReturnedMail(
            key=sha256(f"smtp {dispatch_id} {person}".encode()).digest(),
            at=now,
            source=SMTP,
            kind=MailKind.BOUNCE,
            bounce_class=classify_refusal(reply),
            dispatch_id=dispatch_id,
            subscriber_id=person,
            status=reply.enhanced,
            diagnostic=reply.text,
        )
        # Somebody may have been forgotten since it was read.
        is_there = find_by_id(connection, person) is not None
        if is_there and note_returned(connection, mail) and refusal.is_current:
            stop_if_dead(connection, mail)


def _refused(dispatch_id: int, after: int) -> Any:
    is_noted = exists().where(
        returned_mails.c.subscriber_id == deliveries.c.subscriber_id,
        returned_mails.c.dispatch_id == dispatch_id,
        returned_mails.c.source == SMTP,
    )
    near = deliveries.alias("near")
    crowd = (
        select(func.count())
        .where(
            near.c.dispatch_id == dispatch_id,
            near.c.seq.between(
                deliveries.c.seq - _CROWD + 1, deliveries.c.seq + _CROWD - 1
            ),
            near.c.state == DeliveryState.REFUSED,
        )
        .correlate(deliveries)
        .scalar_subquery()
    )
    return (
        select(
            deliveries.c.seq,
            deliveries.c.subscriber_id,
            deliveries.c.email,
            deliveries.c.at,
            deliveries.c.reply_code,
            deliveries.c.reply_text,
            subscribers.c.email_key,
        )
        .join_from(
            deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id
        )
        .where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.seq > after,
            deliveries.c.state == DeliveryState.REFUSED,
            # Below it: given up after the server said "later" for days.
            deliveries.c.reply_code >= 500,
            # Erased: nobody knows any more what was said.
            deliveries.c.reply_text.is_not(None),
            ~is_noted,
            crowd < _CROWD,
        )
        .order_by(deliveries.c.seq)
        .limit(_AT_ONCE)
    )
