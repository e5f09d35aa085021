"""No list gets the number of another one: it stands in the links of sent mails."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table of lists anew, with numbers that are given once."""
    with op.batch_alter_table(
        "lists", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ):
        pass
