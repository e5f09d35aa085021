"""One mail of our mailbox: whose matter it is, and what it does. In one transaction.

Law: only a token of ours makes a mail act; what it says of itself is forgeable. Each
mail counts once. What a person wrote changes nothing, and is for the editor to read.
"""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.addresses import address_key
from newsletter.model.returned import (
    FOR_PEOPLE,
    BounceClass,
    Decision,
    MailKind,
    Reading,
    Report,
)
from newsletter.store.people import find_by_id, find_by_key
from newsletter.store.returned import (
    ReturnedMail,
    SentMail,
    find_sent,
    note_returned,
    pause_if_blocked,
    show_reason,
    stop_complained,
    stop_if_dead,
)
from newsletter.store.returned_notices import (
    SentNotice,
    apply_to_notice,
    find_sent_notice,
)
from newsletter.tokens import Keyring, Purpose, is_test, read_token
from newsletter.workflow.hard_returns import Weighed
from newsletter.workflow.leaving import leave_by_token, read_leaver

#: Of a report about several, the mildest counts: which of them is ours nobody knows.
_MILDEST_FIRST = (
    BounceClass.DELAY,
    BounceClass.BLOCKED,
    BounceClass.SOFT,
    BounceClass.HARD,
)
#: What a report is that says nothing clear.
_UNCLEAR = BounceClass.SOFT
#: A mail that holds more of them is none of ours.
_MOST_TOKENS = 20


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a mail."""

    #: Where it lay: ``imap:INBOX/42``.
    source: str
    kind: MailKind
    bounce_class: BounceClass | None = None
    #: Of a reader of ours if a token says whose it is; else what the mail names.
    recipient: str = ""
    status: str = ""
    diagnostic: str = ""
    #: Somebody gets no mail any more because of it.
    is_applied: bool = False
    #: The command for the editor, or empty.
    advice: str = ""
    #: Too many at once call addresses dead: it waits for the editor.
    is_held: bool = False
    #: It was counted before; nothing is done.
    is_known: bool = False
    #: A token says that it is about a mail of ours.
    is_ours: bool = False
    #: It is about a test mail, which means nobody.
    is_test: bool = False
    #: Number of the dispatch that it paused; 0: none.
    paused: int = 0
    #: A fault of the program kept it from being read; `advice` names the report.
    is_fault: bool = False
    #: Shown, never stored.
    subject: str = field(default="", repr=False)
    #: It calls an address dead: `hard_returns` weighs it against the others.
    opened: ReturnedMail | None = field(default=None, repr=False)

    @property
    def reason(self) -> str:
        """Why it came back, in the words of a mail server, or nothing."""
        return show_reason(self.status, self.diagnostic)

    @property
    def is_done(self) -> bool:
        """Whether nobody has to read it."""
        return self.is_ours and self.kind not in FOR_PEOPLE


@dataclass(frozen=True, slots=True)
class _About:
    """What the tokens in a mail say it is about."""

    sent: SentMail | None = None
    notice: SentNotice | None = None
    dispatch_id: int | None = None
    is_ours: bool = False
    is_test: bool = False


def handle_mail(
    connection: Connection,
    keyring: Keyring,
    reading: Reading,
    *,
    source: str,
    name: str,
    now: datetime,
) -> Handled:
    """Do what a mail is for, once; what calls an address dead has yet to be weighed.

    Args:
        connection: A writing one; the caller's transaction.
        keyring: Verifies the tokens.
        reading: The mail.
        source: The kind of mailbox: "imap".
        name: Where it lies there.
        now: Aware.
    """
    handled = Handled(name, reading.kind, subject=reading.subject)
    mail = ReturnedMail(reading.key, now, source, reading.kind)
    leaver = _find_leaver(keyring, reading)
    if leaver is not None:
        return _leave(connection, keyring, leaver, handled, mail)
    about = _find_about(connection, keyring, reading.message_tokens, now)
    handled = replace(handled, is_ours=about.is_ours, is_test=about.is_test)
    if reading.kind is MailKind.UNSUBSCRIBE and not _is_of_test(keyring, reading):
        # Typed by somebody, or forged: for the editor to judge.
        mail = replace(mail, kind=MailKind.ASKS_TO_LEAVE)
        handled = replace(handled, kind=MailKind.ASKS_TO_LEAVE)
        return _ask(connection, reading, handled, mail, about)
    if reading.kind is MailKind.UNSUBSCRIBE:
        return _noted(connection, replace(handled, is_ours=True, is_test=True), mail)
    if reading.kind in (MailKind.BOUNCE, MailKind.COMPLAINT):
        return _report(connection, reading, handled, mail, about)
    if reading.kind is MailKind.ASKS_TO_LEAVE:
        return _ask(connection, reading, handled, mail, about)
    handled = replace(handled, recipient=reading.sender)
    return _noted(connection, handled, mail)


def _find_about(
    connection: Connection, keyring: Keyring, tokens: Iterable[str], now: datetime
) -> _About:
    for token in list(tokens)[:_MOST_TOKENS]:
        if is_test(keyring, token):
            return _About(is_ours=True, is_test=True)
        numbers = read_token(keyring, Purpose.MESSAGE, token, 2)
        if numbers is None:
            continue
        if numbers[0] == 0:
            notice = find_sent_notice(connection, numbers[1], now=now)
            return _About(notice=notice, dispatch_id=0, is_ours=True)
        sent = find_sent(connection, *numbers, now=now)
        dispatch_id = numbers[0] if sent else None
        return _About(sent=sent, dispatch_id=dispatch_id, is_ours=True)
    return _About()


# --- reports --------------------------------------------------------------------------


def _report(
    connection: Connection,
    reading: Reading,
    handled: Handled,
    mail: ReturnedMail,
    about: _About,
) -> Handled:
    whose = about.sent or about.notice
    report = _choose(reading.reports, whose.email if whose else "")
    is_bounce = reading.kind is MailKind.BOUNCE
    bounce_class = (report.bounce_class or _UNCLEAR) if is_bounce else None
    mail = replace(
        mail,
        bounce_class=bounce_class,
        dispatch_id=about.dispatch_id if whose else None,
        subscriber_id=whose.subscriber_id if whose else None,
        status=report.status,
        diagnostic=report.diagnostic,
    )
    handled = replace(
        handled,
        bounce_class=bounce_class,
        recipient=(whose.email if whose else "") or report.recipient,
        status=report.status,
        diagnostic=report.diagnostic,
    )
    if not about.is_ours:
        handled = replace(handled, advice=_advise(connection, handled))
    # An address that they have left behind says nothing of the one they have now.
    is_current = about.sent is not None and about.sent.is_current
    if is_current and bounce_class is BounceClass.HARD:
        mail = replace(mail, decision=Decision.OPEN)
        handled = replace(handled, opened=mail)
    if not note_returned(connection, mail):
        return replace(handled, is_known=True, opened=None)
    if about.notice is not None:
        done = apply_to_notice(connection, about.notice, mail)
        return replace(handled, is_applied=done)
    if about.sent is None or about.sent.subscriber_id is None:
        return handled
    return _apply(connection, handled, mail, about.sent)


def _apply(
    connection: Connection, handled: Handled, mail: ReturnedMail, sent: SentMail
) -> Handled:
    if mail.kind is MailKind.COMPLAINT:
        stop_complained(connection, mail)
        return replace(handled, is_applied=True)
    if mail.bounce_class is BounceClass.BLOCKED:
        paused = pause_if_blocked(connection, sent.dispatch_id)
        return replace(handled, paused=paused.id if paused else 0)
    is_soft = mail.bounce_class is BounceClass.SOFT
    is_applied = is_soft and sent.is_current and stop_if_dead(connection, mail)
    return replace(handled, is_applied=is_applied)


def after_weighing(handled: Handled, weighed: Weighed) -> Handled:
    """Return what became of a mail that called an address dead."""
    if handled.opened is None:
        return handled
    key = handled.opened.key
    return replace(
        handled, is_applied=key in weighed.applied, is_held=key in weighed.held
    )


def _advise(connection: Connection, handled: Handled) -> str:
    """Return what to type if a report without proof is right about a reader."""
    is_end = handled.kind is MailKind.COMPLAINT
    is_end = is_end or handled.bounce_class is BounceClass.HARD
    if not is_end or not handled.recipient:
        return ""
    person = find_by_key(connection, address_key(handled.recipient))
    return leaving_command(person.email) if person else ""


def _choose(reports: tuple[Report, ...], email: str) -> Report:
    """Return what a report says of the one recipient that our mail had."""
    if not reports:
        return Report()
    key = address_key(email)
    for report in reports:
        if key and address_key(report.recipient) == key:
            return report
    return min(
        reports, key=lambda one: _MILDEST_FIRST.index(one.bounce_class or _UNCLEAR)
    )


# --- people ---------------------------------------------------------------------------


def _is_of_test(keyring: Keyring, reading: Reading) -> bool:
    tokens = reading.leave_tokens[:_MOST_TOKENS]
    return any(is_test(keyring, token) for token in tokens)


def _find_leaver(keyring: Keyring, reading: Reading) -> tuple[str, int] | None:
    """Return the token that somebody leaves by, and whose it is.

    It counts whatever else the mail is, as its subject may have been changed on the
    way; a report may only quote it.
    """
    if reading.kind in (MailKind.BOUNCE, MailKind.COMPLAINT):
        return None
    for token in reading.leave_tokens[:_MOST_TOKENS]:
        found = read_leaver(keyring, token)
        if found is not None:
            return token, found[0]
    return None


def _leave(
    connection: Connection,
    keyring: Keyring,
    leaver: tuple[str, int],
    handled: Handled,
    mail: ReturnedMail,
) -> Handled:
    token, subscriber_id = leaver
    person = find_by_id(connection, subscriber_id)
    kind = MailKind.UNSUBSCRIBE
    email = person.email if person else ""
    handled = replace(handled, kind=kind, is_ours=True, recipient=email)
    handled = _noted(connection, handled, replace(mail, kind=kind))
    if handled.is_known:
        return handled
    left = leave_by_token(connection, keyring, token, source="mail", now=mail.at)
    return replace(handled, is_applied=left)


def _ask(
    connection: Connection,
    reading: Reading,
    handled: Handled,
    mail: ReturnedMail,
    about: _About,
) -> Handled:
    """Find who asks to be taken off: by the mail answered, else by who writes."""
    email = about.sent.email if about.sent else ""
    email = email or (about.notice.email if about.notice else "")
    person = find_by_key(connection, address_key(email or reading.sender))
    mail = replace(
        mail,
        dispatch_id=about.dispatch_id,
        subscriber_id=person.id if person else None,
    )
    handled = replace(
        handled,
        recipient=person.email if person else reading.sender,
        advice=leaving_command(person.email) if person else "",
    )
    return _noted(connection, handled, mail)


def leaving_command(email: str) -> str:
    """Return what the editor types to let somebody leave."""
    return f"newsletter subscribers unsubscribe {shlex.quote(email)}"


def _noted(connection: Connection, handled: Handled, mail: ReturnedMail) -> Handled:
    return replace(handled, is_known=not note_returned(connection, mail))
