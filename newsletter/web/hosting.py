"""The public pages under somebody else's roof: an ASGI server, or an application.

Law: the database is opened once, however many requests come first together, and closed
when the host ends. Who mounts us passes no word of its start or end.
"""

import atexit
import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.errors import NewsletterError
from newsletter.model.settings import Settings
from newsletter.web.app import public_app
from newsletter.workflow.desk import open_desk
from newsletter.workflow.hooks import open_hooks
from newsletter.workflow.project import Project, open_project

#: Names the project folder of an application that is made without arguments.
PROJECT_VARIABLE = "NEWSLETTER_PROJECT"

_log = logging.getLogger("newsletter")


def hosted_app(settings: Settings | None, root: Path | None) -> Starlette:
    """Return what `newsletter.web.create_app` promises."""
    folder = root or Path(os.environ.get(PROJECT_VARIABLE) or Path.cwd())
    if settings is None:
        house = _House(open_project(folder))
    else:
        house = _House(Project(folder.resolve(), settings))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(house.open)
        try:
            yield
        finally:
            await run_in_threadpool(house.close)

    return Starlette(routes=[Mount("/", app=house)], lifespan=lifespan)


@dataclass(slots=True)
class _House:
    """An ASGI application that opens what it needs when it is needed."""

    project: Project
    _app: ASGIApp | None = None
    _opened: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> ASGIApp:
        """Open the database unless it is open.

        Raises:
            OperationError: Database, keys or secrets cannot be used.
            RefusedError: The newsletter was handed over to another computer.
        """
        with self._lock:
            if self._app is None:
                hooks = open_hooks(self.project, os.environ)
                desk = self._opened.enter_context(open_desk(self.project))
                self._app = public_app(self.project, desk, hooks=hooks)
                atexit.register(self.close)
            return self._app

    def close(self) -> None:
        """Write what was ordered, and close the database if it is open."""
        atexit.unregister(self.close)
        with self._lock:
            self._app = None
            self._opened.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if app is None:
            try:
                app = await run_in_threadpool(self.open)
            except NewsletterError as error:
                _log.error("%s", error)
                app = PlainTextResponse(
                    "This does not work just now.\n", 503, {"Retry-After": "120"}
                )
        await app(scope, receive, send)
