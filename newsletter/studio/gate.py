"""Who may use the editor's pages: a browser of this machine that was given the address.

Any web page can send requests to this machine, and any name can be made to point at it.
So each request must name us as its host (DNS rebinding), changes must come from our own
pages (cross-site requests), and all of it needs a secret that the start address carries
once and a cookie keeps. Browsers share cookies among all ports of a host: this one is
for a folder of this run alone, whose name no other server here can guess, so none of
them is ever sent it.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: Names of this machine; nothing else is answered.
_NAMES = ("127.0.0.1", "localhost", "[::1]")

#: Methods that change nothing, and so may come from anywhere.
_HARMLESS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Door:
    """Where the pages are, and the secret that opens them."""

    port: int
    secret: str
    #: Name of the folder that everything is under: random, at least 128 bits.
    folder: str

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every Host header that means us."""
        return tuple(f"{name}:{self.port}" for name in _NAMES)

    @property
    def start_url(self) -> str:
        """The address to open; it holds the secret."""
        return f"http://127.0.0.1:{self.port}{self.path}?start={self.secret}"

    @property
    def path(self) -> str:
        """Where everything is; it ends with a slash."""
        return f"/{self.folder}/"

    @property
    def cookie(self) -> str:
        """The name of the cookie; two previews at once keep theirs apart."""
        return f"newsletter-{self.port}"


class Gate:
    """Let nobody through to an application but who may use it.

    Args:
        app: The application.
        door: Where it is, and its secret.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app = app
        self.door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request from outside; pass on one of ours."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = _refuse(scope, self.door)
        inside = {**scope, "root_path": self.door.path.rstrip("/")}
        await (refusal or self.app)(inside, receive, send)


def _refuse(scope: Scope, door: Door) -> Response | None:
    """Return the answer to who may not enter, or None."""
    headers = Headers(scope=scope)
    if headers.get("host", "") not in door.hosts:
        return PlainTextResponse("This is not the address of the preview.\n", 421)
    if not _is_inside(scope["path"], door):
        return PlainTextResponse("There is nothing here.\n", 404)
    if scope["method"] not in _HARMLESS and not _is_own(headers.get("origin"), door):
        return PlainTextResponse("This request came from another page.\n", 403)
    if _same(_start_token(scope, door), door.secret):
        return _welcome(door)
    cookies = cookie_parser(headers.get("cookie", ""))
    if not _same(cookies.get(door.cookie, ""), door.secret):
        return PlainTextResponse(
            "This page belongs to the command that started it. "
            "Open the address that the command printed.\n",
            403,
        )
    return None


def _is_own(origin: str | None, door: Door) -> bool:
    return origin in [f"http://{host}" for host in door.hosts]


def _is_inside(path: str, door: Door) -> bool:
    return _same(path[: len(door.path)], door.path)


def _start_token(scope: Scope, door: Door) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("start", [""])[0] if scope["path"] == door.path else ""


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _welcome(door: Door) -> Response:
    """Turn the secret in the address into a cookie that nobody else is sent."""
    answer = RedirectResponse(door.path, 303)
    answer.set_cookie(
        door.cookie, door.secret, path=door.path, httponly=True, samesite="strict"
    )
    return answer
