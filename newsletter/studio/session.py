"""One run of the preview: the watch, a fresh door, and the application behind it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp

from newsletter.model.copy import Reader
from newsletter.studio.dispatches import Dispatches
from newsletter.studio.gate import Door
from newsletter.studio.preview import preview_app
from newsletter.studio.watch import Watch
from newsletter.workflow.copies import reader_of
from newsletter.workflow.preview import Preview, Stamp, make_preview, read_stamp
from newsletter.workflow.project import open_project
from newsletter.workflow.test import Trial, TrialReport, send_test


@dataclass(frozen=True, slots=True)
class Session:
    """A preview that is ready to be served on the port it was opened for."""

    app: ASGIApp
    #: The address to open; it holds the secret of this run.
    url: str
    #: Ends streams that are open; to be called before the server stops.
    stop: Callable[[], None]


def open_preview(
    root: Path, path: Path, *, port: int, environment: Mapping[str, str]
) -> Session:
    """Make the preview of the definition at *path* for a port of this machine.

    Args:
        root: The project folder.
        path: The definition.
        port: Where it is going to be served; its pages answer to no other.
        environment: Where the password of the mail server may be, for test mails.
    """

    def render(now: datetime) -> Preview:
        return make_preview(root, path, now=now)

    def look(watched: Sequence[Path]) -> Stamp:
        return read_stamp(root, path, watched)

    def send(trial: Trial) -> TrialReport:
        project = open_project(root, search=False)
        now = datetime.now(UTC)
        return send_test(project, str(path), trial, environment=environment, now=now)

    def find_reader(email: str) -> Reader | None:
        return reader_of(open_project(root, search=False), email)

    watch = Watch(render, look)
    door = Door(port, secrets.token_urlsafe(16), secrets.token_urlsafe(24))
    app = preview_app(
        watch,
        door,
        send=send,
        find_reader=find_reader,
        dispatches=Dispatches(root),
    )
    return Session(app, door.start_url, watch.stop)
