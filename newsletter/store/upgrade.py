"""Bring a database to the present shape: one transaction, after a backup copy.

A process killed anywhere in here leaves the database as it was: SQLite undoes the open
transaction, and the next process starts over. Two processes at once: the second waits
for the first one's transaction and finds nothing left to do.
"""

import os
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from newsletter.errors import OperationError
from newsletter.store.archives import copy_database
from newsletter.store.database import known_revisions, read_revision
from newsletter.store.sqlite import WRITES, explained, make_engine


def upgrade(path: Path, migrations: Path) -> None:
    """Migrate the database at *path* to the newest revision of *migrations*.

    Raises:
        OperationError: No backup could be made, or the disk failed; nothing is changed.
    """
    engine = make_engine(path, checks_references=False)
    try:
        with explained(path), engine.connect() as connection:
            writer = connection.execution_options(**{WRITES: True})
            with writer.begin():
                _upgrade_under_lock(writer, path, migrations)
    finally:
        engine.dispose()


def backup_path(path: Path, revision: str) -> Path:
    """Return where the copy of a database is put before it is migrated."""
    return path.with_name(f"{path.name}.backup-{revision}")


def present_revision(path: Path) -> str | None:
    """Return the revision of a database as it is; None for an empty one.

    Raises:
        OperationError: It cannot be read, or belongs to another program.
    """
    engine = make_engine(path)
    try:
        with explained(path, reads=True), engine.connect() as connection:
            return read_revision(connection, path)
    finally:
        engine.dispose()


def _upgrade_under_lock(connection: Connection, path: Path, migrations: Path) -> None:
    revision = read_revision(connection, path)
    if revision == known_revisions(migrations)[-1]:
        return
    if revision is not None:
        back_up(path, backup_path(path, revision))
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise OperationError(
            f"the database {path} could not be migrated: rows of {broken[0]} refer to "
            "rows that do not exist. Nothing was changed.",
            "Please report this with the revision in the name of the backup copy.",
        )


def back_up(path: Path, copy: Path) -> None:
    """Copy a database while others may read it; *copy* appears whole or not at all.

    Raises:
        OperationError: The copy cannot be written.
    """
    part = copy.with_name(f"{copy.name}.part")
    try:
        copy_database(path, part)
        _sync(part)
        part.replace(copy)
        _sync(copy.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise OperationError(
            f"the database {path} needs to be migrated, but its backup copy {copy} "
            f"could not be written: {error}.",
            "Nothing was changed. Make room on the disk and try again.",
        ) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
