"""The leaving link, and the one that takes a leaving back: GET shows a page, POST acts.

Law: GET, HEAD and OPTIONS change nothing. A POST acts at once, whatever its body says:
the token is the authority, and a mail program with an odd body means the same. It never
redirects, sets no cookie, and asks for no other proof (RFC 8058, sections 3.1 and 5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.web.site import ACTING, MOST_BODY_BYTES, Site, read_form, text_of
from newsletter.workflow.leaving import (
    Errand,
    Undoing,
    Visit,
    leave,
    leave_unseen,
    look_up,
    look_up_undo,
    undo,
)

T = TypeVar("T")


def leaving_routes(site: Site) -> list[Route]:
    """Return the paths of leaving, and of taking it back."""
    leaving = Leaving(site)
    return [
        Route(
            f"/{path}/{{token}}", answer, methods=ACTING, max_body_size=MOST_BODY_BYTES
        )
        for path, answer in (("u", leaving.answer), ("undo", leaving.answer_undo))
    ]


@dataclass(frozen=True, slots=True)
class Leaving:
    """Answers on the path of a token."""

    site: Site

    async def answer(self, request: Request) -> Response:
        """Show the page, or let the reader leave."""
        if request.method != "POST":
            visit = await self.site.read(self._for(request, look_up))
            return self._page(request, visit)
        form = await read_form(request)
        if text_of(form, "List-Unsubscribe") == "One-Click":
            return await self._let_program_leave(request)
        visit = await self.site.commit(self._for(request, leave, source="page"))
        return self._page(request, visit)

    async def _let_program_leave(self, request: Request) -> Response:
        is_ours = await self.site.commit(
            self._for(request, leave_unseen, source="one-click")
        )
        return PlainTextResponse("OK\n") if is_ours else self.site.unknown(request)

    async def answer_undo(self, request: Request) -> Response:
        """Show the page, or take a leaving back."""
        if request.method != "POST":
            undoing = await self.site.read(self._for(request, look_up_undo))
            return self._undo_page(request, undoing, "undo")
        await read_form(request)
        undoing = await self.site.commit(self._for(request, undo, source="page"))
        return self._undo_page(request, undoing, "undone")

    def _for(
        self, request: Request, act: Callable[..., T], **how: object
    ) -> Callable[[Connection], T]:
        """Return what is to be done with the token of a request, now."""
        keyring, now = self.site.desk.keyring, self.site.now()
        token = request.path_params["token"]
        return lambda connection: act(connection, keyring, token, now=now, **how)

    def _page(self, request: Request, visit: Visit | None) -> Response:
        if visit is None:
            return self.site.unknown(request)
        if visit.errand is not Errand.LEAVE:
            return self.site.page(request, "test")
        titles_of = self.site.pages.titles_of
        language = self.site.language(request, visit.language)
        return self.site.page(
            request,
            "left" if visit.has_left else "ask",
            own=visit.language,
            masked_address=visit.masked_address,
            left=titles_of(visit.lists, language),
            others=titles_of(self._known(visit.others), language),
            settings_token=visit.settings_token,
            undo=visit.undo_token,
        )

    def _known(self, lists: tuple[str, ...]) -> list[str]:
        """Return *lists* without those that are gone, which have no name to tell."""
        return [slug for slug in lists if slug in self.site.project.settings.lists]

    def _undo_page(
        self, request: Request, undoing: Undoing | None, name: str
    ) -> Response:
        if undoing is None:
            return self.site.unknown(request)
        if undoing.is_test:
            return self.site.page(request, "test")
        return self.site.page(
            request,
            name if undoing.lists else "undo_late",
            own=undoing.language,
            masked_address=undoing.masked_address,
            left=self.site.pages.titles_of(
                undoing.lists, self.site.language(request, undoing.language)
            ),
            settings_token=undoing.settings_token,
        )
