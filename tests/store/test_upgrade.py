import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert

from newsletter.errors import OperationError
from newsletter.store.database import (
    MIGRATIONS,
    Database,
    known_revisions,
    open_database,
)
from newsletter.store.tables import (
    accepted_findings,
    lists,
    metadata,
    subscribers,
    subscriptions,
)

URL = "sqlite:///subscribers/newsletter.db"
LAST = known_revisions(MIGRATIONS)[-1]
NEXT = f"{int(LAST) + 1:04}"

#: Dies when Alembic reads the new revision: after the backup, before the change.
KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from newsletter.store.database import open_database

def die(event, arguments):
    if event == "open" and "_colour.py" in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
open_database(
    "sqlite:///subscribers/newsletter.db",
    root=Path(sys.argv[1]),
    migrations=Path(sys.argv[2]),
)
"""


@pytest.fixture
def old_project(tmp_path: Path) -> Path:
    """A project with one subscriber in a database of the present release."""
    with open_database(URL, root=tmp_path) as database, database.writing() as writer:
        writer.execute(insert(lists).values(id=1, slug="main"))
        writer.execute(
            insert(subscribers).values(
                id=1,
                email="anna@example.org",
                email_key="anna@example.org",
                address_hash=b"hash",
                fields={},
                created_at=0,
            )
        )
        writer.execute(
            insert(subscriptions).values(
                list_id=1, subscriber_id=1, status=1, changed_at=0
            )
        )
    return tmp_path


def read(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def revision(path: Path) -> object:
    return read(path, "SELECT version_num FROM alembic_version")[0][0]


def shape(path: Path) -> dict[object, list[str]]:
    """The clauses of every table and index; constraints have no order of their own."""
    rows = read(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {
        # A table that was rebuilt has its name in quotes.
        name: sorted(
            clause.strip(" \t\n)").replace('"', "") for clause in str(sql).split(", \n")
        )
        for name, sql in rows
    }


def test_migrations_give_exactly_the_tables(database: Database, tmp_path: Path) -> None:
    """To the letter: also defaults, partial indexes, WITHOUT ROWID, AUTOINCREMENT."""
    plain = tmp_path / "plain.db"
    engine = create_engine(f"sqlite:///{plain}")
    metadata.create_all(engine)
    engine.dispose()
    migrated = shape(database.path)
    del migrated["alembic_version"]
    assert migrated == shape(plain)


def test_migrations_leave_alembic_nothing_to_add(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_upgrade_keeps_rows_and_a_backup_of_before(
    old_project: Path, next_migrations: Path
) -> None:
    with open_database(URL, root=old_project, migrations=next_migrations) as database:
        path = database.path
    backup = path.with_name(f"newsletter.db.backup-{LAST}")
    assert (revision(path), revision(backup)) == (NEXT, LAST)
    assert read(path, "SELECT email FROM subscribers") == [("anna@example.org",)]
    assert read(backup, "SELECT email FROM subscribers") == [("anna@example.org",)]
    assert read(path, "SELECT status FROM subscriptions") == [(1,)]
    assert backup.stat().st_mode & 0o777 == 0o600


def test_upgrade_from_the_first_release_keeps_what_was_there(
    tmp_path: Path, first_migrations: Path
) -> None:
    with (
        open_database(URL, root=tmp_path, migrations=first_migrations) as database,
        database.writing() as writer,
    ):
        writer.execute(insert(lists).values(id=1, slug="main"))
        line = {"issue": "2023-02", "rule": "link-broken", "line_hash": "ab"}
        writer.execute(insert(accepted_findings).values(**line, reason="so", at=7))
    assert revision(database.path) == "0001"
    open_database(URL, root=tmp_path).close()
    path = database.path
    assert revision(path) == LAST
    assert read(path, "SELECT reason, at FROM accepted_findings") == [("so", 7)]
    assert read(path, "SELECT slug FROM lists") == [("main",)]
    assert read(path, "SELECT count(*) FROM link_observations") == [(0,)]
    assert revision(path.with_name("newsletter.db.backup-0001")) == "0001"


def test_upgrade_when_database_is_new_makes_no_backup(
    tmp_path: Path, next_migrations: Path
) -> None:
    open_database(URL, root=tmp_path, migrations=next_migrations).close()
    folder = tmp_path / "subscribers"
    assert [file.name for file in folder.iterdir()] == ["newsletter.db"]


def test_upgrade_when_killed_after_the_backup_starts_over(
    old_project: Path, next_migrations: Path
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BETWEEN, str(old_project), str(next_migrations)],
        check=False,
    )
    path = old_project / "subscribers/newsletter.db"
    backup = path.with_name(f"newsletter.db.backup-{LAST}")
    assert killed.returncode == -signal.SIGKILL
    assert (revision(path), revision(backup)) == (LAST, LAST)
    open_database(URL, root=old_project, migrations=next_migrations).close()
    assert (revision(path), revision(backup)) == (NEXT, LAST)
    assert read(path, "SELECT email FROM subscribers") == [("anna@example.org",)]


def test_upgrade_when_no_backup_can_be_written_changes_nothing(
    old_project: Path, next_migrations: Path
) -> None:
    path = old_project / "subscribers/newsletter.db"
    backup = path.with_name(f"newsletter.db.backup-{LAST}")
    backup.mkdir()
    with pytest.raises(OperationError) as caught:
        open_database(URL, root=old_project, migrations=next_migrations)
    part = f"{backup}.part"
    assert str(caught.value) == (
        f"the database {path} needs to be migrated, but its backup copy {backup} "
        f"could not be written: [Errno 21] Is a directory: '{part}' -> '{backup}'. "
        "Nothing was changed. Make room on the disk and try again."
    )
    assert revision(path) == LAST
    assert not Path(part).exists()


def test_upgrade_when_a_revision_fails_changes_nothing(
    old_project: Path, next_migrations: Path
) -> None:
    file = next_migrations / "versions" / f"r{NEXT}_colour.py"
    file.write_text(file.read_text() + '    raise LookupError("half way")\n')
    with pytest.raises(LookupError):
        open_database(URL, root=old_project, migrations=next_migrations)
    path = old_project / "subscribers/newsletter.db"
    assert revision(path) == LAST
    assert "colour" not in str(shape(path)["lists"])


def test_upgrade_when_references_break_changes_nothing(
    old_project: Path, next_migrations: Path
) -> None:
    file = next_migrations / "versions" / f"r{NEXT}_colour.py"
    file.write_text(f"{file.read_text()}    op.execute(sa.delete(sa.table('lists')))\n")
    path = old_project / "subscribers/newsletter.db"
    with pytest.raises(OperationError) as caught:
        open_database(URL, root=old_project, migrations=next_migrations)
    assert str(caught.value) == (
        f"the database {path} could not be migrated: rows of subscriptions refer to "
        "rows that do not exist. Nothing was changed. "
        "Please report this with the revision in the name of the backup copy."
    )
    assert revision(path) == LAST


def test_open_when_several_make_it_at_once_all_succeed(tmp_path: Path) -> None:
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def open_it(number: int) -> None:
        start.wait()
        try:
            open_database(f"sqlite:///{number}.db", root=tmp_path).close()
        except OperationError as error:
            failures.append(error)

    for number in range(8):
        threads = [threading.Thread(target=open_it, args=[number]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert {revision(tmp_path / f"{n}.db") for n in range(8)} == {LAST}
