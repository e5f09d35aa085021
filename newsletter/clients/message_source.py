"""The bytes of a message -> headers and sources as people read them. Pure.

Nothing is hidden or masked: what the message of this reader holds is what is shown, its
personal addresses too.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32

#: Of the raw message this much is shown: text and HTML come first and together stay
#: below 204 KB, where Gmail clips; behind them stand pictures that nobody reads.
MOST_RAW_BYTES = 256 * 1024

_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class ShownHeader:
    """A header, as it travels and as it is meant."""

    name: str
    #: With its line breaks, LF.
    raw: str
    #: In one line, encoded words decoded; as it stands where they are broken.
    decoded: str


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A leaf of the message."""

    #: "text/html", "image/png", …
    media_type: str
    #: "quoted-printable", "base64", …; lower case.
    encoding: str
    #: As it travels.
    size_bytes: int
    #: Name of an attached file, or empty.
    file_name: str
    #: Decoded, LF line ends; empty for what is no text.
    source: str


@dataclass(frozen=True, slots=True)
class MessageSource:
    """A message taken apart to be shown."""

    headers: tuple[ShownHeader, ...]
    parts: tuple[ShownPart, ...]
    #: The beginning of the message as it travels, whole lines, LF line ends.
    raw: str
    #: Bytes behind it that are not shown; 0 when all is.
    left_out_bytes: int


def message_source(
    data: bytes, *, most_raw_bytes: int = MOST_RAW_BYTES
) -> MessageSource:
    """Return headers, parts and raw text of a message.

    Args:
        data: As it travels.
        most_raw_bytes: Cut the raw text after the last line that ends within these.
    """
    mail = message_from_bytes(data, policy=compat32)
    shown = _whole_lines(data, most_raw_bytes)
    return MessageSource(
        headers=tuple(_header(name, str(value)) for name, value in mail.raw_items()),
        parts=tuple(_part(leaf) for leaf in mail.walk() if not leaf.is_multipart()),
        raw=_text(shown, "utf-8"),
        left_out_bytes=len(data) - len(shown),
    )


def _whole_lines(data: bytes, most: int) -> bytes:
    if len(data) <= most:
        return data
    return data[: data.rfind(b"\n", 0, most) + 1] or data[:most]


def _header(name: str, value: str) -> ShownHeader:
    # Bytes that are no ASCII come as half surrogates, which cannot be shown.
    whole = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    decoded = _decoded(_FOLD.sub("", whole).strip())
    return ShownHeader(name, whole.replace("\r\n", "\n"), decoded)


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        # Broken base64, or a charset that Python does not know.
        return value


def _part(leaf: "Message[str, str]") -> ShownPart:
    data = leaf.get_payload(decode=True)
    travelling = leaf.get_payload()
    assert isinstance(data, bytes)  # noqa: S101 - a leaf has bytes
    assert isinstance(travelling, str)  # noqa: S101 - a leaf, not decoded
    is_text = leaf.get_content_maintype() == "text"
    return ShownPart(
        media_type=leaf.get_content_type(),
        encoding=str(leaf.get("Content-Transfer-Encoding", "7bit")).lower(),
        # A part in eight bits comes decoded; UTF-8 is what such parts are in.
        size_bytes=len(travelling.encode("utf-8", errors="surrogateescape")),
        file_name=leaf.get_filename() or "",
        source=_text(data, leaf.get_content_charset("utf-8")) if is_text else "",
    )


def _text(data: bytes, charset: str) -> str:
    try:
        text = data.decode(charset, errors="replace")
    except LookupError:
        text = data.decode("utf-8", errors="replace")
    return text.replace("\r\n", "\n")
