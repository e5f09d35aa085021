"""How we talk to SQLite: the engine with its settings, and its failures in words.

Law: the driver never begins a transaction by itself; every transaction begins here, as
a reader that cannot write or as the one writer. So "database is locked" can only mean
that another writer took longer than the busy timeout, never an upgrade of a reader.
"""

import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from newsletter.errors import OperationError
from newsletter.store.courtesy import let_others_pass, standing_in_line

#: How long a command waits for another one's write: a large import commits within this.
BUSY_SECONDS = 30

#: How long others are waited for who read what is in the WAL.
_WAL_PATIENCE_MILLIS = 2000

#: Execution option of a connection whose transactions write,
WRITES = "newsletter_writes"
#: and its value for one that lets all others write first.
YIELDS = "yields"
#: What the driver's connection was told last, so that it is told only when it changes.
_MAY_WRITE = "newsletter_may_write"
#: When a connection that yields looks again whether others wait, by the steady clock,
_NEXT_LOOK = "newsletter_next_look"
#: and how long after the last time: each look lets go of the interpreter's lock three
#: times, and beside a busy event loop each of them takes up to 5 ms to get it back.
LOOK_SECONDS = 0.02

#: Primary result code -> what happened, what to do; and `busy_error`. Other codes are
#: our bugs.
#: Source: https://www.sqlite.org/rescode.html
_FAILURES: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_PERM: (
        "may not be used by this user.",
        "Check who owns it and its folder.",
    ),
    sqlite3.SQLITE_READONLY: (
        "cannot be written.",
        "Check that the disk is not read-only, and who owns file and folder.",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written: the disk answered with an error.",
        "Nothing of this step was kept. Check the disk before you go on.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged.",
        "Do not write to it any more; put back a backup copy.",
    ),
    sqlite3.SQLITE_FULL: (
        "could not be written: the disk is full.",
        "Nothing of this step was kept. Make room and try again.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened.",
        "Check that the disk is not read-only, and who owns file and folder.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "is not a database.",
        "Move it away, or set another url under [database] in newsletter.toml.",
    ),
}


class DatabaseBusyError(OperationError):
    """Another command is writing; nothing of ours was begun."""


def make_engine(
    path: Path,
    *,
    checks_references: bool = True,
    patience_seconds: float = BUSY_SECONDS,
) -> Engine:
    """Return an engine on the database file at *path*.

    Args:
        path: Absolute path of the file.
        checks_references: False while migrating: a table is then rebuilt under others
            that refer to it.
        patience_seconds: How long to wait for another command's write.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # Python 3.11 knows no other way to keep pysqlite from beginning transactions
        # itself, which it does too late for reads and never as BEGIN IMMEDIATE.
        connect_args={"isolation_level": None, "timeout": patience_seconds},
        # An error's text may end up in a log; addresses may not.
        hide_parameters=True,
    )

    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        if not _is_foreign(connection):
            _switch_to_wal(connection, patience_seconds)
        # NORMAL may lose the last commits with the power: lost intents, doubled mails.
        connection.execute("PRAGMA synchronous=FULL")
        # Whatever is deleted or changed is overwritten with zeros: what a change leaves
        # behind is found by nobody when the person is forgotten. Some builds of SQLite
        # do so anyway, Debian's among them, on which our figures are measured.
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(
            f"PRAGMA foreign_keys={'ON' if checks_references else 'OFF'}"
        )

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def fold_wal(connection: Connection) -> None:
    """Copy what is committed from the WAL into the file itself, without waiting.

    SQLite would do so after 4 MB. People copy ``newsletter.db`` alone, though, while
    `newsletter serve` holds it open; an old copy would mail people twice.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - see `make_engine`
    driver.execute("PRAGMA wal_checkpoint(PASSIVE)")


