"""Whoever moved is told of it at the address of before too, until that was done."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the address of before; of those who moved earlier it is not known.

    For a while the fourth revision made these columns itself: such a database has them.
    """
    present = {
        column["name"]
        for column in sa.inspect(op.get_bind()).get_columns("address_changes")
    }
    for name, kind in (("old_email", sa.String()), ("old_hash", sa.LargeBinary())):
        if name not in present:
            op.add_column("address_changes", sa.Column(name, kind, nullable=True))
