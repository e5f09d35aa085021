import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from newsletter.errors import OperationError
from newsletter.store.database import (
    MIGRATIONS,
    Database,
    database_path,
    exists,
    known_revisions,
    open_database,
)
from newsletter.store.tables import lists

URL = "sqlite:///subscribers/newsletter.db"
WRITE_MANY = """
import sys
from pathlib import Path
from sqlalchemy import insert, select, func
from newsletter.store.database import open_database
from newsletter.store.tables import lists

with open_database("sqlite:///subscribers/newsletter.db", root=Path(sys.argv[1])) as db:
    for _ in range(50):
        with db.writing() as connection:
            count = connection.scalar(select(func.count()).select_from(lists))
            connection.execute(insert(lists).values(slug=f"list-{count}"))
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pragma(database: Database, name: str) -> object:
    with database.writing() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def fill_disk(connection: Connection) -> None:
    connection.execute(insert(lists).values(slug="main"))
    connection.exec_driver_sql("PRAGMA max_page_count = 1")
    connection.execute(insert(lists).values(slug="x" * 9000))


def test_open_when_nothing_is_there_makes_a_private_database(tmp_path: Path) -> None:
    old_umask = os.umask(0o000)
    try:
        with (
            open_database(URL, root=tmp_path) as database,
            database.writing() as connection,
        ):
            connection.execute(insert(lists).values(slug="main"))
            folder = tmp_path / "subscribers"
            modes = {file.name: mode(file) for file in folder.iterdir()}
    finally:
        os.umask(old_umask)
    assert mode(folder) == 0o700
    assert modes == {
        "newsletter.db": 0o600,
        "newsletter.db-wal": 0o600,
        "newsletter.db-shm": 0o600,
    }


def test_open_when_umask_takes_too_much_still_works(tmp_path: Path) -> None:
    old_umask = os.umask(0o777)
    try:
        open_database(URL, root=tmp_path).close()
    finally:
        os.umask(old_umask)
    assert mode(tmp_path / "subscribers") == 0o700
    assert mode(tmp_path / "subscribers/newsletter.db") == 0o600


def test_open_when_others_could_read_shuts_them_out(tmp_path: Path) -> None:
    open_database(URL, root=tmp_path).close()
    file = tmp_path / "subscribers/newsletter.db"
    file.chmod(0o644)
    file.parent.chmod(0o755)
    with open_database(URL, root=tmp_path) as database:
        assert database.warnings == ()
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)


def test_open_when_folder_is_somebody_elses_leaves_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    open_database(f"sqlite:///{tmp_path}/other.db", root=tmp_path / "project").close()
    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 30_000),
        ("secure_delete", 1),
    ],
)
def test_connection_always_has_its_settings(
    tmp_path: Path, name: str, value: object
) -> None:
    with open_database(URL, root=tmp_path) as database:
        assert pragma(database, name) == value


def test_writing_when_the_block_fails_keeps_nothing(tmp_path: Path) -> None:
    with open_database(URL, root=tmp_path) as database:
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(insert(lists), [{"slug": "main"}, {"slug": "main"}])
        with database.reading() as connection:
            assert connection.execute(select(lists)).all() == []


def test_writing_when_a_statement_fails_does_not_tell_its_values(
    tmp_path: Path,
) -> None:
    with (
        open_database(URL, root=tmp_path) as database,
        pytest.raises(IntegrityError) as caught,
        database.writing() as connection,
    ):
        connection.execute(insert(lists), [{"slug": "secret"}, {"slug": "secret"}])
    assert "secret" not in str(caught.value)


def test_reading_when_it_tries_to_write_is_a_bug(tmp_path: Path) -> None:
    with open_database(URL, root=tmp_path) as database:
        with (
            pytest.raises(OperationalError, match="readonly"),
            database.reading() as connection,
        ):
            connection.execute(insert(lists).values(slug="main"))
        with database.writing() as connection:
            connection.execute(insert(lists).values(slug="main"))


def test_reading_sees_one_moment_while_another_writes(tmp_path: Path) -> None:
    with open_database(URL, root=tmp_path) as database, database.reading() as reader:
        before = reader.execute(select(lists)).all()
        with database.writing() as writer:
            writer.execute(insert(lists).values(slug="main"))
        assert reader.execute(select(lists)).all() == before == []


def test_writing_when_two_processes_write_loses_nothing(tmp_path: Path) -> None:
    """Both also create the database: neither waits for the other to be first."""
    command = [sys.executable, "-W", "error", "-c", WRITE_MANY, str(tmp_path)]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    errors = [process.communicate()[1] for process in processes]
    assert errors == ["", ""]
    with open_database(URL, root=tmp_path) as database, database.reading() as reader:
        slugs = set(reader.scalars(select(lists.c.slug)))
    assert slugs == {f"list-{n}" for n in range(100)}


def test_writing_when_the_disk_is_full_says_so_and_keeps_nothing(
    tmp_path: Path,
) -> None:
    with open_database(URL, root=tmp_path) as database:
        with pytest.raises(OperationError) as caught, database.writing() as connection:
            fill_disk(connection)
        with database.reading() as connection:
            assert connection.execute(select(lists)).all() == []
    assert str(caught.value) == (
        f"the database {database.path} could not be written: the disk is full. "
        "Nothing of this step was kept. Make room and try again."
    )


def test_open_when_nothing_is_to_migrate_does_not_import_alembic(
    tmp_path: Path,
) -> None:
    open_database(URL, root=tmp_path).close()
    script = (
        "import sys; from pathlib import Path\n"
        "from newsletter.store.database import open_database\n"
        f"open_database({URL!r}, root=Path({str(tmp_path)!r})).close()\n"
        "print('alembic' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert out.stdout == "False\n"


def test_open_when_the_file_is_text_says_it_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "subscribers/newsletter.db"
    path.parent.mkdir()
    path.write_text("email\nanna@example.org\n" * 100)
    before = path.read_bytes()
    with pytest.raises(OperationError) as caught:
        open_database(URL, root=tmp_path)
    assert str(caught.value) == (
        f"the database {path} is not a database. "
        "Move it away, or set another url under [database] in newsletter.toml."
    )
    assert path.read_bytes() == before


def test_open_when_another_program_owns_it_leaves_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(OperationError) as caught:
        open_database("sqlite:///other.db", root=tmp_path)
    assert path.read_bytes() == before
    assert str(caught.value) == (
        f"the database {path} belongs to another program. "
        "Set another url under [database] in newsletter.toml."
    )


def test_open_when_made_by_a_newer_version_refuses(tmp_path: Path) -> None:
    with open_database(URL, root=tmp_path) as database, database.writing() as writer:
        writer.exec_driver_sql("UPDATE alembic_version SET version_num = '9000'")
    with pytest.raises(OperationError) as caught:
        open_database(URL, root=tmp_path)
    assert str(caught.value) == (
        f"the database {database.path} was made by a newer version of newsletter "
        f"(revision 9000; this one knows {known_revisions(MIGRATIONS)[-1]}). "
        "Install that version again: pip install --upgrade newsletter."
    )


def test_open_again_in_one_process_leaves_the_first_its_locks(tmp_path: Path) -> None:
    """Closing any descriptor of a file drops all POSIX locks of the process on it.

    Another process that closed the database then took itself for the last one, and
    deleted the WAL below our feet: "database disk image is malformed".
    """
    path = tmp_path / "subscribers/newsletter.db"
    with open_database(URL, root=tmp_path) as first:
        with first.writing() as connection:
            connection.execute(insert(lists).values(slug="main"))
        open_database(URL, root=tmp_path).close()
        subprocess.run([sys.executable, "-c", WRITE_MANY, str(tmp_path)], check=True)
        assert path.with_name("newsletter.db-wal").exists()
        with first.writing() as connection:
            connection.execute(insert(lists).values(slug="events"))
            result = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        assert result == "ok"


def test_open_when_the_path_is_a_folder_says_so(tmp_path: Path) -> None:
    path = tmp_path / "subscribers/newsletter.db"
    path.mkdir(parents=True)
    with pytest.raises(OperationError) as caught:
        open_database(URL, root=tmp_path)
    assert str(caught.value) == (
        f"the database {path} cannot be opened: Is a directory. "
        "Check that the disk is not read-only, and who owns file and folder."
    )


def test_open_when_the_user_may_not_says_so(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    open_database(URL, root=tmp_path).close()
    os.seteuid(65_534)
    try:
        for use in (open_database, exists):
            with pytest.raises(OperationError) as caught:
                use(URL, root=tmp_path)
            assert str(caught.value) == (
                f"the database {tmp_path}/subscribers/newsletter.db cannot be opened: "
                "Permission denied. "
                "Check that the disk is not read-only, and who owns file and folder."
            )
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://reader:geheim@db/news", "PostgreSQL comes in a later release."),
        ("postgresql+psycopg://db/news", "PostgreSQL comes in a later release."),
        ("mysql://db/news", "the database url names no SQLite file."),
        ("sqlite:///a.db?mode=ro", "the database url names no SQLite file."),
        ("sqlite://", "the database url names no file."),
        ("sqlite:///:memory:", "the database url names no file."),
        ("newsletter.db", "the database url cannot be read."),
    ],
)
def test_database_path_when_unusable_says_what_to_write(
    tmp_path: Path, url: str, message: str
) -> None:
    with pytest.raises(OperationError) as caught:
        database_path(url, root=tmp_path)
    assert str(caught.value) == (
        f'{message} Write url = "sqlite:///subscribers/newsletter.db" under [database].'
    )


def test_database_path_counts_from_the_project_folder(tmp_path: Path) -> None:
    assert database_path("sqlite:///a/b.db", root=tmp_path) == tmp_path / "a/b.db"
    assert database_path("sqlite:////var/b.db", root=tmp_path) == Path("/var/b.db")


def test_exists_makes_nothing(tmp_path: Path) -> None:
    assert not exists(URL, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    open_database(URL, root=tmp_path).close()
    assert exists(URL, root=tmp_path)


def test_writing_leaves_a_file_that_is_whole_without_its_wal(tmp_path: Path) -> None:
    with open_database(URL, root=tmp_path) as database:
        with database.writing() as connection:
            connection.execute(lists.insert().values(slug="main"))
        copy = tmp_path / "copy.db"
        shutil.copyfile(database.path, copy)
        found = sqlite3.connect(copy)
        try:
            assert found.execute("SELECT slug FROM lists").fetchall() == [("main",)]
        finally:
            found.close()
