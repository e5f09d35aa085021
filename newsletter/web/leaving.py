"""The leaving link: GET shows a page, POST acts.

Law: GET, HEAD and OPTIONS change nothing. A POST acts at once, whatever its body says:
the token is the authority, and a mail program with an odd body means the same. It never
redirects, sets no cookie, and asks for no other proof (RFC 8058, sections 3.1 and 5).
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from newsletter.web.site import Site
from newsletter.workflow.unsubscribe import Errand, Visit, leave, look_up

#: What may be done to a leaving link.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Answers on the path of a token."""

    site: Site

    async def answer(self, request: Request) -> Response:
        """Show the page, or let the reader leave."""
        if request.method == "POST":
            return await self._act(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(METHODS)})
        token = request.path_params["token"]
        visit = await run_in_threadpool(look_up, self.site.desk, token)
        return self._page(request, visit)

    async def _act(self, request: Request) -> Response:
        by_program = await _is_one_click(request)
        visit = await run_in_threadpool(
            leave,
            self.site.desk,
            request.path_params["token"],
            source="one-click" if by_program else "page",
            now=self.site.now(),
        )
        if visit and by_program:
            return PlainTextResponse("OK\n")
        return self._page(request, visit)

    def _page(self, request: Request, visit: Visit | None) -> Response:
        if visit is None:
            return self.site.page(request, "unknown", status=404)
        if visit.errand is not Errand.LEAVE:
            return self.site.page(request, "test")
        return self.site.page(
            request,
            "left" if visit.has_left else "ask",
            masked_address=visit.masked_address,
            left=self.site.pages.title_of(visit.scope),
        )


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
