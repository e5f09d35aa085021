"""The mail as it travels: headers that providers insist on, lines, encodings, weight.

What is found here is nearly always a fault of ours, never one of the editor's; but it
has to be seen before the mail leaves, for servers refuse such mail or filter it.
"""

import re
from collections.abc import Iterator

from newsletter.checks.each_copy import look_at_copies
from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

#: RFC 5322, section 3.6, and what bulk mail must have besides.
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")
#: RFC 5322, section 3.6: at most once.
_AT_MOST_ONCE = ("Sender", "Reply-To", "Cc", "Content-Type", "List-Id")
#: Free text: here an encoded word may stand anywhere (RFC 2047, section 5, rule 1).
_FREE_TEXT = frozenset({"subject", "comments", "content-description"})
#: A name before an address may be encoded, the address may not (section 5, rule 3).
_NAMED = frozenset({"from", "to", "reply-to", "sender", "cc", "list-id"})
_BRACKETED = re.compile(r"<[^<>]*>")
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")
#: RFC 2047, section 2.
_LONGEST_WORD = 75
#: RFC 5322, section 2.1.1: 998 characters, and the CR of the line end. Begins with what
#: is rare, so that pictures take no time; the first line is "From".
_LONG_LINE = re.compile(rb"\n[^\n]{1000}")
#: RFC 8058, section 4, and what else a reader is shown.
_SIGNED = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
_SIGNED_NAMES = re.compile(r"(?:^|;)\s*h\s*=([^;]*)")
_MEGABYTE = 1024 * 1024
#: What many servers take at the most, theirs and the readers' (RFC 1870 lets each say).
_MAX_BYTES = 10 * _MEGABYTE

_OURS = "This is a fault of newsletter: please report it with this line."


def check_headers(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report what a mail server would refuse, and what filters count against a mail."""
    place = Place(assembled.issue.file)
    return look_at_copies(facts, lambda copy: _look(copy, place))


def _look(copy: Copy, place: Place) -> Iterator[Finding]:
    for message in (*_miscounted(copy), *_foreign_id(copy)):
        yield found("header-repeated", place, message, _OURS)
    for name in dict.fromkeys(n for n, v in copy.headers if _is_badly_encoded(n, v)):
        message = f"the header {name} is encoded where it may not be."
        yield found("header-encoding", place, message, _OURS)
    if _LONG_LINE.search(copy.data):
        message = "the mail has a line of more than 998 characters, which servers cut."
        yield found("line-length", place, message, _OURS)
    yield from _uncovered(copy, place)
    yield from _base64_texts(copy, place)
    yield from _weight(copy, place)


def _miscounted(copy: Copy) -> Iterator[str]:
    for name in _ONCE:
        count = len(copy.values(name))
        if count != 1:
            yield f"the mail has {count or 'no'} header{'s' * (count > 1)} {name}."
    for name in _AT_MOST_ONCE:
        count = len(copy.values(name))
        if count > 1:
            yield f"the mail has {count} headers {name}."


def _foreign_id(copy: Copy) -> Iterator[str]:
    """Yield a word when the Message-ID is of another domain than the sender."""
    ids, senders = copy.values("Message-ID"), copy.values("From")
    if len(ids) != 1 or len(senders) != 1:
        return  # told already
    domain = ids[0].strip("<>").rpartition("@")[2]
    if not senders[0].rstrip(">").endswith(f"@{domain}"):
        yield f'the Message-ID is of "{domain}", which is not the sender\'s domain.'


def _is_badly_encoded(name: str, value: str) -> bool:
    """Whether a header is encoded where no program decodes it; leaving has its own."""
    kind = name.casefold()
    if kind.startswith("list-unsubscribe"):
        return False
    if any(len(word) > _LONGEST_WORD for word in _ENCODED_WORD.findall(value)):
        return True
    if kind in _FREE_TEXT:
        return False
    if kind in _NAMED and "<" in value:
        value = " ".join(_BRACKETED.findall(value))
    return bool(_ENCODED_WORD.search(value))


def _uncovered(copy: Copy, place: Place) -> Iterator[Finding]:
    for signature in copy.values("DKIM-Signature"):
        names = "".join(_SIGNED_NAMES.findall(signature)[:1])
        signed = {name.strip().casefold() for name in names.split(":")}
        there = {name.casefold() for name, _ in copy.headers}
        missing = [name for name in _SIGNED if name in there and name not in signed]
        if missing:
            yield found(
                "dkim-cover",
                place,
                f"the DKIM signature does not cover {', '.join(missing)}.",
                "Let whatever signs the mail cover them: without, mail programs offer "
                "no button for leaving.",
            )


def _base64_texts(copy: Copy, place: Place) -> Iterator[Finding]:
    for part in copy.parts:
        if part.media_type.startswith("text/") and part.encoding == "base64":
            message = f"the part {part.media_type} travels as base64, as spam does."
            yield found("base64-text", place, message, _OURS)


def _weight(copy: Copy, place: Place) -> Iterator[Finding]:
    if len(copy.data) > _MAX_BYTES:
        pictures = sum(
            part.size_bytes
            for part in copy.parts
            if part.media_type.startswith("image/")
        )
        yield found(
            "message-refused",
            place,
            f"the mail weighs {len(copy.data) / _MEGABYTE:.1f} MB, "
            f"{pictures / _MEGABYTE:.1f} MB of it pictures; "
            "many servers take 10 MB at the most.",
            "Leave pictures out or make them smaller, or let them be fetched: "
            'images = "hosted" below [template].',
        )
