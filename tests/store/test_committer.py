import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event, Timer

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from newsletter.store.committer import Committer
from newsletter.store.database import Database, open_database
from newsletter.store.tables import chores


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = "sqlite:///subscribers/newsletter.db"
    with open_database(url, root=tmp_path) as database:
        yield database


def noting(name: str) -> Callable[[Connection], str]:
    def note(connection: Connection) -> str:
        connection.execute(insert(chores).values(name=name, done_at=0))
        return name

    return note


def noted(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.scalars(select(chores.c.name)))


def test_value_comes_when_another_connection_can_read_it(database: Database) -> None:
    with Committer(database) as committer:
        assert committer.submit(noting("one")).result(timeout=10) == "one"
        assert noted(database) == {"one"}


def test_one_that_fails_harms_none_of_its_group(database: Database) -> None:
    with Committer(database) as committer:
        futures = [committer.submit(noting(name)) for name in ("a", "a", "b")]
    assert isinstance(futures[1].exception(), IntegrityError)
    assert noted(database) == {"a", "b"}


def test_what_was_ordered_is_committed_before_the_end(database: Database) -> None:
    with Committer(database) as committer:
        for number in range(200):
            committer.submit(noting(str(number)))
    assert len(noted(database)) == 200


def test_one_taken_back_in_time_is_not_written(database: Database) -> None:
    begun, may_go_on = Event(), Event()

    def block(_: Connection) -> None:
        begun.set()
        may_go_on.wait(10)

    with Committer(database) as committer:
        committer.submit(block)
        begun.wait(10)
        late: Future[str] = committer.submit(noting("late"))
        assert late.cancel()
        may_go_on.set()
    assert noted(database) == set()


def test_nothing_is_taken_after_the_end(database: Database) -> None:
    with Committer(database) as committer:
        pass
    with pytest.raises(RuntimeError, match="the committer is closed"):
        committer.submit(noting("late"))


# --- while another command writes -----------------------------------------------------


@pytest.fixture
def lock(database: Database) -> Iterator[sqlite3.Connection]:
    """The database is locked by another writer, until it is rolled back."""
    with closing(
        sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@pytest.mark.usefixtures("lock")
def test_each_waits_for_another_writer_as_long_as_the_first(database: Database) -> None:
    lasted: dict[int, float] = {}

    def note(number: int, begun: float, _: Future[str]) -> None:
        lasted[number] = time.monotonic() - begun

    with Committer(database, patience_seconds=0.6) as committer:
        futures = []
        for number in range(4):
            future = committer.submit(noting(str(number)))
            future.add_done_callback(partial(note, number, time.monotonic()))
            futures.append(future)
            time.sleep(0.1)
        errors = {str(future.exception(timeout=10)) for future in futures}
    assert all(0.5 < seconds < 1.1 for seconds in lasted.values()), lasted
    assert errors == {
        f"the database {database.path} is in use: another command has been writing "
        "for 0.6 seconds. Wait until it is ready and try again."
    }


@pytest.mark.usefixtures("lock")
def test_more_than_a_group_give_up_together(database: Database) -> None:
    with Committer(database, patience_seconds=0.3) as committer:
        begun = time.monotonic()
        futures = [committer.submit(noting(str(number))) for number in range(500)]
        assert all(future.exception(timeout=10) for future in futures)
        assert time.monotonic() - begun < 2
    assert noted(database) == set()


def test_those_whose_time_is_not_up_are_written_when_the_other_ends(
    database: Database, lock: sqlite3.Connection
) -> None:
    with Committer(database, patience_seconds=0.5) as committer:
        early = committer.submit(noting("early"))
        time.sleep(0.3)
        late = committer.submit(noting("late"))
        taken_back = committer.submit(noting("taken back"))
        assert taken_back.cancel()
        assert early.exception(timeout=10) is not None
        lock.execute("ROLLBACK")
        assert late.result(timeout=10) == "late"
    assert noted(database) == {"late"}


def test_other_writers_of_the_same_database_stay_patient(
    database: Database, lock: sqlite3.Connection
) -> None:
    with Committer(database, patience_seconds=0.1) as committer:
        assert committer.submit(noting("one")).exception(timeout=10) is not None
        release = Timer(0.5, lock.execute, ["ROLLBACK"])
        release.start()
        with database.writing() as connection:
            noting("two")(connection)
        release.join()
    assert noted(database) == {"two"}
