"""What a returned mail does: who is mailed no more, and which dispatch pauses.

All functions take a connection, a writing one where they change something, and leave
the transaction to the caller: one for each mail.

Law: each mail counts once; nothing happens but for a mail that we sent within 30 days;
what a policy or our own quota blocked is never the reader's matter.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    func,
    select,
)

from newsletter.addresses import address_key, mask_addresses
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.model.returned import BounceClass, Decision, MailKind
from newsletter.model.subscriber import (
    ConsentKind,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.replies import MAX_TEXT
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import Word, set_status, suppress
from newsletter.store.dialect import insert_missing
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import pause_dispatch
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.returned_counts import CAME_BACK, SMTP
from newsletter.store.tables import (
    consent_events,
    deliveries,
    dispatches,
    lists,
    returned_mails,
    subscribers,
    subscriptions,
)

#: Who holds a token of ours has a mail of ours; an old one says nothing of today.
MAIL_COUNTS_FOR = timedelta(days=30)

#: A mailbox is given up after so many mails in a row, over so long a time.
SOFT_MAILS = 5
SOFT_TIME = timedelta(days=14)
#: Until then an accepted mail may still come back; after it, it arrived.
_MAY_COME_BACK = timedelta(days=3)

#: So many blocked mails, and such a part of all, pause their dispatch.
BLOCKED_MAILS = 20
_BLOCKED_PART = 20  # one in twenty: 5 %

#: The message may have been delivered, so it may come back.
LEFT_US = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING)
#: Somebody's own word: what came back before it is forgiven.
_OWN_WORDS = (ConsentKind.ADDED, ConsentKind.CONFIRMED, ConsentKind.CHANGED_ADDRESS)
_STILL_ON = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """A row to be written."""

    #: `Reading.key`.
    key: bytes
    at: datetime
    source: str
    kind: MailKind
    bounce_class: BounceClass | None = None
    dispatch_id: int | None = None
    subscriber_id: int | None = None
    status: str = ""
    diagnostic: str = ""
    decision: Decision | None = None

    @property
    def word(self) -> Word:
        """In whose word somebody is mailed no more."""
        about = f"dispatch {self.dispatch_id}: " if self.dispatch_id else ""
        said = show_reason(self.status, self.diagnostic)
        return Word(self.at, self.source, f"{about}{said}".removesuffix(": "))


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail of a dispatch that may have come back."""

    dispatch_id: int
    #: None: the subscriber was forgotten.
    subscriber_id: int | None
    #: Of the subscriber now; empty: forgotten.
    email: str
    #: It says something of the address that the subscriber has now.
    is_current: bool


def show_reason(status: str, diagnostic: str) -> str:
    """Return why a mail came back; the code once, which a server often says too."""
    return diagnostic if status in diagnostic else f"{status} {diagnostic}".strip()


def is_noted(connection: Connection, key: bytes) -> bool:
    """Tell whether a mail was counted already, by its `Reading.key`."""
    found = select(returned_mails.c.id).where(returned_mails.c.key == key)
    return connection.scalar(found) is not None


def note_returned(connection: Connection, mail: ReturnedMail) -> bool:
    """Write a mail down; False if it was counted already: then nothing is written."""
    if is_noted(connection, mail.key):
        return False
    row = {
        "key": mail.key,
        "at": to_millis(mail.at),
        "source": mail.source,
        "kind": mail.kind,
        "bounce_class": mail.bounce_class,
        "dispatch_id": mail.dispatch_id,
        "subscriber_id": mail.subscriber_id,
        "status": mail.status,
        "diagnostic": mask_addresses(mail.diagnostic)[:MAX_TEXT],
        "decision": mail.decision,
    }
    return insert_missing(connection, returned_mails, [row]) > 0


