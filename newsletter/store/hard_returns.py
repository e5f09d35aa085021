"""Returns that call an address dead: open until they were weighed, held, or settled.

Law: only what is open or held is ever applied, and once; so whatever breaks off between
a mail that was noted and its effect goes on at the next look.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    distinct,
    exists,
    func,
    or_,
    select,
    update,
)

from newsletter.model.returned import BounceClass, Decision, MailKind
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.dialect import domain_of
from newsletter.store.dispatch_records import counter
from newsletter.store.returned import (
    LEFT_US,
    ReturnedMail,
    is_current,
    show_reason,
    stop_if_dead,
)
from newsletter.store.returned_counts import SMTP
from newsletter.store.tables import (
    batches,
    deliveries,
    returned_mails,
    subscribers,
    subscriptions,
)

#: A delivery, and the mail that came back of it.
_OF_DELIVERY = and_(
    deliveries.c.dispatch_id == returned_mails.c.dispatch_id,
    deliveries.c.subscriber_id == returned_mails.c.subscriber_id,
)
#: The address was taken off, by the program or by the editor.
_TAKEN_OFF = (Decision.APPLIED, Decision.BELIEVED)
_IS_OPEN = returned_mails.c.decision == Decision.OPEN
#: What the mail server refused in the dialogue is weighed in `refusals`.
_IS_HARD = and_(
    returned_mails.c.kind == MailKind.BOUNCE,
    returned_mails.c.bounce_class == BounceClass.HARD,
    returned_mails.c.source != SMTP,
)


@dataclass(frozen=True, slots=True)
class HardReturn:
    """A mail of a dispatch that came back as from a dead address."""

    id: int
    #: `Reading.key`.
    key: bytes
    #: Place in its dispatch.
    seq: int


class Place(NamedTuple):
    """Where in its dispatch a mail stands that came back as from a dead address."""

    seq: int
    #: Empty where the address was erased.
    domain: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Of a dispatch: so many of its returns wait for the editor."""

    dispatch_id: int
    count: int
    #: Readers who were taken off by earlier ones.
    applied: int


@dataclass(frozen=True, slots=True)
class HeldReturn:
    """One of them, for the editor to look at."""

    id: int
    dispatch_id: int
    email: str
    status: str
    diagnostic: str

    @property
    def reason(self) -> str:
        """Why it came back, in the words of a mail server, or nothing."""
        return show_reason(self.status, self.diagnostic)


def dispatches_with_open(connection: Connection) -> list[int]:
    """Return the dispatches with returns that were not weighed, oldest first."""
    return list(
        connection.scalars(
            select(returned_mails.c.dispatch_id)
            .distinct()
            .where(
                returned_mails.c.decision == Decision.OPEN,
                returned_mails.c.subscriber_id.is_not(None),
            )
            .order_by(returned_mails.c.dispatch_id)
        )
    )


def count_hard(connection: Connection, dispatch_id: int) -> tuple[int, int]:
    """Return of how many people hard returns came, and how many mails left us."""
    people = connection.scalar(
        select(func.count(distinct(returned_mails.c.subscriber_id))).where(
            returned_mails.c.dispatch_id == dispatch_id, _IS_HARD
        )
    )
    left_us = connection.scalar(
        select(func.sum(sum(counter(state) for state in LEFT_US))).where(
            batches.c.dispatch_id == dispatch_id
        )
    )
    return people or 0, left_us or 0


def is_believed(connection: Connection, dispatch_id: int) -> bool:
    """Tell whether the editor said of held returns of a dispatch that they are true."""
    is_of_it = and_(
        returned_mails.c.decision == Decision.BELIEVED,
        returned_mails.c.dispatch_id == dispatch_id,
    )
    return connection.scalar(select(exists().where(is_of_it))) or False


def read_open(connection: Connection, dispatch_id: int) -> list[HardReturn]:
    """Return the returns that were not weighed, in the order in which mails left."""
    rows = connection.execute(
        select(returned_mails.c.id, returned_mails.c.key, deliveries.c.seq)
        .join_from(returned_mails, deliveries, _OF_DELIVERY)
        .where(returned_mails.c.dispatch_id == dispatch_id, _IS_HARD, _IS_OPEN)
        .order_by(deliveries.c.seq)
    )
    return [HardReturn(*row) for row in rows]


def read_places(
    connection: Connection, dispatch_id: int, *, first: int, last: int
) -> list[Place]:
    """Return the hard returns that those not weighed may be too many with, in order.

    Args:
        connection: Reading or writing.
        dispatch_id: A dispatch.
        first: `Place.seq`: all from here on, too,
        last: to here; from elsewhere only those to a domain that has open ones.
    """
    domain = domain_of(deliveries.c.email)
    is_of_it = and_(returned_mails.c.dispatch_id == dispatch_id, _IS_HARD)
    theirs = (
        select(domain)
        .join_from(returned_mails, deliveries, _OF_DELIVERY)
        .where(is_of_it, _IS_OPEN)
        .correlate(None)
    )
    rows = connection.execute(
        select(deliveries.c.seq, domain, _IS_OPEN)
        .join_from(returned_mails, deliveries, _OF_DELIVERY)
        .where(is_of_it, or_(deliveries.c.seq.between(first, last), domain.in_(theirs)))
        .order_by(deliveries.c.seq)
    )
    return [Place(*row) for row in rows]


