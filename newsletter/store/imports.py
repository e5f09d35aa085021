"""Whole files of people: gathered beside the database, then brought in at once.

Rows of a file go into a temporary table first, which SQLite keeps on the disk, and in
which a row that stands in the file twice is found. Only then the one transaction
begins: whoever is known already is judged, and all is written by a few statements. So a
million people need little memory, and the public pages wait ten seconds, not a minute.

SQLite alone so far: on PostgreSQL the same tables are filled by COPY.

Law: here nobody is judged. What is done with whom is said by `Judged`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Column,
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
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.schema import CreateTable

from newsletter.errors import OperationError
from newsletter.model.subscriber import Standing, SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import Word
from newsletter.store.database import Database
from newsletter.store.dialect import insert_missing_from, insert_or_update_from
from newsletter.store.instants import to_millis
from newsletter.store.sqlite import explained, make_engine
from newsletter.store.tables import (
    consent_events,
    import_changes,
    imports,
    metadata,
    subscribers,
    subscriptions,
    suppressions,
)

#: Rows of the file that are judged, or given, at a time.
CHUNK_SIZE = 1000
#: Of the database's pages in memory while a file is brought in: of a million addresses
#: the index alone has 40 MB, and each new one belongs somewhere in it.
_CACHE_KB = 16_000

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


_STATUS = {int(status): status for status in SubscriptionStatus}
#: Of a row: it is the first with its address.
_COUNTS = arrivals.c.first.is_(None)
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
#: Some rows that are people, and some that are nobody with what is wrong with them.
Chunk = tuple[Sequence[Arrival], Sequence[tuple[int, str]]]


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


@dataclass(frozen=True, slots=True)
class Bringing:
    """What is written of everybody who is brought in."""

    #: Row of `imports`.
    import_id: int
    list_id: int
    status: SubscriptionStatus
    #: In their history: "imported", "unsubscribed", "bounced".
    kind: str
    word: Word
    #: Keep their addresses away: from a list, or from every one; empty: do not.
    suppressed_scope: str = ""


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
        for people, nobodies in chunks:
            driver.executemany(_INSERT_ARRIVAL, people)
            driver.executemany("INSERT INTO temp.setbacks VALUES (?, ?)", nobodies)
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
    return _count(connection, select(arrivals.c.number).where(_COUNTS))


def count_duplicates(connection: Connection) -> int:
    """Return how many rows have the address of an earlier one."""
    return _count(connection, select(arrivals.c.number).where(~_COUNTS))


def count_setbacks(connection: Connection) -> int:
    """Return how many rows are nobody."""
    return _count(connection, select(setbacks.c.number))


def read_duplicates(
    connection: Connection, *, after: int = 0, most: int = CHUNK_SIZE
) -> list[tuple[int, int]]:
    """Return the next rows that repeat one: their numbers, and those of the first."""
    rows = connection.execute(
        select(arrivals.c.number, arrivals.c.first)
        .where(~_COUNTS, arrivals.c.number > after)
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
    connection: Connection, list_slug: str, list_id: int
) -> Iterator[list[Known]]:
    """Give the rows whose address is known, in their order, a chunk at a time.

    What is not given is a stranger's: nobody has the address, nothing keeps it away.
    """
    query = _standings(list_slug, list_id, only_known=True)
    yield from _in_chunks(connection, query)


def read_everybody(
    connection: Connection, list_slug: str, list_id: int
) -> Iterator[list[Known]]:
    """Give all rows that count, in their order, a chunk at a time."""
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


def note_import(
    connection: Connection,
    *,
    list_id: int,
    status: SubscriptionStatus,
    counts: Mapping[str, int],
    word: Word,
) -> int:
    """Write down that a file is imported; the one before cannot be undone any more."""
    connection.execute(import_changes.delete())
    result = connection.execute(
        insert(imports).values(
            at=to_millis(word.at),
            file=word.source,
            list_id=list_id,
            status=int(status),
            counts=dict(counts),
        )
    )
    return result.lastrowid


def bring_in(connection: Connection, bringing: Bringing) -> None:
    """Write what became of all rows, and how those stood before who were there."""
    enlarge_cache(connection)
    _keep_what_was(connection, bringing)
    _set_fields(connection, bringing)
    last_id = connection.scalar(select(func.max(subscribers.c.id))) or 0
    _insert_newcomers(connection, bringing)
    _set_status(connection, bringing, last_id)
    if bringing.suppressed_scope:
        _suppress(connection, bringing)


def enlarge_cache(connection: Connection) -> None:
    """Keep more of the database in memory: addresses have no order in its indexes."""
    connection.exec_driver_sql(f"PRAGMA main.cache_size=-{_CACHE_KB}")


def _keep_what_was(connection: Connection, bringing: Bringing) -> None:
    changed = (
        select(
            literal(bringing.import_id),
            subscribers.c.id,
            subscribers.c.fields,
            subscriptions.c.status,
            subscriptions.c.changed_at,
            case((arrivals.c.sets_status == 1, int(bringing.status))),
        )
        .join_from(arrivals, subscribers, arrivals.c.subscriber_id == subscribers.c.id)
        .outerjoin(subscriptions, _is_on(bringing.list_id))
        .where(
            _COUNTS,
            or_(arrivals.c.sets_status == 1, arrivals.c.sets_fields == 1),
        )
    )
    names = ("import_id", "subscriber_id", "fields", "status", "changed_at")
    insert_missing_from(connection, import_changes, (*names, "new_status"), changed)


def _set_fields(connection: Connection, bringing: Bringing) -> None:
    """Give people what their rows know; `import_id` tells who has not changed since."""
    connection.execute(
        update(subscribers)
        .values(fields=arrivals.c.fields, import_id=bringing.import_id)
        .where(
            arrivals.c.subscriber_id == subscribers.c.id,
            arrivals.c.sets_fields == 1,
            _COUNTS,
        )
    )


def _insert_newcomers(connection: Connection, bringing: Bringing) -> None:
    newcomers = (
        select(
            arrivals.c.email,
            arrivals.c.email_key,
            arrivals.c.address_hash,
            arrivals.c.fields,
            literal(to_millis(bringing.word.at)),
            literal(bringing.import_id),
        )
        .where(
            _COUNTS,
            arrivals.c.subscriber_id.is_(None),
            arrivals.c.sets_status == 1,
        )
        # In the order of the file, so that lists and dispatches have it too.
        .order_by(arrivals.c.number)
    )
    names = ("email", "email_key", "address_hash", "fields", "created_at", "import_id")
    insert_missing_from(connection, subscribers, names, newcomers)


def _set_status(connection: Connection, bringing: Bringing, last_id: int) -> None:
    """Give a standing, and a line of history, to all who get one by the file."""
    new = select(subscribers.c.id).where(
        subscribers.c.id > last_id, subscribers.c.import_id == bringing.import_id
    )
    known = select(arrivals.c.subscriber_id).where(
        _COUNTS,
        arrivals.c.subscriber_id.is_not(None),
        arrivals.c.sets_status == 1,
    )
    at, word = literal(to_millis(bringing.word.at)), bringing.word
    for people in (known, new):
        who = people.subquery().c[0]
        standing = select(
            literal(bringing.list_id), who, literal(int(bringing.status)), at
        )
        insert_or_update_from(
            connection,
            subscriptions,
            ("list_id", "subscriber_id", "status", "changed_at"),
            standing.where(who.is_not(None)),
        )
        event = select(
            who,
            literal(bringing.list_id),
            literal(bringing.kind),
            at,
            literal(word.source),
            literal(word.evidence),
        )
        names = ("subscriber_id", "list_id", "kind", "at", "source", "evidence")
        connection.execute(insert(consent_events).from_select(list(names), event))


def _suppress(connection: Connection, bringing: Bringing) -> None:
    """Keep away for good whom the file says to have left, or not to be reached."""
    rows = select(
        arrivals.c.address_hash,
        literal(bringing.suppressed_scope),
        literal(bringing.kind),
        literal(to_millis(bringing.word.at)),
        literal(bringing.word.source),
        literal(bringing.import_id),
    ).where(_COUNTS)
    names = ("address_hash", "scope", "reason", "at", "source", "import_id")
    insert_missing_from(connection, suppressions, names, rows)


def _standings(list_slug: str, list_id: int, *, only_known: bool) -> Select[Any]:
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
            subscriptions.c.status,
            reason,
        )
        .select_from(arrivals)
        .outerjoin(subscribers, subscribers.c.email_key == arrivals.c.email_key)
        .outerjoin(subscriptions, _is_on(list_id))
        .where(_COUNTS)
        .order_by(arrivals.c.number)
        .limit(CHUNK_SIZE)
    )
    if not only_known:
        return query
    return query.where(or_(subscribers.c.id.is_not(None), reason.is_not(None)))


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


def _is_on(list_id: int) -> Any:
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
