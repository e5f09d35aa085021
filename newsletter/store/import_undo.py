"""Take the last import back: who came by it goes, who was there stands as before.

Law: nobody comes back by it who said a word of their own since, and no suppression goes
but one that this very import brought. Who was mailed since stays, with their record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.schema import CreateTable

from newsletter.model.subscriber import ConsentKind, SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import Word
from newsletter.store.imports import enlarge_cache
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import (
    address_changes,
    consent_events,
    deliveries,
    dispatches,
    import_changes,
    imports,
    joinings,
    lists,
    notices,
    subscribers,
    subscriptions,
    suppressions,
)

#: Who has one of these gets mail, now or soon.
_MAILABLE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)
#: Whom nothing happened to since the import.
_retreating = Table(
    "retreating",
    MetaData(),
    Column("subscriber_id", Integer, primary_key=True),
    Column("is_newcomer", Integer, nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class LastImport:
    """The import that would be undone."""

    id: int
    at: datetime
    file: str
    list_id: int
    #: Slug of the list.
    list: str
    #: Whether it was about every list.
    is_everywhere: bool
    status: SubscriptionStatus
    #: None: it was not undone yet.
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Retreat:
    """What an undo does, or would do: numbers of people."""

    #: Came by the import, and are gone.
    removed: int
    #: Were there before it, and stand as they did then.
    restored: int
    #: Were mailed since, and stay as they are.
    mailed: int
    #: Changed since, and stay as they are.
    changed: int


def read_last_import(connection: Connection) -> LastImport | None:
    """Return the last import, or None where there never was one."""
    row = connection.execute(
        select(imports, lists.c.slug)
        .join_from(imports, lists)
        .order_by(imports.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return LastImport(
        id=row.id,
        at=from_millis(row.at),
        file=row.file,
        list_id=row.list_id,
        list=row.slug,
        is_everywhere=bool(row.is_everywhere),
        status=SubscriptionStatus(row.status),
        undone_at=None if row.undone_at is None else from_millis(row.undone_at),
    )


def count_retreat(connection: Connection, last: LastImport) -> Retreat:
    """Say what `retreat` would do."""
    came, were_there = _newcomers(last), _changed_people(last)
    removed = _count(connection, came.where(_can_go(last)))
    restored = _count(connection, were_there.having(_on_all(_can_be_restored(last))))
    everybody = _count(connection, came) + _count(connection, were_there)
    mailed = _count(connection, came.where(_was_mailed(last))) + _count(
        connection, were_there.where(_has_joined(), _was_mailed(last))
    )
    return Retreat(removed, restored, mailed, everybody - removed - restored - mailed)


def retreat(connection: Connection, last: LastImport, word: Word) -> Retreat:
    """Take the last import back, as far as nobody was mailed or changed since."""
    enlarge_cache(connection)
    told = count_retreat(connection, last)
    statement = CreateTable(_retreating).compile(connection)
    connection.exec_driver_sql(str(statement))
    names = ["subscriber_id", "is_newcomer"]
    were_there = _changed_people(last).having(_on_all(_can_be_restored(last)))
    for people in (
        _newcomers(last).where(_can_go(last)).add_columns(literal(1)),
        were_there.add_columns(literal(0)),
    ):
        connection.execute(insert(_retreating).from_select(names, people))
    _lift_suppressions(connection, last)
    _restore(connection, last, word)
    connection.execute(delete(import_changes))
    _remove_newcomers(connection)
    connection.exec_driver_sql("DROP TABLE temp.retreating")
    connection.execute(
        update(imports)
        .where(imports.c.id == last.id)
        .values(undone_at=to_millis(word.at))
    )
    return told


def _newcomers(last: LastImport) -> Select[Any]:
    """Select the ids of those who came by the import."""
    # With the import, which the index begins with: else all of them are looked through.
    was_there = exists().where(
        import_changes.c.import_id == last.id,
        import_changes.c.subscriber_id == subscribers.c.id,
    )
    return select(subscribers.c.id).where(
        # Negative: their fields were set since.
        subscribers.c.import_id.in_([last.id, -last.id]),
        not_(was_there),
    )


def _changed_people(last: LastImport) -> Select[Any]:
    """Select the ids of those who were there and whom the import changed.

    A group each: there is a row for each list on which they stood otherwise.
    """
    return (
        select(subscribers.c.id)
        .join_from(import_changes, subscribers)
        .where(import_changes.c.import_id == last.id)
        .group_by(subscribers.c.id)
    )


def _on_all(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a condition is true of all rows of somebody."""
    return func.min(case((condition, 1), else_=0)) == 1


def _can_go(last: LastImport) -> ColumnElement[bool]:
    asked = (
        exists().where(table.c.subscriber_id == subscribers.c.id)
        for table in (joinings, notices, address_changes)
    )
    elsewhere = exists().where(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.list_id != last.list_id,
    )
    return and_(
        subscribers.c.import_id == last.id,
        _stands_as_imported(last, literal(last.list_id), int(last.status)),
        not_(_was_mailed(last)),
        not_(elsewhere),
        *(not_(one) for one in asked),
    )


