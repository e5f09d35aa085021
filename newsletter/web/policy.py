"""What browsers and robots are told about every page of ours: headers, by path.

In: an ASGI application. Out: one whose every answer, failures included, carries them.
"""

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.web.language import VARIES

Headers = Mapping[str, str]

#: On every answer.
EVERYWHERE: Headers = {
    "X-Content-Type-Options": "nosniff",
    # The address of a page may hold a token: it is told to nobody.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

#: Pages of one person, or about one: nobody keeps or lists them.
PRIVATE: Headers = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

#: What has a token behind it, without the first slash.
TOKEN_PATHS = ("u/", "p/", "c/", "n/", "a/", "undo/")
#: Where these pages are.
PRIVATE_PATHS = (*TOKEN_PATHS, "leave")

#: Pages that hold the moment when they were made.
_FRESH: Headers = {"Cache-Control": "no-store"}
_FRESH_PATHS = ("join", "health")


def headers_by_path(content_policy: str) -> Callable[[str], Headers]:
    """Return what a path says beyond `EVERYWHERE`.

    Args:
        content_policy: Of our own pages; a published issue brings its own.
    """
    anywhere = {"Content-Security-Policy": content_policy}

    def headers(path: str) -> Headers:
        inner = path.removeprefix("/")
        if has_token(path) or inner in PRIVATE_PATHS:
            return {**anywhere, **PRIVATE}
        return {**anywhere, **_FRESH} if inner in _FRESH_PATHS else anywhere

    return headers


def has_token(path: str) -> bool:
    """Tell whether a path is that of a link which stands in a mail to one person."""
    return path.removeprefix("/").startswith(TOKEN_PATHS)


def path_of(scope: Scope) -> str:
    """Return the path of a request as we know it, without that of who mounted us."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class WithHeaders:
    """Add headers to every answer of an application.

    Args:
        app: The application.
        headers_for: Path of the request -> headers; those of the answer itself win.
    """

    def __init__(self, app: ASGIApp, headers_for: Callable[[str], Headers]) -> None:
        self.app = app
        self.headers_for = headers_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = {**EVERYWHERE, **self.headers_for(path_of(scope))}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
                if scope.get("state", {}).get(VARIES):
                    headers.add_vary_header("Accept-Language")
            await send(message)

        await self.app(scope, receive, send_with_headers)
