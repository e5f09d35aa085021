"""Where the providers of mail servers report what came back: POST, and nothing else.

Law: there is no such path for who is not in the settings. Whatever is well signed is
answered alike, whether it was about a mail of ours or not; nothing of it is logged.
"""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.web.site import Site
from newsletter.workflow.hooks import Call, Hook, read_call, take_readings

#: A notification of Amazon's has 256 KB at most; SendGrid posts many events at once.
MOST_BYTES = 1_000_000
#: So many events in a transaction: readers wait behind it.
_AT_ONCE = 20


def hook_routes(site: Site) -> list[Route]:
    """Return the path of the providers in the settings; for others nothing is there."""

    async def answer(request: Request) -> Response:
        provider = request.path_params["provider"]
        hook = site.hooks.get(provider)
        if hook is None:
            return site.unknown(request)
        return await _answer(site, provider, hook, request)

    path = "/hooks/{provider}"
    return [Route(path, answer, methods=["POST"], max_body_size=MOST_BYTES)]


async def _answer(site: Site, provider: str, hook: Hook, request: Request) -> Response:
    try:
        body = await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    now = site.now()
    readings = await run_in_threadpool(
        read_call, hook, site.desk.keyring, Call(body, request.headers, now)
    )
    if readings is None:
        return PlainTextResponse("no\n", 403)
    for start in range(0, len(readings), _AT_ONCE):
        await site.commit(
            partial(
                take_readings,
                keyring=site.desk.keyring,
                readings=readings[start : start + _AT_ONCE],
                provider=provider,
                now=now,
            )
        )
    return PlainTextResponse("ok\n")
