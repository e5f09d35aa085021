"""A mail server on loopback that keeps what it is given and fails on request.

Runs in a thread of its own, so that it serves tests, other processes and `newsletter
demo` alike. Speaks ESMTP with PIPELINING, SIZE, 8BITMIME, SMTPUTF8, STARTTLS and AUTH
PLAIN and LOGIN. Nothing it takes ever leaves it.
"""

import asyncio
import base64
import binascii
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

Step = Literal[
    "connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "end", "quit"
]

#: Advertised, besides STARTTLS and AUTH.
EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8")
#: A line of a mail may be long before we call it broken.
_LINE_LIMIT = 1 << 20
#: A client under TLS may never say goodbye.
_GOODBYE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong: at which step, for whom, and how."""

    #: What the client just did; "end" is the final dot of a message.
    step: Step
    #: Which time it does so, counted from 1 over all connections; 0: every time.
    nth: int = 0
    #: Only when this is (part of) the recipient's address.
    recipient: str = ""
    #: What to say instead of yes, without line end; empty: nothing at all.
    reply: str = ""
    #: Hang up, after the reply if there is one.
    closes: bool = False
    #: Wait before anything else.
    delay_seconds: float = 0.0
    #: At "end": the message is kept, whatever is said or not said about it.
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came in."""

    sender: str
    recipients: tuple[str, ...]
    #: Mail data without the dots that SMTP doubles, CRLF as received.
    data: bytes
    #: Parameters of MAIL, for example "SIZE=1200".
    options: tuple[str, ...]
    #: Name the client gave itself.
    client: str
    is_tls: bool
    #: Who logged in, or empty.
    user: str
    #: Number of the connection, from 1.
    connection: int


@dataclass(slots=True)
class Recording:
    """What a server has seen; appended to while it runs."""

    messages: list[Received] = field(default_factory=list)
    #: Bytes of messages whose connection ended before the final dot.
    broken_off: list[bytes] = field(default_factory=list)
    #: Every command line, passwords included, as received.
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0

    @property
    def recipients(self) -> list[str]:
        """Who got a message, in order, as often as they got one."""
        return [address for one in self.messages for address in one.recipients]


class _HangUpError(Exception):
    """The script says so."""


