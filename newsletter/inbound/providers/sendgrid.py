"""SendGrid: what its event webhook says, and how that is signed. Pure.

Sources: Twilio's documentation, "Event Webhook Reference", "Getting Started with the
Event Webhook Security Features".
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256

from newsletter.inbound.jsonvalues import objects, parse_json, text
from newsletter.inbound.judging import shorten
from newsletter.inbound.providers.events import judge_saying, make_reading
from newsletter.model.returned import BounceClass, MailKind, Reading, Report

SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp"
#: What our header gives along; SendGrid writes it beside its own words.
MESSAGE_ARGUMENT = "message"
#: Reason of a "dropped" event, in lower case: not handed over, since it failed earlier.
_KNOWN_AS_DEAD = frozenset(("bounced address", "invalid"))
_KNOWN_AS_SPAM = "spam reporting address"


def is_signed(
    headers: Mapping[str, str], body: bytes, key: EllipticCurvePublicKey
) -> bool:
    """Tell whether the signature is that of moment and body.

    Args:
        headers: By their names in lower case.
        body: As it came.
        key: Of the webhook.
    """
    signed = headers.get(TIMESTAMP_HEADER, "").encode("latin-1", "replace") + body
    try:
        signature = b64decode(headers.get(SIGNATURE_HEADER, ""), validate=True)
        key.verify(signature, signed, ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def read_sendgrid(body: bytes) -> tuple[Reading, ...]:
    """Return what signed events say of mails of ours."""
    return tuple(_read_events(parse_json(body)))


def _read_events(events: Any) -> Iterator[Reading]:
    for event in objects(events):
        said = _read_event(event)
        number = text(event, "sg_event_id")
        if said is not None:
            yield make_reading(
                said[0],
                (said[1],),
                event_id=f"sendgrid {number}" if number else "",
                event=event,
                places=(text(event, MESSAGE_ARGUMENT), text(event, "smtp-id")),
            )


def _read_event(event: dict[str, Any]) -> tuple[MailKind, Report] | None:
    name, recipient = text(event, "event"), text(event, "email")
    reason = text(event, "reason")
    is_dropped = name == "dropped"
    if name == "spamreport" or (is_dropped and reason.lower() == _KNOWN_AS_SPAM):
        return MailKind.COMPLAINT, Report(recipient)
    if is_dropped and reason.lower() in _KNOWN_AS_DEAD:
        report = Report(recipient, BounceClass.HARD, diagnostic=shorten(reason))
        return MailKind.BOUNCE, report
    if name != "bounce":
        # "deferred": SendGrid tries again.
        return None
    is_blocked = text(event, "type") == "blocked"
    otherwise = BounceClass.BLOCKED if is_blocked else BounceClass.SOFT
    status = text(event, "status")
    return MailKind.BOUNCE, judge_saying(
        recipient, reason, otherwise=otherwise, status=status
    )
