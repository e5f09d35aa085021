"""What a mail is known by: its key, whoever fetched it, and tokens of ours in it. Pure.

Nothing here knows whether a token is right: only who holds the key does.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from newsletter.inbound.mail import Headers, Mail, split_mail

#: Where it came to; the first of these is the surest, since it is the envelope's.
_RECIPIENT_HEADERS = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-forwarded-to",
    "apparently-to",
    "resent-to",
    "to",
    "cc",
)
#: Headers that are the same in every copy; others are added on the way.
_KEPT_HEADERS = ("message-id", "from", "to", "date", "subject")

#: As `tokens` writes them, in an address or a Message-ID. They may have been put after
#: letters of ours ("b1a…"), so each place where one can begin is tried.
_TOKEN = re.compile(
    r"(?=(1[0-9a-f]{1,2}(?:g[0-9a-f]{1,16}){1,4}[0-9a-v]{26})(?![0-9a-z]))", re.I
)
#: As a header, or as Amazon writes headers in JSON.
_MESSAGE_ID = re.compile(
    r"message-id(?:\s{0,9}:|\"\s{0,9},\s{0,9}\"value\"\s{0,9}:\s{0,9}\")[>\s<]{0,20}"
    r"([^\s<>]{20,250})",
    re.I,
)
_BEFORE_AT = re.compile(r"(?<![^\s<>,;:\"'])([^\s<>,;:\"']{20,250})@")
#: Of the line that a server adds: "by mx.example.org for <…>".
_FOR = re.compile(r"\bfor\s{1,9}<?([^\s<>;@]{20,250})@")
_ADDRESS = re.compile(r"(?<![^\s<>\"'(),;:@])[^\s<>\"'(),;:@]{1,128}@[\w.-]{1,255}")
#: Message-IDs in one part: the first is that of the mail it holds.
_MOST_IDS = 100
#: A token stands in an address or a subject; no longer word is one of ours.
_MAX_PLACE = 1_000
#: More candidates than this are no mail of ours.
_MAX_TOKENS = 20
_FROM_LINE = re.compile(rb"^>{1,20}(?=From )", re.M)


def find_key(data: bytes) -> bytes:
    """Return 32 bytes that are the same however the same mail was fetched.

    Line ends, an mbox's quoting and headers added by who delivered it do not count.
    """
    data = data.lstrip(b"\r\n")
    if data.startswith(b"From ") and b"\n" in data:
        data = data.partition(b"\n")[2]
    headers, body = split_mail(data)
    digest = hashlib.sha256()
    for name in _KEPT_HEADERS:
        for value in headers.every(name):
            digest.update(f"{name}:{value}\n".encode("utf-8", "replace"))
    body = _FROM_LINE.sub(b"", body.replace(b"\r\n", b"\n"))
    digest.update(body.rstrip())
    return digest.digest()


def find_message_tokens(mail: Mail, *, is_answer: bool) -> tuple[str, ...]:
    """Return what may be a token of a message, the surest first.

    Args:
        mail: The mail.
        is_answer: Count what it answers to, too.
    """
    answered = is_answer * [
        *mail.headers.every("in-reply-to"),
        *reversed(mail.headers.first("references").split()),
    ]
    return _distinct(
        [
            *find_recipient_tokens(mail),
            *_tokens_in(_original_ids(mail)),
            *_tokens_in(
                found for text in answered for found in _BEFORE_AT.findall(text)
            ),
        ]
    )


def find_leave_tokens(mail: Mail) -> tuple[str, ...]:
    """Return what may be a token of leaving: of the address it came to, the subject."""
    subject = mail.headers.first("subject")
    return _distinct([*_tokens_in([subject]), *find_recipient_tokens(mail)])


def find_recipient_tokens(mail: Mail) -> list[str]:
    """Return what may be a token in an address the mail came to."""
    return list(_tokens_in(_recipients(mail.headers)))


def find_tokens(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what may be a token in addresses or Message-IDs, in their order."""
    return _distinct(_tokens_in(texts))


def find_sender(mail: Mail) -> str:
    """Return the address a mail says it is from, or nothing."""
    found = _ADDRESS.findall(mail.headers.first("from"))
    return found[-1] if found else ""


def _recipients(headers: Headers) -> Iterator[str]:
    for name in _RECIPIENT_HEADERS:
        for value in headers.every(name):
            yield from _BEFORE_AT.findall(value)
    for value in headers.every("received"):
        yield from _FOR.findall(value)


def _original_ids(mail: Mail) -> Iterator[str]:
    """Yield what stands before the @ of each Message-ID inside of the mail."""
    originals = [part for part in mail.parts if part.is_original]
    others = [part for part in mail.parts if not part.is_original]
    for part in originals:
        for value in part.headers.every("message-id"):
            yield value.strip("<> ")
    for part in (*originals, *others):
        found = islice(_MESSAGE_ID.finditer(part.text), _MOST_IDS)
        yield from (message_id[1] for message_id in found)


def _tokens_in(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _TOKEN.findall(text[:_MAX_PLACE].partition("@")[0])


def _distinct(tokens: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for token in tokens:
        found[token.lower()] = None
        if len(found) == _MAX_TOKENS:
            break
    return tuple(found)
