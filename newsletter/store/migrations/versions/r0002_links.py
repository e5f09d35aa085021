"""What was seen of links, how they were judged, and what was confirmed by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "confirmed_links",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "verdict", name=op.f("pk_confirmed_links")),
    )
    op.create_table(
        "link_observations",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("looks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_link_observations")),
    )
    op.create_table(
        "link_verdicts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", "at", name=op.f("pk_link_verdicts")),
    )
