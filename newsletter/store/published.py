"""Whether an issue has left the house: the public pages ask before they show it."""

from sqlalchemy import Connection, and_, exists, select

from newsletter.store.tables import batches, dispatches, test_mails


def was_dispatched(connection: Connection, issue: str) -> bool:
    """Whether the first mail of a dispatch of *issue* (its slug) was at least tried.

    A dispatch that still waits for its hour, or was undone in the hold, tells nobody.
    """
    has_begun = (
        batches.c.n_attempting
        + batches.c.n_accepted
        + batches.c.n_deferred
        + batches.c.n_refused
        + batches.c.n_unknown
    ) > 0
    of_issue = and_(
        dispatches.c.id == batches.c.dispatch_id, dispatches.c.issue == issue
    )
    return bool(connection.scalar(select(exists().where(of_issue, has_begun))))


def was_tested(connection: Connection, issue: str) -> bool:
    """Whether a test mail of *issue* was sent: its hosted pictures are wanted then."""
    of_issue = test_mails.c.issue == issue
    return bool(connection.scalar(select(exists().where(of_issue))))
