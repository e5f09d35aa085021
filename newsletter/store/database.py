"""Open the one database of a newsletter, and hand out its transactions.

Opening creates what is missing, keeps it private (folder 0700, files 0600), and brings
an older database to the present shape after a backup copy. What is already there costs
one small query: Alembic is imported only when there is something to migrate.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from newsletter.errors import OperationError
from newsletter.store.sqlite import (
    BUSY_SECONDS,
    WRITES,
    YIELDS,
    explained,
    fold_wal,
    is_ours,
    make_engine,
    rewrite_file,
    set_busy_seconds,
    truncate_wal,
)

#: The Alembic tree: the revision is the number in a file name, ``r0001_….py``.
MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; close it, or use it in a ``with`` statement."""

    engine: Engine
    #: The file, absolute.
    path: Path
    #: Sentences for the operator: what could not be made private.
    warnings: tuple[str, ...] = ()
    #: How long a command waits for another one's write.
    patience_seconds: float = BUSY_SECONDS
    #: Asked first in each transaction of `writing`; what it raises undoes that.
    guard: Callable[[Connection], None] = lambda _: None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and cannot write.

        Raises:
            OperationError: Disk or file failed.
        """
        with (
            explained(self.path, reads=True, patience_seconds=self.patience_seconds),
            self.engine.connect() as connection,
        ):
            yield connection

    @contextmanager
    def writing(self, *, patience_seconds: float | None = None) -> Iterator[Connection]:
        """Give the writer's connection: all is committed at the end, or nothing is.

        Args:
            patience_seconds: How long to wait for another writer; None: as usual.

        Raises:
            OperationError: Disk or file failed, or another writer did not finish.
        """
        seconds = (
            self.patience_seconds if patience_seconds is None else patience_seconds
        )
        with (
            explained(self.path, patience_seconds=seconds),
            self.connect_writer(patience_seconds=seconds) as connection,
        ):
            with connection.begin():
                self.guard(connection)
                yield connection
            fold_wal(connection)

    @contextmanager
    def erasing(self) -> Iterator[Connection]:
        """Give a writer's connection as `writing`, for what is to leave no trace.

        Others that write go first. What is still in the WAL goes by `empty_wal`.

        Raises:
            OperationError: Disk or file failed, or another writer did not finish.
        """
        with (
            explained(self.path, patience_seconds=self.patience_seconds),
            self.connect_writer(yields=True) as connection,
            connection.begin(),
        ):
            self.guard(connection)
            yield connection

    def empty_wal(self) -> bool:
        """Leave nothing of what was deleted in the WAL; False while others use it.

        Raises:
            OperationError: Disk or file failed.
        """
        with (
            explained(self.path, patience_seconds=self.patience_seconds),
            self.connect_writer() as connection,
        ):
            return truncate_wal(connection)

    def rewrite(self) -> bool:
        """Write the file anew without what was deleted, and empty the WAL.

        Overwriting is not enough: where SQLite divides a page among others, it leaves
        the old copies of rows there. A million people take 7 s, in which nobody writes.

        Returns:
            As `empty_wal`.

        Raises:
            OperationError: Disk or file failed, or another writer did not finish.
        """
        with (
            explained(self.path, patience_seconds=self.patience_seconds),
            self.connect_writer() as connection,
        ):
            rewrite_file(connection)
            return truncate_wal(connection)

    def connect_writer(
        self, *, yields: bool = False, patience_seconds: float | None = None
    ) -> Connection:
        """Return a connection to keep: each ``begin()`` of it is a BEGIN IMMEDIATE.

        Wrap its work in `sqlite.explained`.

        Args:
            yields: Whether other writers go first: for the ledger's, which would leave
                them no room.
            patience_seconds: How long to wait for another writer; None: as usual.
        """
        value = YIELDS if yields else True
        connection = self.engine.connect().execution_options(**{WRITES: value})
        # Whoever used this connection before may have been less patient.
        seconds = (
            self.patience_seconds if patience_seconds is None else patience_seconds
        )
        set_busy_seconds(connection, seconds)
        return connection

    def close(self) -> None:
        """Close every connection; the last one out folds the WAL into the file."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_database(
    url: str,
    *,
    root: Path,
    migrations: Path = MIGRATIONS,
    patience_seconds: float = BUSY_SECONDS,
) -> Database:
    """Open the database at *url*, made or brought up to date where needed.

    Args:
        url: ``sqlite:///…``; a relative path counts from *root*.
        root: The project folder.
        migrations: The Alembic tree; tests bring their own.
        patience_seconds: How long to wait for another command's write.

    Raises:
        OperationError: It cannot be used; says why and what to do.
    """
    path = database_path(url, root=root)
    warnings = _make_private(path, root=root)
    engine = make_engine(path, patience_seconds=patience_seconds)
    database = Database(engine, path, warnings, patience_seconds)
    try:
        _bring_up_to_date(database, migrations)
    except BaseException:
        database.close()
        raise
    return database