def find_sent(
    connection: Connection, dispatch_id: int, subscriber_id: int, *, now: datetime
) -> SentMail | None:
    """Return the mail that a token names, None if it cannot be the one that came back.

    Args:
        connection: Reading or writing.
        dispatch_id: From a token that was verified.
        subscriber_id: Likewise.
        now: Aware; what we sent long ago is not counted any more.
    """
    row = connection.execute(
        select(
            deliveries.c.email,
            deliveries.c.at,
            subscribers.c.id.label("subscriber_id"),
            subscribers.c.email.label("present"),
            subscribers.c.email_key,
        )
        .join_from(
            deliveries,
            subscribers,
            subscribers.c.id == deliveries.c.subscriber_id,
            isouter=True,
        )
        .where(
            deliveries.c.dispatch_id == dispatch_id,
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.state.in_(LEFT_US),
            deliveries.c.at >= to_millis(now - MAIL_COUNTS_FOR),
        )
    ).first()
    if row is None:
        return None
    if row.subscriber_id is None:
        return SentMail(dispatch_id, None, "", is_current=False)
    return SentMail(
        dispatch_id,
        row.subscriber_id,
        row.present,
        is_current=is_current(connection, row, now=now),
    )


def _stop_bounced(connection: Connection, mail: ReturnedMail) -> None:
    """Mail the address of a subscriber no more: it is dead."""
    assert mail.subscriber_id is not None  # noqa: S101 - the caller found them
    _stop(
        connection,
        mail.subscriber_id,
        reason=SuppressionReason.BOUNCED,
        status=SubscriptionStatus.BOUNCED,
        from_statuses=_STILL_ON,
        word=mail.word,
    )


def stop_complained(connection: Connection, mail: ReturnedMail) -> None:
    """Mail a subscriber no more who called a mail of ours spam."""
    assert mail.subscriber_id is not None  # noqa: S101 - the caller found them
    _stop(
        connection,
        mail.subscriber_id,
        reason=SuppressionReason.COMPLAINED,
        status=SubscriptionStatus.UNSUBSCRIBED,
        from_statuses=(*_STILL_ON, SubscriptionStatus.BOUNCED),
        word=mail.word,
    )


def bounces_for_long(
    connection: Connection, subscriber_id: int, *, now: datetime
) -> bool:
    """Tell whether mail after mail came back softly, over two weeks, and none arrived.

    Times are those of our mails: returned ones may be read long after.
    """
    is_soft = and_(
        returned_mails.c.subscriber_id == subscriber_id,
        returned_mails.c.kind == MailKind.BOUNCE,
        returned_mails.c.bounce_class == BounceClass.SOFT,
    )
    # Of nearly everybody: the longer questions are not asked.
    number = connection.scalar(select(func.count(returned_mails.c.id)).where(is_soft))
    if (number or 0) < SOFT_MAILS:
        return False
    since = max(
        _last_success(connection, subscriber_id, now) or 0,
        _last_own_word(connection, subscriber_id, now) or 0,
    )
    times = connection.scalars(
        select(deliveries.c.at)
        .join_from(returned_mails, deliveries, _is_of_delivery())
        .where(is_soft, deliveries.c.at > since)
        .group_by(deliveries.c.dispatch_id, deliveries.c.at)
    ).all()
    if len(times) < SOFT_MAILS:
        return False
    return from_millis(max(times)) - from_millis(min(times)) >= SOFT_TIME


def pause_if_blocked(connection: Connection, dispatch_id: int) -> Dispatch | None:
    """Pause an open dispatch of which many mails are blocked; None if it goes on.

    Call it after each blocked mail that was noted. Who resumes it is asked again when
    twenty more came back.
    """
    dispatch = load_dispatch(connection, dispatch_id)
    if not dispatch.is_open or dispatch.state is DispatchState.PAUSED:
        return None
    blocked = connection.scalar(
        select(func.count()).where(
            returned_mails.c.dispatch_id == dispatch_id,
            returned_mails.c.kind == MailKind.BOUNCE,
            returned_mails.c.bounce_class == BounceClass.BLOCKED,
            returned_mails.c.source != SMTP,
        )
    )
    sent = sum(dispatch.counts[state] for state in LEFT_US)
    if not _is_time_to_pause(blocked or 0, sent):
        return None
    reason = (
        f"{blocked} of {sent} mails came back blocked: the receiving side turns away "
        "your mails, not single readers. newsletter doctor may say why"
    )
    return pause_dispatch(connection, dispatch_id, reason=reason)


