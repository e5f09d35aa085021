"""The bytes of one recipient -> what a mail program makes of them. Pure.

Law: the checks look at what travels, never at the template it was made from.
"""

import re
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import compat32

from newsletter.model.copy import Copy, Part, Reader

_FOLD = re.compile(r"\r?\n(?=[ \t])")


def read_copy(reader: Reader, data: bytes, *, tokens: tuple[str, ...] = ()) -> Copy:
    """Return the message of *reader* taken apart.

    Args:
        reader: Whose it is.
        data: As it travels, CRLF line ends.
        tokens: Those of this reader that stand in it.
    """
    mail = message_from_bytes(data, policy=compat32)
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    html = _first(leaves, "text/html")
    text = _first(leaves, "text/plain")
    return Copy(
        reader=reader,
        data=data,
        headers=tuple((n, _FOLD.sub("", str(v)).strip()) for n, v in mail.raw_items()),
        html=_decoded(html),
        text=_decoded(text),
        html_bytes=_size(html) if html is not None else 0,
        parts=tuple(map(_part, leaves)),
        tokens=tokens,
    )


def _first(leaves: list[Mail], media_type: str) -> Mail | None:
    return next((p for p in leaves if p.get_content_type() == media_type), None)


def _decoded(part: Mail | None) -> str:
    if part is None:
        return ""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)  # noqa: S101 - a leaf has bytes
    charset = part.get_content_charset("utf-8")
    return data.decode(charset, errors="replace").replace("\r\n", "\n")


def _part(leaf: Mail) -> Part:
    encoding = str(leaf.get("Content-Transfer-Encoding", "7bit")).lower()
    return Part(leaf.get_content_type(), encoding, _size(leaf))


def _size(leaf: Mail) -> int:
    payload = leaf.get_payload()
    assert isinstance(payload, str)  # noqa: S101 - a leaf, not decoded
    # Ours is ASCII; of what travels as 8bit the words come decoded.
    return len(payload.encode(errors="surrogateescape"))
