"""Whether an issue has left the house: the public pages ask before they show it."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select

from newsletter.store.instants import from_millis
from newsletter.store.tables import batches, contents, dispatches, test_mails


def was_dispatched(connection: Connection, issue: str) -> bool:
    """Whether the first mail of a dispatch of *issue* (its slug) was at least tried.

    A dispatch that still waits for its hour, or was undone in the hold, tells nobody.
    """
    begun = select(dispatches.c.id).where(dispatches.c.issue == issue, _has_begun())
    return bool(connection.scalar(select(begun.exists())))


def dispatched_at(connection: Connection) -> dict[str, datetime]:
    """Return slug -> when the first dispatch of it that has begun was to start."""
    starts = dispatches.c.starts_at
    created = dispatches.c.created_at
    began = func.min(case((starts > created, starts), else_=created))
    rows = connection.execute(
        select(dispatches.c.issue, began)
        .where(_has_begun())
        .group_by(dispatches.c.issue)
    )
    return {issue: from_millis(at) for issue, at in rows}


def dispatched_subject(connection: Connection, issue: str) -> str:
    """Return the subject under which an issue last went out, or empty."""
    subject: str | None = connection.scalar(
        select(contents.c.subject)
        .join(dispatches, dispatches.c.content_hash == contents.c.hash)
        .where(dispatches.c.issue == issue, _has_begun())
        .order_by(dispatches.c.id.desc())
        .limit(1)
    )
    return subject or ""


def was_tested(connection: Connection, issue: str) -> bool:
    """Whether a test mail of *issue* was sent: its hosted pictures are wanted then."""
    of_issue = test_mails.c.issue == issue
    return bool(connection.scalar(select(exists().where(of_issue))))


def _has_begun() -> ColumnElement[bool]:
    """Whether a mail of the dispatch was at least tried."""
    tried = (
        batches.c.n_attempting
        + batches.c.n_accepted
        + batches.c.n_deferred
        + batches.c.n_refused
        + batches.c.n_unknown
    ) > 0
    return exists().where(and_(batches.c.dispatch_id == dispatches.c.id, tried))
