"""What differs from database to database: each query here, beside its twin.

SQLite is the only one so far.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert those *rows* whose key is not there yet; return how many those were."""
    if not rows:
        return 0
    return connection.execute(insert(table).on_conflict_do_nothing(), rows).rowcount


def insert_or_update(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert *rows*, or give the rows with their primary keys these values.

    All of them name the same columns.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    query = insert(table)
    connection.execute(
        query.on_conflict_do_update(
            index_elements=keys,
            set_={name: query.excluded[name] for name in rows[0] if name not in keys},
        ),
        rows,
    )
