"""A mail server on loopback that keeps what it is given and fails on request.

Runs in a thread of its own, so that it serves tests, other processes and `newsletter
demo` alike. Speaks ESMTP with PIPELINING, SIZE, 8BITMIME, SMTPUTF8, STARTTLS, AUTH
PLAIN and LOGIN, and DSN and CHUNKING when told to offer them. Nothing it takes ever
leaves it.
"""

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from newsletter.testing.smtp_script import Fault, Lie, Received, Recording, Script
from newsletter.testing.smtp_session import Session

__all__ = ["EXTENSIONS", "Fault", "Received", "Recording", "SmtpServer"]

#: Advertised, besides STARTTLS and AUTH.
EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8")


class SmtpServer:
    """The server; use it in a ``with`` statement.

    Args:
        faults: What goes wrong; the first that fits is taken.
        certificate: Context with certificate and key; needed for *security*.
        security: "none", "starttls" (offered) or "tls" (from the first byte).
        users: User -> password; with users, mail is taken after a login only.
        on_message: Called with each message that is all there, before the answer.
        port: 0: any free one.
        offers: What EHLO tells of, besides STARTTLS and AUTH; add "DSN" or "CHUNKING",
            or leave out "PIPELINING".
        lies: How it is not what it says.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        certificate: ssl.SSLContext | None = None,
        security: Literal["none", "starttls", "tls"] = "none",
        users: Mapping[str, str] | None = None,
        on_message: Callable[[Received], object] = lambda _: None,
        port: int = 0,
        offers: Sequence[str] = EXTENSIONS,
        lies: Collection[Lie] = (),
    ) -> None:
        self.script = Script(faults)
        self.certificate = certificate
        self.security = security
        self.users = dict(users or {})
        self.on_message = on_message
        self.host = "127.0.0.1"
        self.port = port
        self.recording = Recording()
        self.offers = tuple(offers)
        self.lies = frozenset(lies)
        self.open = 0
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._end = asyncio.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def seen(self) -> Counter[str]:
        """Step -> how often a client came to it."""
        return self.script.seen

    @property
    def messages(self) -> list[Received]:
        """Messages taken so far, oldest first."""
        return self.recording.messages

    def wait_for(self, count: int, *, timeout_seconds: float = 10.0) -> list[Received]:
        """Wait until *count* messages are in; return them all.

        Raises:
            TimeoutError: They did not come.
        """
        end = time.monotonic() + timeout_seconds
        while len(self.messages) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.messages)} of {count} messages came")
            time.sleep(0.005)
        return self.messages

    def start(self) -> None:
        """Listen, in a thread of its own.

        Raises:
            OSError: The port is taken.
        """
        self._thread.start()
        self._is_ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Hang up on everybody and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._is_ready.set()

    async def _serve(self) -> None:
        context = self.certificate if self.security == "tls" else None
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(Session(self, reader, writer).run())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        try:
            server = await asyncio.start_server(
                accept, self.host, self.port, ssl=context
            )
        except OSError as error:
            self._failure = error
            return
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._end.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
