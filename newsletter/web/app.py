"""The public application: the pages of readers, the archive, reports of providers.

In: the project, its open database and keys. Out: an ASGI application for any server.
Every address that leads nowhere gets one and the same answer.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import OperationError, RefusedError
from newsletter.web.address import address_routes
from newsletter.web.archive import archive_routes
from newsletter.web.flood import Flood
from newsletter.web.health import health_routes
from newsletter.web.hooks import hook_routes
from newsletter.web.joining import joining_routes
from newsletter.web.leaving import leaving_routes
from newsletter.web.lost_link import lost_link_routes
from newsletter.web.page import Pages
from newsletter.web.policy import PRIVATE_PATHS, WithHeaders, headers_by_path
from newsletter.web.preferences import preferences_routes
from newsletter.web.privacy import privacy_routes
from newsletter.web.site import Site
from newsletter.workflow.desk import Desk
from newsletter.workflow.hooks import Hook
from newsletter.workflow.project import Project

#: Each family of pages; ``/{slug}`` takes what is left, so the archive comes last.
ROUTES: tuple[Callable[[Site], list[Route]], ...] = (
    leaving_routes,
    preferences_routes,
    address_routes,
    lost_link_routes,
    joining_routes,
    privacy_routes,
    health_routes,
    hook_routes,
    archive_routes,
)

_ROBOTS = "\n".join(
    ["User-agent: *", *(f"Disallow: /{path}" for path in PRIVATE_PATHS), ""]
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def public_app(
    project: Project,
    desk: Desk,
    *,
    now: Callable[[], datetime] = _utc_now,
    hooks: Mapping[str, Hook] | None = None,
) -> Starlette:
    """Return the public application of a newsletter.

    Args:
        project: Its settings name it, colour it and choose its language.
        desk: Open database and keys; stays open as long as the application runs.
        now: The clock.
        hooks: Where providers report what came back (`open_hooks`); None: nowhere.
    """
    pages = Pages(project.settings)
    flood = Flood(project.settings.web.joins_per_hour)
    site = Site(project, desk, pages, now, flood, hooks or {})
    app = Starlette(
        routes=[
            Route("/robots.txt", _robots),
            Route("/favicon.ico", _icon),
            *(route for routes in ROUTES for route in routes(site)),
        ],
        middleware=[
            Middleware(WithHeaders, headers_for=headers_by_path(pages.content_policy))
        ],
        exception_handlers={
            HTTPException: _failure(site),
            OperationError: _trouble(site),
            RefusedError: _trouble(site),
        },
    )
    # It would send on to an address with the Host header in it.
    app.router.redirect_slashes = False
    return app


def _failure(site: Site) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
        if error.status_code == 404:
            return site.unknown(request)
        if error.status_code == 405:
            return _other_method(request, error)
        return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)

    return answer


def _other_method(request: Request, error: HTTPException) -> Response:
    """Say which methods there are, to who asks for that and to who uses another."""
    routed = (error.headers or {}).get("Allow", "").split(", ")
    headers = {"Allow": ", ".join(sorted({*routed, "OPTIONS"}))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    return PlainTextResponse(f"{error.detail}\n", 405, headers)


def _trouble(site: Site) -> Callable[[Request, Exception], Response]:
    """Ask to come again: mail programs do (503).

    The database cannot be used, or the newsletter lives on another computer now.
    """

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
