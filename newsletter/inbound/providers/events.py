"""What an event says -> `Reading` and `Report`: the same for all providers. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from newsletter.bounces import find_bounce_class
from newsletter.inbound.identity import find_tokens
from newsletter.inbound.judging import shorten
from newsletter.inbound.reports import MAX_REPORTS, read_reply_codes
from newsletter.model.returned import BounceClass, MailKind, Reading, Report

_CODE = re.compile(r"[0-9]{3}")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
#: Codes of the SMTP dialogue; providers have others of their own (Mailgun: 605).
_REPLY_CODES = range(400, 600)


def make_reading(
    kind: MailKind,
    reports: tuple[Report, ...],
    *,
    event_id: str,
    event: Any,
    places: Iterable[str],
) -> Reading:
    """Return an event as if it were a mail that came back.

    Args:
        kind: A bounce or a complaint.
        reports: One for each recipient.
        event_id: Provider and number: the same however often it is posted.
        event: What it is known by where it has no number.
        places: Where a token may be, the surest first.
    """
    known_by = event_id or json.dumps(event, sort_keys=True)
    key = hashlib.sha256(known_by.encode("utf-8", "replace")).digest()
    return Reading(
        kind,
        key,
        reports=reports[:MAX_REPORTS],
        message_tokens=find_tokens(places),
    )


def judge_saying(
    recipient: str,
    said: str,
    *,
    otherwise: BounceClass,
    status: str = "",
    code: str = "",
) -> Report:
    """Return what a mail server's words mean, as in a returned mail.

    Args:
        recipient: As the event names it.
        said: The words.
        otherwise: What the provider calls it, for words that say nothing clear.
        status: Enhanced code, if the event has one.
        code: Reply code, likewise.
    """
    found_code, found_status = read_reply_codes(said)
    if not found_status and _STATUS.fullmatch(status):
        found_status = status
    if not found_code and _CODE.fullmatch(code) and int(code) in _REPLY_CODES:
        found_code = int(code)
    found = find_bounce_class(status=found_status, code=found_code, text=said)
    return Report(recipient, found or otherwise, found_status, shorten(said))
