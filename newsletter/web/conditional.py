"""Answers that are not sent again to who has them (RFC 9110, section 13.1.2).

In: bytes that are the same for everybody. Out: them, or 304 for a browser that has
them.
"""

from collections.abc import Mapping
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response


def entity_tag(data: bytes) -> str:
    """Return the mark by which a browser knows these bytes."""
    return f'"{sha256(data).hexdigest()[:32]}"'


def answer_unless_known(
    request: Request,
    data: bytes,
    tag: str,
    *,
    media_type: str,
    headers: Mapping[str, str],
) -> Response:
    """Return the bytes with their mark, or 304 if the browser has them.

    Args:
        request: Its If-None-Match names what the browser has.
        data: The whole answer.
        tag: From `entity_tag`.
        media_type: With its character set.
        headers: Of either answer.
    """
    marked = {**headers, "ETag": tag}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=marked)
    return Response(data, headers={**marked, "Content-Type": media_type})


def _has(header: str, tag: str) -> bool:
    """Whether a header names *tag*; a proxy may have made it a weak one."""
    known = (item.strip().removeprefix("W/") for item in header.split(","))
    return header.strip() == "*" or tag in known