def _can_be_restored(last: LastImport) -> ColumnElement[bool]:
    """Tell whom nothing happened to since; whose fields alone were set, likewise."""
    standing = and_(
        import_changes.c.new_status.is_not(None),
        _stands_as_imported(
            last, import_changes.c.list_id, import_changes.c.new_status
        ),
        not_(and_(_has_joined(), _was_mailed(last))),
        not_(
            and_(
                func.coalesce(import_changes.c.status, -1).in_(_MAILABLE),
                _is_kept_away(last),
            )
        ),
    )
    fields = and_(
        import_changes.c.new_status.is_(None), subscribers.c.import_id == last.id
    )
    return or_(standing, fields)


def _has_joined() -> ColumnElement[bool]:
    """Tell whom the import put on the list."""
    return and_(
        import_changes.c.new_status.is_not(None), import_changes.c.status.is_(None)
    )


def _stands_as_imported(
    last: LastImport, list_id: ColumnElement[int], status: ColumnElement[int] | int
) -> ColumnElement[bool]:
    """Tell whose standing is what the import made it, in whose history is no more."""
    at = to_millis(last.at)
    last_event = (
        select(func.max(consent_events.c.id))
        .where(consent_events.c.subscriber_id == subscribers.c.id)
        .correlate(subscribers)
        .scalar_subquery()
    )
    return and_(
        exists().where(
            subscriptions.c.list_id == list_id,
            subscriptions.c.subscriber_id == subscribers.c.id,
            subscriptions.c.status == status,
            subscriptions.c.changed_at == at,
        ),
        exists().where(
            consent_events.c.id == last_event,
            consent_events.c.at == at,
            consent_events.c.source == last.file,
        ),
    )


def _was_mailed(last: LastImport) -> ColumnElement[bool]:
    """Tell who is in a dispatch that began since."""
    # Joined, SQLite would look through all deliveries for each person.
    since = select(dispatches.c.id).where(dispatches.c.created_at >= to_millis(last.at))
    return exists().where(
        deliveries.c.dispatch_id.in_(since),
        deliveries.c.subscriber_id == subscribers.c.id,
    )


def _is_kept_away(last: LastImport) -> ColumnElement[bool]:
    """Tell whose address more than the import keeps from the list they were on."""
    return exists().where(
        suppressions.c.address_hash == subscribers.c.address_hash,
        suppressions.c.scope.in_([EVERY_LIST, lists.c.slug]),
        lists.c.id == import_changes.c.list_id,
        suppressions.c.import_id.is_distinct_from(last.id),
    )


def _lift_suppressions(connection: Connection, last: LastImport) -> None:
    """Take away what the import brought, but for those who stay as they are."""
    goes = select(_retreating.c.subscriber_id)
    stays = select(subscribers.c.address_hash).where(
        or_(
            subscribers.c.import_id.in_([last.id, -last.id]),
            subscribers.c.id.in_(select(import_changes.c.subscriber_id)),
        ),
        subscribers.c.id.not_in(goes),
    )
    connection.execute(
        delete(suppressions).where(
            suppressions.c.import_id == last.id,
            suppressions.c.address_hash.not_in(stays),
        )
    )


def _restore(connection: Connection, last: LastImport, word: Word) -> None:
    restored = select(_retreating.c.subscriber_id).where(_retreating.c.is_newcomer == 0)
    connection.execute(
        update(subscribers)
        .values(fields=import_changes.c.fields, import_id=None)
        .where(
            import_changes.c.subscriber_id == subscribers.c.id,
            subscribers.c.id.in_(restored),
            subscribers.c.import_id == last.id,
        )
    )
    has_standing = (
        import_changes.c.subscriber_id.in_(restored),
        import_changes.c.new_status.is_not(None),
    )
    _undo_standings(connection, last, has_standing)
    event = select(
        import_changes.c.subscriber_id,
        import_changes.c.list_id,
        literal(ConsentKind.UNDONE),
        literal(to_millis(word.at)),
        literal(word.source),
        literal(word.evidence),
    ).where(*has_standing)
    names = ["subscriber_id", "list_id", "kind", "at", "source", "evidence"]
    connection.execute(insert(consent_events).from_select(names, event))


def _undo_standings(
    connection: Connection,
    last: LastImport,
    has_standing: Sequence[ColumnElement[bool]],
) -> None:
    was_not_on = select(import_changes.c.subscriber_id).where(
        *has_standing, import_changes.c.status.is_(None)
    )
    connection.execute(
        delete(subscriptions).where(
            subscriptions.c.list_id == last.list_id,
            subscriptions.c.subscriber_id.in_(was_not_on),
        )
    )
    connection.execute(
        update(subscriptions)
        .values(status=import_changes.c.status, changed_at=import_changes.c.changed_at)
        .where(
            subscriptions.c.list_id == import_changes.c.list_id,
            subscriptions.c.subscriber_id == import_changes.c.subscriber_id,
            import_changes.c.status.is_not(None),
            *has_standing,
        )
    )


def _remove_newcomers(connection: Connection) -> None:
    going = select(_retreating.c.subscriber_id).where(_retreating.c.is_newcomer == 1)
    for table in (consent_events, subscriptions):
        connection.execute(delete(table).where(table.c.subscriber_id.in_(going)))
    connection.execute(delete(subscribers).where(subscribers.c.id.in_(going)))


def _count(connection: Connection, query: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(query.subquery())) or 0
