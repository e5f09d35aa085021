"""The preview of one issue: its page, the frame with the mail, what may be asked of it.

In: what makes a preview and what it depends on (`workflow.preview`), and the door it
stands behind. Out: an application for loopback. It changes nothing but by two requests
of its own page: to send a test mail, and to show a subscriber's copy.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import NewsletterError
from newsletter.model.copy import Reader
from newsletter.studio.answers import (
    PAGE_POLICY,
    PRIVATE,
    STATIC_FILES,
    html_answer,
    static_file,
)
from newsletter.studio.dispatches import Dispatches
from newsletter.studio.gate import Door, Gate
from newsletter.studio.glance import Glance
from newsletter.studio.news import News, Seats
from newsletter.studio.page import preview_page
from newsletter.studio.requests import read_json, text_in
from newsletter.studio.showcase import Show, Showcase, read_wish
from newsletter.studio.test_mail import Send, TestMails, read_trial
from newsletter.studio.watch import Watch
from newsletter.workflow.preview import last_test

FindReader = Callable[[str], Reader | None]


def preview_app(
    watch: Watch,
    door: Door,
    *,
    send: Send,
    find_reader: FindReader,
    dispatches: Dispatches,
) -> Starlette:
    """Return the application.

    Args:
        watch: Makes what is shown.
        door: What it stands behind.
        send: Sends a test mail.
        find_reader: Address -> that subscriber as a reader, or None.
        dispatches: The page beside it.
    """
    desk = _Desk(watch, find_reader, TestMails(send, watch))
    seats = Seats()
    news = News(watch, seats)
    of_dispatches = News(Glance(dispatches.look, watch), seats)
    return Starlette(
        routes=[
            Route("/", desk.page),
            Route("/frame", desk.frame),
            Route("/picture/{name}", desk.picture),
            Route("/personal-link", _personal_link),
            Route("/version", news.version),
            Route("/events", news.events),
            Route("/dispatches", dispatches.page),
            Route("/dispatches.csv", dispatches.people),
            Route("/dispatches/version", of_dispatches.version),
            Route("/dispatches/events", of_dispatches.events),
            Route("/tested", desk.tested),
            Route("/test", desk.send_test, methods=["POST"]),
            Route("/recipient", desk.name_recipient, methods=["POST"]),
            *(Route(f"/{name}", static_file) for name in STATIC_FILES),
        ],
        middleware=[Middleware(Gate, door=door)],
        exception_handlers={500: _fault},
        lifespan=desk.watching,
    )


@dataclass(slots=True)
class _Desk:
    """The handlers, and what they answer from."""

    watch: Watch
    find_reader: FindReader
    test_mails: TestMails
    showcase: Showcase = field(init=False)

    def __post_init__(self) -> None:
        self.showcase = Showcase(self.watch)

    def watching(self, _: Starlette) -> AbstractAsyncContextManager[None]:
        """Run the watch as long as the application runs."""
        return _running(self.watch)

    async def page(self, request: Request) -> Response:
        """Show the page around the mail."""
        html = await asyncio.to_thread(
            preview_page,
            self.watch.preview,
            showcase=self.showcase,
            wish=read_wish(request.query_params),
            version=self.watch.version,
        )
        return html_answer(html, PAGE_POLICY)

    async def frame(self, request: Request) -> Response:
        """Show the mail itself, alone and without rights."""
        frame = (await self._show(request)).frame
        return html_answer(frame.html, frame.policy)

    async def picture(self, request: Request) -> Response:
        """Give a picture of the mail; its name holds a hash of it."""
        good = self.watch.good
        images = good.assembled.images if good and good.assembled else ()
        found = [one for one in images if one.name == request.path_params["name"]]
        if not found:
            raise HTTPException(404)
        headers = {**PRIVATE, "Cache-Control": "private, max-age=3600"}
        return Response(found[0].data, headers=headers, media_type=found[0].media_type)

    async def tested(self, _: Request) -> Response:
        """Tell when this issue was last tested, and what changed since."""
        told = "There is no mail to test yet."
        if self.watch.good is not None:
            told = await asyncio.to_thread(last_test, self.watch.preview)
        return PlainTextResponse(told, headers=PRIVATE)

    async def send_test(self, request: Request) -> Response:
        """Send a test mail to the addresses of the form."""
        asked = await read_json(request)
        reader = (await self._show(request)).copy.reader
        trial = read_trial(asked, reader)
        outcome = await self.test_mails.ask(text_in(asked, "press"), trial)
        return JSONResponse(outcome, headers=PRIVATE)

    async def name_recipient(self, request: Request) -> Response:
        """Offer the copy of a subscriber, under a key that says nothing of them."""
        email = text_in(await read_json(request), "email").strip()
        try:
            reader = await asyncio.to_thread(self.find_reader, email)
        except NewsletterError as error:
            return _refusal(str(error))
        if reader is None:
            return _refusal("No subscriber has this address.")
        key = self.showcase.recipients.name(reader)
        return JSONResponse({"key": key}, headers=PRIVATE)

    async def _show(self, request: Request) -> Show:
        wish = read_wish(request.query_params)
        show = await asyncio.to_thread(self.showcase.show, wish)
        if show is None:
            raise HTTPException(404)
        return show


@asynccontextmanager
async def _running(watch: Watch) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _refusal(reason: str) -> Response:
    return JSONResponse({"reason": reason}, headers=PRIVATE)


async def _fault(_: Request, __: Exception) -> Response:
    """Answer in words where we failed; the traceback goes to the terminal."""
    return PlainTextResponse(
        "Something went wrong here; the terminal says what. Other views may work.\n",
        500,
        PRIVATE,
    )


async def _personal_link(_: Request) -> Response:
    return PlainTextResponse(
        "This is the preview. In the mail each reader has a link of their own here.\n",
        headers=PRIVATE,
    )
