"""Whom the mail server refused for good: counted, and the dead ones mailed no more.

Law: in small transactions, each refusal once; a crash between two of them loses none.
"""

from collections.abc import Callable
from datetime import datetime

from newsletter.store.database import Database, exists, open_database
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.refusals import (
    apply_refusals,
    are_believable,
    dispatches_with_refusals,
    read_refusals,
)
from newsletter.workflow.project import Project


def settle_refusals(
    project: Project, *, now: datetime, is_over: Callable[[], bool] = lambda: False
) -> None:
    """Count what was refused in the dispatches of the last weeks.

    Raises:
        OperationError: The database cannot be used; what was counted stays.
        RefusedError: The newsletter was handed over to another computer.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return
    with open_database(url, root=root) as database:
        with database.reading() as connection:
            refuse_handed_over(connection)
            found = dispatches_with_refusals(connection, now=now)
        for dispatch_id in found:
            settle_refusals_of(database, dispatch_id, now=now, is_over=is_over)


def settle_refusals_of(
    database: Database,
    dispatch_id: int,
    *,
    now: datetime,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Count what was refused in one dispatch, unless nearly all of it was.

    Raises:
        OperationError: As `settle_refusals`.
    """
    last = 0
    while not is_over():
        with database.reading() as connection:
            if not are_believable(connection, dispatch_id):
                return
            found = read_refusals(connection, dispatch_id, after=last, now=now)
        if not found:
            return
        with database.writing() as connection:
            apply_refusals(connection, dispatch_id, found, now=now)
        last = found[-1].seq
