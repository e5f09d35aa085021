"""How many of a dispatch came back or were called spam: later news of accepted mails.

A person counts once, however many mails say so. Whom the mail server refused in the
dialogue is no news: that is one of the seven states.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, distinct, func, literal, select

from newsletter.model.returned import BounceClass, MailKind
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