def truncate_wal(connection: Connection) -> bool:
    """Empty the WAL, so that no page of before is left in it; False if others use it.

    Args:
        connection: Outside of a transaction.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - see `make_engine`
    (millis,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout={_WAL_PATIENCE_MILLIS}")
    try:
        is_blocked, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        driver.execute(f"PRAGMA busy_timeout={millis}")
    return not is_blocked


def rewrite_file(connection: Connection) -> None:
    """Write all that there is into pages of its own, and forget the pages of before.

    Args:
        connection: Outside of a transaction.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - see `make_engine`
    driver.execute("PRAGMA query_only=OFF")
    connection.info[_MAY_WRITE] = True
    with standing_in_line(Path(str(connection.engine.url.database)).parent):
        try:
            driver.execute("VACUUM")
        except sqlite3.DatabaseError as error:
            raise DatabaseError("VACUUM", None, error) from error


@contextmanager
def undoable(connection: Connection) -> Iterator[None]:
    """Undo what was written in it, and no more, if it fails; in a transaction.

    `Connection.begin_nested` takes as long as three statements.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - see `make_engine`
    driver.execute("SAVEPOINT undoable")
    try:
        yield
    except BaseException:
        # A failing disk has undone the whole transaction already.
        if driver.in_transaction:
            driver.execute("ROLLBACK TO undoable")
        raise
    finally:
        if driver.in_transaction:
            driver.execute("RELEASE undoable")


def is_busy(error: DatabaseError) -> bool:
    """Whether another writer is at work, and nothing of ours was begun."""
    return _code(error.orig) & 0xFF == sqlite3.SQLITE_BUSY


def set_busy_seconds(connection: Connection, seconds: float) -> None:
    """Let a connection wait so long for another writer, whatever its engine says."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - see `make_engine`
    driver.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


def is_ours(tables: Collection[str]) -> bool:
    """Whether a database with these *tables* is one of this program."""
    return "alembic_version" in tables and "subscribers" in tables


def _is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether it is another program's: it is refused, and left as it is until then."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = {name for (name,) in connection.execute(query)}
    return bool(tables) and not is_ours(tables)


def _switch_to_wal(connection: sqlite3.Connection, patience_seconds: float) -> None:
    """Let readers and the writer not wait for each other; kept in the file for ever.

    SQLite does not wait here by itself when two processes make one database at once.
    """
    last_try = time.monotonic() + patience_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() > last_try:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    # A reader that writes by mistake fails at once: a GET never changes anything.
    may_write = bool(writes)
    if connection.info.get(_MAY_WRITE) is not may_write:
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if may_write else 'ON'}")
        connection.info[_MAY_WRITE] = may_write
    if not writes:
        connection.exec_driver_sql("BEGIN")
        return
    folder = Path(str(connection.engine.url.database)).parent
    if writes == YIELDS:
        _look_behind(connection, folder)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    with standing_in_line(folder):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _look_behind(connection: Connection, folder: Path) -> None:
    """Let others pass, if it is time to look whether somebody waits."""
    now = time.monotonic()
    if now >= connection.info.get(_NEXT_LOOK, 0.0):
        let_others_pass(folder)
        connection.info[_NEXT_LOOK] = now + LOOK_SECONDS


@contextmanager
def explained(
    path: Path, *, reads: bool = False, patience_seconds: float = BUSY_SECONDS
) -> Iterator[None]:
    """Turn failures of disk and file at *path* into an `OperationError`.

    Args:
        path: The database.
        reads: Whether a reader is at work: that it cannot write is then our bug.
        patience_seconds: As for `make_engine`.
    """
    try:
        yield
    except DatabaseError as error:
        failure = _explain(error.orig, path, patience_seconds)
        if failure is None or (reads and _code(error.orig) == sqlite3.SQLITE_READONLY):
            raise
        raise failure from error


def busy_error(path: Path, seconds: float) -> DatabaseBusyError:
    """Return what to say to who waited so long for another command's write."""
    return DatabaseBusyError(
        f"the database {path} is in use: another command has been writing for "
        f"{seconds:g} seconds.",
        "Wait until it is ready and try again.",
    )


def _code(error: BaseException | None) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _explain(
    error: BaseException | None, path: Path, seconds: float
) -> OperationError | None:
    # The low byte is the primary code, the rest tells more of it.
    primary = _code(error) & 0xFF
    if primary == sqlite3.SQLITE_BUSY:
        return busy_error(path, seconds)
    entry = _FAILURES.get(primary)
    if entry is None:
        return None
    what, advice = entry
    return OperationError(f"the database {path} {what}", advice)
