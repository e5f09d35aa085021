import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from newsletter.addresses import address_key
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Dispatch, Order
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import Word, set_status, unsubscribe
from newsletter.store.contents import Content, save_content
from newsletter.store.database import (
    MIGRATIONS,
    Database,
    known_revisions,
    open_database,
)
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import create_dispatch
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.store.snapshots import Lanes
from newsletter.store.tables import deliveries
from newsletter.tokens import Keyring, address_hash

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
#: When dispatches are made.
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

URL = "sqlite:///subscribers/newsletter.db"

LAST = known_revisions(MIGRATIONS)[-1]
NEXT = f"{int(LAST) + 1:04}"

NEXT_REVISION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{LAST}"


def upgrade() -> None:
    op.add_column("lists", sa.Column("colour", sa.String))
    with op.batch_alter_table("subscribers") as batch:
        batch.alter_column("created_at", nullable=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(URL, root=tmp_path) as database:
        yield database


@pytest.fixture
def next_migrations(tmp_path: Path) -> Path:
    """The tree of a later release: one revision more."""
    folder = tmp_path / "next" / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / f"r{NEXT}_colour.py").write_text(NEXT_REVISION)
    return folder


@pytest.fixture
def first_migrations(tmp_path: Path) -> Path:
    """The tree of the first release: one revision."""
    return _tree(tmp_path / "first", "0001")


@pytest.fixture
def second_migrations(tmp_path: Path) -> Path:
    """The tree of the release before lanes: two revisions."""
    return _tree(tmp_path / "second", "0002")


@pytest.fixture
def fourth_migrations(tmp_path: Path) -> Path:
    """The tree of when an import was about one list."""
    return _tree(tmp_path / "fourth", "0004")


def _tree(folder: Path, last: str) -> Path:
    shutil.copytree(MIGRATIONS, folder / "migrations")
    for file in (folder / "migrations" / "versions").glob("r*.py"):
        if file.name[1:5] > last:
            file.unlink()
    return folder / "migrations"


class People:
    """Puts people into a database, as a test needs them."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring

    def person(self, email: str, **fields: str) -> Person:
        key = address_key(email)
        return Person(email, key, address_hash(self.keyring, key), fields)

    def add(
        self, email: str, *standings: tuple[str, SubscriptionStatus], **fields: str
    ) -> int:
        """Insert somebody with a status on each list; return the id."""
        person = self.person(email, **fields)
        with self.database.writing() as connection:
            insert_people(connection, [person], now=NOW)
            number = read_ids(connection, [person.key])[person.key]
            for slug, status in standings:
                set_status(
                    connection,
                    [number],
                    list_id=ensure_lists(connection, [slug])[slug],
                    status=status,
                    kind="imported",
                    word=Word(NOW, "readers.csv"),
                )
        return number

    def add_many(self, count: int) -> None:
        """Insert so many people on the list "main"; their ids begin with 1."""
        crowd = [self.person(f"p{number}@example.org") for number in range(count)]
        with self.database.writing() as connection:
            insert_people(connection, crowd, now=NOW)
            ids = read_ids(connection, [person.key for person in crowd])
            set_status(
                connection,
                list(ids.values()),
                list_id=ensure_lists(connection, ["main"])["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "readers.csv"),
            )

    def leave(self, number: int, scope: str = EVERY_LIST) -> tuple[str, ...] | None:
        with self.database.writing() as connection:
            word = Word(NOW, "one-click")
            return unsubscribe(connection, number, scope=scope, word=word)


@pytest.fixture
def people(database: Database) -> People:
    return People(database, Keyring({1: b"k" * 32}, 1))


class Dispatching:
    """Makes dispatches of the list "main", and looks at them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def make(
        self, *, issue: str = "i", lanes: Lanes | None = None, **order: Any
    ) -> Dispatch:
        with self.database.writing() as connection:
            content = Content("c0ffee", issue, "Hi", b"x")
            save_content(connection, content, now=NOON)
            wish = Order(issue, content.hash, ("main",), **order)
            return create_dispatch(connection, wish, now=NOON, lanes=lanes or {})

    def write(self, work: Callable[[Connection], Any]) -> Any:
        """Do something in a transaction of its own."""
        with self.database.writing() as connection:
            return work(connection)

    def load(self, dispatch: Dispatch) -> Dispatch:
        """Return how it stands; its counters are its rows, and sum to the total."""
        with self.database.reading() as connection:
            found = load_dispatch(connection, dispatch.id)
            rows = connection.execute(
                select(deliveries.c.state, func.count())
                .where(deliveries.c.dispatch_id == dispatch.id)
                .group_by(deliveries.c.state)
            )
            counted = {DeliveryState(state): count for state, count in rows}
        assert {state: n for state, n in found.counts.items() if n} == counted
        assert sum(counted.values()) == found.total
        return found

    def counts(self, dispatch: Dispatch) -> dict[DeliveryState, int]:
        """Return the states that somebody is in."""
        found = self.load(dispatch)
        return {state: number for state, number in found.counts.items() if number}

    def emails(self, dispatch: Dispatch) -> list[str]:
        """Return the addresses in the order of their numbers."""
        with self.database.reading() as connection:
            return list(
                connection.scalars(
                    select(deliveries.c.email)
                    .where(deliveries.c.dispatch_id == dispatch.id)
                    .order_by(deliveries.c.seq)
                )
            )


@pytest.fixture
def dispatching(database: Database) -> Dispatching:
    return Dispatching(database)
