"""The archive on the web: front page and feed.

Law: what is shown was looked up two seconds ago at the most; who comes meanwhile costs
no query and no thread.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.model.archive import ArchivedIssue
from newsletter.web.archive_page import count_pages, render_archive
from newsletter.web.conditional import answer_unless_known, entity_tag
from newsletter.web.feed import FEED_NAME, MEDIA_TYPE, render_feed
from newsletter.web.file_cache import TRUSTED_SECONDS
from newsletter.web.issues import issue_routes
from newsletter.web.site import Site
from newsletter.workflow.archive import list_archive

#: The front page shows a new issue soon; a feed is asked for again and again.
_PAGE_AGE = "public, max-age=60"
_FEED_AGE = "public, max-age=300"

#: Digits of a page number: more issues than these were never sent.
_MOST_DIGITS = 4


def archive_routes(site: Site) -> list[Route]:
    """Return the routes of archive and issues.

    They come last: an issue answers on ``/{slug}``, which no other page has taken.
    """
    archive = _Archive(site)
    routes = [Route("/", archive.page)]
    if site.project.settings.newsletter.base_url:
        routes.append(Route(f"/{FEED_NAME}", archive.feed))
    return [*routes, *issue_routes(site)]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Bytes for everybody, with their mark."""

    data: bytes
    tag: str


@dataclass(slots=True)
class _Archive:
    """Answers with the list of issues."""

    site: Site
    _issues: tuple[ArchivedIssue, ...] = ()
    _looked_at: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: (language, page) -> what is shown as long as the issues are the same.
    _drawn: dict[tuple[str, int], _Drawn] = field(default_factory=dict)

    async def page(self, request: Request) -> Response:
        """Show the issues, fifty to a page."""
        issues = await self._look()
        number = _page_number(request, count_pages(issues))
        language = self.site.language(request)
        drawn = self._draw(
            (language, number),
            lambda: render_archive(
                self.site.pages, issues, language=language, number=number
            ).encode(),
        )
        return answer_unless_known(
            request,
            drawn.data,
            drawn.tag,
            media_type="text/html; charset=utf-8",
            headers={"Cache-Control": _PAGE_AGE},
        )

    async def feed(self, request: Request) -> Response:
        """Give feed readers the newest issues."""
        issues = await self._look()
        newsletter = self.site.project.settings.newsletter
        drawn = self._draw((FEED_NAME, 0), lambda: render_feed(newsletter, issues))
        return answer_unless_known(
            request,
            drawn.data,
            drawn.tag,
            media_type=f"{MEDIA_TYPE}; charset=utf-8",
            headers={"Cache-Control": _FEED_AGE},
        )

    async def _look(self) -> tuple[ArchivedIssue, ...]:
        """Return the issues; of many who ask at once, one looks for all."""
        if self._is_stale():
            async with self._turn:
                if self._is_stale():
                    await self._look_again()
        return self._issues

    def _is_stale(self) -> bool:
        return time.monotonic() - self._looked_at > TRUSTED_SECONDS

    async def _look_again(self) -> None:
        project, database = self.site.project, self.site.desk.database
        issues = await run_in_threadpool(list_archive, project, database)
        if issues != self._issues:
            self._drawn.clear()
        self._issues, self._looked_at = issues, time.monotonic()

    def _draw(self, key: tuple[str, int], draw: Callable[[], bytes]) -> _Drawn:
        if key not in self._drawn:
            data = draw()
            self._drawn[key] = _Drawn(data, entity_tag(data))
        return self._drawn[key]


def _page_number(request: Request, last: int) -> int:
    """Return which page is asked for.

    Raises:
        HTTPException: There is no such page.
    """
    text = request.query_params.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    if not is_number or not 1 <= int(text) <= last:
        raise HTTPException(404)
    return int(text)
