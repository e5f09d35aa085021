"""Look at this computer as the place of a newsletter.

Law: nothing is made. What is there is opened as every command does it: an older
database is brought up to date then.
"""

import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.doctor.computer import ComputerFacts
from newsletter.errors import OperationError
from newsletter.store.database import database_path, exists, open_database
from newsletter.store.keys import open_keyring
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.store.surroundings import warn_of_surroundings
from newsletter.workflow.project import Project


def computer_facts(project: Project, *, now: datetime) -> ComputerFacts:
    """Return what is found of clock, disk, database and keys.

    Args:
        project: The project.
        now: Aware.
    """
    zone = project.settings.newsletter.time_zone
    faults: list[tuple[str, str]] = []
    leaks: tuple[str, ...] = ()
    has_database = is_sending = False
    try:
        has_database = has_people_file(project)
        if has_database:
            leaks, is_sending = _try_database(project)
    except OperationError as error:
        faults.append((error.message, error.advice))
    return ComputerFacts(
        local_time=now.astimezone(ZoneInfo(zone)),
        time_zone=zone,
        free_bytes=shutil.disk_usage(_nearest(project)).free,
        has_database=has_database,
        faults=tuple(faults),
        leaks=(*leaks, *warn_of_surroundings(project.root)),
        is_sending=is_sending,
    )


def has_people_file(project: Project) -> bool:
    """Tell whether there is a database, without making one.

    Raises:
        OperationError: Its folder may not be looked into, or the url names none.
    """
    return exists(project.settings.database_url, root=project.root)


def _try_database(project: Project) -> tuple[tuple[str, ...], bool]:
    """Return what could not be made private, and whether a process sends.

    Raises:
        OperationError: It cannot be written, or the keys are not there.
    """
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as database:
        open_keyring(database, root=root)
        with database.writing():
            # Got, and given back: so it can be written.
            pass
        with sender_lock_if_free(lock_path(database.path)) as is_free:
            return database.warnings, not is_free


def _nearest(project: Project) -> Path:
    """Return the folder of the database, or the one in which it would be made."""
    try:
        folder = database_path(project.settings.database_url, root=project.root).parent
    except OperationError:
        return project.root
    return next(one for one in (folder, *folder.parents) if one.exists())
