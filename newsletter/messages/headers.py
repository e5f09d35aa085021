"""Header lines as bytes, each with its CRLF, folded and encoded as its kind allows.

In: names of headers and checked values. Out: complete header fields (RFC 5322).

Law: no value can start a line of its own: control characters, line ends of any kind and
halves of surrogate pairs are refused here, whoever sent them. Lines are at most 76
characters wherever there is a place to fold. What stands in ``<…>`` is never encoded
(RFC 2047, section 5) and never cut: the standard library does both to List-Unsubscribe,
and then no provider shows the button (python/cpython#87659).
"""

import re
from binascii import b2a_base64
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache

from newsletter.addresses import Mailbox

#: RFC 2047, section 2, for lines with an encoded word; RFC 5322 says 78 elsewhere.
_WIDTH = 76
_WORD = 75
#: An item of a list of addresses is never cut, and no line may pass 998 characters
#: (RFC 5322, section 2.1.1); so much is left beside the header's name.
_MAX_URL = 900
_WORD_START, _WORD_END = "=?utf-8?b?", "?="
_WORD_FRAME = len(_WORD_START + _WORD_END)
#: C0, DEL, C1, line and paragraph separator, surrogates.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: Fits on the line of a usual header name and needs nothing; no "=?" may stand in it.
_PLAIN_SHORT = re.compile(r"(?!.*=\?)[!-~](?:[ -~]{0,58}[!-~])?").fullmatch
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ATOMS = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_NEXT = "\r\n "


def unstructured_header(name: str, text: str) -> bytes:
    """Return a header of free text, such as Subject.

    Raises:
        ValueError: *text* holds a line end or another control character.
    """
    if _PLAIN_SHORT(text):
        return f"{name}: {text}\r\n".encode("ascii")
    _refuse_forbidden(name, text)
    room = _WIDTH - len(name) - 2
    parts = _split_ascii(text, room)
    if parts is not None:
        return _fold(name, parts)
    words = _NEXT.join(encode_words(text, room))
    return f"{name}: {words}\r\n".encode("ascii")


def mailbox_header(name: str, mailbox: Mailbox) -> bytes:
    """Return From or Reply-To: exactly one mailbox, no group.

    Raises:
        ValueError: The name holds a line end or another control character.
    """
    address = f"<{mailbox.address}>" if mailbox.name else mailbox.address
    return _phrase_header(name, mailbox.name, address)


def list_id_header(list_name: str, list_id: str) -> bytes:
    """Return List-Id, non-ASCII only in the phrase (RFC 2919).

    Raises:
        ValueError: *list_name* holds a line end or another control character.
    """
    return _phrase_header("List-Id", list_name, f"<{list_id}>")


def address_list_header(name: str, urls: Sequence[str]) -> bytes:
    """Return a header of RFC 2369: ``<URL>, <URL>``, folded only between items.

    Raises:
        ValueError: A URL holds what would end or change its item.
    """
    for url in urls:
        if not re.fullmatch(r"[!-;=?-~]+", url):
            raise ValueError(f"{name} cannot hold the address {url!r}.")
        if len(url) > _MAX_URL:
            raise ValueError(f"{name} cannot hold an address of {len(url)} characters.")
    return f"{name}: {f',{_NEXT}'.join(f'<{url}>' for url in urls)}\r\n".encode("ascii")


def token_header(name: str, value: str) -> bytes:
    """Return a header whose value is words of ASCII that must stay as they are.

    Raises:
        ValueError: *value* holds anything else.
    """
    if not re.fullmatch(r"[!-~]+(?: [!-~]+)*", value):
        raise ValueError(f"{name} cannot hold {value!r}.")
    return _fold(name, value.split(" "))


def date_header(sent_at: datetime) -> bytes:
    """Return Date (RFC 5322, section 3.3), in the zone of *sent_at*.

    Raises:
        ValueError: *sent_at* has no time zone.
    """
    offset = sent_at.utcoffset()
    if offset is None:
        raise ValueError("the time of sending has no time zone.")
    return _date_header(sent_at.replace(microsecond=0, tzinfo=None), offset)


# Thousands are sent in one second. The zone is part of the key: two aware times are
# equal wherever they are.
@lru_cache(maxsize=64)
def _date_header(local: datetime, offset: timedelta) -> bytes:
    written = format_datetime(local.replace(tzinfo=timezone(offset)))
    return f"Date: {written}\r\n".encode("ascii")


def encode_words(text: str, first_room: int) -> list[str]:
    """Return *text* as encoded words of at most 75 characters.

    No word cuts a character in two (RFC 2047, section 5).

    Args:
        text: Any text without control characters.
        first_room: Characters free on the line of the header's name.
    """
    data, words, start, room = text.encode(), [], 0, min(first_room, _WORD)
    while start < len(data):
        fits = (room - _WORD_FRAME) // 4 * 3
        end = _before_character(data, start + fits)
        encoded = b2a_base64(data[start:end], newline=False).decode("ascii")
        words.append(f"{_WORD_START}{encoded}{_WORD_END}")
        start, room = end, _WORD
    return words


def _before_character(data: bytes, end: int) -> int:
    """Return the last start of a UTF-8 character that is not beyond *end*."""
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    return min(end, len(data))


def _refuse_forbidden(name: str, text: str) -> None:
    # All of them are unprintable, and asking for that is ten times faster.
    found = None if text.isprintable() else _FORBIDDEN.search(text)
    if found:
        code = f"U+{ord(found[0]):04X}"
        raise ValueError(f"{name} cannot hold the control character {code}.")


def _split_ascii(text: str, room: int) -> list[str] | None:
    """Return *text* cut before its spaces, or None if it has to be encoded.

    Each part after the first keeps its spaces, less the one that the fold brings.
    """
    if not text.isascii() or "=?" in text or text != text.strip():
        return None
    first, *others = re.split(r"(?<=\S)(?= )", text)
    if len(first) > room or any(len(other) > _WIDTH for other in others):
        return None
    return [first, *(other[1:] for other in others)]


def _phrase_header(name: str, phrase: str, last: str) -> bytes:
    _refuse_forbidden(name, phrase)
    words = _phrase_words(phrase, _WIDTH - len(name) - 2) if phrase else []
    return _fold(name, [*words, last])


def _phrase_words(phrase: str, room: int) -> list[str]:
    """Return a display name as atoms, one quoted string, or encoded words."""
    if "=?" not in phrase and phrase.isascii():
        if _ATOMS.fullmatch(phrase) and max(map(len, phrase.split(" "))) < room:
            return phrase.split(" ")
        quoted = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
        if len(quoted) <= room:
            return [quoted]
    return encode_words(phrase, room)


def _fold(name: str, words: Sequence[str]) -> bytes:
    """Return ``name: words`` with a new line where one is full.

    A word that is longer than a line stands on one of its own.
    """
    lines, line = [], f"{name}:"
    for number, word in enumerate(words):
        if len(line) + 1 + len(word) > _WIDTH and number:
            lines.append(line)
            line = ""
        line += f" {word}"
    return ("\r\n".join([*lines, line]) + "\r\n").encode("ascii")