def database_path(url: str, *, root: Path) -> Path:
    """Return the file that *url* names.

    Raises:
        OperationError: It names none, or a database we cannot use.
    """
    advice = 'Write url = "sqlite:///subscribers/newsletter.db" under [database].'
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise OperationError("the database url cannot be read.", advice) from error
    # The url itself is not shown: it may hold a password.
    if parts.get_backend_name() == "postgresql":
        raise OperationError("PostgreSQL comes in a later release.", advice)
    if parts.drivername != "sqlite" or parts.query:
        raise OperationError("the database url names no SQLite file.", advice)
    if parts.database in (None, "", ":memory:"):
        raise OperationError("the database url names no file.", advice)
    return (root / str(parts.database)).absolute()


def exists(url: str, *, root: Path) -> bool:
    """Tell whether there is a database with something in it, without making one.

    Raises:
        OperationError: Its folder may not be looked into.
    """
    path = database_path(url, root=root)
    try:
        return path.exists() and path.stat().st_size > 0
    except OSError as error:
        raise _cannot_open(path, error) from error


def _make_private(path: Path, *, root: Path) -> tuple[str, ...]:
    """Create folder and file where missing; keep other users of this computer out."""
    try:
        is_ours = (
            not path.parent.exists() or path.parent == (root / "subscribers").absolute()
        )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = _restrict(path.parent, 0o700) if is_ours else ""
        _create(path)
    except OSError as error:
        raise _cannot_open(path, error) from error
    return tuple(filter(None, (folder, _restrict(path, 0o600))))


def _create(path: Path) -> None:
    """Create the file, or see that it may be used; one that is there is not opened.

    Closing it again would drop every lock that this process has on it, and with them
    the right to the WAL that another process then deletes
    (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    try:
        # SQLite gives its mode to -wal and -shm.
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        reason = errno.EISDIR if path.is_dir() else errno.EACCES
        as_who_we_are = os.access in os.supports_effective_ids
        may_use = os.access(path, os.R_OK | os.W_OK, effective_ids=as_who_we_are)
        if path.is_dir() or not may_use:
            raise OSError(reason, os.strerror(reason)) from None


def _cannot_open(path: Path, error: OSError) -> OperationError:
    return OperationError(
        f"the database {path} cannot be opened: {error.strerror}.",
        "Check that the disk is not read-only, and who owns file and folder.",
    )


def _restrict(path: Path, mode: int) -> str:
    """Set *mode*, or return the sentence that it could not be set."""
    if path.stat().st_mode & 0o777 == mode:
        return ""
    try:
        path.chmod(mode)
    except OSError:
        return (
            f"{path} can be read by others: its owner should run chmod {mode:o} on it."
        )
    return ""


def _bring_up_to_date(database: Database, migrations: Path) -> None:
    with database.reading() as connection:
        revision = read_revision(connection, database.path)
    known = known_revisions(migrations)
    if revision == known[-1]:
        return
    if revision is not None and revision not in known:
        raise OperationError(
            f"the database {database.path} was made by a newer version of newsletter "
            f"(revision {revision}; this one knows {known[-1]}).",
            "Install that version again: pip install --upgrade newsletter.",
        )
    # Alembic costs more than all else here, and is needed once per release.
    from newsletter.store.upgrade import upgrade

    upgrade(database.path, migrations)


def read_revision(connection: Connection, path: Path) -> str | None:
    """Return the revision of a database, None for an empty one.

    Raises:
        OperationError: It is a database of another program.
    """
    tables = set(
        connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).scalars()
    )
    if not tables:
        return None
    if not is_ours(tables):
        raise OperationError(
            f"the database {path} belongs to another program.",
            "Set another url under [database] in newsletter.toml.",
        )
    return str(
        connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    )


def known_revisions(migrations: Path) -> list[str]:
    """Return the revisions of an Alembic tree, oldest first, by their file names."""
    return sorted(file.name[1:5] for file in (migrations / "versions").glob("r*.py"))
