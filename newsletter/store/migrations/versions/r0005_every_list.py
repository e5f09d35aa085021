"""An import may concern every list: how people stood before it is kept list by list."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: Autoincrement needs INTEGER on SQLite; PostgreSQL gets BIGINT.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Note of imports whether they are about every list, and of changes which list."""
    op.add_column(
        "imports",
        sa.Column(
            "is_everywhere", sa.SmallInteger(), server_default="0", nullable=False
        ),
    )
    op.rename_table("import_changes", "import_changes_0004")
    _create_changes()
    op.execute(
        "INSERT INTO import_changes (import_id, subscriber_id, list_id, fields, status,"
        " changed_at, new_status) SELECT old.import_id, old.subscriber_id,"
        " imports.list_id, old.fields, old.status, old.changed_at, old.new_status"
        " FROM import_changes_0004 AS old JOIN imports ON imports.id = old.import_id"
    )
    op.drop_table("import_changes_0004")


def _create_changes() -> None:
    op.create_table(
        "import_changes",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("new_status", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.id"],
            name=op.f("fk_import_changes_import_id_imports"),
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_import_changes_subscriber_id_subscribers"),
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_import_changes_list_id_lists")
        ),
        sa.PrimaryKeyConstraint(
            "import_id", "subscriber_id", "list_id", name=op.f("pk_import_changes")
        ),
    )
