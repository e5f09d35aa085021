"""Mailgun: what its webhooks say, and how they are signed. Pure.

Sources: Mailgun's user manual, "Webhook payloads" and "Securing webhooks".
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Any

from newsletter.inbound.jsonvalues import table, text
from newsletter.inbound.judging import shorten
from newsletter.inbound.providers.events import judge_saying, make_reading
from newsletter.model.returned import BounceClass, MailKind, Reading, Report

#: A signature is of its moment and a word, not of the event: so it is not for long.
FRESH_FOR = timedelta(minutes=15)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
#: Not handed over, since it bounced earlier.
_KNOWN_AS_DEAD = "suppress-bounce"


def find_signed_token(body: Any, key: bytes, now: datetime) -> str | None:
    """Return the word that a fresh signature is of; None: it is not, or not fresh."""
    given = table(body, "signature")
    timestamp, token = text(given, "timestamp"), text(given, "token")
    if not token or not _TIMESTAMP.fullmatch(timestamp):
        return None
    right = hmac.new(key, f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), text(given, "signature").encode()):
        return None
    age = abs(now.timestamp() - int(timestamp))
    return token if age <= FRESH_FOR.total_seconds() else None


def read_mailgun(body: Any) -> tuple[Reading, ...]:
    """Return what a signed event says of a mail of ours."""
    event = table(body, "event-data")
    name, recipient = text(event, "event"), text(event, "recipient")
    if name == "complained":
        kind, report = MailKind.COMPLAINT, Report(recipient)
    elif name == "failed" and text(event, "severity") == "permanent":
        # "temporary": Mailgun tries again.
        kind, report = MailKind.BOUNCE, _read_failure(event, recipient)
    else:
        return ()
    number = text(event, "id")
    reading = make_reading(
        kind,
        (report,),
        event_id=f"mailgun {number}" if number else "",
        event=event,
        places=(
            text(table(event, "envelope"), "sender"),
            text(table(table(event, "message"), "headers"), "message-id"),
        ),
    )
    return (reading,)


def _read_failure(event: dict[str, Any], recipient: str) -> Report:
    status = table(event, "delivery-status")
    said = text(status, "message") or text(status, "description")
    if text(event, "reason") == _KNOWN_AS_DEAD:
        return Report(recipient, BounceClass.HARD, diagnostic=shorten(said))
    return judge_saying(
        recipient,
        said,
        otherwise=BounceClass.SOFT,
        status=text(status, "enhanced-code"),
        code=text(status, "code"),
    )
