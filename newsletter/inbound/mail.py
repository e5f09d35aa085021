"""Bytes -> Mail: headers and parts of any mail, however broken. Pure; never raises.

The standard parser is made for mails that are whole: it recurses once a level, reads
ten megabytes in a second, and its headers raise when they are looked at. What comes
back is often cut off, wrongly labelled or without its MIME headers, and anybody can
send it; so this one has a bound for everything and guesses where it must.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from newsletter.inbound.decoding import (
    decode_header,
    decode_text,
    decode_transfer,
    html_to_text,
)

#: Bytes that are looked at; a report says what it has to say long before.
MAX_BYTES = 2_000_000
MAX_PARTS = 200
MAX_DEPTH = 20
#: Of a part, so much is decoded and searched.
MAX_TEXT = 200_000
#: Of all parts together, so much.
MAX_ALL_TEXT = 500_000
#: Of what a mail says itself, so much.
MAX_OWN_TEXT = 40_000
#: Of a header, so much is decoded.
MAX_HEADER = 8_000
#: Of headers of one name, so many; a mail passes some ten servers.
MAX_SAME = 40
_MAX_HEADERS = 200_000
#: Headers of a mail or a part.
_MAX_FIELDS = 500
#: RFC 2046 allows 70 letters.
_MAX_BOUNDARY = 200

_HEADER = re.compile(r"([!-9;-~]{1,80})[ \t]{0,9}:(.*)", re.S)
_PARAMETER = re.compile(
    r";\s?([\w-]{1,60})(?:\*\d{0,3}\*?)?\s?=\s?"
    r"(?:\"((?:[^\"\\]|\\.){0,300})\"|([^;\s]{0,300}))"
)
_BLANK_LINE = re.compile(rb"\r?\n[ \t]{0,99}\r?\n|\r\r")
_LOOKS_LIKE_PARTS = re.compile(
    r"^--([^\s-].{5,150}?)[ \t]{0,9}\r?\n(?:\r?\n|content-)", re.M | re.I
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
#: Parts that hold another mail, or the head of one.
ORIGINALS = frozenset(
    (
        "message/rfc822",
        "message/rfc822-headers",
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/global",
        "message/global-headers",
    )
)


class Headers:
    """Headers of a mail or part: by name, whatever its case; several of one name."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = fields

    def first(self, name: str) -> str:
        """Return the first value of *name*, decoded, in one line; or nothing."""
        return next(self._decoded(name), "")

    def every(self, name: str) -> list[str]:
        """Return the values of *name*, decoded, each in one line."""
        return list(islice(self._decoded(name), MAX_SAME))

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)

    def _decoded(self, name: str) -> Iterator[str]:
        for key, value in self.fields:
            if key == name:
                yield decode_header(value[:MAX_HEADER])


@dataclass(frozen=True)
class Part:
    """A leaf of a mail, or a mail inside of it."""

    #: Lower case, for example ``message/delivery-status``.
    content_type: str
    headers: Headers
    #: As it came, at most `MAX_TEXT` of it.
    body: bytes = field(repr=False)
    #: It is, or is inside of, a mail that was returned or forwarded.
    is_original: bool = False
    charset: str = ""

    @cached_property
    def text(self) -> str:
        """What it says; of a page without its tags."""
        encoding = self.headers.first("content-transfer-encoding")
        data = decode_transfer(self.body, encoding)
        text = decode_text(data, self.charset).replace("\r\n", "\n")
        return html_to_text(text) if self.content_type == "text/html" else text


@dataclass(frozen=True)
class Mail:
    """A mail, read."""

    headers: Headers
    content_type: str
    #: Of the outermost Content-Type: ``report-type`` and others.
    parameters: dict[str, str]
    parts: tuple[Part, ...]

    def of_type(self, *types: str) -> list[Part]:
        """Return the parts of any of *types*, wherever they are."""
        return [part for part in self.parts if part.content_type in types]

    @cached_property
    def text(self) -> str:
        """What it says itself: its first text, without what was returned."""
        own = [part for part in self.parts if not part.is_original]
        for kind in ("text/plain", "text/html", "text/"):
            texts = [part.text for part in own if part.content_type.startswith(kind)]
            if any(text.strip() for text in texts):
                return "\n".join(texts)[:MAX_OWN_TEXT]
        return ""


