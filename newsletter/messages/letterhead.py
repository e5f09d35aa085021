"""Identity + subject -> the headers of a mail, with slots for what is personal.

Law: each header once. No X-Mailer: a reader's provider need not know the program.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from newsletter.addresses import (
    Mailbox,
    ascii_host,
    domain_of,
    normalise_address,
    parse_mailbox,
)
from newsletter.messages.headers import (
    address_list_header,
    list_id_header,
    mailbox_header,
    token_header,
    unstructured_header,
)
from newsletter.model.message import Identity, PersonalValue, SlotContext

#: Finished bytes, or a place for a value.
Piece = bytes | PersonalValue

#: Stands for the token while an address is put together; braces are in no address.
TOKEN_MARK = "{token}"  # noqa: S105 - a mark, not a secret
TOKEN = PersonalValue(SlotContext.UNSUBSCRIBE)
PREFERENCES_TOKEN = PersonalValue(SlotContext.PREFERENCES)

#: Provider that puts a Message-ID of its own in place of ours, or reports complaints
#: without one -> around the token: Postmark, "Custom metadata FAQ"; SendGrid, "Unique
#: Arguments".
_TAGS: Mapping[str, tuple[bytes, bytes]] = {
    "postmark": (b"X-PM-Metadata-message: ", b"\r\n"),
    "sendgrid": (b'X-SMTPAPI: {"unique_args": {"message": "', b'"}}\r\n'),
}

#: Gmail's Feedback-ID: three words of ours and a sender of 5 to 15 characters.
_MAX_FEEDBACK_PARTS = 3
_MIN_SENDER_ID, _MAX_SENDER_ID = 5, 15


@dataclass(frozen=True, slots=True)
class Sender:
    """An identity, read."""

    mailbox: Mailbox
    reply_to: Mailbox | None
    #: Where to leave, best first, each with `TOKEN_MARK` in it.
    unsubscribe_urls: tuple[str, ...]
    #: The page of a reader's own settings, with `TOKEN_MARK` in it, or empty.
    preferences_url: str

    @property
    def domain(self) -> str:
        """Domain of the sender, in ASCII."""
        return domain_of(self.mailbox.address)


def read_sender(identity: Identity) -> Sender:
    """Return mailboxes and addresses of *identity*, checked.

    Raises:
        ValueError: One of them is none, or has letters before the ``@`` that would make
            every single mail need SMTPUTF8.
    """
    mailbox = _read_mailbox("sender", identity.sender)
    reply_to = (
        _read_mailbox("reply-to", identity.reply_to) if identity.reply_to else None
    )
    leaving = identity.unsubscribe_address or (reply_to or mailbox).address
    _read_mailbox("unsubscribe address", leaving.replace(TOKEN_MARK, "token"))
    mailto = _mailto(leaving)
    if not identity.base_url:
        return Sender(mailbox, reply_to, (mailto,), "")
    base = ascii_url(identity.base_url)
    leave, change = f"{base}/u/{TOKEN_MARK}", f"{base}/p/{TOKEN_MARK}"
    return Sender(mailbox, reply_to, (leave, mailto), change)


def write_letterhead(
    identity: Identity, sender: Sender, subject: tuple[str | PersonalValue, ...]
) -> list[Piece]:
    """Return all headers but those of MIME.

    Raises:
        ValueError: A value cannot stand in a header.
    """
    return [
        mailbox_header("From", sender.mailbox),
        # Bare, SpamAssassin counts it against a mail with one picture
        # (TO_NO_BRKTS_HTML_IMG 1.0, measured with 4.0.1, 2026-11-21).
        *(b"To: <", PersonalValue(SlotContext.TO), b">\r\n"),
        mailbox_header("Reply-To", sender.reply_to) if sender.reply_to else b"",
        _subject(subject),
        PersonalValue(SlotContext.DATE),
        *_message_id(sender.domain),
        *_list_headers(identity, sender),
        # What out-of-office programs look at (RFC 3834 calls it legacy but harmless).
        token_header("Precedence", "bulk"),
        token_header("Feedback-ID", _feedback_id(identity.feedback_parts, sender)),
        token_header("Content-Language", identity.language),
        *tag_for(identity.providers, PersonalValue(SlotContext.MESSAGE_ID)),
        token_header("MIME-Version", "1.0"),
    ]


def _subject(subject: tuple[str | PersonalValue, ...]) -> Piece:
    texts = [part if isinstance(part, str) else part.fallback for part in subject]
    # Of a personal subject this is what nobody's name can change: refused once, here.
    header = unstructured_header("Subject", "".join(texts).strip(" "))
    if all(isinstance(part, str) for part in subject):
        return header
    return PersonalValue(SlotContext.SUBJECT)


def _message_id(domain: str) -> list[Piece]:
    return [
        b"Message-ID: <",
        PersonalValue(SlotContext.MESSAGE_ID),
        f"@{domain}>\r\n".encode("ascii"),
    ]


def tag_for(providers: tuple[str, ...], token: Piece) -> list[Piece]:
    """Return headers that providers give back to us with what they report of a mail.

    They take them out on the way.
    """
    tags = (_TAGS[name] for name in providers if name in _TAGS)
    return [piece for start, end in tags for piece in (start, token, end)]


def _list_headers(identity: Identity, sender: Sender) -> list[Piece]:
    help_mailbox = (sender.reply_to or sender.mailbox).address
    one_click = sender.unsubscribe_urls[0].startswith("https://")
    unsubscribe = address_list_header("List-Unsubscribe", sender.unsubscribe_urls)
    return [
        list_id_header(identity.list_name, identity.list_id),
        *split_at_token(unsubscribe),
        # RFC 8058, section 3.1: exactly this, and only beside an https address.
        token_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        if one_click
        else b"",
        address_list_header(
            "List-Help", [f"mailto:{_quote(help_mailbox)}?subject=help"]
        ),
    ]


def split_at_token(written: bytes) -> list[Piece]:
    """Return *written* with a slot wherever `TOKEN_MARK` stands."""
    first, *others = written.split(TOKEN_MARK.encode())
    pieces: list[Piece] = [first]
    for other in others:
        pieces += [TOKEN, other]
    return pieces


def _read_mailbox(role: str, text: str) -> Mailbox:
    try:
        mailbox = parse_mailbox(text)
        # All mails of the newsletter would need SMTPUTF8.
        normalise_address(mailbox.address)
    except ValueError as error:
        raise ValueError(f"the {role} cannot be used: {error}") from error
    return mailbox


def _mailto(address: str) -> str:
    quoted = TOKEN_MARK.join(_quote(part) for part in address.split(TOKEN_MARK))
    return f"mailto:{quoted}?subject=unsubscribe%20{TOKEN_MARK}"


def _quote(address: str) -> str:
    """Return *address* as RFC 6068, section 2, wants it in a mailto address."""
    return quote(address, safe="@!$'*+")


def ascii_url(url: str) -> str:
    """Return *url* without a closing slash, host and path in ASCII."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"the base_url {url!r} is no address of a web page.")
    host = ascii_host(parts.netloc)
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~")
    return urlunsplit((parts.scheme, host, path, "", "")).rstrip("/")


def _feedback_id(parts: tuple[str, ...], sender: Sender) -> str:
    """Return words by which Gmail counts complaints: no reader is in them."""
    sender_id = re.sub(r"[^a-z0-9]", "", sender.domain)[:_MAX_SENDER_ID]
    words = [re.sub(r"[^A-Za-z0-9._-]+", "-", part) for part in parts]
    return ":".join(
        [*words[:_MAX_FEEDBACK_PARTS], sender_id.ljust(_MIN_SENDER_ID, "0")]
    )
