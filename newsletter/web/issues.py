"""Published issues: their page, pictures and calendar files."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from newsletter.web.conditional import answer_unless_known, entity_tag
from newsletter.web.file_cache import LARGEST_BYTES, FileCache, ShownFile
from newsletter.web.site import Site
from newsletter.workflow.publish import (
    MEDIA_TYPES,
    PAGE,
    find_public_file,
    read_standing,
)

#: An issue brings its own style and pictures: no script, no form, no frame around it.
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: The name of a picture holds a hash of it; a page may be corrected.
_PICTURE_AGE = "public, max-age=31536000, immutable"
_PAGE_AGE = "public, max-age=300"


def issue_routes(site: Site) -> list[Route]:
    """Return the routes of issues; ``/{slug}`` takes whatever no other route does."""
    issues = _Issues(site)
    return [
        Route("/{slug}", issues.without_slash),
        Route("/{slug}/", issues.file),
        Route("/{slug}/{name}", issues.file),
    ]


@dataclass(frozen=True, slots=True)
class _Issues:
    """Answers on the paths of issues."""

    site: Site
    cache: FileCache = field(default_factory=lambda: FileCache(time.monotonic))

    async def file(self, request: Request) -> Response:
        """Show the page of an issue, or a file that lies beside it."""
        name = request.path_params.get("name", PAGE)
        shown = await self._find(request.path_params["slug"], name)
        media_type = MEDIA_TYPES[shown.path.suffix]
        is_picture = media_type.startswith("image/")
        headers = {
            "Cache-Control": _PICTURE_AGE if is_picture else _PAGE_AGE,
            "Content-Security-Policy": _POLICY,
        }
        if shown.data is None:
            return FileResponse(shown.path, headers=headers, media_type=media_type)
        return answer_unless_known(
            request, shown.data, shown.tag, media_type=media_type, headers=headers
        )

    async def without_slash(self, request: Request) -> Response:
        """Send on to the address under which relative links work."""
        slug = request.path_params["slug"]
        await self._find(slug, PAGE)
        # Relative: a reverse proxy may show us below a path of its own.
        return RedirectResponse(f"{slug}/", 308)

    async def _find(self, slug: str, name: str) -> ShownFile:
        key = (slug, name)
        if shown := self.cache.fresh(key):
            return shown
        found = await run_in_threadpool(self._look, key, self.cache.earlier(key))
        if found is None:
            self.cache.forget(key)
            raise HTTPException(404)
        self.cache.keep(key, found)
        return found

    def _look(
        self, key: tuple[str, str], earlier: ShownFile | None
    ) -> ShownFile | None:
        """Return a file that may be shown; one that is the same is not read again."""
        standing = read_standing(self.site.desk.database, key[0])
        path = find_public_file(self.site.project, *key, standing)
        if path is None:
            return None
        try:
            stamp = _stamp(path)
            if earlier and earlier.stamp == stamp:
                return earlier
            data = path.read_bytes() if stamp[1] <= LARGEST_BYTES else None
        except OSError:  # gone since
            return None
        return ShownFile(path, stamp, data, "" if data is None else entity_tag(data))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
