"""Bytes of a header or a part -> text, whatever their label says. Pure; never raises.

Law: only codecs of plain text are used, none that is slow or expands; a wrong label
costs letters, never the mail.
"""

import base64
import binascii
import html
import quopri
import re
from collections.abc import Callable
from encodings import normalize_encoding
from encodings.aliases import aliases

#: Names as `encodings` has them; beside those that begin with one of `_FAMILIES`.
_SINGLE = frozenset(
    (
        *("ascii", "latin_1", "iso8859_1", "koi8_r", "koi8_u", "mac_roman", "tis_620"),
        *("utf_8", "utf_7", "utf_16", "utf_16_le", "utf_16_be"),
        *("euc_jp", "shift_jis", "cp932", "euc_kr", "cp949", "johab"),
        *("gb2312", "gbk", "gb18030", "hz", "big5", "big5hkscs"),
    )
)
_FAMILIES = ("iso8859_", "iso2022_", "cp125", "cp43", "cp85", "cp86")
#: By table, since `codecs.lookup` remembers for ever each name that it does not know.
_CODECS = _SINGLE | {name for name in aliases.values() if name.startswith(_FAMILIES)}
#: Label -> what is meant by it.
_MEANT = {"unicode_1_1_utf_7": "utf_7", "x_sjis": "cp932", "ks_c_5601_1987": "cp949"}
#: JIS in seven bits shows itself by this, label or not.
_JIS_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")

_WORD = re.compile(r"=\?([\w.*-]{1,40})\?([bBqQ])\?([^?\s]{0,8000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s{1,99}(?==\?)")
#: What is no letter of base64.
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
#: Of no letter, and too long for a number.
_LONG_REFERENCE = re.compile(r"&#[0-9]{8,}")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

_UNSEEN = re.compile(r"<(style|script|head|title)\b|<!(--)", re.I)
_BREAK = re.compile(
    r"<(?:br|/?p|/?div|/?tr|/?table|/?h\d|/?li|/?ul|hr)\b[^<>]{0,5000}>", re.I
)
_TAG = re.compile(r"<(?=[a-z/!])(?![^<>@]{0,300}@)[^<>]{0,5000}>", re.I)


def decode_text(data: bytes, charset: str = "") -> str:
    """Return *data* as text: as labelled, else as it looks, else letter by letter."""
    if any(escape in data for escape in _JIS_ESCAPES):
        return data.decode("iso2022_jp_2", "replace")
    names = [_codec(charset), "utf-8"]
    if charset.lower().startswith("iso-2022-jp"):
        names.append("euc_jp")
    for name in names:
        try:
            text = data.decode(name) if name else data.decode("utf-8")
        except UnicodeError:
            continue
        # UTF-7 may hold halves of surrogate pairs, which no database takes.
        return text.encode("utf-8", "replace").decode() if name == "utf_7" else text
    return data.decode("cp1252", "replace")


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Return the bytes of a part as they were before their way through the mail."""
    decoders: dict[str, Callable[[bytes], bytes]] = {
        "quoted-printable": quopri.decodestring,
        "base64": _decode_base64,
    }
    return decoders.get(encoding.strip().lower(), bytes)(data)


def decode_header(value: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) read, in one line."""
    if "=?" in value:
        value = _WORD.sub(_read_word, _BETWEEN_WORDS.sub(r"\1", value))
    return _SPACE.sub(" ", value).strip()


def html_to_text(page: str) -> str:
    """Return what a page says, a line a paragraph; addresses in brackets stay."""
    page = _BREAK.sub("\n", _drop_unseen(page))
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", _TAG.sub(" ", page)))


def _drop_unseen(page: str) -> str:
    """Return a page without styles, scripts and comments; unended ones end it.

    By hand, since a pattern from opening to ending is slow where the ending is missing.
    """
    lower, seen, end = page.lower(), [], 0
    while found := _UNSEEN.search(page, end):
        seen.append(page[end : found.start()])
        ending = "--" if found[2] else f"</{found[1].lower()}"
        ended = lower.find(ending, found.end())
        end = lower.find(">", ended) + 1
        if ended < 0 or not end:
            return " ".join(seen)
    return " ".join([*seen, page[end:]])


def _codec(charset: str) -> str:
    """Return the name of the codec for a label, or nothing."""
    label = normalize_encoding(charset.strip().strip("\"'").lower())
    name = _MEANT.get(label) or aliases.get(label, label)
    return name if name in _CODECS else ""


def _decode_base64(data: bytes) -> bytes:
    kept = _NOT_BASE64.sub(b"", data)
    # One character over is no byte; the rest may lack its padding.
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    return base64.b64decode(kept + b"=" * (-len(kept) % 4))


def _read_word(found: re.Match[str]) -> str:
    charset, kind, written = found.groups()
    data = written.encode("ascii", "replace")
    is_base64 = kind in "bB"
    data = _decode_base64(data) if is_base64 else binascii.a2b_qp(data, header=True)
    return decode_text(data, charset.partition("*")[0])
