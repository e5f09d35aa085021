"""The public application: leaving, published issues, and nothing else.

In: the project, its open database and keys. Out: an ASGI application for any server.
Every address that leads nowhere gets one and the same answer.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import OperationError
from newsletter.web.archive import archive_routes
from newsletter.web.leaving import METHODS, Leaving
from newsletter.web.page import Pages
from newsletter.web.policy import Headers, WithHeaders
from newsletter.web.site import Site
from newsletter.workflow.project import Project
from newsletter.workflow.unsubscribe import Desk

#: A one-click body has 26 bytes, as multipart some 200; nothing longer is read.
MOST_BODY_BYTES = 8_192

#: Each family of pages; ``/{slug}`` takes what is left, so issues come last.
ROUTES: tuple[Callable[[Site], list[Route]], ...] = ()

_ROBOTS = "User-agent: *\nDisallow: /u/\n"


def _utc_now() -> datetime:
    return datetime.now(UTC)


def public_app(
    project: Project, desk: Desk, *, now: Callable[[], datetime] = _utc_now
) -> Starlette:
    """Return the public application of a newsletter.

    Args:
        project: Its settings name it, colour it and choose its language.
        desk: Open database and keys; stays open as long as the application runs.
        now: The clock.
    """
    pages = Pages(project.settings)
    site = Site(project, desk, pages, now, _Unlimited())
    leaving = Leaving(site)
    return Starlette(
        routes=[
            Route(
                "/u/{token}",
                leaving.answer,
                methods=METHODS,
                max_body_size=MOST_BODY_BYTES,
            ),
            *(route for routes in ROUTES for route in routes(site)),
            Route("/robots.txt", _robots),
            Route("/favicon.ico", _icon),
            *archive_routes(site),
        ],
        middleware=[Middleware(WithHeaders, headers_for=_headers(pages))],
        exception_handlers={
            HTTPException: _failure(site),
            OperationError: _trouble(site),
        },
    )


def _headers(pages: Pages) -> Callable[[str], Headers]:
    """Return what is added, by path; a published issue brings its own policy."""
    anywhere = {"Content-Security-Policy": pages.content_policy}
    leaving = {**anywhere, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return lambda path: leaving if path.startswith("/u/") else anywhere


def _failure(site: Site) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
        if error.status_code == 404:
            return site.page(request, "unknown", status=404)
        return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)

    return answer


def _trouble(site: Site) -> Callable[[Request, Exception], Response]:
    """Ask to come again when the database cannot be used: mail programs do (503)."""

    def answer(request: Request, _: Exception) -> Response:
        page = site.page(request, "trouble", status=503)
        page.headers["Retry-After"] = "120"
        return page

    return answer


async def _robots(_: Request) -> Response:
    return PlainTextResponse(_ROBOTS)


async def _icon(_: Request) -> Response:
    """Answer browsers that ask for a picture we do not have."""
    return Response(status_code=204)


class _Unlimited:
    """Any number of mails."""

    def allows(self, network: str, now: datetime) -> bool:
        return True
