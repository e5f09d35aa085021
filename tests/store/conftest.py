import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store.database import MIGRATIONS, Database, open_database

URL = "sqlite:///subscribers/newsletter.db"

SECOND_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


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
    (folder / "versions" / "r0002_colour.py").write_text(SECOND_REVISION)
    return folder
