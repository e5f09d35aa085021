"""What a returned mail does that was a notice of ours: ask to confirm, a link.

Law: a dead address is written to no more, and nothing else: who typed it may have
mistyped it. Who calls a notice spam is never written to again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, select

from newsletter.model.delivery import DeliveryState
from newsletter.model.notice import ABOUT_CHANGES, NoticeKind
from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass, MailKind
from newsletter.model.subscriber import SuppressionReason
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import suppress
from newsletter.store.instants import to_millis
from newsletter.store.notices import end_notice, exhaust_marks, goes_to
from newsletter.store.returned import MAIL_COUNTS_FOR, ReturnedMail, stop_complained
from newsletter.store.tables import address_changes, notices, subscribers

_LEFT_US = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING)


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notice that may have come back."""

    id: int
    kind: NoticeKind
    subscriber_id: int
    #: Where it went; empty: that is erased already.
    email: str
    address_hash: bytes


def find_sent_notice(
    connection: Connection, notice_id: int, *, now: datetime
) -> SentNotice | None:
    """Return the notice that a token names, None if it cannot have come back."""
    kind, changes, people = notices.c.kind, address_changes.c, subscribers.c
    is_about_change = kind.in_(ABOUT_CHANGES)
    row = connection.execute(
        select(
            notices.c.id,
            notices.c.kind,
            notices.c.subscriber_id,
            goes_to().label("email"),
            case(
                (kind == NoticeKind.CHANGE, changes.address_hash),
                (kind == NoticeKind.MOVED, changes.old_hash),
                else_=people.address_hash,
            ).label("address_hash"),
        )
        .join_from(notices, subscribers)
        .outerjoin(
            address_changes, and_(is_about_change, changes.id == notices.c.about_id)
        )
        .where(
            notices.c.id == notice_id,
            notices.c.state.in_(_LEFT_US),
            notices.c.at >= to_millis(now - MAIL_COUNTS_FOR),
        )
    ).first()
    if row is None or row.address_hash is None:
        return None
    return SentNotice(
        row.id,
        NoticeKind(row.kind),
        row.subscriber_id,
        row.email or "",
        row.address_hash,
    )


def apply_to_notice(
    connection: Connection, notice: SentNotice, mail: ReturnedMail
) -> bool:
    """Do what a returned notice says; return whether anything was done."""
    if mail.kind is MailKind.COMPLAINT:
        _stop(connection, notice, mail)
    elif mail.bounce_class is BounceClass.HARD:
        reply = Reply(0, mail.diagnostic, mail.status)
        state = DeliveryState.REFUSED
        end_notice(connection, notice.id, state, reply=reply, now=mail.at)
    else:
        return False
    exhaust_marks(connection, notice.kind, notice.address_hash, now=mail.at)
    return True


def _stop(connection: Connection, notice: SentNotice, mail: ReturnedMail) -> None:
    if notice.kind not in ABOUT_CHANGES:
        stop_complained(connection, mail)
        return
    # It went to an address that is not the subscriber's, or not any more.
    suppress(
        connection,
        [notice.address_hash],
        scope=EVERY_LIST,
        reason=SuppressionReason.COMPLAINED,
        word=mail.word,
    )
