import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.addresses import address_key
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import Word, set_status, unsubscribe
from newsletter.store.database import (
    MIGRATIONS,
    Database,
    known_revisions,
    open_database,
)
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.tokens import Keyring, address_hash

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)

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
    folder = tmp_path / "first" / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    for file in (folder / "versions").glob("r*.py"):
        if not file.name.startswith("r0001_"):
            file.unlink()
    return folder


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

    def leave(self, number: int, scope: str = EVERY_LIST) -> tuple[str, ...] | None:
        with self.database.writing() as connection:
            word = Word(NOW, "one-click")
            return unsubscribe(connection, number, scope=scope, word=word)


@pytest.fixture
def people(database: Database) -> People:
    return People(database, Keyring({1: b"k" * 32}, 1))
