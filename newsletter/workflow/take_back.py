"""Take a hand-over back where its file is lost: this copy is in charge again.

Law: nobody knows what the other copy did meanwhile. So it is as with a backup that was
put back: what was under way is paused, and who was still to get it is unknown.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection

from newsletter.errors import RefusedError
from newsletter.store.archives import Halted, settle_restored
from newsletter.store.database import Database, exists, open_database
from newsletter.store.handovers import Handover, read_handover
from newsletter.workflow.project import Project


def find_handover(project: Project) -> Handover:
    """Return how this copy was handed over.

    Raises:
        RefusedError: It was not.
        OperationError: The database cannot be used.
    """
    with _opened(project) as database, database.reading() as connection:
        return _handover(connection)


def take_back(project: Project, *, now: datetime) -> tuple[Halted, ...]:
    """Let this copy change and send again; returns what was under way in it.

    Raises:
        RefusedError: It was not handed over.
        OperationError: The database cannot be used.
    """
    with _opened(project) as database, database.writing() as connection:
        handover = _handover(connection)
        return settle_restored(
            connection,
            reason=f"the hand-over of {handover.date} was taken back",
            was_handed_over=False,
            now=now,
        )


@contextmanager
def _opened(project: Project) -> Iterator[Database]:
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        raise _not_handed_over()
    with open_database(url, root=root) as database:
        yield database


def _handover(connection: Connection) -> Handover:
    found = read_handover(connection)
    if found is None:
        raise _not_handed_over()
    return found


def _not_handed_over() -> RefusedError:
    return RefusedError(
        "this newsletter was not handed over: this copy is in charge. Nothing was "
        "changed."
    )