def parse_mail(data: bytes) -> Mail:
    """Return a mail's headers and its parts, at most `MAX_PARTS`; never raises."""
    data = data[:MAX_BYTES].lstrip(b"\r\n")
    if data.startswith(b"From ") and b"\n" in data:
        data = data.partition(b"\n")[2]
    headers, body = split_mail(data)
    content_type, parameters = read_content_type(headers)
    if not content_type:
        content_type, parameters = _guess_type(body)
    leaves = islice(_walk(headers, body, content_type, parameters), MAX_PARTS)
    return Mail(headers, content_type, parameters, tuple(_cut(leaves)))


def _cut(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts with as much of their bodies as is searched."""
    left = MAX_ALL_TEXT
    for part in parts:
        body = part.body[: min(MAX_TEXT, left)]
        left -= len(body)
        yield replace(part, body=body)


def split_mail(data: bytes) -> tuple[Headers, bytes]:
    """Return headers and body of a mail or a part."""
    if data.startswith((b"\n", b"\r\n")):
        return Headers([]), data.lstrip(b"\r\n")
    blank = _BLANK_LINE.search(data[: _MAX_HEADERS + 4])
    head, body = (data[: blank.start()], data[blank.end() :]) if blank else (data, b"")
    return read_headers(decode_text(head[:_MAX_HEADERS])), body


def read_headers(text: str) -> Headers:
    """Return the fields of a block of headers; lines that are none are dropped."""
    fields: list[tuple[str, str]] = []
    for line in _FOLD.sub("", text).splitlines():
        found = _HEADER.fullmatch(line)
        if found and len(fields) < _MAX_FIELDS:
            fields.append((found[1].lower(), found[2].strip()))
    return Headers(fields)


def read_content_type(headers: Headers) -> tuple[str, dict[str, str]]:
    """Return type and parameters, in lower case but for their values."""
    value = headers.first("content-type")
    content_type = value.partition(";")[0].strip().lower()
    parameters: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(value):
        parameters.setdefault(name.lower(), quoted or bare)
    return content_type, parameters


def _guess_type(body: bytes) -> tuple[str, dict[str, str]]:
    """Return the type of a body without one: some relays lose the MIME headers."""
    found = _LOOKS_LIKE_PARTS.search(body[:4_000].decode("latin-1"))
    if found and body.count(b"--" + found[1].encode("latin-1")) > 1:
        return "multipart/mixed", {"boundary": found[1]}
    return "text/plain", {}


def _walk(
    headers: Headers, body: bytes, content_type: str, parameters: dict[str, str]
) -> Iterator[Part]:
    """Yield the leaves in order, without recursion of our own making."""
    waiting = [(headers, body, content_type, parameters, 0, False)]
    while waiting:
        headers, body, content_type, parameters, depth, is_original = waiting.pop()
        boundary = parameters.get("boundary", "")
        if content_type.startswith("multipart/") and depth < MAX_DEPTH:
            pieces = _split_parts(body, boundary) or _split_parts(
                body, _guess_type(body)[1].get("boundary", "")
            )
            waiting.extend(
                (*_read_part(piece, content_type), depth + 1, is_original)
                for piece in reversed(pieces)
            )
            if pieces:
                continue
        is_original = is_original or content_type in ORIGINALS
        charset = parameters.get("charset", "")
        if content_type.startswith("multipart/"):
            content_type = "text/plain"
        yield Part(content_type, headers, body, is_original, charset)
        if content_type in ("message/rfc822", "message/global") and depth < MAX_DEPTH:
            waiting.append((*_read_part(body, ""), depth + 1, True))


def _read_part(data: bytes, around: str) -> tuple[Headers, bytes, str, dict[str, str]]:
    headers, body = split_mail(data)
    content_type, parameters = read_content_type(headers)
    if not content_type:
        default = "message/rfc822" if around == "multipart/digest" else "text/plain"
        content_type, parameters = default, {}
        if not headers.fields:
            # No headers at all, and perhaps not even the empty line for them.
            body = data.lstrip(b"\r\n")
    return headers, body, content_type, parameters


def _split_parts(body: bytes, boundary: str) -> list[bytes]:
    """Return the pieces between the boundaries; the last may lack its end."""
    if not 0 < len(boundary.strip()) <= _MAX_BOUNDARY:
        return []
    mark = re.escape(boundary.strip().encode("utf-8", "replace"))
    line = re.compile(rb"(?:\A|\r?\n)--" + mark + rb"(--)?[ \t]{0,99}(?=\r?\n|\Z)")
    pieces = line.split(body, MAX_PARTS)
    # What the group caught stands between the pieces: "--" ends the mail.
    found = []
    for ending, piece in zip(pieces[1::2], pieces[2::2], strict=False):
        if ending:
            break
        found.append(piece.removeprefix(b"\r").removeprefix(b"\n"))
    return found
