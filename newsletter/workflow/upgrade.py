"""Bring the database to the shape that this version works with, and say so."""

from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import RefusedError
from newsletter.store.database import database_path, exists, open_database
from newsletter.store.upgrade import backup_path, present_revision
from newsletter.workflow.leftovers import clear_leftovers
from newsletter.workflow.project import Project


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What `db upgrade` did."""

    before: str
    revision: str
    #: Copy of the database as it was; None: nothing was to be done.
    copy: Path | None


def upgrade_database(project: Project) -> Upgraded:
    """Do now what the first command after an update would do by itself.

    Raises:
        RefusedError: There is no database yet.
        OperationError: It cannot be used, or was made by a newer version.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        raise RefusedError("there is no database yet.")
    clear_leftovers(project)
    path = database_path(url, root=root)
    before = present_revision(path) or ""
    with open_database(url, root=root):
        pass
    after = present_revision(path) or ""
    return Upgraded(
        before, after, None if before == after else backup_path(path, before)
    )
