"""Whom the mail server refused while we sent: counted as mail that came back.

Law: as in `returned`. A refusal counts once for each dispatch, however often it is
tried again.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, exists, func, select

from newsletter.bounces import classify_refusal
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.returned import MailKind
from newsletter.replies import read_reply
from newsletter.store.dispatch_records import counter, load_dispatch
from newsletter.store.instants import to_millis
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


def dispatches_with_refusals(connection: Connection, *, now: datetime) -> list[int]:
    """Return the recent dispatches of which somebody was refused, oldest first."""
    return list(
        connection.scalars(
            select(dispatches.c.id)
            .join_from(batches, dispatches)
            .where(
                dispatches.c.created_at >= to_millis(now - MAIL_COUNTS_FOR),
                counter(DeliveryState.REFUSED) > 0,
            )
            .distinct()
            .order_by(dispatches.c.id)
        )
    )


def are_doubtful(connection: Connection, dispatch_id: int) -> bool:
    """Tell whether so many were refused that hardly all of their addresses are dead.

    When the server was mended and they were tried again, the rest is not doubtful.
    """
    dispatch = load_dispatch(connection, dispatch_id)
    refused = dispatch.counts[DeliveryState.REFUSED]
    is_most = refused > dispatch.counts[DeliveryState.ACCEPTED]
    return dispatch.state is DispatchState.PAUSED or (refused >= _MANY and is_most)


def apply_refusals(
    connection: Connection, dispatch_id: int, *, now: datetime, after: int = 0
) -> int | None:
    """Count whom the mail server refused for good while we sent, some at a time.

    Args:
        connection: A writing one.
        dispatch_id: A dispatch.
        now: Aware.
        after: What the last call returned: go on behind it.

    Returns:
        Where to go on, None when nobody is left.
    """
    rows = connection.execute(_refused(dispatch_id, after)).all()
    for row in rows:
        reply = read_reply(row.reply_code, row.reply_text)
        mail = ReturnedMail(
            key=sha256(f"smtp {dispatch_id} {row.subscriber_id}".encode()).digest(),
            at=now,
            source=SMTP,
            kind=MailKind.BOUNCE,
            bounce_class=classify_refusal(reply),
            dispatch_id=dispatch_id,
            subscriber_id=row.subscriber_id,
            status=reply.enhanced,
            diagnostic=reply.text,
        )
        if note_returned(connection, mail) and is_current(connection, row):
            stop_if_dead(connection, mail)
    return rows[-1].seq if rows else None


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
