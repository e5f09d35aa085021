"""Amazon's notifications (SES): JSON in a mail -> what happened. Pure."""

import json
import re
from typing import Any

from newsletter.inbound.jsonvalues import rows, table, text
from newsletter.inbound.judging import MOST_SEARCHED, judge_failure
from newsletter.inbound.mail import Mail
from newsletter.inbound.reports import MAX_REPORTS, Failure, read_reply_codes
from newsletter.model.returned import BounceClass, MailKind, Report

#: A notification that is longer carries a whole mail; nobody sends those by mail.
_MAX_JSON = 200_000
#: complaintFeedbackType of what no reader did, or of the contrary.
_NOT_OF_READERS = frozenset(("auth-failure", "not-spam", "virus"))
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def read_notification(mail: Mail) -> tuple[MailKind, tuple[Report, ...]] | None:
    """Return what a mailed notification says, or None if the mail is none."""
    body = mail.text.lstrip()[:_MAX_JSON]
    if not body.startswith("{") or '"' not in body[:20]:
        return None
    try:
        # Behind it stands a text on how to stop these mails.
        event, _ = json.JSONDecoder(strict=False).raw_decode(body)
    except (ValueError, RecursionError):
        return None
    return read_event(event)


def read_event(event: Any) -> tuple[MailKind, tuple[Report, ...]] | None:
    """Return what an event of SES says, or None for what is none.

    Source: Amazon SES developer guide, "Amazon SNS notification contents".
    """
    if not isinstance(event, dict):
        return None
    kind = str(event.get("notificationType") or event.get("eventType") or "")
    if kind == "Bounce":
        return MailKind.BOUNCE, _read_bounce(table(event, "bounce"))
    if kind == "Complaint":
        complaint = table(event, "complaint")
        if text(complaint, "complaintFeedbackType").lower() in _NOT_OF_READERS:
            return MailKind.UNREAD, ()
        people = rows(complaint, "complainedRecipients")
        reports = tuple(Report(recipient=text(row, "emailAddress")) for row in people)
        return MailKind.COMPLAINT, reports or (Report(),)
    return (MailKind.UNREAD, ()) if kind else None


def _read_bounce(bounce: dict[str, Any]) -> tuple[Report, ...]:
    reports = []
    people = rows(bounce, "bouncedRecipients")[:MAX_REPORTS] or [{}]
    for row in people:
        said = text(row, "diagnosticCode").partition(";")[2].strip()
        said = said[: MOST_SEARCHED // len(people)]
        code, status = read_reply_codes(said)
        failure = Failure(
            recipient=text(row, "emailAddress"),
            action=text(row, "action").lower(),
            status=status or _status(row),
            code=code,
            diagnostic=said,
            context=text(bounce, "bounceSubType"),
        )
        reports.append(_judge(failure, text(bounce, "bounceType")))
    return tuple(reports)


def _status(row: dict[str, Any]) -> str:
    found = _STATUS.fullmatch(text(row, "status"))
    return found[0] if found else ""


def _judge(failure: Failure, bounce_type: str) -> Report:
    report = judge_failure(failure)
    is_silent = not failure.diagnostic and not failure.status
    if is_silent and bounce_type == "Permanent":
        return Report(failure.recipient, BounceClass.HARD)
    return report