def count_to_domain(
    connection: Connection,
    dispatch_id: int,
    domain: str,
    *,
    first: int,
    last: int,
    most: int,
) -> int:
    """Return how many mails of a dispatch left to a domain between two places.

    Args:
        connection: Reading or writing.
        dispatch_id: A dispatch.
        domain: As `Place.domain`.
        first: `Place.seq`, counted too.
        last: Likewise.
        most: Nobody wants to know of more.
    """
    found = (
        select(deliveries.c.seq)
        .where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.seq.between(first, last),
            deliveries.c.state.in_(LEFT_US),
            domain_of(deliveries.c.email) == domain,
        )
        .limit(most)
    )
    return connection.scalar(select(func.count()).select_from(found.subquery())) or 0


def decide(
    connection: Connection, ids: Collection[int], was: Decision, decision: Decision
) -> None:
    """Write down what was made of returns, unless another process was quicker."""
    if not ids:
        return
    connection.execute(
        update(returned_mails)
        .where(
            returned_mails.c.id == bindparam("row"), returned_mails.c.decision == was
        )
        .values(decision=decision),
        [{"row": number} for number in ids],
    )


def apply_returns(
    connection: Connection,
    ids: Collection[int],
    was: Decision,
    decision: Decision,
    *,
    now: datetime,
) -> set[int]:
    """Mail those no more whose address is dead; return which had an effect.

    Who joined again since by their own word, was forgotten, or was decided on by
    another process has none.

    Args:
        connection: A writing one.
        ids: `HardReturn.id`.
        was: Others are passed over.
        decision: `APPLIED`, or `BELIEVED` by the editor.
        now: Aware.
    """
    done = set()
    for row in _read_rows(connection, ids, was):
        mail = ReturnedMail(
            key=row.key,
            at=now,
            source=row.source,
            kind=MailKind.BOUNCE,
            bounce_class=BounceClass.HARD,
            dispatch_id=row.dispatch_id,
            subscriber_id=row.subscriber_id,
            status=row.status,
            diagnostic=row.diagnostic,
        )
        if is_current(connection, row, now=now) and stop_if_dead(connection, mail):
            done.add(row.id)
    decide(connection, ids, was, decision)
    return done


def read_held(connection: Connection) -> list[Held]:
    """Return the dispatches of which returns wait for the editor, oldest first."""
    rows = connection.execute(
        select(returned_mails.c.dispatch_id, func.count())
        .where(
            returned_mails.c.decision == Decision.HELD,
            returned_mails.c.subscriber_id.is_not(None),
        )
        .group_by(returned_mails.c.dispatch_id)
        .order_by(returned_mails.c.dispatch_id)
    )
    return [
        Held(number, count, len(read_applied(connection, number)))
        for number, count in rows
    ]


def read_held_returns(
    connection: Connection, *, after: int, most: int
) -> list[HeldReturn]:
    """Return some of the returns that wait for the editor, in order.

    Args:
        connection: Reading or writing.
        after: Those behind this `HeldReturn.id`.
        most: So many at once.
    """
    rows = connection.execute(
        select(
            returned_mails.c.id,
            returned_mails.c.dispatch_id,
            subscribers.c.email,
            returned_mails.c.status,
            returned_mails.c.diagnostic,
        )
        .join_from(
            returned_mails,
            subscribers,
            subscribers.c.id == returned_mails.c.subscriber_id,
        )
        .where(returned_mails.c.decision == Decision.HELD, returned_mails.c.id > after)
        .order_by(returned_mails.c.id)
        .limit(most)
    )
    return [HeldReturn(*row) for row in rows]


def read_applied(connection: Connection, dispatch_id: int) -> list[str]:
    """Return who was taken off by returns of a dispatch, and still is."""
    is_off = exists().where(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.status == SubscriptionStatus.BOUNCED,
    )
    return list(
        connection.scalars(
            select(subscribers.c.email)
            .distinct()
            .join_from(
                returned_mails,
                subscribers,
                subscribers.c.id == returned_mails.c.subscriber_id,
            )
            .where(
                returned_mails.c.dispatch_id == dispatch_id,
                _IS_HARD,
                returned_mails.c.decision.in_(_TAKEN_OFF),
                is_off,
            )
            .order_by(subscribers.c.email)
        )
    )


def _read_rows(
    connection: Connection, ids: Collection[int], was: Decision
) -> Sequence[Any]:
    return connection.execute(
        select(
            returned_mails.c.id,
            returned_mails.c.key,
            returned_mails.c.source,
            returned_mails.c.dispatch_id,
            returned_mails.c.subscriber_id,
            returned_mails.c.status,
            returned_mails.c.diagnostic,
            deliveries.c.email,
            deliveries.c.at,
            subscribers.c.email_key,
        )
        .join_from(returned_mails, deliveries, _OF_DELIVERY)
        .join(subscribers, subscribers.c.id == returned_mails.c.subscriber_id)
        .where(returned_mails.c.id.in_(ids), returned_mails.c.decision == was)
    ).all()
