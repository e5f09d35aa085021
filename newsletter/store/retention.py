"""Erase what is older than it is needed: in pieces, so that nobody waits for it.

Each function erases at most so many rows and tells how many it did; it is called again
until there are none. The rows of deliveries and returned mails stay, without anything
about a person: so the numbers of a dispatch stay, nobody gets an issue twice, and no
mail counts twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from newsletter.model.delivery import DispatchState
from newsletter.model.subscriber import ConsentKind, SubscriptionStatus
from newsletter.store.dispatch_records import ERASED
from newsletter.store.forget import without_replies
from newsletter.store.instants import to_millis
from newsletter.store.joinings import erase_newcomers
from newsletter.store.notices import is_outdated
from newsletter.store.returned_counts import SMTP
from newsletter.store.tables import (
    address_changes,
    consent_events,
    courtesy_marks,
    deliveries,
    dispatches,
    import_changes,
    imports,
    joinings,
    notices,
    probes,
    returned_mails,
    subscribers,
    subscriptions,
)

_OVER = (DispatchState.DONE, DispatchState.CANCELLED)
#: Why somebody is mailed no more, in a history: `returned.ReturnedMail.word`.
_TOLD = (ConsentKind.BOUNCED, ConsentKind.COMPLAINED)


# --- deliveries -----------------------------------------------------------------------


def find_over(connection: Connection, *, before: datetime) -> list[int]:
    """Return the dispatches over since before then whose addresses are still there."""
    over_at = func.coalesce(dispatches.c.finished_at, dispatches.c.created_at)
    return list(
        connection.scalars(
            select(dispatches.c.id)
            .where(
                dispatches.c.state.in_(_OVER),
                over_at < to_millis(before),
                func.coalesce(dispatches.c.recipients_hash, "none") != ERASED,
            )
            .order_by(dispatches.c.id)
        )
    )


def erase_deliveries(
    connection: Connection, dispatch_id: int, *, after: int, most: int
) -> int | None:
    """Erase addresses, fields and what servers said, of deliveries behind *after*.

    Returns:
        The number of the last one; None when there was none left. Then the dispatch is
        marked, and goes on no more.
    """
    seqs = connection.scalars(
        select(deliveries.c.seq)
        .where(deliveries.c.dispatch_id == dispatch_id, deliveries.c.seq > after)
        .order_by(deliveries.c.seq)
        .limit(most)
    ).all()
    if not seqs:
        connection.execute(
            update(dispatches)
            .where(dispatches.c.id == dispatch_id)
            .values(recipients_hash=ERASED)
        )
        return None
    last: int = seqs[-1]
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.seq.between(seqs[0], last),
        )
        .values(email="", fields={}, reply_text=without_replies())
    )
    return last


# --- what servers said ----------------------------------------------------------------


def erase_answers(connection: Connection, *, most: int) -> int:
    """Erase what our mail server said of readers, where the addresses are erased."""
    erased = select(dispatches.c.id).where(dispatches.c.recipients_hash == ERASED)
    chosen = select(returned_mails.c.id).where(
        returned_mails.c.dispatch_id.in_(erased),
        returned_mails.c.source == SMTP,
        _says_why(),
    )
    ids = connection.scalars(chosen.limit(most)).all()
    of_them = returned_mails.c.id.in_(ids)
    connection.execute(
        update(returned_mails).where(of_them).values(status="", diagnostic="")
    )
    return len(ids)


def find_reasons(
    connection: Connection, *, after: int, most: int
) -> Sequence[tuple[int, str]]:
    """Return entries of histories that say more than is kept of the mail itself.

    Args:
        connection: Reading: all histories are gone through.
        after: Those behind this entry.
        most: So many at once.

    Returns:
        Number and evidence of each, in order.
    """
    events = consent_events.c
    is_dispatch = events.evidence.startswith("dispatch ")
    says_why = or_(
        events.evidence.like("dispatch %: %"),
        # A notice has no dispatch.
        and_(
            events.kind == ConsentKind.COMPLAINED, events.evidence != "", ~is_dispatch
        ),
    )
    of_this = "dispatch " + cast(returned_mails.c.dispatch_id, String) + ": %"
    is_kept = exists().where(
        returned_mails.c.subscriber_id == events.subscriber_id,
        _says_why(),
        or_(events.evidence.like(of_this), ~is_dispatch),
    )
    rows = connection.execute(
        select(events.id, events.evidence)
        .where(events.kind.in_(_TOLD), says_why, ~is_kept, events.id > after)
        .order_by(events.id)
        .limit(most)
    )
    return [(row.id, row.evidence) for row in rows]


def erase_reasons(connection: Connection, found: Sequence[tuple[int, str]]) -> None:
    """Leave of these entries what was, when, and of which dispatch: no server's words.

    Args:
        connection: Of `Database.erasing`.
        found: By `find_reasons`.
    """
    connection.execute(
        update(consent_events)
        .where(consent_events.c.id == bindparam("event"))
        .values(evidence=bindparam("left")),
        [{"event": event, "left": _without_reason(said)} for event, said in found],
    )


def _without_reason(evidence: str) -> str:
    """Return ``dispatch 7`` of ``dispatch 7: 550 5.1.1 User unknown``."""
    return evidence.partition(": ")[0] if evidence.startswith("dispatch ") else ""


def _says_why() -> Any:
    return or_(returned_mails.c.status != "", returned_mails.c.diagnostic != "")


# --- all else -------------------------------------------------------------------------


def erase_returned(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase whose the mails were that came back before then, and why they did.

    That there was one stays, for the numbers of its dispatch; and its key, by which a
    mailbox that nobody empties does not make it act again.
    """
    says_something = or_(
        returned_mails.c.subscriber_id.is_not(None), returned_mails.c.diagnostic != ""
    )
    is_old = returned_mails.c.at < to_millis(before)
    chosen = select(returned_mails.c.id).where(is_old, says_something).limit(most)
    ids = connection.scalars(chosen).all()
    of_them = returned_mails.c.id.in_(ids)
    connection.execute(
        update(returned_mails).where(of_them).values(subscriber_id=None, diagnostic="")
    )
    return len(ids)


