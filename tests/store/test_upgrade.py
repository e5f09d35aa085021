import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, delete, insert, select

from newsletter.errors import OperationError
from newsletter.model.delivery import DispatchState
from newsletter.store.claims import claim_batch, open_lanes, read_next_due
from newsletter.store.database import (
    MIGRATIONS,
    Database,
    known_revisions,
    open_database,
)
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import continue_dispatch
from newsletter.store.forget import forget_address, forget_person
from newsletter.store.instants import to_millis
from newsletter.store.people import ensure_lists
from newsletter.store.tables import (
    accepted_findings,
    batches,
    dispatches,
    lists,
    metadata,
    subscribers,
    subscriptions,
)

#: As the second release left it: an accepted, a deferred, and a batch behind.
OPEN_DISPATCH = (
    "INSERT INTO lists (id, slug) VALUES (1, 'main')",
    "INSERT INTO contents (hash, issue, subject, compiled, created_at)"
    " VALUES ('c0ffee', 'a', 'Hi', x'00', 0)",
    "INSERT INTO dispatches (id, issue, content_hash, lists, state, total, created_at,"
    " waivers, reason) VALUES (3, 'a', 'c0ffee', '[\"main\"]', 'waiting', 2, 0, '[]',"
    " 'later')",
    "INSERT INTO batches (id, dispatch_id, first_seq, last_seq, state, epoch,"
    " n_pending, n_accepted, n_deferred) VALUES (5, 3, 1, 2, 'open', 2, 0, 1, 1)",
    "INSERT INTO deliveries (dispatch_id, seq, subscriber_id, email, fields, state,"
    " next_at) VALUES (3, 1, 1, 'a@example.org', '{}', 2, NULL),"
    " (3, 2, 2, 'b@example.org', '{}', 3, 1772366400000)",
)

#: An import that let somebody leave, when it was about one list.
LAST_IMPORT = (
    "INSERT INTO lists (id, slug) VALUES (1, 'main'), (3, 'events')",
    "INSERT INTO subscribers (id, email, email_key, address_hash, fields, created_at)"
    " VALUES (1, 'a@example.org', 'a@example.org', x'00', '{}', 0)",
    "INSERT INTO imports (id, at, file, list_id, status, counts)"
    " VALUES (7, 9, 'left.csv', 3, 2, '{}')",
    "INSERT INTO import_changes (import_id, subscriber_id, fields, status, changed_at,"
    ' new_status) VALUES (7, 1, \'{"a": "b"}\', 1, 5, 2)',
)

#: Somebody who moved, when the address of before was not noted.
MOVED = (
    "INSERT INTO subscribers (id, email, email_key, address_hash, fields, created_at)"
    " VALUES (1, 'new@example.org', 'new@example.org', x'02', '{}', 0)",
    "INSERT INTO address_changes (id, subscriber_id, email, email_key, address_hash,"
    " language, at, confirmed_at)"
    " VALUES (4, 1, 'new@example.org', 'new@example.org', x'02', 'en', 5, 6)",
)
#: The fourth revision had these for a while.
NOTED = (
    "ALTER TABLE address_changes ADD COLUMN old_email VARCHAR",
    "ALTER TABLE address_changes ADD COLUMN old_hash BLOB",
    "UPDATE address_changes SET old_email = 'old@example.org', old_hash = x'01'",
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
        # A rebuilt table has its name in quotes; an added column no line of its own.
        name: sorted(
            clause.strip(" \t\n)").replace('"', "")
            for clause in re.split(r", (?=\n|\w+ [A-Z])", str(sql))
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


def test_upgrade_from_the_second_release_keeps_an_open_dispatch_sendable(
    tmp_path: Path, second_migrations: Path
) -> None:
    url, now = URL, datetime(2026, 3, 1, 12, tzinfo=UTC)
    with (
        open_database(url, root=tmp_path, migrations=second_migrations) as database,
        database.writing() as writer,
    ):
        for statement in OPEN_DISPATCH:
            writer.exec_driver_sql(statement)
    with open_database(url, root=tmp_path) as database, database.writing() as writer:
        assert load_dispatch(writer, 3).state is DispatchState.WAITING
        assert open_lanes(writer, 3) == [""]
        # The first batch holds one who is deferred until noon.
        assert read_next_due(writer, 3) == now
        continue_dispatch(writer, 3, now=now)
        claim = claim_batch(writer, 3, owner="test", now=now)
        assert claim is not None
        assert (claim.batch_id, claim.epoch, claim.lane) == (5, 3, "")
        made = insert(dispatches).values(
            issue="b",
            content_hash="c0ffee",
            lists=[],
            state="done",
            total=0,
            created_at=0,
            waivers=[],
        )
        # Numbers are never given twice.
        assert writer.execute(made.returning(dispatches.c.id)).scalar() == 4
        assert writer.scalar(select(batches.c.next_at)) == to_millis(now)


def test_upgrade_keeps_what_an_undo_of_the_last_import_needs(
    tmp_path: Path, fourth_migrations: Path
) -> None:
    with (
        open_database(URL, root=tmp_path, migrations=fourth_migrations) as database,
        database.writing() as writer,
    ):
        for statement in LAST_IMPORT:
            writer.exec_driver_sql(statement)
    assert revision(database.path) == "0004"
    open_database(URL, root=tmp_path).close()
    assert read(
        database.path,
        "SELECT import_id, subscriber_id, list_id, fields, status, changed_at,"
        " new_status FROM import_changes",
    ) == [(7, 1, 3, '{"a": "b"}', 1, 5, 2)]
    assert read(database.path, "SELECT is_everywhere FROM imports") == [(0,)]


def test_upgrade_from_before_lists_kept_their_numbers_keeps_them(
    tmp_path: Path, fourth_migrations: Path
) -> None:
    with (
        open_database(URL, root=tmp_path, migrations=fourth_migrations) as database,
        database.writing() as writer,
    ):
        for statement in LAST_IMPORT:
            writer.exec_driver_sql(statement)
    with open_database(URL, root=tmp_path) as database, database.writing() as writer:
        known = ensure_lists(writer, ["jobs"])
        assert known == {"main": 1, "events": 3, "jobs": 4}
        writer.execute(delete(lists).where(lists.c.slug == "jobs"))
        assert ensure_lists(writer, ["camp"])["camp"] == 5


@pytest.mark.parametrize(
    ("since", "noted"),
    [((), (None, None)), (NOTED, ("old@example.org", b"\x01"))],
)
def test_upgrade_from_before_old_addresses_were_noted_lets_people_be_forgotten(
    tmp_path: Path,
    fourth_migrations: Path,
    since: tuple[str, ...],
    noted: tuple[object, ...],
) -> None:
    with (
        open_database(URL, root=tmp_path, migrations=fourth_migrations) as database,
        database.writing() as writer,
    ):
        for statement in (*MOVED, *since):
            writer.exec_driver_sql(statement)
    with open_database(URL, root=tmp_path) as database:
        wanted = "SELECT old_email, old_hash FROM address_changes WHERE id = 4"
        assert read(database.path, wanted) == [noted]
        with open_database("sqlite:///new.db", root=tmp_path) as fresh:
            assert shape(database.path) == shape(fresh.path)
        with database.erasing() as writer:
            forget_person(writer, 1, now=datetime(2026, 11, 22, tzinfo=UTC))
            forget_address(
                writer,
                b"\x02",
                is_completely=False,
                now=datetime(2026, 11, 22, tzinfo=UTC),
            )
        assert read(database.path, wanted) == []


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
