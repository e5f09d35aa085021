"""HTML, text and pictures -> the MIME body, with slots for what is personal.

multipart/alternative: text first; the HTML inside multipart/related where pictures are
embedded (RFC 2046, section 5.1.4; RFC 2387).
"""

import hashlib
import html
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from newsletter.messages.letterhead import (
    PREFERENCES_TOKEN,
    TOKEN,
    TOKEN_MARK,
    Piece,
)
from newsletter.messages.quoted_printable import SOFT_BREAK, encode_lines
from newsletter.model.assembled import (
    PREFERENCES_URL,
    UNSUBSCRIBE_URL,
    Assembled,
    AssembledImage,
    Slot,
)
from newsletter.model.message import PersonalValue, SlotContext

#: Characters, or a place for a value.
Run = Sequence[str | PersonalValue]

#: Which token stands in each personal address.
_TOKENS = {UNSUBSCRIBE_URL: TOKEN, PREFERENCES_URL: PREFERENCES_TOKEN}

#: Bytes that give base64 lines of 76 characters (RFC 2045, section 6.8).
_BASE64_BYTES = 57


def write_body(
    assembled: Assembled, unsubscribe_url: str, preferences_url: str = ""
) -> list[Piece]:
    """Return Content-Type and all parts of a mail.

    Args:
        assembled: HTML, text and embedded pictures.
        unsubscribe_url: With `TOKEN_MARK` in it.
        preferences_url: As well; empty: the mail leads to no settings.
    """
    urls = {UNSUBSCRIBE_URL: unsubscribe_url, PREFERENCES_URL: preferences_url}
    escaped = {name: html.escape(url) for name, url in urls.items()}
    plain = split_slots(assembled.text, SlotContext.TEXT, assembled.slots, urls)
    marked_up = split_slots(assembled.html, SlotContext.HTML, assembled.slots, escaped)
    parts = [_text_part("plain", plain), _text_part("html", marked_up)]
    images = [_image_part(image) for image in assembled.embedded]
    boundary = _boundary([*parts, *images])
    if images:
        related = [parts[1], *images]
        parts[1] = _multipart('related; type="text/html"', f"{boundary}r", related)
    return _multipart("alternative", f"{boundary}a", parts)


def split_slots(
    text: str,
    context: SlotContext,
    slots: Sequence[Slot],
    urls: Mapping[str, str] = MappingProxyType({}),
) -> list[str | PersonalValue]:
    """Return *text* with values where its markers stand, empty stretches left out.

    Args:
        text: With markers.
        context: Where the text stands.
        slots: What the markers are for.
        urls: Of `PERSONAL_URLS` those that stand in it, with `TOKEN_MARK` in them.
    """
    if not slots:
        return [text]
    by_marker = {slot.marker: slot for slot in slots}
    run: list[str | PersonalValue] = []
    for part in re.split(f"({'|'.join(map(re.escape, by_marker))})", text):
        slot = by_marker.get(part)
        if slot is None:
            _append(run, part)
        elif slot.name in _TOKENS:
            _append_url(run, urls[slot.name], _TOKENS[slot.name])
        else:
            value = PersonalValue(context, slot.name, slot.fallback, slot.date_language)
            run.append(value)
    return run


def _append(run: list[str | PersonalValue], text: str) -> None:
    last = run[-1] if run else None
    if isinstance(last, str):
        run[-1] = last + text
    elif text:
        run.append(text)


def _append_url(run: list[str | PersonalValue], url: str, token: PersonalValue) -> None:
    first, *others = url.split(TOKEN_MARK)
    _append(run, first)
    for other in others:
        run.append(token)
        _append(run, other)


def _boundary(parts: Sequence[list[Piece]]) -> str:
    """Return what begins every boundary of this mail.

    The ``=_`` keeps it out of all parts, personal values included: both encodings have
    ``=`` only before hexadecimal digits, a line end or the end (RFC 2045, section 6.7).
    """
    digest = hashlib.sha256()
    for part in parts:
        for piece in part:
            digest.update(piece if isinstance(piece, bytes) else b"")
    return f"=_{digest.hexdigest()[:24]}"


def _multipart(kind: str, boundary: str, parts: Sequence[list[Piece]]) -> list[Piece]:
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'
    pieces: list[Piece] = [head.encode("ascii")]
    for part in parts:
        pieces += [f"--{boundary}\r\n".encode("ascii"), *part, b"\r\n"]
    return [*pieces, f"--{boundary}--\r\n".encode("ascii")]


def _text_part(kind: str, run: Run) -> list[Piece]:
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return [head.encode("ascii"), *_encode_run(run)]


def _encode_run(run: Run) -> list[Piece]:
    """Return *run* encoded; soft breaks keep each value on lines of its own."""
    pieces: list[Piece] = []
    is_line_start = True
    for part in run:
        if not is_line_start:
            pieces.append(SOFT_BREAK)
        if isinstance(part, str):
            encoded = encode_lines(_canonical(part))
            pieces.append(encoded)
            is_line_start = encoded.endswith(b"\r\n")
        else:
            pieces.append(part)
            is_line_start = False
    return pieces


def _canonical(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _image_part(image: AssembledImage) -> list[Piece]:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", image.name)
    head = (
        f"Content-Type: {image.media_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{image.content_id}>\r\n"
        f'Content-Disposition: inline;\r\n filename="{name}"\r\n\r\n'
    )
    lines = [
        b64encode(image.data[start : start + _BASE64_BYTES])
        for start in range(0, len(image.data), _BASE64_BYTES)
    ]
    return [head.encode("ascii"), b"\r\n".join(lines)]


def write_plain_body(text: str, marked_up: str) -> bytes:
    """Return Content-Type and both parts of a mail without pictures or places."""
    parts = [_text_part("plain", [text]), _text_part("html", [marked_up])]
    pieces = _multipart("alternative", f"{_boundary(parts)}a", parts)
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))
