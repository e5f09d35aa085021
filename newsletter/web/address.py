"""The link in the mail to a new address: GET shows a button, POST acts.

Law: GET, HEAD and OPTIONS change nothing.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.site import ACTING, MOST_BODY_BYTES, Site, read_form
from newsletter.workflow.new_address import (
    Change,
    ChangeVisit,
    confirm_change,
    look_at_change,
)

_PAGES = {
    Change.ASK: "address",
    Change.DONE: "address_done",
    Change.TAKEN: "address_taken",
    Change.TEST: "test",
}


def address_routes(site: Site) -> list[Route]:
    """Return the path of the page."""

    async def answer(request: Request) -> Response:
        keyring, token = site.desk.keyring, request.path_params["token"]
        if request.method != "POST":
            visit = await site.read(
                lambda connection: look_at_change(connection, keyring, token)
            )
            return _page(site, request, visit)
        await read_form(request)
        now = site.now()
        visit = await site.commit(
            lambda connection: confirm_change(connection, keyring, token, now=now)
        )
        return _page(site, request, visit)

    return [Route("/a/{token}", answer, methods=ACTING, max_body_size=MOST_BODY_BYTES)]


def _page(site: Site, request: Request, visit: ChangeVisit | None) -> Response:
    if visit is None:
        return site.unknown(request)
    return site.page(
        request,
        _PAGES[visit.change],
        own=visit.language,
        masked_address=visit.masked_address,
        settings_token=visit.settings_token,
    )
