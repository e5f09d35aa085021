"""Whether we can do our work, for who watches over the server."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.web.site import Site
from newsletter.workflow.desk import is_ready


def health_routes(site: Site) -> list[Route]:
    """Return the path that says whether all is well."""

    async def answer(_: Request) -> Response:
        if await run_in_threadpool(is_ready, site.desk):
            return PlainTextResponse("ok\n")
        return PlainTextResponse("no\n", 503)

    return [Route("/health", answer)]
