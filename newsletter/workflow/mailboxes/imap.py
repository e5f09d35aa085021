"""The mails of an IMAP folder that came since the last look.

Mails are read without marking them (BODY.PEEK). Where the settings name a folder for
those done they are moved there, else marked as read; all others stay as they are.

Law: no password travels in clear text; each command has its time-out.
"""

import imaplib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from newsletter.addresses import is_loopback
from newsletter.errors import OperationError
from newsletter.model.settings import InboxSettings
from newsletter.workflow.mailboxes import MOST_BYTES, Fetched

_TIMEOUT_SECONDS = 60
#: What is older at the first look has no effect any more.
_FIRST_LOOK = timedelta(days=31)
#: Places of a folder in one question: imaplib takes a line of a megabyte at most, and a
#: number has up to ten digits.
_MOST_ASKED = 50_000
#: RFC 3501, section 9: in English, whatever the locale.
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How to reach an IMAP folder."""

    inbox: InboxSettings
    password: str = field(repr=False)
    #: None: certificates the system trusts.
    tls: ssl.SSLContext | None = None

    @property
    def place(self) -> str:
        """Return the server for a message: ``imap.example.org:993``."""
        return f"{self.inbox.host}:{self.inbox.port}"

    @property
    def mark_name(self) -> str:
        """Return what its mark is kept under."""
        return f"imap:{self.inbox.user}@{self.inbox.host}/{self.inbox.folder}"


@contextmanager
def open_imap(
    mailbox: Mailbox, *, mark: str, now: datetime, is_read_only: bool = False
) -> Iterator["ImapSource"]:
    """Log in and open the folder while the ``with`` block runs.

    Args:
        mailbox: Where.
        mark: How far it was read; empty: never.
        now: Aware; at the first look only the last weeks are read.
        is_read_only: Change nothing there.

    Raises:
        OperationError: The server cannot be used, or there is no such folder.
    """
    with _logged_in(mailbox) as client:
        with _explained(mailbox):
            _, said = client.select(_quoted(mailbox.inbox.folder), is_read_only)
            if client.state != "SELECTED":
                raise _no_folder(mailbox, client)
            count = int(said[-1] or 0)
            source = ImapSource(
                mailbox, client, mark, now, count=count, is_read_only=is_read_only
            )
        yield source


def try_login(mailbox: Mailbox) -> None:
    """Log in and out again.

    Raises:
        OperationError: The server cannot be used, or takes no such password.
    """
    with _logged_in(mailbox):
        pass


class ImapSource:
    """A folder that is open; from `open_imap`."""

    kind = "imap"

    def __init__(
        self,
        mailbox: Mailbox,
        client: imaplib.IMAP4,
        mark: str,
        now: datetime,
        *,
        count: int,
        is_read_only: bool,
    ) -> None:
        self._count = count
        self._mailbox = mailbox
        self._client = client
        self._since = now - _FIRST_LOOK
        self._is_read_only = is_read_only
        _, validity = client.response("UIDVALIDITY")
        self._validity = (validity[0] or b"0").decode() if validity else "0"
        known, _, last = mark.partition(":")
        # Numbers of a folder that was made anew mean other mails.
        self._last = int(last) if known == self._validity and last.isdigit() else 0
        _, said = client.capability()
        self._abilities = set((said[-1] or b"").decode().upper().split())

    def mails(self) -> Iterator[Fetched]:
        """Yield the mails that came since the last look.

        Raises:
            OperationError: The server failed.
        """
        for uid in self._new_uids():
            data = self._fetch(uid)
            if data is not None:
                yield Fetched(
                    data,
                    f"imap:{self._mailbox.inbox.folder}/{uid}",
                    place=str(uid),
                    mark=f"{self._validity}:{uid}",
                )

    def settle(self, fetched: Fetched, *, is_done: bool) -> None:
        """Move a mail that is done, or mark it as read.

        Raises:
            OperationError: The server failed, or has no such folder.
        """
        if self._is_read_only or not is_done:
            return
        with _explained(self._mailbox):
            if self._mailbox.inbox.done:
                self._move(fetched.place, _quoted(self._mailbox.inbox.done))
            else:
                self._mark(fetched.place, "\\Seen")

    def _new_uids(self) -> list[int]:
        since = self._since
        month = _MONTHS[3 * since.month - 3 : 3 * since.month]
        limits = () if self._last else ("SINCE", f"{since.day}-{month}-{since.year}")
        numbers: set[int] = set()
        # Backwards: what somebody deletes meanwhile moves others into the next range.
        for last in range(self._count, 0, -_MOST_ASKED):
            places = f"{max(1, last - _MOST_ASKED + 1)}:{last}"
            found = self._ask(
                "SEARCH", places, "UID", f"{self._last + 1}:*", "UNDELETED", *limits
            )
            with _explained(self._mailbox):
                numbers.update(
                    int(uid) for line in found for uid in (line or b"").split()
                )
        # A range always holds the last mail there is, read or not (RFC 3501, 6.4.8).
        return sorted(uid for uid in numbers if uid > self._last)

    def _fetch(self, uid: int) -> bytes | None:
        """Return a mail, None where somebody deleted it meanwhile."""
        answers = self._ask("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
        return next((bytes(one[1]) for one in answers if isinstance(one, tuple)), None)

    def _ask(self, command: str, *words: str) -> list[Any]:
        """Return what the server says to a command that must not fail."""
        with _explained(self._mailbox):
            verdict, said = self._client.uid(command, *words)
            if verdict != "OK":
                raise imaplib.IMAP4.error(said[-1] if said else command)
        return said

    def _move(self, uid: str, folder: str) -> None:
        if self._try_move(uid, folder):
            return
        self._client.create(folder)
        self._client.subscribe(folder)
        if not self._try_move(uid, folder):
            done = self._mailbox.inbox.done
            raise OperationError(
                f'mails cannot be moved to the folder "{done}" at '
                f"{self._mailbox.place}.",
                "Some servers want another name, such as "
                f'done = "{self._mailbox.inbox.folder}.{done}".',
            )

    def _try_move(self, uid: str, folder: str) -> bool:
        if "MOVE" in self._abilities:
            return self._client.uid("MOVE", uid, folder)[0] == "OK"
        if self._client.uid("COPY", uid, folder)[0] != "OK":
            return False
        self._mark(uid, "\\Seen \\Deleted")
        if "UIDPLUS" in self._abilities:
            # Without it an EXPUNGE would take what others have deleted along.
            self._client.uid("EXPUNGE", uid)
        return True

    def _mark(self, uid: str, flags: str) -> None:
        self._ask("STORE", uid, "+FLAGS.SILENT", f"({flags})")


@contextmanager
def _logged_in(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    with _explained(mailbox):
        client = _connect(mailbox)
    try:
        with _explained(mailbox):
            if client.state != "AUTH":
                _log_in(mailbox, client)
        yield client
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()
        # Where nobody answered any more it is open still.
        with suppress(OSError):
            client.shutdown()


def _connect(mailbox: Mailbox) -> imaplib.IMAP4:
    inbox, tls = mailbox.inbox, mailbox.tls or ssl.create_default_context()
    if inbox.security == "none" and not is_loopback(inbox.host):
        raise OperationError(
            f"the mail at {inbox.host} would be read in clear text.",
            'Write security = "tls" or "starttls" under [inbox].',
        )
    if inbox.security == "tls":
        return imaplib.IMAP4_SSL(
            inbox.host, inbox.port, ssl_context=tls, timeout=_TIMEOUT_SECONDS
        )
    client = imaplib.IMAP4(inbox.host, inbox.port, timeout=_TIMEOUT_SECONDS)
    if inbox.security == "starttls":
        if "STARTTLS" not in client.capabilities:
            client.shutdown()
            raise OperationError(
                f"the mailbox at {mailbox.place} offers no STARTTLS, so the password "
                "stays here.",
                'Try security = "tls" under [inbox].',
            )
        client.starttls(tls)
    return client


def _log_in(mailbox: Mailbox, client: imaplib.IMAP4) -> None:
    inbox = mailbox.inbox
    if inbox.security == "none":
        raise OperationError(
            f"the mailbox at {mailbox.place} wants a login, and a password never "
            "travels in clear text.",
            'Write security = "tls" or "starttls" under [inbox].',
        )
    try:
        if "AUTH=PLAIN" in client.capabilities:
            login = f"\0{inbox.user}\0{mailbox.password}".encode()
            client.authenticate("PLAIN", lambda _: login)
        else:
            client.login(inbox.user, mailbox.password)
    except UnicodeEncodeError:
        # Not "from" it: the error quotes the password.
        raise OperationError(
            f"the mailbox at {mailbox.place} takes no password with letters outside "
            "ASCII.",
            "Choose another one there.",
        ) from None
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        said = _clean(error, mailbox)
        raise OperationError(
            f"the mailbox at {mailbox.place} does not take this password for "
            f"{inbox.user}. It said: {said}.",
            "Store another one with: newsletter login --inbox",
        ) from None


def _clean(error: Exception, mailbox: Mailbox) -> str:
    """Return what a server said, without the password that it may repeat."""
    words = error.args[0] if error.args else ""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    login = f"\0{mailbox.inbox.user}\0{mailbox.password}".encode()
    for secret in (mailbox.password, b64encode(login).decode()):
        said = said.replace(secret, "…") if secret else said
    said = "".join(c if c.isprintable() else " " for c in said)
    return said[:200].strip().rstrip(".")


def _no_folder(mailbox: Mailbox, client: imaplib.IMAP4) -> OperationError:
    folder = mailbox.inbox.folder
    names = []
    _, lines = client.list()
    for line in lines:
        if isinstance(line, bytes):
            names.append(line.decode("ascii", "replace").rpartition(" ")[2].strip('"'))
    there = f" There are: {', '.join(names[:20])}." if names else ""
    return OperationError(
        f'there is no folder "{folder}" in the mailbox at {mailbox.place}.',
        f"Name another one under [inbox].{there}",
    )


@contextmanager
def _explained(mailbox: Mailbox) -> Iterator[None]:
    """Tell a failure of the server or the network as an `OperationError`."""
    advice = "What was read before is counted; try again later."
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise OperationError(
            f"the certificate of {mailbox.place} is not good: {error.verify_message}.",
            "Nothing was read, and no password sent. Check the host under [inbox].",
        ) from error
    except imaplib.IMAP4.error as error:
        raise OperationError(
            f"the mailbox at {mailbox.place} failed: {_clean(error, mailbox)}.", advice
        ) from None
    except (ValueError, OverflowError, MemoryError) as error:
        # imaplib takes letters for ASCII, words for numbers, and any size for true.
        raise OperationError(
            f"the mailbox at {mailbox.place} answered what is no IMAP.", advice
        ) from error
    except TimeoutError as error:
        raise OperationError(
            f"the mailbox at {mailbox.place} did not answer in time.", advice
        ) from error
    except OSError as error:
        raise OperationError(
            f"the mailbox at {mailbox.place} cannot be reached: "
            f"{error.strerror or type(error).__name__}.",
            advice,
        ) from error


def _quoted(folder: str) -> str:
    escaped = _utf7(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _utf7(folder: str) -> str:
    """Return the name of a folder as RFC 3501, section 5.1.3, writes it."""
    out, foreign = "", ""
    for character in f"{folder}\0":
        if " " <= character <= "~" or character == "\0":
            if foreign:
                encoded = b64encode(foreign.encode("utf-16-be")).decode().rstrip("=")
                out, foreign = f"{out}&{encoded.replace('/', ',')}-", ""
            out += "&-" if character == "&" else character
        else:
            foreign += character
    return out.rstrip("\0")
