"""What a command that was killed left behind, and what others make just now.

A backup or a restore that ends by itself leaves nothing; one that is killed leaves a
private folder with addresses and keys in it.
"""

from pathlib import Path

from newsletter.store.database import database_path
from newsletter.store.workrooms import clear_rooms, find_rooms
from newsletter.workflow.project import Project


def clear_leftovers(project: Project) -> tuple[Path, ...]:
    """Remove what killed commands left; return the folders that are gone.

    Raises:
        OperationError: The database url in the settings cannot be used.
    """
    return clear_rooms(*_places(project))


def find_leftovers(project: Project) -> tuple[Path, ...]:
    """Return the files in which copies of the readers are made, or were left.

    Raises:
        OperationError: The database url in the settings cannot be used.
    """
    rooms = find_rooms(*_places(project))
    return tuple(path for room in rooms for path in room.rglob("*") if path.is_file())


def _places(project: Project) -> set[Path]:
    database = database_path(project.settings.database_url, root=project.root)
    return {project.root, database.parent, Path.cwd()}
