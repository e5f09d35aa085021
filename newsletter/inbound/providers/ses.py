"""Amazon SES: what its notification service (SNS) posts, and how that is signed. Pure.

Sources: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages";
Amazon SES developer guide, "Amazon SNS notification contents".
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import Certificate

from newsletter.inbound.jsonvalues import parse_json, rows, table, text
from newsletter.inbound.notifications import read_event
from newsletter.inbound.providers.events import make_reading
from newsletter.model.returned import MailKind, Reading

NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
_CONFIRMED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn")
#: Type -> what is signed, in this order, as far as it is there.
_SIGNED: Mapping[str, tuple[str, ...]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (*_CONFIRMED, "Type"),
    "UnsubscribeConfirmation": (*_CONFIRMED, "Type"),
}
#: SignatureVersion -> hash; Amazon signs by "1" unless a topic asks for "2".
_HASHES: Mapping[str, HashAlgorithm] = {
    "1": SHA1(),  # noqa: S303 - what they sign by
    "2": SHA256(),
}
_REGION = re.compile(r"arn:[a-z-]{1,30}:sns:([a-z0-9-]{1,30}):")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9-]{1,100}\.pem")
#: Headers of ours that hold the token.
_TOKEN_HEADERS = frozenset(("message-id", "return-path"))


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SNS posted, not yet believed."""

    type: str
    values: Mapping[str, Any]
    #: Where Amazon keeps the certificate: path on `amazon_host`.
    certificate_path: str

    @property
    def signed_bytes(self) -> bytes:
        """What its signature is of."""
        names = (name for name in _SIGNED[self.type] if self.values.get(name))
        lines = (f"{name}\n{self.values[name]}\n" for name in names)
        return "".join(lines).encode("utf-8", "replace")


def amazon_host(topic: str) -> str:
    """Return the host of the region that a topic is in."""
    found = _REGION.match(topic)
    return f"sns.{found[1]}.amazonaws.com" if found else ""


def read_envelope(body: bytes, topic: str) -> Envelope | None:
    """Return what was posted, None for what cannot be from *topic*."""
    values = parse_json(body)
    kind = text(values, "Type")
    if kind not in _SIGNED or values.get("TopicArn") != topic:
        return None
    if not all(isinstance(values.get(name) or "", str) for name in _SIGNED[kind]):
        return None
    start = f"https://{amazon_host(topic)}"
    path = text(values, "SigningCertURL").removeprefix(start)
    return Envelope(kind, values, path) if _CERTIFICATE.fullmatch(path) else None


def is_signed(envelope: Envelope, certificate: Certificate, now: datetime) -> bool:
    """Tell whether the owner of the certificate signed it, and may still do so."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    algorithm = _HASHES.get(text(envelope.values, "SignatureVersion"))
    key = certificate.public_key()
    if (
        algorithm is None
        or not begin <= now <= end
        or not isinstance(key, RSAPublicKey)
    ):
        return False
    try:
        signature = b64decode(text(envelope.values, "Signature"), validate=True)
        key.verify(signature, envelope.signed_bytes, PKCS1v15(), algorithm)
    except (ValueError, InvalidSignature):
        return False
    return True


def confirmation_path(envelope: Envelope) -> str:
    """Return what to get from `amazon_host` so that the topic writes to us."""
    topic, token = (text(envelope.values, name) for name in ("TopicArn", "Token"))
    return (
        f"/?Action=ConfirmSubscription&TopicArn={quote(topic, safe='')}"
        f"&Token={quote(token, safe='')}"
    )


def read_ses(envelope: Envelope) -> tuple[Reading, ...]:
    """Return what a signed notification says of mails of ours."""
    event = parse_json(text(envelope.values, "Message"))
    said = read_event(event)
    if said is None or said[0] is MailKind.UNREAD:
        return ()
    kind, reports = said
    feedback = text(table(event, kind.value), "feedbackId")
    number = feedback or text(envelope.values, "MessageId")
    reading = make_reading(
        kind,
        reports,
        event_id=f"ses {kind} {number}",
        event=event,
        places=_places(table(event, "mail")),
    )
    return (reading,)


def _places(mail: dict[str, Any]) -> Iterator[str]:
    """Yield where our token may be: the envelope's sender, then the Message-ID."""
    yield text(mail, "source")
    for header in rows(mail, "headers"):
        if text(header, "name").lower() in _TOKEN_HEADERS:
            yield text(header, "value")
    yield text(table(mail, "commonHeaders"), "messageId")
