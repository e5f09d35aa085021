"""One run of the preview: the watch, a fresh secret, and the application behind it."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.types import ASGIApp

from newsletter.studio.gate import Door
from newsletter.studio.preview import preview_app
from newsletter.studio.watch import Watch
from newsletter.workflow.preview import Preview, Stamp, make_preview, read_stamp


@dataclass(frozen=True, slots=True)
class Session:
    """A preview that is ready to be served on the port it was opened for."""

    app: ASGIApp
    #: The address to open; it holds the secret of this run.
    url: str
    #: Ends streams that are open; to be called before the server stops.
    stop: Callable[[], None]


def open_preview(root: Path, path: Path, *, port: int) -> Session:
    """Make the preview of the definition at *path* for a port of this machine.

    Args:
        root: The project folder.
        path: The definition.
        port: Where it is going to be served; its pages answer to no other.
    """

    def render(now: datetime) -> Preview:
        return make_preview(root, path, now=now)

    def look(pictures: Sequence[Path]) -> Stamp:
        return read_stamp(root, path, pictures)

    watch = Watch(render, look)
    door = Door(port, secrets.token_urlsafe(16))
    return Session(preview_app(watch, door), door.start_url, watch.stop)
