"""How many of a dispatch came back or were called spam: later news of accepted mails.

A person counts once, however many mails say so. Whom the mail server refused in the
dialogue is no news: that is one of the seven states.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    distinct,
    func,
    literal,
    select,
)

from newsletter.model.returned import BounceClass, Decision, MailKind
from newsletter.store.instants import from_millis
from newsletter.store.tables import dispatches, returned_mails

#: Source of what the mail server said while we sent.
SMTP = "smtp"
#: The mail did not arrive. A delay is still being tried.
CAME_BACK = (BounceClass.HARD, BounceClass.SOFT, BounceClass.BLOCKED)


def bounced_of(dispatch_id: Any) -> ColumnElement[int]:
    """Return SQL for how many mails of a dispatch came back."""
    return _people_of(
        dispatch_id, MailKind.BOUNCE, returned_mails.c.bounce_class.in_(CAME_BACK)
    )


def complained_of(dispatch_id: Any) -> ColumnElement[int]:
    """Return SQL for how many readers of a dispatch called it spam."""
    return _people_of(dispatch_id, MailKind.COMPLAINT)


def count_returned(connection: Connection, dispatch_id: int) -> tuple[int, int]:
    """Return how many mails of a dispatch bounced, and how many were called spam."""
    number = literal(dispatch_id)
    row = connection.execute(select(bounced_of(number), complained_of(number))).one()
    return row[0], row[1]


def _people_of(
    dispatch_id: Any, kind: MailKind, *also: ColumnElement[bool]
) -> ColumnElement[int]:
    # Who was forgotten counts on, by the row alone.
    person = func.coalesce(returned_mails.c.subscriber_id, -returned_mails.c.id)
    return (
        select(func.count(distinct(person)))
        .where(
            returned_mails.c.dispatch_id == dispatch_id,
            returned_mails.c.kind == kind,
            returned_mails.c.source != SMTP,
            *also,
        )
        .correlate(dispatches)
        .scalar_subquery()
    )


# --- whose they were ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CameBack:
    """The last mail of a dispatch that came back from somebody."""

    bounce_class: BounceClass
    #: Enhanced code, or empty.
    status: str
    #: What the mail system said.
    diagnostic: str
    #: Aware, UTC.
    at: datetime
    decision: Decision | None


def who_came_back(dispatch_id: int) -> Select[int]:
    """Return SQL for the numbers of those whose mail of a dispatch came back."""
    theirs = returned_mails.c.subscriber_id
    return select(theirs).where(*_came_back(dispatch_id), theirs.is_not(None))


def read_came_back(
    connection: Connection, dispatch_id: int, subscriber_ids: Collection[int]
) -> dict[int, CameBack]:
    """Return what came back of a dispatch from these people, by their number."""
    rows = connection.execute(
        select(returned_mails)
        .where(
            *_came_back(dispatch_id), returned_mails.c.subscriber_id.in_(subscriber_ids)
        )
        .order_by(returned_mails.c.id)
    )
    return {
        row.subscriber_id: CameBack(
            BounceClass(row.bounce_class),
            row.status,
            row.diagnostic,
            from_millis(row.at),
            Decision(row.decision) if row.decision else None,
        )
        for row in rows
    }


def count_of_nobody(connection: Connection, dispatch_id: int) -> int:
    """Return of how many mails that came back nobody knows whose they were."""
    is_nobodys = returned_mails.c.subscriber_id.is_(None)
    found = select(func.count()).where(*_came_back(dispatch_id), is_nobodys)
    return connection.scalar(found) or 0


def _came_back(dispatch_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        returned_mails.c.dispatch_id == dispatch_id,
        returned_mails.c.kind == MailKind.BOUNCE,
        returned_mails.c.bounce_class.in_(CAME_BACK),
        returned_mails.c.source != SMTP,
    )
