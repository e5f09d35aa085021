"""Published issues: their page, pictures and calendar files."""

from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from newsletter.workflow.project import Project
from newsletter.workflow.publish import (
    MEDIA_TYPES,
    PAGE,
    find_public_file,
    read_standing,
)
from newsletter.workflow.unsubscribe import Desk

#: An issue brings its own style and pictures: no script, no form, no frame around it.
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: The name of a picture holds a hash of it; a page may be corrected.
_PICTURE_AGE = "public, max-age=31536000, immutable"
_PAGE_AGE = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Issues:
    """Answers on the paths of issues."""

    project: Project
    desk: Desk

    async def file(self, request: Request) -> Response:
        """Show the page of an issue, or a file that lies beside it."""
        name = request.path_params.get("name", PAGE)
        path = await self._find(request.path_params["slug"], name)
        media_type = MEDIA_TYPES[path.suffix]
        is_picture = media_type.startswith("image/")
        headers = {
            "Cache-Control": _PICTURE_AGE if is_picture else _PAGE_AGE,
            "Content-Security-Policy": _POLICY,
        }
        return FileResponse(path, headers=headers, media_type=media_type)

    async def without_slash(self, request: Request) -> Response:
        """Send on to the address under which relative links work."""
        slug = request.path_params["slug"]
        await self._find(slug, PAGE)
        # Relative: a reverse proxy may show us below a path of its own.
        return RedirectResponse(f"{slug}/", 308)

    async def _find(self, slug: str, name: str) -> Path:
        path = await run_in_threadpool(self._find_shown, slug, name)
        if path is None:
            raise HTTPException(404)
        return path

    def _find_shown(self, slug: str, name: str) -> Path | None:
        standing = read_standing(self.desk.database, slug)
        return find_public_file(self.project, slug, name, standing)
