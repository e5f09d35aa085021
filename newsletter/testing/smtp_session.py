"""One connection of the mail server for tests."""

import asyncio
import base64
import binascii
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from newsletter.testing.smtp_inbox import GoneError, Inbox
from newsletter.testing.smtp_script import Fault, Received, Step

if TYPE_CHECKING:
    from newsletter.testing.smtp_server import SmtpServer

#: A client under TLS may never say goodbye.
_GOODBYE_SECONDS = 0.5


class _HangUpError(Exception):
    """The script, or QUIT, says so."""


class Session:
    """Answers one client."""

    def __init__(
        self,
        server: "SmtpServer",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server = server
        self.inbox = Inbox(reader)
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
        self.wishes: list[str] = []

    async def run(self) -> None:
        """Answer until one of the two hangs up."""
        server = self.server
        server.open += 1
        server.recording.most_at_once = max(server.recording.most_at_once, server.open)
        try:
            await self._answer("connect", "220 mail.example.test ESMTP")
            while True:
                await self._command()
        except (_HangUpError, GoneError, OSError, ValueError):
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

    async def _command(self) -> None:
        """Read one command and answer it."""
        line = (await self.inbox.line()).decode("utf-8", "replace").strip()
        if "forgets-group" in self.server.lies:
            self.inbox.forget()
        self.server.recording.commands.append(line)
        word, _, rest = line.partition(" ")
        handler = _HANDLERS.get(word.upper())
        if handler is None:
            await self._say("500 5.5.1 what is that?")
        else:
            await handler(self, rest)

    async def ehlo(self, rest: str) -> None:
        """Introduce ourselves, with what we offer."""
        self.client = rest
        self._forget()
        offers = ["mail.example.test", *self.server.offers]
        if self.server.security == "starttls" and not self.is_tls:
            offers.append("STARTTLS")
        if self.server.users:
            offers.append("AUTH PLAIN LOGIN")
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        await self._answer("ehlo", "\r\n".join(lines))

    async def starttls(self, _: str) -> None:
        """Go on under TLS."""
        if self.server.security != "starttls" or self.server.certificate is None:
            await self._say("502 5.5.1 no TLS here")
            return
        if not await self._answer("starttls", "220 2.0.0 go ahead"):
            return
        # RFC 3207, section 6: what came in clear text is not to be believed.
        self.inbox.forget()
        await self.writer.start_tls(self.server.certificate)
        self.is_tls = True
        self.client, self.user = "", ""
        self._forget()

    async def auth(self, rest: str) -> None:
        """Let somebody in."""
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
        if await self._answer("auth", "235 2.7.0 welcome"):
            self.user = user

    async def mail(self, rest: str) -> None:
        """Begin a transaction."""
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
        """Take down a recipient."""
        if self.sender is None:
            await self._say("503 5.5.1 MAIL first")
            return
        path, *wishes = rest.partition(":")[2].split()
        address = path.strip("<>")
        if await self._answer("rcpt", "250 2.1.5 recipient ok", [address]):
            self.recipients.append(address)
            self.wishes += wishes

    async def data(self, _: str) -> None:
        """Take a message up to its final dot."""
        if self.recipients:
            yes = "354 end with <CRLF>.<CRLF>"
            if not await self._answer("data", yes, self.recipients):
                return
        elif "go-ahead" in self.server.lies:
            await self._say("354 go ahead, whoever it is for")
        else:
            await self._say("554 5.5.1 no valid recipients")
            return
        await self._take(await self._read_message(self.inbox.message))

    async def bdat(self, rest: str) -> None:
        """Take a message of so many bytes, or throw them away (RFC 3030)."""
        size, _, last = rest.partition(" ")
        if last.upper() != "LAST":
            raise ValueError(rest)
        length = int(size)
        if "no-chunks" in self.server.lies:
            await self._say("502 5.5.1 what is that?")
            return

        if self.recipients:
            await self._take(
                await self._read_message(lambda: self.inbox.exactly(length))
            )
            return
        await self.inbox.exactly(length)
        is_taken = "for-nobody" in self.server.lies
        await self._say("250 2.0.0 ok" if is_taken else "554 5.5.1 no valid recipients")

    async def rset(self, _: str) -> None:
        """Forget the transaction."""
        self._forget()
        await self._answer("rset", "250 2.0.0 ok")

    async def noop(self, _: str) -> None:
        """Do nothing."""
        await self._say("250 2.0.0 ok")

    async def quit(self, _: str) -> None:
        """Say goodbye."""
        await self._answer("quit", "221 2.0.0 bye")
        raise _HangUpError

    async def _read_message(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            await self.inbox.some()
            fault = self.server.script.find("body", self.recipients)
            if fault is not None:
                await self._act(fault, "")
            return await read()
        except GoneError as gone:
            self.server.recording.broken_off.append(gone.rest)
            raise

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
            wishes=tuple(self.wishes),
        )
        self._forget()
        if not received.recipients:
            await self._say("554 5.5.1 no valid recipients")
            return
        if "forgets-group" in self.server.lies:
            self.inbox.forget()
        fault = self.server.script.find("end", received.recipients)
        if fault is None or fault.keeps or fault.reply.startswith("2"):
            self.server.messages.append(received)
        self.server.on_message(received)
        await self._act(fault, "250 2.0.0 ok, kept")
        idle = self.server.script.find("idle", received.recipients)
        if idle is not None:
            await self._act(idle, "")

    async def _answer(
        self, step: Step, yes: str, recipients: Iterable[str] = ()
    ) -> bool:
        """Answer a step; tells whether the answer was a yes."""
        return await self._act(self.server.script.find(step, recipients), yes)

    async def _act(self, fault: Fault | None, yes: str) -> bool:
        if fault is None:
            await self._say(yes)
            return not yes.startswith("5")
        await asyncio.sleep(fault.delay_seconds)
        reply = fault.reply
        if not reply and not fault.ends and (fault.delay_seconds or fault.extra):
            reply = yes
        if reply:
            line_end = "" if fault.is_cut else "\r\n"
            await self._write(f"{reply}{line_end}" * fault.times + fault.extra)
        if fault.resets:
            self._reset_connection()
        if fault.ends:
            raise _HangUpError
        return reply[:1] in ("2", "3")

    def _reset_connection(self) -> None:
        """Have the system say RST: what it does when nothing may linger."""
        linger = struct.pack("ii", 1, 0)
        link: socket.socket = self.writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def _ask(self, prompt: str) -> str:
        await self._say(f"334 {prompt}")
        return (await self.inbox.line()).decode("ascii").strip()

    async def _say(self, text: str) -> None:
        await self._write(f"{text}\r\n")

    async def _write(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except binascii.Error as error:
        raise ValueError(text) from error


_HANDLERS = {
    "EHLO": Session.ehlo,
    "HELO": Session.ehlo,
    "STARTTLS": Session.starttls,
    "AUTH": Session.auth,
    "MAIL": Session.mail,
    "RCPT": Session.rcpt,
    "DATA": Session.data,
    "BDAT": Session.bdat,
    "RSET": Session.rset,
    "NOOP": Session.noop,
    "QUIT": Session.quit,
}
