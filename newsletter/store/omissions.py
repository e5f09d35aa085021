"""Values of a file that could not be used, of rows that are people all the same.

They are kept beside the rows (`store.arrivals`). Those of a row that repeats another
one do not count: nothing of it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from newsletter.store.arrivals import COUNTS, arrivals, omissions

#: So many of a column are told one by one; more have one cause.
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class ColumnOmissions:
    """What of one column could not be used."""

    #: The field that it would have filled.
    field: str
    #: In so many rows.
    count: int
    #: The first `MOST_TOLD` rows: their numbers, and what is told of each.
    first: tuple[tuple[int, str], ...]


def sum_omissions(connection: Connection) -> tuple[ColumnOmissions, ...]:
    """Return what could not be used, by its column."""
    names = connection.scalars(select(omissions.c.field).distinct()).all()
    sums = [
        ColumnOmissions(
            name,
            connection.scalar(_counted(func.count()).where(omissions.c.field == name))
            or 0,
            _first_of(connection, name),
        )
        for name in sorted(names)
    ]
    return tuple(column for column in sums if column.count)


def count_incomplete(connection: Connection) -> int:
    """Return how many rows lack a value that could not be used."""
    has_one = select(omissions.c.number).where(omissions.c.number == arrivals.c.number)
    rows = select(func.count(arrivals.c.number)).where(COUNTS, has_one.exists())
    return connection.scalar(rows) or 0


def read_omissions(
    connection: Connection, first: int, last: int
) -> Mapping[int, list[tuple[str, str]]]:
    """Return row -> fields and what is told of each, from row *first* to *last*."""
    rows = connection.execute(
        _counted(omissions.c.number, omissions.c.field, omissions.c.told)
        .where(omissions.c.number.between(first, last))
        .order_by(omissions.c.number, omissions.c.field)
    )
    return {
        number: [(field, told) for _, field, told in group]
        for number, group in groupby(rows, key=lambda row: row[0])
    }


def _first_of(connection: Connection, field: str) -> tuple[tuple[int, str], ...]:
    rows = connection.execute(
        _counted(omissions.c.number, omissions.c.told)
        .where(omissions.c.field == field)
        .order_by(omissions.c.number)
        .limit(MOST_TOLD)
    )
    return tuple((row.number, row.told) for row in rows)


def _counted(*columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*columns)
        .join_from(omissions, arrivals, arrivals.c.number == omissions.c.number)
        .where(COUNTS)
    )