class SmtpServer:
    """The server; use it in a ``with`` statement.

    Args:
        faults: What goes wrong; the first that fits is taken.
        certificate: Context with certificate and key; needed for *security*.
        security: "none", "starttls" (offered) or "tls" (from the first byte).
        users: User -> password; with users, mail is taken after a login only.
        on_message: Called with each message at its final dot, before the answer.
        port: 0: any free one.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        certificate: ssl.SSLContext | None = None,
        security: Literal["none", "starttls", "tls"] = "none",
        users: Mapping[str, str] | None = None,
        on_message: Callable[[Received], None] = lambda _: None,
        port: int = 0,
    ) -> None:
        self.faults = list(faults)
        self.certificate = certificate
        self.security = security
        self.users = dict(users or {})
        self.on_message = on_message
        self.host = "127.0.0.1"
        self.port = port
        self.recording = Recording()
        self.seen: Counter[str] = Counter()
        self.open = 0
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._end = asyncio.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

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
            task = asyncio.ensure_future(_Session(self, reader, writer).run())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        try:
            server = await asyncio.start_server(
                accept, self.host, self.port, ssl=context, limit=_LINE_LIMIT
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


class _Session:
    """One connection."""

    def __init__(
        self,
        server: SmtpServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.client = ""
        self.user = ""
        self.is_tls = server.security == "tls"
        server.recording.connections += 1
        self.number = server.recording.connections
        self._forget()

    def _forget(self) -> None:
        self.sender: str | None = None
        self.options: tuple[str, ...] = ()
        self.recipients: list[str] = []

    async def run(self) -> None:
        server = self.server
        server.open += 1
        server.recording.most_at_once = max(server.recording.most_at_once, server.open)
        try:
            await self._answer("connect", "220 mail.example.test ESMTP")
            while await self._command():
                pass
        except (_HangUpError, OSError, asyncio.IncompleteReadError, ValueError):
            # The script, the client or a line that is no SMTP ends the session.
            pass
        finally:
            server.open -= 1
            await self._hang_up()

    async def _hang_up(self) -> None:
        self.writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(self.writer.wait_closed(), _GOODBYE_SECONDS)
        self.writer.transport.abort()

    async def _command(self) -> bool:
        """Read one command and answer it; False when the client is gone."""
        line = (await self.reader.readline()).decode("utf-8", "replace")
        if not line.endswith("\n"):
            return False
        self.server.recording.commands.append(line.strip())
        word, _, rest = line.strip().partition(" ")
        handler = _HANDLERS.get(word.upper())
        if handler is None:
            await self._say("500 5.5.1 what is that?")
        else:
            await handler(self, rest)
        return True

    async def ehlo(self, rest: str) -> None:
        self.client = rest
        self._forget()
        offers = ["mail.example.test", *EXTENSIONS]
        if self.server.security == "starttls" and not self.is_tls:
            offers.append("STARTTLS")
        if self.server.users:
            offers.append("AUTH PLAIN LOGIN")
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        await self._answer("ehlo", "\r\n".join(lines))

    async def starttls(self, _: str) -> None:
        if self.server.security != "starttls" or self.server.certificate is None:
            await self._say("502 5.5.1 no TLS here")
            return
        await self._answer("starttls", "220 2.0.0 go ahead")
        await self.writer.start_tls(self.server.certificate)
        self.is_tls = True
        self.client, self.user = "", ""
        self._forget()

    async def auth(self, rest: str) -> None:
        kind, _, initial = rest.partition(" ")
        if kind.upper() == "PLAIN":
            answer = initial or await self._ask("")
            _, user, password = _decoded(answer).split("\0")
        else:
            user = _decoded(initial or await self._ask("VXNlcm5hbWU6"))
            password = _decoded(await self._ask("UGFzc3dvcmQ6"))
        if self.server.users.get(user) != password:
            await self._answer("auth", "535 5.7.8 authentication failed")
            return
        self.user = user
        await self._answer("auth", "235 2.7.0 welcome")

    async def mail(self, rest: str) -> None:
        if self.server.users and not self.user:
            await self._say("530 5.7.0 authentication required")
            return
        if self.sender is not None:
            await self._say("503 5.5.1 one at a time")
            return
        path, *options = rest.partition(":")[2].split()
        if await self._answer("mail", "250 2.1.0 sender ok"):
            self.sender, self.options = path.strip("<>"), tuple(options)

    async def rcpt(self, rest: str) -> None:
        if self.sender is None:
            await self._say("503 5.5.1 MAIL first")
            return
        address = rest.partition(":")[2].split()[0].strip("<>")
        if await self._answer("rcpt", "250 2.1.5 recipient ok", [address]):
            self.recipients.append(address)

    async def data(self, _: str) -> None:
        if not self.recipients:
            await self._say("554 5.5.1 no valid recipients")
            return
        yes = "354 end with <CRLF>.<CRLF>"
        if await self._answer("data", yes, self.recipients):
            await self._take(await self._read_message())

    async def rset(self, _: str) -> None:
        self._forget()
        await self._say("250 2.0.0 ok")

    async def noop(self, _: str) -> None:
        await self._say("250 2.0.0 ok")

    async def quit(self, _: str) -> None:
        await self._answer("quit", "221 2.0.0 bye")
        raise _HangUpError

    async def _read_message(self) -> bytes:
        lines: list[bytes] = []
        starts_line = True
        while True:
            line = await self._read_line()
            if not line.endswith(b"\n"):
                self.server.recording.broken_off.append(b"".join(lines) + line)
                raise _HangUpError
            if starts_line and line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if starts_line and line[:1] == b"." else line)
            starts_line = line.endswith(b"\r\n")

    async def _read_line(self) -> bytes:
        """Return a line, or what came of it before the client was gone."""
        try:
            return await self.reader.readline()
        except ConnectionError:
            return b""

    async def _take(self, data: bytes) -> None:
        received = Received(
            sender=self.sender or "",
            recipients=tuple(self.recipients),
            data=data,
            options=self.options,
            client=self.client,
            is_tls=self.is_tls,
            user=self.user,
            connection=self.number,
        )
        self._forget()
        fault = self._fault("end", received.recipients)
        if fault is None or fault.keeps or fault.reply.startswith("2"):
            self.server.messages.append(received)
        self.server.on_message(received)
        await self._act(fault, "250 2.0.0 ok, kept")

    async def _answer(
        self, step: Step, yes: str, recipients: Iterable[str] = ()
    ) -> bool:
        """Answer a step; tells whether the answer was a yes."""
        return await self._act(self._fault(step, recipients), yes)

    def _fault(self, step: Step, recipients: Iterable[str]) -> Fault | None:
        self.server.seen[step] += 1
        time_ = self.server.seen[step]
        return next(
            (
                fault
                for fault in self.server.faults
                if fault.step == step
                and fault.nth in (0, time_)
                and (not fault.recipient or fault.recipient in " ".join(recipients))
            ),
            None,
        )

    async def _act(self, fault: Fault | None, yes: str) -> bool:
        if fault is None:
            await self._say(yes)
            return not yes.startswith("5")
        await asyncio.sleep(fault.delay_seconds)
        reply = fault.reply
        if not reply and fault.delay_seconds and not fault.closes:
            reply = yes
        if reply:
            await self._say(reply)
        if fault.closes:
            raise _HangUpError
        return reply[:1] in ("2", "3")

    async def _ask(self, prompt: str) -> str:
        await self._say(f"334 {prompt}")
        return (await self.reader.readline()).decode("ascii").strip()

    async def _say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())
        await self.writer.drain()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except binascii.Error as error:
        raise ValueError(text) from error


_HANDLERS = {
    "EHLO": _Session.ehlo,
    "HELO": _Session.ehlo,
    "STARTTLS": _Session.starttls,
    "AUTH": _Session.auth,
    "MAIL": _Session.mail,
    "RCPT": _Session.rcpt,
    "DATA": _Session.data,
    "RSET": _Session.rset,
    "NOOP": _Session.noop,
    "QUIT": _Session.quit,
}
