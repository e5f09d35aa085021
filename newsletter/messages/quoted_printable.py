r"""Quoted-printable as pieces that can be joined (RFC 2045, section 6.7).

In: characters. Out: ASCII bytes with CRLF line ends.

Law: every piece begins at the start of a line and may be followed by a soft break, and
whatever is joined so keeps this: lines of at most 76 characters, none that starts with
a dot (nothing to stuff, RFC 5321 section 4.5.2) or with "From " (nothing that a mailbox
file would escape), no tab, no two spaces in a row, no space at the end of a line: what
is made of it is its own canonical form for DKIM (RFC 6376, section 3.4). ``=`` is
always followed by two hexadecimal digits or a line end, so a boundary with ``=_`` in it
cannot occur.
"""

import re
from binascii import b2a_qp

#: Ends a line without ending the line of the reader.
SOFT_BREAK = b"=\r\n"

#: 76 less the "=" of a soft break.
_ROOM = 75
_ESCAPES = tuple(b"=%02X" % byte for byte in range(256))
_SPECIAL = re.compile(rb"[^ -<>-~]|  | $")
#: Of several spaces every second one is written out: none has another beside it.
_TWO_SPACES, _TWO_SPACES_WRITTEN = b"  ", b" =20"
#: Values that can stand as they are: nearly all names.
_PLAIN = re.compile(r"(?!\.|From |.*  |.* $)[ -<>-~]{0,75}").fullmatch
#: What must not begin a line, and how it is written instead.
_STARTS = ((b".", b"=2E"), (b"From ", b"=46rom "))
_FORBIDDEN_STARTS = tuple(forbidden for forbidden, _ in _STARTS)


def encode_lines(text: str) -> bytes:
    r"""Return *text* encoded; ``\n`` becomes CRLF, long lines get soft breaks.

    Raises:
        UnicodeEncodeError: *text* holds half of a surrogate pair.
    """
    lines = text.encode().split(b"\n")
    return b"\r\n".join(_fold(_escape(line)) for line in lines)


def encode_value(text: str) -> bytes:
    r"""Return a value of one line that stands between two soft breaks.

    Raises:
        UnicodeEncodeError: *text* holds half of a surrogate pair.
    """
    if _PLAIN(text):
        return text.encode("ascii")
    data = text.encode()
    # In C; it folds after 75 characters too, but lets lines begin as they like.
    encoded = b2a_qp(data)
    is_short = len(encoded) <= _ROOM and not encoded.startswith(_FORBIDDEN_STARTS)
    if is_short and b"  " not in encoded and b"\t" not in encoded:
        return encoded
    return _fold(_escape(data))


def _escape(line: bytes) -> bytes:
    return _SPECIAL.sub(_written, line)


def _written(found: re.Match[bytes]) -> bytes:
    special = found[0]
    return _TWO_SPACES_WRITTEN if special == _TWO_SPACES else _ESCAPES[special[0]]


def _fold(line: bytes) -> bytes:
    """Return an escaped line with soft breaks, each output line fit to start one."""
    out, position = [], 0
    while True:
        start, skipped = _line_start(line, position)
        position += skipped
        end = position + _ROOM - len(start)
        if end >= len(line):
            out.append(start + line[position:])
            return SOFT_BREAK.join(out)
        end = _before_escape(line, end)
        out.append(start + line[position:end])
        position = end


def _line_start(line: bytes, position: int) -> tuple[bytes, int]:
    """Return what replaces a forbidden start of a line, and how much it replaces."""
    for forbidden, written in _STARTS:
        if line.startswith(forbidden, position):
            return written, len(forbidden)
    return b"", 0


def _before_escape(line: bytes, end: int) -> int:
    """Return *end*, or the place before the escape that it would cut in two."""
    equals = line.rfind(b"=", end - 2, end)
    return end if equals < 0 else equals
