"""How people come and go: status, suppression and history, written together.

Law: leaving is one transaction and holds at once. Nothing takes a suppression away but
`readmit`, which only the person's own wish may call. History is never changed; only the
words of a server go from it after their time (`retention.erase_reasons`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from newsletter.model.subscriber import (
    FOR_GOOD,
    ConsentKind,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.store.audience import EVERY_LIST
from newsletter.store.dialect import insert_missing, insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.joinings import take_back_joinings
from newsletter.store.people import read_list_ids
from newsletter.store.tables import (
    consent_events,
    lists,
    subscribers,
    subscriptions,
    suppressions,
)

#: Evidence of leaving by somebody who was not active: taking it back makes nobody more
#: than they were.
WAS = {
    SubscriptionStatus.PENDING: "was pending",
    SubscriptionStatus.BOUNCED: "was bounced",
}

# Put together once: that takes longer than to execute them.
_INSERT_EVENT = insert(consent_events)
_ADDRESS_HASH = select(subscribers.c.address_hash).where(
    subscribers.c.id == bindparam("person")
)
_SUPPRESSIONS = (
    select(suppressions)
    .where(suppressions.c.address_hash == bindparam("address"))
    .order_by(suppressions.c.scope)
)
_NOT_LEFT_YET = (
    select(lists.c.slug, lists.c.id, subscriptions.c.status)
    .join_from(subscriptions, lists)
    .where(
        subscriptions.c.subscriber_id == bindparam("person"),
        subscriptions.c.status != SubscriptionStatus.UNSUBSCRIBED,
    )
    .order_by(lists.c.slug)
)


@dataclass(frozen=True, slots=True)
class Word:
    """In whose word somebody came or went."""

    at: datetime
    #: A file name, "command", "one-click", "page".
    source: str
    #: What was said, for example "paper form, 3 May".
    evidence: str = ""
    #: Which words they were shown: `i18n.WORDING`; empty: none of ours.
    wording: str = ""
    #: In which language, or empty.
    language: str = ""


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One entry of somebody's history."""

    list: str
    #: `ConsentKind`.
    kind: str
    at: datetime
    source: str
    evidence: str
    wording: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address is not mailed, whatever its subscriptions say."""

    #: List slug, or "*".
    scope: str
    #: `SuppressionReason`.
    reason: str
    at: datetime
    source: str


def set_status(
    connection: Connection,
    subscriber_ids: Collection[int],
    *,
    list_id: int,
    status: SubscriptionStatus,
    kind: str,
    word: Word,
) -> None:
    """Give subscribers a status on a list, and write down in whose word.

    Whether they may have it was decided before, in the same transaction.
    """
    if not subscriber_ids:
        return
    at = to_millis(word.at)
    changed = {"list_id": list_id, "status": int(status), "changed_at": at}
    ids = [{"subscriber_id": number} for number in subscriber_ids]
    insert_or_update(connection, subscriptions, [row | changed for row in ids])
    event = {
        "list_id": list_id,
        "kind": kind,
        "at": at,
        "source": word.source,
        "evidence": word.evidence,
        "wording": word.wording,
        "language": word.language,
    }
    connection.execute(_INSERT_EVENT, [row | event for row in ids])


def suppress(
    connection: Connection,
    address_hashes: Iterable[bytes],
    *,
    scope: str,
    reason: str,
    word: Word,
) -> int:
    """Never mail these addresses again; return how many were not suppressed so far.

    A reason of `FOR_GOOD` takes the place of a weaker one. Whoever left before, and may
    take that back, is kept off for good by another reason all the same.

    Links to confirm of before are void, unless it is only that mail came back: whoever
    presses a button there is reached.
    """
    hashes = list(address_hashes)
    rows = [
        {
            "address_hash": address_hash,
            "scope": scope,
            "reason": reason,
            "at": to_millis(word.at),
            "source": word.source,
        }
        for address_hash in hashes
    ]
    new = insert_missing(connection, suppressions, rows)
    if new < len(rows):
        _keep_over_undo(connection, hashes, scope)
        if reason in FOR_GOOD:
            _say_stronger(connection, hashes, scope, reason, word)
        elif reason != SuppressionReason.UNSUBSCRIBED:
            _outlive_undo(connection, hashes, scope, word)
    if reason != SuppressionReason.BOUNCED:
        for address_hash in hashes:
            take_back_joinings(connection, address_hash, scope=scope, at=word.at)
    return new


def _say_stronger(
    connection: Connection,
    hashes: Sequence[bytes],
    scope: str,
    reason: str,
    word: Word,
) -> None:
    """Say *reason* of suppressions that give a weaker one.

    With its own moment, or undoing an earlier leaving would take it back.
    """
    connection.execute(
        update(suppressions)
        .where(
            suppressions.c.address_hash.in_(hashes),
            suppressions.c.scope == scope,
            suppressions.c.reason.not_in(FOR_GOOD),
        )
        .values(reason=reason, at=to_millis(word.at), source=word.source)
    )


def _outlive_undo(
    connection: Connection, hashes: Sequence[bytes], scope: str, word: Word
) -> None:
    """Let no undo of leaving bring back whom something else keeps off since.

    The reason stays, as nobody comes back by a new address who left by the old one; its
    moment is another than that of the leaving.
    """
    connection.execute(
        update(suppressions)
        .where(
            suppressions.c.address_hash.in_(hashes),
            suppressions.c.scope == scope,
            suppressions.c.reason == SuppressionReason.UNSUBSCRIBED,
            suppressions.c.at < to_millis(word.at),
        )
        .values(at=to_millis(word.at))
    )


def _keep_over_undo(
    connection: Connection, address_hashes: Sequence[bytes], scope: str
) -> None:
    """Let what an import suppressed outlive its undo: others say so too now."""
    connection.execute(
        update(suppressions)
        .where(
            suppressions.c.address_hash.in_(address_hashes),
            suppressions.c.scope == scope,
            suppressions.c.import_id.is_not(None),
        )
        .values(import_id=None)
    )


def unsubscribe(
    connection: Connection, subscriber_id: int, *, scope: str, word: Word
) -> tuple[str, ...] | None:
    """Let somebody leave, at once and for good; again is no harm.

    Args:
        connection: Writing; the next statement of a running dispatch sees it.
        subscriber_id: From the token.
        scope: List slug, or `EVERY_LIST`.
        word: When, and by which way.

    Returns:
        The lists left now (none if they had left before); None for an unknown id.
    """
    address_hash = connection.scalar(_ADDRESS_HASH, {"person": subscriber_id})
    if address_hash is None:
        return None
    reason = SuppressionReason.UNSUBSCRIBED
    suppress(connection, [address_hash], scope=scope, reason=reason, word=word)
    left = _subscribed_lists(connection, subscriber_id, scope)
    for list_id, status in left.values():
        evidence = word.evidence or WAS.get(status, "")
        set_status(
            connection,
            [subscriber_id],
            list_id=list_id,
            status=SubscriptionStatus.UNSUBSCRIBED,
            kind=ConsentKind.UNSUBSCRIBED,
            word=replace(word, evidence=evidence),
        )
    return tuple(left)


def readmit(connection: Connection, address_hash: bytes, *, list_slug: str) -> None:
    """Take away what keeps an address from a list, by the person's own wish only.

    Who left everything and comes back to one list stays away from all the others.
    """
    found = read_suppressions(connection, address_hash)
    every = [item for item in found if item.scope == EVERY_LIST]
    for item in every:
        for slug in read_list_ids(connection).keys() - {list_slug}:
            suppress(
                connection,
                [address_hash],
                scope=slug,
                reason=item.reason,
                word=Word(item.at, item.source),
            )
    connection.execute(
        delete(suppressions).where(
            suppressions.c.address_hash == address_hash,
            suppressions.c.scope.in_([EVERY_LIST, list_slug]),
        )
    )


def read_history(
    connection: Connection, subscriber_id: int
) -> tuple[ConsentEvent, ...]:
    """Return how somebody came and went, oldest first."""
    rows = connection.execute(
        select(consent_events, lists.c.slug)
        .join_from(consent_events, lists)
        .where(consent_events.c.subscriber_id == subscriber_id)
        .order_by(consent_events.c.id)
    )
    return tuple(
        ConsentEvent(
            row.slug,
            row.kind,
            from_millis(row.at),
            row.source,
            row.evidence,
            row.wording,
            row.language,
        )
        for row in rows
    )


def read_suppressions(
    connection: Connection, address_hash: bytes
) -> tuple[Suppression, ...]:
    """Return every reason why an address is not mailed."""
    rows = connection.execute(_SUPPRESSIONS, {"address": address_hash})
    return tuple(
        Suppression(row.scope, row.reason, from_millis(row.at), row.source)
        for row in rows
    )


def _subscribed_lists(
    connection: Connection, subscriber_id: int, scope: str
) -> dict[str, tuple[int, SubscriptionStatus]]:
    """Return the lists within *scope* not left yet: slug -> id, status."""
    rows = connection.execute(_NOT_LEFT_YET, {"person": subscriber_id})
    return {
        row.slug: (row.id, SubscriptionStatus(row.status))
        for row in rows
        if scope in (EVERY_LIST, row.slug)
    }
