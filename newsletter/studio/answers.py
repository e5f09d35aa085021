"""How the studio answers: policies, headers, files of its own."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

#: For the page itself: own scripts and styles alone.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

#: On every answer.
PRIVATE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Files of the pages, each at its own name.
STATIC_FILES = (
    "preview.css",
    "dispatches.css",
    "dispatches.js",
    "frame.css",
    "preview.js",
    "address.js",
    "frame.js",
    "find.js",
    "findings.js",
    "news.js",
    "recipient.js",
    "test-mail.js",
)
_TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
}


def html_answer(html: str, policy: str) -> Response:
    """Return a page under a policy."""
    return HTMLResponse(html, headers={**PRIVATE, "Content-Security-Policy": policy})


async def static_file(request: Request) -> Response:
    """Return one of `STATIC_FILES`."""
    name = request.url.path.rpartition("/")[2]
    media_type = _TYPES[name.rpartition(".")[2]]
    return Response(_read(name), headers=PRIVATE, media_type=media_type)


@cache
def _read(name: str) -> bytes:
    return files("newsletter.studio").joinpath("pages", name).read_bytes()
