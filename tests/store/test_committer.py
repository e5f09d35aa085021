from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event

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
