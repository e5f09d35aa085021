"""Postmark: what its webhooks say, and the password that comes with them. Pure.

It signs nothing, but sends user and password (RFC 7617) that the editor chose.

Source: Postmark's developer documentation, "Bounce webhook", "Spam complaint webhook",
"Custom metadata FAQ".
"""

import hmac
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.inbound.identity import find_message_tokens
from newsletter.inbound.jsonvalues import parse_json, table, text
from newsletter.inbound.mail import parse_mail
from newsletter.inbound.providers.events import judge_saying, make_reading
from newsletter.model.returned import BounceClass, MailKind, Reading, Report

#: "Type" of a bounce -> what it is where the server's words say nothing clear. Others
#: are no bounces: answers by programs, news of subscriptions, faults of Postmark's.
_TYPES: Mapping[str, BounceClass] = {
    "HardBounce": BounceClass.HARD,
    "BadEmailAddress": BounceClass.HARD,
    "SoftBounce": BounceClass.SOFT,
    "Transient": BounceClass.SOFT,
    "DnsError": BounceClass.SOFT,
    "AddressChange": BounceClass.SOFT,
    "Unknown": BounceClass.SOFT,
    "Blocked": BounceClass.BLOCKED,
    "SpamNotification": BounceClass.BLOCKED,
    "VirusNotification": BounceClass.BLOCKED,
    "DMARCPolicy": BounceClass.BLOCKED,
}


def has_password(authorization: str, password: str) -> bool:
    """Tell whether a header "Authorization" holds the password, whatever the user."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = b64decode(credentials.strip(), validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(given.partition(b":")[2], password.encode())


def read_postmark(body: bytes) -> tuple[Reading, ...]:
    """Return what an event says of a mail of ours."""
    event = parse_json(body)
    record, bounce_type = text(event, "RecordType"), text(event, "Type")
    recipient = text(event, "Email")
    if record == "SpamComplaint" or bounce_type == "SpamComplaint":
        kind, report = MailKind.COMPLAINT, Report(recipient)
    elif record == "Bounce" and bounce_type in _TYPES:
        said = text(event, "Details") or text(event, "Description")
        kind = MailKind.BOUNCE
        report = judge_saying(recipient, said, otherwise=_TYPES[bounce_type])
    else:
        return ()
    number = text(event, "ID")
    reading = make_reading(
        kind,
        (report,),
        event_id=f"postmark {number}" if number else "",
        event=event,
        places=_places(event),
    )
    return (reading,)


def _places(event: Any) -> Iterator[str]:
    """Yield where our token may be: what we gave along, then the mail itself."""
    metadata = table(event, "Metadata")
    yield from (text(metadata, name) for name in metadata)
    content = text(event, "Content")
    if content:
        yield from find_message_tokens(parse_mail(content.encode()), is_answer=True)
