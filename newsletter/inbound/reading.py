"""Reads a mail that came back or was written to us: `Reading` out. Pure.

Law: the first reader that knows the mail decides, in this order: who leaves by token,
who complains, reports and daemons, answers by programs, what merely looks returned,
people. What nobody knows is for a person to read.
"""

from newsletter.inbound.auto_replies import is_auto_reply
from newsletter.inbound.complaints import find_complaints, is_feedback
from newsletter.inbound.heuristics import (
    find_failures_in_text,
    has_null_path,
    is_from_daemon,
    looks_returned,
)
from newsletter.inbound.identity import (
    find_key,
    find_leave_tokens,
    find_message_tokens,
    find_sender,
)
from newsletter.inbound.judging import judge_failures
from newsletter.inbound.mail import Mail, parse_mail
from newsletter.inbound.notifications import read_notification
from newsletter.inbound.replies_by_people import answers, asks_to_leave
from newsletter.inbound.reports import MAX_REPORTS, find_failures
from newsletter.inbound.unsubscribing import is_unsubscribe
from newsletter.model.returned import MailKind, Reading, Report

_MAX_SUBJECT = 200

_Said = tuple[MailKind, tuple[Report, ...]]


def read_mail(data: bytes) -> Reading:
    """Return what a mail says; never raises, whatever the bytes.

    `Reading.kind` is what the mail claims to be. Whoever holds the keys looks at
    `leave_tokens` first: a mail of any kind but a bounce or a complaint whose token is
    right is `MailKind.UNSUBSCRIBE`, however its subject was changed on the way.
    """
    mail = parse_mail(data)
    kind, reports = _read_kind(mail)
    is_report = kind in (MailKind.BOUNCE, MailKind.COMPLAINT)
    # A report may stand in a person's answer, too: then it is about somebody else.
    is_answer = not is_report or is_from_daemon(mail) or has_null_path(mail)
    return Reading(
        kind=kind,
        key=find_key(data),
        reports=reports[:MAX_REPORTS],
        message_tokens=find_message_tokens(mail, is_answer=is_answer),
        leave_tokens=() if is_report else find_leave_tokens(mail),
        sender="" if is_report else find_sender(mail),
        subject=mail.headers.first("subject")[:_MAX_SUBJECT],
    )


def _read_kind(mail: Mail) -> _Said:
    if is_unsubscribe(mail):
        return MailKind.UNSUBSCRIBE, ()
    complaints = find_complaints(mail)
    if complaints:
        return MailKind.COMPLAINT, complaints
    if is_feedback(mail):
        return MailKind.UNREAD, ()
    return read_notification(mail) or _read_return(mail) or _read_letter(mail)


def _read_return(mail: Mail) -> _Said | None:
    """Return what a report, a daemon or its words say; None for what is no return."""
    failures = find_failures(mail)
    if failures and failures[0].is_good:
        # A notice of success: nobody asked for it, nothing is to be done.
        return MailKind.UNREAD, ()
    if failures:
        return MailKind.BOUNCE, judge_failures(failures)
    if is_from_daemon(mail) or (not is_auto_reply(mail) and looks_returned(mail)):
        return MailKind.BOUNCE, judge_failures(find_failures_in_text(mail))
    return None


def _read_letter(mail: Mail) -> _Said:
    if is_auto_reply(mail):
        return MailKind.AUTO_REPLY, ()
    if asks_to_leave(mail):
        return MailKind.ASKS_TO_LEAVE, ()
    return (MailKind.REPLY if answers(mail) else MailKind.UNREAD), ()