def is_current(connection: Connection, row: Any, *, now: datetime) -> bool:
    """Tell whether a mail says something of the address that its subscriber has now.

    It does not if it went to an earlier one, or before they last confirmed this one.

    Args:
        connection: Reading or writing.
        row: subscriber_id, email_key, and email and at of the delivery.
        now: Aware; a word in the future comes of a clock that was wrong.
    """
    if (_last_own_word(connection, row.subscriber_id, now) or 0) > row.at:
        return False
    # Erased after its time: then only the history tells, as above.
    return not row.email or bool(address_key(row.email) == row.email_key)


def stop_if_dead(connection: Connection, mail: ReturnedMail) -> bool:
    """Mail somebody no more whose bounce, just noted, says that the address is dead.

    Returns:
        Whether it does.
    """
    assert mail.subscriber_id is not None  # noqa: S101 - the caller found them
    is_dead = mail.bounce_class is BounceClass.HARD or (
        mail.bounce_class is BounceClass.SOFT
        and bounces_for_long(connection, mail.subscriber_id, now=mail.at)
    )
    if is_dead:
        _stop_bounced(connection, mail)
    return is_dead


def _stop(
    connection: Connection,
    subscriber_id: int,
    *,
    reason: SuppressionReason,
    status: SubscriptionStatus,
    from_statuses: tuple[SubscriptionStatus, ...],
    word: Word,
) -> None:
    """Suppress an address for every list, and give it that status."""
    address_hash: bytes = connection.execute(
        select(subscribers.c.address_hash).where(subscribers.c.id == subscriber_id)
    ).scalar_one()
    suppress(connection, [address_hash], scope=EVERY_LIST, reason=reason, word=word)
    on = connection.scalars(
        select(lists.c.id)
        .join_from(subscriptions, lists)
        .where(
            subscriptions.c.subscriber_id == subscriber_id,
            subscriptions.c.status.in_(from_statuses),
        )
        .order_by(lists.c.id)
    )
    for list_id in on.all():
        set_status(
            connection,
            [subscriber_id],
            list_id=list_id,
            status=status,
            kind=ConsentKind(reason),
            word=word,
        )


def _last_success(
    connection: Connection, subscriber_id: int, now: datetime
) -> int | None:
    """Return when the last mail left that surely arrived."""
    came_back = exists().where(
        returned_mails.c.subscriber_id == subscriber_id,
        returned_mails.c.dispatch_id == deliveries.c.dispatch_id,
        returned_mails.c.kind == MailKind.BOUNCE,
        returned_mails.c.bounce_class.in_(CAME_BACK),
    )
    # Asked of each dispatch: deliveries have no index by subscriber alone.
    arrived_at = (
        select(deliveries.c.at)
        .where(
            deliveries.c.dispatch_id == dispatches.c.id,
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.state == DeliveryState.ACCEPTED,
            deliveries.c.at <= to_millis(now - _MAY_COME_BACK),
            ~came_back,
        )
        .correlate(dispatches)
        .scalar_subquery()
    )
    found: int | None = connection.scalar(
        select(func.max(arrived_at)).select_from(dispatches)
    )
    return found


def _last_own_word(
    connection: Connection, subscriber_id: int, now: datetime
) -> int | None:
    found: int | None = connection.scalar(
        select(func.max(consent_events.c.at)).where(
            consent_events.c.subscriber_id == subscriber_id,
            consent_events.c.kind.in_(_OWN_WORDS),
            consent_events.c.at <= to_millis(now),
        )
    )
    return found


def _is_of_delivery() -> ColumnElement[bool]:
    return and_(
        deliveries.c.dispatch_id == returned_mails.c.dispatch_id,
        deliveries.c.subscriber_id == returned_mails.c.subscriber_id,
    )


def _is_time_to_pause(blocked: int, sent: int) -> bool:
    """Tell whether this very one makes it too many: the first time, or at each twenty.

    So an editor who goes on all the same is not stopped at the next one.
    """

    def is_too_many(number: int) -> bool:
        return number >= BLOCKED_MAILS and number * _BLOCKED_PART >= sent

    is_new = not is_too_many(blocked - 1) or blocked % BLOCKED_MAILS == 0
    return is_too_many(blocked) and is_new
