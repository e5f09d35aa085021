"""Whole files of people are brought in at once, by a few statements.

Their rows lie beside the database already (`arrivals`), each judged: so a million
people need little memory, and the public pages wait ten seconds, not a minute.

Law: whatever is written of somebody who was there is kept as it was before, until the
next import or for `UNDO_WITHIN`: so this one can be undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    Connection,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from newsletter.model.subscriber import ConsentKind, SubscriptionStatus
from newsletter.store.arrivals import COUNTS, arrivals, is_on
from newsletter.store.consent import Word
from newsletter.store.dialect import insert_missing_from, insert_or_update_from
from newsletter.store.instants import to_millis
from newsletter.store.tables import (
    consent_events,
    import_changes,
    imports,
    subscribers,
    subscriptions,
    suppressions,
)

#: Of the database's pages in memory while a file is brought in: of a million addresses
#: the index alone has 40 MB, and each new one belongs somewhere in it.
_CACHE_KB = 24_000
#: Who imports the wrong file sees it by then; nobody's old fields are kept longer.
UNDO_WITHIN = timedelta(days=14)
#: What an import for every list says of people -> the standings that become so; who
#: left stays one who left.
_GIVES_WAY: Mapping[SubscriptionStatus, tuple[SubscriptionStatus, ...]] = {
    SubscriptionStatus.UNSUBSCRIBED: (
        SubscriptionStatus.PENDING,
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.BOUNCED,
    ),
    SubscriptionStatus.BOUNCED: (
        SubscriptionStatus.PENDING,
        SubscriptionStatus.ACTIVE,
    ),
}


@dataclass(frozen=True, slots=True)
class Bringing:
    """What is written of everybody who is brought in."""

    #: Row of `imports`.
    import_id: int
    #: Where those are put who were on no list yet.
    list_id: int
    status: SubscriptionStatus
    #: In their history, and why they are kept away.
    kind: ConsentKind
    word: Word
    #: Keep their addresses away: from a list, or from every one; empty: do not.
    suppressed_scope: str = ""
    #: Their standing on all other lists becomes *status*, too.
    is_everywhere: bool = False


def note_import(
    connection: Connection,
    *,
    list_id: int,
    is_everywhere: bool,
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
            is_everywhere=int(is_everywhere),
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
    changes_there = is_on(bringing.list_id)
    if bringing.is_everywhere:
        changes_there = and_(
            subscriptions.c.subscriber_id == subscribers.c.id,
            subscriptions.c.status.in_(_GIVES_WAY[bringing.status]),
        )
    changed = (
        select(
            literal(bringing.import_id),
            subscribers.c.id,
            func.coalesce(subscriptions.c.list_id, bringing.list_id),
            subscribers.c.fields,
            subscriptions.c.status,
            subscriptions.c.changed_at,
            case((arrivals.c.sets_status == 1, int(bringing.status))),
        )
        .join_from(arrivals, subscribers, arrivals.c.subscriber_id == subscribers.c.id)
        .outerjoin(subscriptions, changes_there)
        .where(
            COUNTS,
            or_(arrivals.c.sets_status == 1, arrivals.c.sets_fields == 1),
        )
    )
    names = ("import_id", "subscriber_id", "list_id", "fields", "status", "changed_at")
    insert_missing_from(connection, import_changes, (*names, "new_status"), changed)


def _set_fields(connection: Connection, bringing: Bringing) -> None:
    """Give people what their rows know; `import_id` tells who has not changed since."""
    connection.execute(
        update(subscribers)
        .values(fields=arrivals.c.fields, import_id=bringing.import_id)
        .where(
            arrivals.c.subscriber_id == subscribers.c.id,
            arrivals.c.sets_fields == 1,
            COUNTS,
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
            COUNTS,
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
    new = select(subscribers.c.id, literal(bringing.list_id)).where(
        subscribers.c.id > last_id, subscribers.c.import_id == bringing.import_id
    )
    known = select(import_changes.c.subscriber_id, import_changes.c.list_id).where(
        import_changes.c.import_id == bringing.import_id,
        import_changes.c.new_status.is_not(None),
    )
    at, word = literal(to_millis(bringing.word.at)), bringing.word
    for people in (known, new):
        who, where = people.subquery().c
        standing = select(where, who, literal(int(bringing.status)), at)
        insert_or_update_from(
            connection,
            subscriptions,
            ("list_id", "subscriber_id", "status", "changed_at"),
            standing.where(who.is_not(None)),
        )
        event = select(
            who,
            where,
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
    ).where(COUNTS)
    names = ("address_hash", "scope", "reason", "at", "source", "import_id")
    insert_missing_from(connection, suppressions, names, rows)
