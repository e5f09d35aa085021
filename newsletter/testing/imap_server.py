"""A mailbox on loopback, by IMAP4rev1 (RFC 3501), that fails on request.

Runs in a thread of its own. Speaks what reading a mailbox needs: STARTTLS, LOGIN and
AUTHENTICATE PLAIN, SELECT, EXAMINE, CREATE, UID SEARCH, FETCH, STORE, COPY, MOVE and
EXPUNGE. Message data in parts, and flags.
"""

import asyncio
import base64
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

#: Told after a login.
EXTENSIONS = ("MOVE", "UIDPLUS")

_WORD = re.compile(
    rb'"((?:[^"\\]|\\.)*)"|(\((?:[^()]|\([^()]*\))*\))|((?:[^\s"\[]|\[[^\]]*\])+)'
)
_CRLF = b"\r\n"


@dataclass(slots=True)
class StoredMail:
    """A mail in a folder."""

    uid: int
    data: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Folder:
    """A folder, and what is in it."""

    uid_validity: int = 1
    mails: list[StoredMail] = field(default_factory=list)
    next_uid: int = 1

    def add(self, data: bytes, *flags: str) -> StoredMail:
        """Put a mail in."""
        mail = StoredMail(self.next_uid, data, set(flags))
        self.next_uid += 1
        self.mails.append(mail)
        return mail


class _OverError(Exception):
    """The client left, or the script says so."""


