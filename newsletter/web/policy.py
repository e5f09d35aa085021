"""What browsers and robots are told about every page of ours: headers, by path.

In: an ASGI application. Out: one whose every answer, failures included, carries them.
"""

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = Mapping[str, str]

#: On every answer.
EVERYWHERE: Headers = {
    "X-Content-Type-Options": "nosniff",
    # The address of a page may hold a token: it is told to nobody.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


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
        added = {**EVERYWHERE, **self.headers_for(scope["path"])}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
