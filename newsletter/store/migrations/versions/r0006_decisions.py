"""Returns that call an address dead are weighed before they have an effect."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what was decided; of those that had their effect at once nothing is known."""
    op.add_column("returned_mails", sa.Column("decision", sa.String(), nullable=True))
    op.create_index(
        "ix_returned_mails_decision",
        "returned_mails",
        ["decision", "dispatch_id"],
        unique=False,
        sqlite_where=sa.text("decision IS NOT NULL"),
        postgresql_where=sa.text("decision IS NOT NULL"),
    )
