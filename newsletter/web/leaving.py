"""The leaving link: GET shows a page, POST acts.

Law: GET, HEAD and OPTIONS change nothing. A POST acts at once, whatever its body says:
the token is the authority, and a mail program with an odd body means the same. It never
redirects, sets no cookie, and asks for no other proof (RFC 8058, sections 3.1 and 5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from newsletter.web.unsubscribe_page import Pages
from newsletter.workflow.unsubscribe import Desk, Errand, Visit, leave, look_up

#: What may be done to a leaving link.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Answers on the path of a token."""

    desk: Desk
    pages: Pages
    now: Callable[[], datetime]

    async def answer(self, request: Request) -> Response:
        """Show the page, or let the reader leave."""
        if request.method == "POST":
            return await self._act(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(METHODS)})
        token = request.path_params["token"]
        return self._page(await run_in_threadpool(look_up, self.desk, token))

    async def _act(self, request: Request) -> Response:
        by_program = await _is_one_click(request)
        visit = await run_in_threadpool(
            leave,
            self.desk,
            request.path_params["token"],
            source="one-click" if by_program else "page",
            now=self.now(),
        )
        if visit and by_program:
            return PlainTextResponse("OK\n")
        return self._page(visit)

    def _page(self, visit: Visit | None) -> Response:
        if visit is None:
            return HTMLResponse(self.pages.unknown(), 404)
        if visit.errand is not Errand.LEAVE:
            return HTMLResponse(self.pages.test())
        page = self.pages.left if visit.has_left else self.pages.ask
        return HTMLResponse(page(visit.masked_address, visit.scope))


async def _is_one_click(request: Request) -> bool:
    """Whether a mail program asks (RFC 8058), not the button of our page.

    Raises:
        HTTPException: The body is too long, or its sender is gone.
    """
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            return form.get("List-Unsubscribe") == "One-Click"
    except HTTPException as error:
        # A multipart body that cannot be read; 413 stays what it is.
        if error.status_code == 400:
            return False
        raise
    except ClientDisconnect as error:
        raise HTTPException(400) from error
