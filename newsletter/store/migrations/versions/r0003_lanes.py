"""Lanes, canaries and starts at a set time; who runs what is due."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: Dispatches that are open keep their batches, all in the lane of everybody.
_EARLIEST = """
UPDATE batches SET next_at = (
    SELECT min(deliveries.next_at) FROM deliveries
    WHERE deliveries.dispatch_id = batches.dispatch_id
    AND deliveries.seq BETWEEN batches.first_seq AND batches.last_seq
    AND deliveries.state = 3
)
WHERE n_deferred > 0
"""


def upgrade() -> None:
    """Widen dispatches and batches, and create the table of workers."""
    _widen_dispatches()
    _widen_batches()
    op.create_table(
        "workers",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_workers")),
    )


def _widen_dispatches() -> None:
    with op.batch_alter_table(
        "dispatches", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as batch:
        batch.add_column(sa.Column("token", sa.String(), nullable=True))
        batch.add_column(sa.Column("only", sa.String(), nullable=True))
        batch.add_column(sa.Column("starts_at", sa.BigInteger(), nullable=True))
        batch.add_column(
            sa.Column("canary", sa.Integer(), server_default="0", nullable=False)
        )
        batch.add_column(sa.Column("owner", sa.String(), nullable=True))
        batch.add_column(sa.Column("recipients_hash", sa.String(), nullable=True))
        # Alembic would write what it reads there, '', with brackets around it.
        batch.alter_column("reason", existing_type=sa.Text(), server_default="")
    op.create_index("uq_dispatches_token", "dispatches", ["token"], unique=True)


def _widen_batches() -> None:
    op.drop_index("ix_batches_dispatch_state", "batches")
    with op.batch_alter_table("batches", recreate="always") as batch:
        batch.add_column(
            sa.Column("lane", sa.String(), server_default="", nullable=False)
        )
        batch.add_column(sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_batches_dispatch_state",
        "batches",
        ["dispatch_id", "state", "lane", "id"],
        unique=False,
    )
    op.execute(_EARLIEST)
