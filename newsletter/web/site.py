"""What every public page has at hand: project, database, pages, clock, limits.

Each family of pages is a function ``…_routes(site) -> list[Route]``, listed in `app`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse

from newsletter.web.flood import RETRY_AFTER_SECONDS, Flood
from newsletter.web.language import choose
from newsletter.web.page import Pages
from newsletter.web.policy import has_token, path_of
from newsletter.workflow.desk import Desk
from newsletter.workflow.hooks import Hook
from newsletter.workflow.project import Project

T = TypeVar("T")

#: Name of a field -> what stands in it, more than once for boxes that are ticked.
Form = Mapping[str, tuple[str, ...]]

#: What may be asked of a page that acts; HEAD comes with GET, OPTIONS everywhere.
ACTING = ("GET", "POST")

#: A one-click body has 26 bytes, as multipart some 200; nothing longer is read.
MOST_BODY_BYTES = 8_192
#: A form that people fill in, each field as long as it may be.
MOST_FORM_BYTES = 16_384
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Site:
    """A newsletter on the web."""

    project: Project
    desk: Desk
    pages: Pages
    #: The clock.
    now: Callable[[], datetime]
    flood: Flood
    #: Where providers report, by the last part of the path.
    hooks: Mapping[str, Hook]

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Write, many requests in one commit; returns once it is on the disk.

        Whoever closes the window meanwhile has done it all the same.

        Args:
            work: Called in the thread of the committer; touches nothing of a request.

        Raises:
            OperationError: The database cannot be used; answered with 503.
            RefusedError: The newsletter lives elsewhere now; answered with 503.
        """
        future = self.desk.committer.submit(work)
        return await asyncio.shield(asyncio.wrap_future(future))

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Look into the database.

        Args:
            look: Called in a thread, on a connection that cannot write.

        Raises:
            OperationError: The database cannot be used; answered with 503.
        """
        return await run_in_threadpool(self._read, look)

    def _read(self, look: Callable[[Connection], T]) -> T:
        with self.desk.database.reading() as connection:
            return look(connection)

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
        language: str = "",
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """Answer with a page, in the language of who asks.

        Args:
            request: What is answered.
            name: Of the template.
            own: Language of the person whose page it is, or empty.
            language: The language, whatever was asked for.
            status: Of the answer.
            values: For the template.
        """
        language = language or self.language(request, own)
        root = way_up(request)
        return HTMLResponse(
            self.pages.render(name, language, root=root, **values), status
        )

    def unknown(self, request: Request) -> HTMLResponse:
        """Answer what leads nowhere: one page for each kind of path, kept by nobody.

        It says nothing of what we have: a token that was used and one that never was,
        an issue that nobody may see yet and one that nobody wrote are answered alike.
        """
        is_link = has_token(path_of(request.scope))
        page = self.page(request, "dead_link" if is_link else "unknown", status=404)
        page.headers["Cache-Control"] = "no-store"
        return page

    def too_many(self, request: Request) -> HTMLResponse:
        """Ask to come again later."""
        page = self.page(request, "too_many", status=429)
        page.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return page


async def read_form(request: Request) -> Form:
    """Return what a form says; one that cannot be read says nothing, nor do files.

    Raises:
        HTTPException: It is too long, or its sender is gone.
    """
    try:
        async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
            return {name: _texts(form.getlist(name)) for name in form}
    except HTTPException as error:
        # A multipart body that cannot be read; 413 stays what it is.
        if error.status_code == 400:
            return {}
        raise
    except UnicodeError:
        # A multipart body names its own charset, of all that Python knows.
        return {}
    except ClientDisconnect as error:
        raise HTTPException(400) from error


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    """Return texts without halves of surrogate pairs, which odd charsets may hold."""
    return tuple(
        value.encode("utf-8", "replace").decode()
        for value in values
        if isinstance(value, str)
    )


def text_of(form: Form, name: str) -> str:
    """Return what stands in a field of a form, or nothing."""
    return next(iter(form.get(name, ())), "")


def way_up(request: Request) -> str:
    """Return the relative way from a page to our highest: "" or "../" and so on.

    Relative, for we do not know below which path a reverse proxy shows us.
    """
    return "../" * (path_of(request.scope).count("/") - 1)
