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
    connection: Connection, table: Table, row: Mapping[str, Any]
) -> None:
    """Insert *row*, or give the row with its primary key these values."""
    keys = [column.name for column in table.primary_key]
    values = {name: value for name, value in row.items() if name not in keys}
    connection.execute(
        insert(table)
        .values(**row)
        .on_conflict_do_update(index_elements=keys, set_=values)
    )
