"""Who wrote that they want to leave, and still gets mail: the editor acts on it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from newsletter.model.returned import MailKind
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import returned_mails, subscribers, subscriptions


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody asks to be taken off."""

    email: str
    #: When the mail was read last that says so; aware, UTC.
    at: datetime


def read_wishes_of_nobody(
    connection: Connection, keys: Collection[bytes]
) -> dict[bytes, datetime]:
    """Return which of these mails ask to leave, of whom no reader has the address.

    Args:
        connection: Reading or writing.
        keys: `Reading.key` of each.

    Returns:
        Key -> when it was read.
    """
    rows = connection.execute(
        select(returned_mails.c.key, returned_mails.c.at).where(
            returned_mails.c.key.in_(keys),
            returned_mails.c.kind == MailKind.ASKS_TO_LEAVE,
            returned_mails.c.subscriber_id.is_(None),
        )
    )
    return {row.key: from_millis(row.at) for row in rows}


def read_wishes(connection: Connection, *, since: datetime) -> list[Wish]:
    """Return who asked since then and is still on a list, oldest first.

    Who came back by their own word after asking is not among them.
    """
    asked_at = func.max(returned_mails.c.at)
    is_still_on = exists().where(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.status == SubscriptionStatus.ACTIVE,
        subscriptions.c.changed_at <= returned_mails.c.at,
    )
    rows = connection.execute(
        select(subscribers.c.email, asked_at.label("at"))
        .join_from(
            returned_mails,
            subscribers,
            subscribers.c.id == returned_mails.c.subscriber_id,
        )
        .where(
            returned_mails.c.kind == MailKind.ASKS_TO_LEAVE,
            returned_mails.c.at >= to_millis(since),
            is_still_on,
        )
        .group_by(subscribers.c.id)
        .order_by(asked_at)
    )
    return [Wish(row.email, from_millis(row.at)) for row in rows]
