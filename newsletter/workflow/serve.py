"""Run one of our applications on an address until somebody stops it.

In: an ASGI application and an address. Law: the address is held before anything else
happens, so that whoever is told it can use it; stopping takes a second or two, whatever
browsers keep open; and nothing of a request is ever logged, as paths hold tokens.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from newsletter.errors import OperationError

#: How long an answer under way may take when we are asked to stop. With an open event
#: stream and no such limit, uvicorn was still alive after 12 seconds.
_GRACE_SECONDS = 1

#: The public pages have no event stream, and who has just pressed "Unsubscribe" may
#: wait behind another command's write, for `sqlite.BUSY_SECONDS` at the most.
PUBLIC_GRACE_SECONDS = 35

#: Requests at once; beyond them the answer is 503. A newsletter to 100,000 readers has
#: far fewer, and each may hold a thread for a write.
_MOST_REQUESTS = 200

#: Longest head of a request: our paths hold a token of 40 characters.
_MOST_HEAD_BYTES = 16_384

#: A connection on which nothing moves for so long, or for twice as long at the most, is
#: ended; a form has 16 KB. Else as many as `_MOST_REQUESTS` that say nothing, or a
#: letter a second, would keep every reader from leaving.
_STANDSTILL_SECONDS = 20


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address that is ours, though nobody answers yet."""

    open_socket: socket.socket = field(repr=False)
    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for a browser on this machine, without a closing slash."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host)  # noqa: S104
        return f"http://{shown or _bracketed(self.host)}:{self.port}"


def open_listener(host: str, port: int) -> Listener:
    """Take an address; port 0 means any free one.

    Raises:
        OperationError: It is taken, not ours, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise _refused(host, port, error) from error
    return Listener(listening, host, listening.getsockname()[1])


def serve_app(
    app: ASGIApp,
    listener: Listener,
    *,
    before_stop: Callable[[], None] = _nothing,
    grace_seconds: int = _GRACE_SECONDS,
) -> None:
    """Answer requests until SIGINT or SIGTERM; the listener is closed afterwards.

    Args:
        app: What answers.
        listener: From `open_listener`.
        before_stop: Called first of all when stopping; ends what would never end.
        grace_seconds: How long answers under way may take then.

    Raises:
        KeyboardInterrupt: It was stopped by SIGINT, after draining.
    """
    with closing(listener.open_socket):
        server = _Server(app, before_stop, grace_seconds)
        server.run(sockets=[listener.open_socket])


@contextmanager
def serving(
    app: ASGIApp,
    listener: Listener,
    *,
    before_stop: Callable[[], None] = _nothing,
    grace_seconds: int = _GRACE_SECONDS,
) -> Iterator[str]:
    """Answer requests in a thread of its own while the ``with`` block runs.

    Yields:
        The address, without a closing slash.
    """
    server = _Server(app, before_stop, grace_seconds)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener.open_socket]}, daemon=True
    )
    with closing(listener.open_socket):
        thread.start()
        try:
            yield listener.url
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """A server that says so before it waits for the last answers."""

    def __init__(
        self, app: ASGIApp, before_stop: Callable[[], None], grace_seconds: int
    ) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        # It tells of every form of a program that is not well made.
        logging.getLogger("python_multipart").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                # We ask for nobody's address, so no header may claim one.
                proxy_headers=False,
                limit_concurrency=_MOST_REQUESTS,
                h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
                timeout_graceful_shutdown=grace_seconds,
            )
        )
        self._before_stop = before_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_stop()
        await super().shutdown(sockets)


class _Protocol(H11Protocol):
    """HTTP with whoever gets to the end of a request, and takes its answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._seen = self._progress()
        self._plan_look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def _plan_look(self) -> None:
        self._next_look = self.loop.call_later(_STANDSTILL_SECONDS, self._look)

    def _look(self) -> None:
        is_taken = self.transport.get_write_buffer_size() == 0
        is_asked = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        progress = self._progress()
        if progress == self._seen and not (is_asked and is_taken):
            self.transport.abort()
            return
        self._seen = progress
        self._plan_look()

    def _progress(self) -> tuple[object, int]:
        """Return what is another with each request, and while an answer is taken.

        Letters that trickle in are no progress.
        """
        return self.cycle, self.transport.get_write_buffer_size()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _refused(host: str, port: int, error: Exception) -> OperationError:
    reason = getattr(error, "strerror", None) or str(error)
    return OperationError(
        f"could not listen on {_bracketed(host)}:{port}: {reason}.",
        "Choose another with --port.",
    )