def erase_notices(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase our own notices of before then."""
    is_old = notices.c.created_at < to_millis(before)
    return _delete(connection, notices, is_old, most)


def erase_joinings(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase what was asked on the page to join before then."""
    is_old = joinings.c.at < to_millis(before)
    return _delete(connection, joinings, is_old, most)


def erase_changes(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase the new addresses that were asked for before then.

    One whose old address is yet to be told stays as long as the mail that tells it.
    """
    changes = address_changes.c
    is_told = changes.old_email.is_(None)
    is_old = and_(
        changes.at < to_millis(before),
        or_(is_told, changes.confirmed_at < to_millis(before)),
    )
    return _delete(connection, address_changes, is_old, most)


def erase_import_changes(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase how people stood before an import of before then: nobody undoes it now."""
    old = select(imports.c.id).where(imports.c.at < to_millis(before))
    is_old = import_changes.c.import_id.in_(old)
    chosen = select(import_changes.c.subscriber_id).where(is_old).limit(most)
    ids = connection.scalars(chosen).all()
    of_them = import_changes.c.subscriber_id.in_(ids)
    connection.execute(delete(import_changes).where(is_old, of_them))
    return len(ids)


def erase_probes(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase the probes of before then, for which nobody waits any more."""
    is_old = probes.c.received_at < to_millis(before)
    return _delete(connection, probes, is_old, most)


def erase_marks(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase how often addresses were written to whose last mail was before then.

    That an owner wants none at all is kept.
    """
    keys = (courtesy_marks.c.address_hash, courtesy_marks.c.kind)
    chosen = select(*keys).where(is_outdated(before)).limit(most)
    found = [tuple(row) for row in connection.execute(chosen)]
    connection.execute(delete(courtesy_marks).where(tuple_(*keys).in_(found)))
    return len(found)


def erase_unconfirmed(connection: Connection, *, before: datetime, most: int) -> int:
    """Erase people who asked to join before then, and never said yes.

    Whom the editor imported as pending stays, and who asked again since.
    """
    ids = connection.scalars(_never_confirmed(before).limit(most)).all()
    erase_newcomers(connection, ids)
    return len(ids)


def _never_confirmed(before: datetime) -> Select[int]:
    theirs = subscriptions.c.subscriber_id == subscribers.c.id
    is_pending = subscriptions.c.status == SubscriptionStatus.PENDING
    return select(subscribers.c.id).where(
        subscribers.c.created_at < to_millis(before),
        exists().where(theirs, is_pending),
        ~exists().where(theirs, ~is_pending),
        ~_has(consent_events, consent_events.c.kind != ConsentKind.ASKED),
        ~_has(joinings),
        ~_has(address_changes),
    )


def _has(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(table.c.subscriber_id == subscribers.c.id, *conditions)


def _delete(
    connection: Connection, table: Table, condition: ColumnElement[bool], most: int
) -> int:
    """Delete some rows for which *condition* holds; return how many."""
    (key,) = table.primary_key
    found = connection.scalars(select(key).where(condition).limit(most)).all()
    connection.execute(delete(table).where(key.in_(found)))
    return len(found)
