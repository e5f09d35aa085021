"""The desk of the public pages: what they need open to let people come and go."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import select

from newsletter.errors import OperationError, RefusedError
from newsletter.store.committer import Committer
from newsletter.store.database import Database, open_database
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.keys import Keys
from newsletter.tokens import Keyring
from newsletter.workflow.project import Project

#: In a token: whoever leaves by it leaves every list.
ANY_LIST_ID = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Where leaving links are looked up: the open database, and the keys they need."""

    database: Database
    keys: Keys
    #: Writes of the public pages go through it, many in one commit.
    committer: Committer

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now, also after another command changed them.

        Raises:
            OperationError: They cannot be used any more.
        """
        return self.keys.keyring


@contextmanager
def open_desk(project: Project, *, writes: bool = True) -> Iterator[Desk]:
    """Open the desk of a project while the ``with`` block runs.

    Args:
        project: The project.
        writes: False for who only looks: that goes on after a hand-over.

    Raises:
        OperationError: Database or keys cannot be used.
        RefusedError: The newsletter was handed over to another computer.
    """
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as opened:
        database = opened
        if writes:
            with opened.reading() as connection:
                refuse_handed_over(connection)
            # While it is open, too: in the very transaction that writes.
            database = replace(opened, guard=refuse_handed_over)
        with Committer(database) as committer:
            yield Desk(database, Keys(database, root=root), committer)


def is_ready(desk: Desk) -> bool:
    """Tell whether the database answers, and is still the one that readers go by."""
    try:
        with desk.database.reading() as connection:
            connection.execute(select(1))
            refuse_handed_over(connection)
    except (OperationError, RefusedError):
        return False
    return True
