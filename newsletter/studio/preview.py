"""The preview of one issue: its page, the frame with the mail, news of changes.

In: what makes a preview and what it depends on (`workflow.preview`), and the door it
stands behind. Out: an application for loopback. It has nothing that changes anything.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.studio.gate import Door, Gate
from newsletter.studio.mail_frame import FRAME_POLICY, frame_html, frame_text
from newsletter.studio.page import preview_page
from newsletter.studio.watch import Watch

#: Browsers open six connections to a host; each stream takes one for good.
_MOST_STREAMS = 4

#: Seconds between signs of life on a quiet stream, and the step in which it notices
#: that we are stopping.
_SIGN_SECONDS = 15.0
_STEP_SECONDS = 0.25

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STATIC = {
    "preview.js": "text/javascript; charset=utf-8",
    "preview.css": "text/css; charset=utf-8",
}


def preview_app(watch: Watch, door: Door) -> Starlette:
    """Return the application that shows what *watch* makes, behind *door*."""
    desk = _Desk(watch, door)
    return Starlette(
        routes=[
            Route("/", desk.page),
            Route("/mail", desk.mail),
            Route("/text", desk.text),
            Route("/picture/{name}", desk.picture),
            Route("/personal-link", _personal_link),
            Route("/version", desk.version),
            Route("/events", desk.events),
            *(Route(f"/{name}", _static) for name in _STATIC),
        ],
        middleware=[Middleware(Gate, door=door)],
        lifespan=desk.watching,
    )


@dataclass(slots=True)
class _Desk:
    """The handlers, and what they answer from."""

    watch: Watch
    door: Door
    streams: int = 0

    def watching(self, _: Starlette) -> AbstractAsyncContextManager[None]:
        """Run the watch as long as the application runs."""
        return _running(self.watch)

    async def page(self, _: Request) -> Response:
        """Show the page around the mail."""
        html = preview_page(
            self.watch.preview, good=self.watch.good, version=self.watch.version
        )
        return _html(html, _PAGE_POLICY)

    async def mail(self, request: Request) -> Response:
        """Show the HTML part, alone and without rights."""
        html = frame_html(
            self._assembled(),
            picture_url=_picture_url,
            personal_url="/personal-link",
            forces_dark=request.query_params.get("dark") == "1",
        )
        return _html(html, FRAME_POLICY)

    async def text(self, _: Request) -> Response:
        """Show the text part in the same kind of frame."""
        return _html(frame_text(self._assembled(), personal_url="…"), FRAME_POLICY)

    async def picture(self, request: Request) -> Response:
        """Give a picture of the mail; its name holds a hash of it."""
        name = request.path_params["name"]
        found = [image for image in self._assembled().images if image.name == name]
        if not found:
            raise HTTPException(404)
        headers = {**_PRIVATE, "Cache-Control": "private, max-age=3600"}
        return Response(found[0].data, headers=headers, media_type=found[0].media_type)

    async def version(self, _: Request) -> Response:
        """Tell the number of the present preview, for browsers without a stream."""
        return PlainTextResponse(str(self.watch.version), headers=_PRIVATE)

    async def events(self, request: Request) -> Response:
        """Tell of each new preview as long as the tab listens."""
        if self.streams >= _MOST_STREAMS:
            return Response(status_code=204)  # the browser stops asking, and polls
        seen = request.headers.get("last-event-id") or request.query_params.get("seen")
        start = int(seen) if seen and seen.isdecimal() and len(seen) < 12 else 0
        return StreamingResponse(
            self._stream(start), headers=_PRIVATE, media_type="text/event-stream"
        )

    async def _stream(self, seen: int) -> AsyncIterator[str]:
        self.streams += 1
        quiet = 0.0
        try:
            while not self.watch.is_stopping:
                if await self.watch.newer_than(seen, seconds=_STEP_SECONDS):
                    seen, quiet = self.watch.version, 0.0
                    yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
                elif (quiet := quiet + _STEP_SECONDS) >= _SIGN_SECONDS:
                    quiet = 0.0
                    yield ": still here\n\n"
        finally:
            self.streams -= 1

    def _assembled(self) -> Assembled:
        if self.watch.good is None or self.watch.good.assembled is None:
            raise HTTPException(404)
        return self.watch.good.assembled


@asynccontextmanager
async def _running(watch: Watch) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _html(html: str, policy: str) -> Response:
    return HTMLResponse(html, headers={**_PRIVATE, "Content-Security-Policy": policy})


def _picture_url(image: AssembledImage) -> str:
    return f"/picture/{image.name}"


async def _personal_link(_: Request) -> Response:
    return PlainTextResponse(
        "This is the preview. In the mail each reader has a link of their own here.\n",
        headers=_PRIVATE,
    )


async def _static(request: Request) -> Response:
    name = request.url.path.removeprefix("/")
    return Response(_read(name), headers=_PRIVATE, media_type=_STATIC[name])


@cache
def _read(name: str) -> bytes:
    return files("newsletter.studio").joinpath("pages", name).read_bytes()
