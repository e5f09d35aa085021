"""Rows of a file beside the database: gathered, found twice, looked up, given back.

They are in temporary tables, which SQLite keeps on the disk: so a million of them need
little memory, and the database is not locked while they are read.

SQLite alone so far: on PostgreSQL the same tables are filled by COPY.

Law: here nobody is judged, and nothing is written to the database. What is to be done
with whom is kept as `Judged`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    SmallInteger,
    String,
    Table,
    Text,
    and_,
    case,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.schema import CreateTable

from newsletter.errors import OperationError
from newsletter.model.subscriber import Standing, SubscriptionStatus
from newsletter.store.audience import EVERY_LIST, is_mailable
from newsletter.store.database import Database
from newsletter.store.sqlite import explained, make_engine
from newsletter.store.tables import metadata, subscribers, subscriptions, suppressions

#: Rows of the file that are judged, or given, at a time.
CHUNK_SIZE = 1000

_here = MetaData()
#: Rows of the file that are people.
arrivals = Table(
    "arrivals",
    _here,
    Column("number", Integer, primary_key=True),
    Column("email", String, nullable=False),
    Column("email_key", String, nullable=False),
    Column("address_hash", LargeBinary, nullable=False),
    Column("fields", JSON, nullable=False),
    #: Of an earlier row with this address, which counts instead.
    Column("first", Integer),
    #: Null: nobody has the address.
    Column("subscriber_id", Integer),
    #: Whether their standing on the list becomes what the import says.
    Column("sets_status", SmallInteger, nullable=False, server_default="1"),
    #: Whether theirs become what stands in `fields`.
    Column("sets_fields", SmallInteger, nullable=False, server_default="0"),
    prefixes=["TEMPORARY"],
)
#: Rows of the file that are nobody.
setbacks = Table(
    "setbacks",
    _here,
    Column("number", Integer, primary_key=True),
    Column("message", Text, nullable=False),
    prefixes=["TEMPORARY"],
)
#: Values that could not be used; their rows are people all the same.
omissions = Table(
    "omissions",
    _here,
    Column("number", Integer, primary_key=True),
    Column("field", String, primary_key=True),
    #: What stands there, and why it could not be used.
    Column("told", Text, nullable=False),
    prefixes=["TEMPORARY"],
)


_STATUS = {int(status): status for status in SubscriptionStatus}
#: Standings, the most that somebody is to a list before the least.
_MOST_FIRST = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PENDING,
    SubscriptionStatus.BOUNCED,
    SubscriptionStatus.UNSUBSCRIBED,
)
#: Of a row: it is the first with its address.
COUNTS = arrivals.c.first.is_(None)
_INSERT_ARRIVAL = (
    "INSERT INTO temp.arrivals (number, email, email_key, address_hash, fields)"
    " VALUES (?, ?, ?, ?, ?)"
)
#: Few addresses stand twice: the index finds those, and only their rows are looked at.
_FIND_DUPLICATES = (
    "UPDATE temp.arrivals SET first = ("
    "SELECT min(number) FROM temp.arrivals AS same"
    " WHERE same.email_key = arrivals.email_key)"
    " WHERE email_key IN ("
    "SELECT email_key FROM temp.arrivals GROUP BY email_key HAVING count(*) > 1)",
    "UPDATE temp.arrivals SET first = NULL WHERE first = number",
)


#: A row as it is kept beside the database: its number, the address, `address_key` and
#: `address_hash` of it, fields as JSON. A plain tuple: there are a million.
Arrival = tuple[int, str, str, bytes, str]
#: Some rows that are people, some that are nobody with what is wrong with them, and
#: values that could not be used: number of the row, field, what is told.
Chunk = tuple[
    Sequence[Arrival], Sequence[tuple[int, str]], Sequence[tuple[int, str, str]]
]


class Known(NamedTuple):
    """A row whose address is known: somebody has it, or it is suppressed."""

    number: int
    fields: Mapping[str, str]
    standing: Standing


class Judged(NamedTuple):
    """What becomes of a known row."""

    number: int
    subscriber_id: int | None
    sets_status: bool
    #: All that is known of them from now on; None: as it was.
    fields: Mapping[str, str] | None


@contextmanager
def gathering(database: Database, *, writes: bool) -> Iterator[Connection]:
    """Give a connection that `gather` can keep the rows of a file beside.

    Args:
        database: The project's.
        writes: Whether its transactions may write to the database too.

    Raises:
        OperationError: Disk or file failed.
    """
    connect = database.connect_writer if writes else database.engine.connect
    with (
        explained(database.path, patience_seconds=database.patience_seconds),
        connect() as connection,
    ):
        try:
            yield connection
        finally:
            # Whoever got it next from the pool would find our tables there.
            connection.invalidate()


@contextmanager
def nowhere() -> Iterator[Database]:
    """Give a database of a project that has none: empty, in memory."""
    path = Path(":memory:")
    engine = make_engine(path)
    try:
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                statement = CreateTable(table).compile(connection)
                _driver(connection).execute(str(statement))
        yield Database(engine, path)
    finally:
        engine.dispose()


def gather(connection: Connection, chunks: Iterable[Chunk]) -> None:
    """Keep the rows of a file beside *connection*, which is in no transaction.

    Raises:
        OperationError: There is no room for them.
    """
    driver = _driver(connection)
    (may_only_read,) = driver.execute("PRAGMA query_only").fetchone()
    try:
        driver.execute("PRAGMA query_only=OFF")
        for table in _here.sorted_tables:
            driver.execute(str(CreateTable(table).compile(connection)))
        driver.execute("BEGIN")
        for people, nobodies, unused in chunks:
            driver.executemany(_INSERT_ARRIVAL, people)
            driver.executemany("INSERT INTO temp.setbacks VALUES (?, ?)", nobodies)
            driver.executemany("INSERT INTO temp.omissions VALUES (?, ?, ?)", unused)
        driver.execute("CREATE INDEX temp.ix_arrivals ON arrivals (email_key, number)")
        for statement in _FIND_DUPLICATES:
            driver.execute(statement)
        driver.execute("COMMIT")
        driver.execute(f"PRAGMA query_only={may_only_read}")
    except sqlite3.OperationalError as error:
        raise OperationError(
            f"the rows of the file cannot be kept while they are looked at: {error}.",
            f"Nobody was imported. Make room in {gettempdir()}.",
        ) from error


def count_people(connection: Connection) -> int:
    """Return how many rows are people, each of them once."""
    return _count(connection, select(arrivals.c.number).where(COUNTS))


def count_mailable_arrivals(connection: Connection, list_slugs: Sequence[str]) -> int:
    """Return how many people of the file get mail of these lists now."""
    people = (
        select(arrivals.c.number)
        .join_from(
            arrivals, subscribers, subscribers.c.email_key == arrivals.c.email_key
        )
        .where(COUNTS, is_mailable(list_slugs))
    )
    return _count(connection, people)


def count_duplicates(connection: Connection) -> int:
    """Return how many rows have the address of an earlier one."""
    return _count(connection, select(arrivals.c.number).where(~COUNTS))


def count_setbacks(connection: Connection) -> int:
    """Return how many rows are nobody."""
    return _count(connection, select(setbacks.c.number))


def read_duplicates(
    connection: Connection, *, after: int = 0, most: int = CHUNK_SIZE
) -> list[tuple[int, int]]:
    """Return the next rows that repeat one: their numbers, and those of the first."""
    rows = connection.execute(
        select(arrivals.c.number, arrivals.c.first)
        .where(~COUNTS, arrivals.c.number > after)
        .order_by(arrivals.c.number)
        .limit(most)
    )
    return [(row.number, row.first) for row in rows]


def read_setbacks(
    connection: Connection, *, after: int = 0, most: int = CHUNK_SIZE
) -> list[tuple[int, str]]:
    """Return the next rows that are nobody: their numbers, and what is wrong."""
    rows = connection.execute(
        select(setbacks)
        .where(setbacks.c.number > after)
        .order_by(setbacks.c.number)
        .limit(most)
    )
    return [(row.number, row.message) for row in rows]


def read_known(
    connection: Connection, list_slug: str, list_id: int | None
) -> Iterator[list[Known]]:
    """Give the rows whose address is known, in their order, a chunk at a time.

    What is not given is a stranger's: nobody has the address, nothing keeps it away.

    Args:
        connection: That of `gather`.
        list_slug: What keeps an address away from this list is told.
        list_id: The list on which people stand so; None: on any, the most they are.
    """
    query = _standings(list_slug, list_id, only_known=True)
    yield from _in_chunks(connection, query)


def read_everybody(
    connection: Connection, list_slug: str, list_id: int | None
) -> Iterator[list[Known]]:
    """Give all rows that count, in their order, a chunk at a time; as `read_known`."""
    yield from _in_chunks(connection, _standings(list_slug, list_id, only_known=False))


def mark_judged(connection: Connection, judged: Sequence[Judged]) -> None:
    """Keep beside the rows what becomes of them."""
    rows = [
        (
            item.subscriber_id,
            item.sets_status,
            item.fields is not None,
            None if item.fields is None else json.dumps(dict(item.fields)),
            item.number,
        )
        for item in judged
    ]
    if rows:
        connection.exec_driver_sql(
            "UPDATE temp.arrivals SET subscriber_id = ?, sets_status = ?,"
            " sets_fields = ?, fields = coalesce(?, fields) WHERE number = ?",
            rows,
        )


def _standings(list_slug: str, list_id: int | None, *, only_known: bool) -> Select[Any]:
    reason = (
        select(suppressions.c.reason)
        .where(
            suppressions.c.address_hash == arrivals.c.address_hash,
            suppressions.c.scope.in_([EVERY_LIST, list_slug]),
        )
        .order_by(suppressions.c.at.desc())
        .limit(1)
        .scalar_subquery()
        .label("reason")
    )
    query = (
        select(
            arrivals.c.number,
            type_coerce(arrivals.c.fields, Text).label("fields"),
            subscribers.c.id,
            type_coerce(subscribers.c.fields, Text).label("known_fields"),
            _status_on(list_id).label("status"),
            reason,
        )
        .select_from(arrivals)
        .outerjoin(subscribers, subscribers.c.email_key == arrivals.c.email_key)
        .where(COUNTS)
        .order_by(arrivals.c.number)
        .limit(CHUNK_SIZE)
    )
    if not only_known:
        return query
    return query.where(or_(subscribers.c.id.is_not(None), reason.is_not(None)))


def _status_on(list_id: int | None) -> ColumnElement[int]:
    """Return how somebody stands on a list; None: on any, the most they are."""
    status = select(subscriptions.c.status).where(
        subscriptions.c.subscriber_id == subscribers.c.id
    )
    if list_id is not None:
        return status.where(subscriptions.c.list_id == list_id).scalar_subquery()
    ranks = {int(status): rank for rank, status in enumerate(_MOST_FIRST)}
    most = case(ranks, value=subscriptions.c.status)
    return status.order_by(most).limit(1).scalar_subquery()


def _in_chunks(connection: Connection, query: Select[Any]) -> Iterator[list[Known]]:
    """Give what *query* finds; each chunk is a statement of its own, ended when given.

    So the rows may be marked in between.
    """
    last = 0
    while rows := connection.execute(query.where(arrivals.c.number > last)).all():
        yield [Known(row.number, _load(row.fields), _standing(row)) for row in rows]
        last = rows[-1].number


def _standing(row: Any) -> Standing:
    if row.id is None:
        return Standing(suppressed=row.reason or "")
    status = None if row.status is None else _STATUS[row.status]
    return Standing(row.id, _load(row.known_fields), status, row.reason or "")


@lru_cache(maxsize=4096)
def _load(fields: str) -> Mapping[str, str]:
    """Read the JSON of fields: many people share a name, or the want of one."""
    found: Mapping[str, str] = json.loads(fields)
    return found


def is_on(list_id: int) -> ColumnElement[bool]:
    """Return the condition that joins somebody to their standing on a list."""
    return and_(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.list_id == list_id,
    )


def _count(connection: Connection, query: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(query.subquery())) or 0


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - see `make_engine`
    return driver
