"""Amazon's notifications (SES): JSON in a mail -> what happened. Pure."""

import json
from typing import Any

from newsletter.inbound.judging import judge_failure
from newsletter.inbound.mail import Mail
from newsletter.inbound.reports import Failure, read_reply_codes
from newsletter.model.returned import BounceClass, MailKind, Report

#: A notification that is longer carries a whole mail; nobody sends those by mail.
_MAX_JSON = 200_000


def read_notification(mail: Mail) -> tuple[MailKind, tuple[Report, ...]] | None:
    """Return what a mailed notification says, or None if the mail is none."""
    text = mail.text.lstrip()[:_MAX_JSON]
    if not text.startswith("{") or '"' not in text[:20]:
        return None
    try:
        # Behind it stands a text on how to stop these mails.
        event, _ = json.JSONDecoder(strict=False).raw_decode(text)
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
        return MailKind.BOUNCE, _read_bounce(_table(event, "bounce"))
    if kind == "Complaint":
        people = _rows(_table(event, "complaint"), "complainedRecipients")
        reports = tuple(Report(recipient=_text(row, "emailAddress")) for row in people)
        return MailKind.COMPLAINT, reports or (Report(),)
    return (MailKind.UNREAD, ()) if kind else None


def _read_bounce(bounce: dict[str, Any]) -> tuple[Report, ...]:
    reports = []
    for row in _rows(bounce, "bouncedRecipients") or [{}]:
        said = _text(row, "diagnosticCode").partition(";")[2].strip()
        code, status = read_reply_codes(said)
        failure = Failure(
            recipient=_text(row, "emailAddress"),
            action=_text(row, "action").lower(),
            status=status or _text(row, "status"),
            code=code,
            diagnostic=said,
            context=_text(bounce, "bounceSubType"),
        )
        reports.append(_judge(failure, _text(bounce, "bounceType")))
    return tuple(reports)


def _judge(failure: Failure, bounce_type: str) -> Report:
    report = judge_failure(failure)
    is_silent = not failure.diagnostic and not failure.status
    if is_silent and bounce_type == "Permanent":
        return Report(failure.recipient, BounceClass.HARD)
    return report


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _rows(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = values.get(name)
    return (
        [row for row in found if isinstance(row, dict)]
        if isinstance(found, list)
        else []
    )


def _text(values: dict[str, Any], name: str) -> str:
    found = values.get(name)
    return found if isinstance(found, str) else ""