class ImapServer:
    """The server; use it in a ``with`` statement.

    Args:
        users: User -> password.
        certificate: Context with certificate and key; needed for *security*.
        security: "none", "starttls" (offered) or "tls" (from the first byte).
        offers: What CAPABILITY tells of besides.
        is_open: Greets as one who is logged in already (PREAUTH).
        hangs_up_at: Command -> the time, from 1, at which the connection ends instead.
        refuses: Command -> what is said instead of yes.
        lies: Command -> the line that is said instead of what is true, before yes.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        *,
        certificate: ssl.SSLContext | None = None,
        security: Literal["none", "starttls", "tls"] = "none",
        offers: Iterable[str] = EXTENSIONS,
        is_open: bool = False,
        hangs_up_at: Mapping[str, int] | None = None,
        refuses: Mapping[str, str] | None = None,
        lies: Mapping[str, bytes] | None = None,
    ) -> None:
        self.users = dict(users or {})
        self.certificate = certificate
        self.security = security
        self.offers = tuple(offers)
        self.is_open = is_open
        self.hangs_up_at = dict(hangs_up_at or {})
        self.refuses = dict(refuses or {})
        self.lies = dict(lies or {})
        self.host = "127.0.0.1"
        self.port = 0
        self.folders: dict[str, Folder] = {"INBOX": Folder()}
        #: Every command but for what is secret in it, in order.
        self.commands: list[str] = []
        self.seen: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def inbox(self) -> Folder:
        """The folder that mails come to."""
        return self.folders["INBOX"]

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._thread.start()
        self._is_ready.wait()

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
            self._loop.close()
            self._is_ready.set()

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(_Session(self, reader, writer).run())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        context = self.certificate if self.security == "tls" else None
        server = await asyncio.start_server(accept, self.host, 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._end.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Session:
    """Answers one client."""

    def __init__(
        self,
        server: ImapServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._is_tls = server.security == "tls"
        self._is_in = server.is_open
        self._folder: Folder | None = None
        self._is_read_only = False

    async def run(self) -> None:
        """Answer until one of the two hangs up."""
        try:
            greeting = "PREAUTH" if self._is_in else "OK"
            self._say(f"* {greeting} [CAPABILITY {self._abilities()}] ready")
            while True:
                await self._command()
        except (_OverError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(self._writer.wait_closed(), 0.5)

    def _abilities(self) -> str:
        security = self._server.security
        is_safe = self._is_tls or security == "none"
        names = ["IMAP4rev1"]
        names += ["STARTTLS"] if security == "starttls" and not self._is_tls else []
        names += ["AUTH=PLAIN"] if is_safe else ["LOGINDISABLED"]
        return " ".join([*names, *(self._server.offers if self._is_in else ())])

    def _say(self, line: str | bytes) -> None:
        data = line if isinstance(line, bytes) else line.encode()
        self._writer.write(data + _CRLF)

    async def _line(self) -> bytes:
        await self._writer.drain()
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise _OverError
        return line.rstrip(_CRLF)

    async def _command(self) -> None:
        line = await self._line()
        tag, _, rest = line.partition(b" ")
        words = [b"".join(found) for found in _WORD.findall(rest)]
        name = words.pop(0).decode().upper() if words else ""
        if name == "UID" and words:
            name = f"UID {words.pop(0).decode().upper()}"
        await self._begin(name, words)
        self._server.seen[name] = time = self._server.seen.get(name, 0) + 1
        if self._server.hangs_up_at.get(name) == time:
            raise _OverError
        said = self._server.refuses.get(name)
        lie = self._server.lies.get(name)
        if lie is not None:
            self._say(lie)
            said = "OK done"
        if said is None:
            try:
                said = await self._do(name, words)
            except (ValueError, IndexError, KeyError):
                said = "BAD what is that?"
        self._say(b"%s %s" % (tag, said.encode()))
        await self._writer.drain()
        if name == "STARTTLS" and said.startswith("OK"):
            await self._writer.start_tls(self._context())
            self._is_tls = True
        if name == "LOGOUT":
            raise _OverError

    async def _begin(self, name: str, words: list[bytes]) -> None:
        shown = [] if name in ("LOGIN", "AUTHENTICATE") else words
        told = " ".join([name, *(word.decode("utf-8", "replace") for word in shown)])
        self._server.commands.append(told)

    def _context(self) -> ssl.SSLContext:
        if self._server.certificate is None:
            raise ValueError("STARTTLS needs a certificate")
        return self._server.certificate

    async def _do(self, name: str, words: list[bytes]) -> str:
        if name == "CAPABILITY":
            self._say(f"* CAPABILITY {self._abilities()}")
            return "OK done"
        if name in ("NOOP", "STARTTLS", "SUBSCRIBE"):
            return "OK done"
        if name == "LOGOUT":
            self._say("* BYE")
            return "OK done"
        if name == "LOGIN":
            return self._log_in(*(_unquoted(word) for word in words[:2]))
        if name == "AUTHENTICATE":
            return await self._authenticate()
        if not self._is_in:
            return "NO log in first"
        return self._work(name, words)

    async def _authenticate(self) -> str:
        self._say("+ ")
        given = base64.b64decode(await self._line()).decode()
        _, user, password = given.split("\0")
        return self._log_in(user, password)

    def _log_in(self, user: str, password: str) -> str:
        is_safe = self._is_tls or self._server.security == "none"
        self._is_in = is_safe and self._server.users.get(user) == password
        if not self._is_in:
            return "NO [AUTHENTICATIONFAILED] Authentication failed."
        return "OK logged in"

    def _work(self, name: str, words: list[bytes]) -> str:
        if name in ("SELECT", "EXAMINE"):
            return self._select(_unquoted(words[0]), is_read_only=name == "EXAMINE")
        if name == "CREATE":
            self._server.folders.setdefault(_unquoted(words[0]), Folder())
            return "OK created"
        if name == "LIST":
            for folder in self._server.folders:
                self._say(f'* LIST () "/" "{folder}"')
            return "OK listed"
        if self._folder is None:
            return "BAD no folder is selected"
        works: Mapping[str, Callable[[Folder, list[bytes]], str]] = {
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "UID STORE": self._store,
            "UID COPY": self._copy,
            "UID MOVE": self._move,
            "UID EXPUNGE": self._expunge,
            "EXPUNGE": self._expunge,
            "CLOSE": lambda *_: "OK closed",
            "UNSELECT": lambda *_: "OK closed",
        }
        if name not in works:
            return "BAD no such command"
        changes = name not in ("UID SEARCH", "UID FETCH", "UID COPY", "UNSELECT")
        if changes and self._is_read_only:
            return "NO the folder is only read"
        return works[name](self._folder, words)

    def _select(self, name: str, *, is_read_only: bool) -> str:
        folder = self._server.folders.get(name)
        if folder is None:
            return "NO [NONEXISTENT] there is no such folder"
        self._folder, self._is_read_only = folder, is_read_only
        self._say(f"* {len(folder.mails)} EXISTS")
        self._say(f"* OK [UIDVALIDITY {folder.uid_validity}] valid")
        self._say(f"* OK [UIDNEXT {folder.next_uid}] next")
        return f"OK [READ-{'ONLY' if is_read_only else 'WRITE'}] done"

    def _search(self, folder: Folder, words: list[bytes]) -> str:
        found = list(folder.mails)
        terms = [word.decode().upper() for word in words]
        while terms:
            term = terms.pop(0)
            if term == "UID":
                ranges = _ranges(terms.pop(0), folder)
                found = [one for one in found if _is_in(one.uid, ranges)]
            elif term[0].isdigit():
                # Places; first in the question, as we ask it.
                first, last = (int(place) for place in term.split(":"))
                found = found[first - 1 : last]
            elif term == "SINCE":
                terms.pop(0)
            elif term == "UNDELETED":
                found = [one for one in found if "\\Deleted" not in one.flags]
            elif term != "ALL":
                raise ValueError(term)
        self._say(" ".join(["* SEARCH", *(str(one.uid) for one in found)]))
        return "OK found"

    def _fetch(self, folder: Folder, words: list[bytes]) -> str:
        for number, mail in _chosen(folder, words[0]):
            part = re.search(rb"BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?", words[1])
            if part is None:
                raise ValueError("only BODY.PEEK[] is understood")
            start, size = int(part[1] or 0), int(part[2] or len(mail.data))
            data = mail.data[start : start + size]
            at = f"<{start}>" if part[1] else ""
            head = f"* {number} FETCH (UID {mail.uid} BODY[]{at} {{{len(data)}}}\r\n"
            self._writer.write(head.encode() + data + b")\r\n")
        return "OK fetched"

    def _store(self, folder: Folder, words: list[bytes]) -> str:
        flags = {flag.decode() for flag in words[2].strip(b"()").split()}
        for number, mail in _chosen(folder, words[0]):
            mail.flags |= flags
            if not words[1].upper().endswith(b".SILENT"):
                told = " ".join(sorted(mail.flags))
                self._say(f"* {number} FETCH (UID {mail.uid} FLAGS ({told}))")
        return "OK stored"

    def _copy(self, folder: Folder, words: list[bytes]) -> str:
        target = self._server.folders.get(_unquoted(words[1]))
        if target is None:
            return "NO [TRYCREATE] there is no such folder"
        for _, mail in _chosen(folder, words[0]):
            target.add(mail.data, *mail.flags)
        return "OK copied"

    def _move(self, folder: Folder, words: list[bytes]) -> str:
        if "MOVE" not in self._server.offers:
            return "BAD no such command"
        said = self._copy(folder, words)
        if said.startswith("OK"):
            self._remove(folder, {mail.uid for _, mail in _chosen(folder, words[0])})
        return said

    def _expunge(self, folder: Folder, words: list[bytes]) -> str:
        chosen = {mail.uid for _, mail in _chosen(folder, words[0] if words else b"*")}
        if not words:
            chosen = {mail.uid for mail in folder.mails}
        gone = [mail for mail in folder.mails if "\\Deleted" in mail.flags]
        self._remove(folder, chosen & {mail.uid for mail in gone})
        return "OK expunged"

    def _remove(self, folder: Folder, uids: set[int]) -> None:
        for number, mail in reversed(list(enumerate(folder.mails, 1))):
            if mail.uid in uids:
                folder.mails.remove(mail)
                self._say(f"* {number} EXPUNGE")


def _unquoted(word: bytes) -> str:
    return re.sub(r"\\(.)", r"\1", word.decode())


def _chosen(folder: Folder, numbers: bytes) -> list[tuple[int, StoredMail]]:
    ranges = _ranges(numbers.decode(), folder)
    return [pair for pair in enumerate(folder.mails, 1) if _is_in(pair[1].uid, ranges)]


def _ranges(numbers: str, folder: Folder) -> list[range]:
    """Return the UIDs in ``4,7:*``; ``*`` is the last one there is."""
    end = max((mail.uid for mail in folder.mails), default=0)
    found = []
    for part in numbers.split(","):
        first, _, last = part.replace("*", str(end)).partition(":")
        low, high = sorted((int(first), int(last or first)))
        found.append(range(low, high + 1))
    return found


def _is_in(uid: int, ranges: list[range]) -> bool:
    return any(uid in one for one in ranges)
