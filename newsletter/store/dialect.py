"""What differs from database to database: each query here, beside its twin.

SQLite is the only one so far.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Numeric,
    Select,
    String,
    Table,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.types import TypeEngine


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert those *rows* whose key is not there yet; return how many those were."""
    if not rows:
        return 0
    return connection.execute(_insert_missing(table), rows).rowcount


# To put it together takes longer than to execute it.
@lru_cache(maxsize=64)
def _insert_missing(table: Table) -> Insert:
    return insert(table).on_conflict_do_nothing()


def insert_or_update(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert *rows*, or give the rows with their primary keys these values.

    All of them name the same columns.
    """
    if rows:
        connection.execute(_insert_or_update(table, tuple(rows[0])), rows)


@lru_cache(maxsize=64)
def _insert_or_update(table: Table, names: tuple[str, ...]) -> Insert:
    keys = [column.name for column in table.primary_key]
    query = insert(table)
    return query.on_conflict_do_update(
        index_elements=keys,
        set_={name: query.excluded[name] for name in names if name not in keys},
    )


def insert_missing_from(
    connection: Connection, table: Table, names: Sequence[str], rows: Select[Any]
) -> int:
    """Do as `insert_missing` with the rows of a query, which has a WHERE."""
    query = insert(table).from_select(list(names), rows)
    return connection.execute(query.on_conflict_do_nothing()).rowcount


def insert_or_update_from(
    connection: Connection, table: Table, names: Sequence[str], rows: Select[Any]
) -> None:
    """Do as `insert_or_update` with the rows of a query, which has a WHERE.

    Without one SQLite would take ON CONFLICT for a part of a join.
    """
    keys = [column.name for column in table.primary_key]
    query = insert(table).from_select(list(names), rows)
    connection.execute(
        query.on_conflict_do_update(
            index_elements=keys,
            set_={name: query.excluded[name] for name in names if name not in keys},
        )
    )


def skip_ids(connection: Connection, table: Table, count: int) -> None:
    """Never give the next *count* ids of a table to anybody."""
    # PostgreSQL: setval of the sequence of its id.
    name, given = column("name", String), column("seq", Integer)
    sequence = sql_table("sqlite_sequence", name, given)
    skipped = update(sequence).where(name == table.name).values(seq=given + count)
    if connection.execute(skipped).rowcount == 0:
        # It never had a row.
        connection.execute(sequence.insert().values(name=table.name, seq=count))


def is_one_of(column: ColumnElement[int], parameter: str) -> ColumnElement[bool]:
    """Return the condition that *column* is in a list bound in one piece.

    So the statement stays the same, however long the list is; `one_piece` makes it.
    """
    # PostgreSQL: column == any_(bindparam(parameter)).
    values = func.json_each(bindparam(parameter, None)).table_valued("value")
    return column.in_(select(values.c.value))


def one_piece(numbers: Sequence[int]) -> str:
    """Return a list of numbers as `is_one_of` takes it."""
    return f"[{','.join(map(str, numbers))}]"


def rows_of(parameter: str, *types: TypeEngine[Any]) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of a table bound in one piece; `one_table` makes it.

    SQLite goes through it and looks up what it is joined to only where all of that
    key comes from here.
    """
    # PostgreSQL: a json_to_recordset with the same columns.
    rows = func.json_each(bindparam(parameter, None)).table_valued(
        "value", name=parameter
    )
    return tuple(
        func.json_extract(rows.c.value, literal_column(f"'$[{place}]'"), type_=kind)
        for place, kind in enumerate(types)
    )


def one_table(rows: Sequence[Sequence[int | str | None]]) -> str:
    """Return rows as `rows_of` takes them."""
    return json.dumps(rows)


def domain_of(email: ColumnElement[str]) -> ColumnElement[str]:
    """Return what comes after the one ``@`` of an address."""
    # PostgreSQL: split_part(email, '@', 2).
    return func.substr(email, func.instr(email, "@") + 1, type_=String)


def fold_case(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return *text* with the capitals from A to Z made small, and no others."""
    # PostgreSQL: lower(text COLLATE "C").
    return func.lower(text, type_=String)


def contains(text: ColumnElement[str], part: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that *part* stands in *text*, letter by letter."""
    # PostgreSQL: strpos, which counts from 1 as well.
    return func.instr(text, part) > 0


def number_in(text: ColumnElement[str]) -> ColumnElement[Any]:
    """Return the number that *text* holds, with a point or a comma.

    Whole ones stay exact; what holds none gives something that means nothing.
    """
    # PostgreSQL: the same with nullif(text, ''), which must not be empty there.
    return cast(func.replace(text, ",", "."), Numeric)
