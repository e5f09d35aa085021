"""What the page asks of us, as values: JSON of a known shape and size, or a refusal."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: Ten addresses and a few words take less than 4 KB.
_MOST_BYTES = 16_384


async def read_json(request: Request) -> Mapping[str, Any]:
    """Return the JSON object of a request.

    Another type of content is refused: a form of another page cannot send this one
    without asking first.

    Raises:
        HTTPException: It is none.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if content_type != "application/json":
        raise HTTPException(415)
    try:
        value = json.loads(await _body(request))
    except ValueError as error:
        raise HTTPException(400) from error
    if not isinstance(value, dict):
        raise HTTPException(400)
    return value


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise HTTPException(413)
    return body


def text_in(value: Mapping[str, Any], key: str) -> str:
    """Return a text, empty when it is left out.

    Raises:
        HTTPException: It is something else.
    """
    text = value.get(key, "")
    if not isinstance(text, str):
        raise HTTPException(400)
    return text


def texts_in(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts without empty ones.

    Raises:
        HTTPException: It is something else.
    """
    texts = value.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise HTTPException(400)
    return tuple(one.strip() for one in texts if one.strip())
