"""What every public page has at hand: project, database, pages, clock, limits.

Each family of pages is a function ``…_routes(site) -> list[Route]``, listed in `app`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse

from newsletter.web.language import choose
from newsletter.web.page import Pages
from newsletter.workflow.project import Project
from newsletter.workflow.unsubscribe import Desk

T = TypeVar("T")


class Flood(Protocol):
    """How often somebody may make us write mails."""

    def allows(self, network: str, now: datetime) -> bool:
        """Count one more, and tell whether it may be."""


@dataclass(frozen=True, slots=True)
class Site:
    """A newsletter on the web."""

    project: Project
    desk: Desk
    pages: Pages
    #: The clock.
    now: Callable[[], datetime]
    flood: Flood

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Write, many requests in one commit; returns once it is on the disk.

        Whoever closes the window meanwhile has done it all the same.

        Args:
            work: Called in the thread of the committer; touches nothing of a request.

        Raises:
            OperationError: The database cannot be used; answered with 503.
        """
        future = self.desk.committer.submit(work)
        return await asyncio.shield(asyncio.wrap_future(future))

    def language(self, request: Request, own: str = "") -> str:
        """Return the language of a page, `own` being that of its person."""
        default = self.project.settings.newsletter.language
        return choose(request, own, default=default)

    def page(
        self,
        request: Request,
        name: str,
        *,
        own: str = "",
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """Answer with a page, in the language of who asks.

        Args:
            request: What is answered.
            name: Of the template.
            own: Language of the person whose page it is, or empty.
            status: Of the answer.
            values: For the template.
        """
        language = self.language(request, own)
        root = way_up(request)
        return HTMLResponse(
            self.pages.render(name, language, root=root, **values), status
        )


def way_up(request: Request) -> str:
    """Return the relative way from a page to our highest: "" or "../" and so on.

    Relative, for we do not know below which path a reverse proxy shows us.
    """
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return "../" * (path.count("/") - 1)
