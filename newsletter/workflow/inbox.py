"""Read a mailbox: what came back, who complains, who wants to leave.

Law: each mail has a transaction of its own, and is put away only after the commit. So
whatever breaks off, the next look goes on there, and counts nothing twice. A mail that
cannot be put away, or read by a fault of ours, keeps none of the others from doing what
it is for. Those that call
addresses dead take nobody off before all of a look were read (`hard_returns`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from newsletter.errors import (
    NewsletterError,
    OperationError,
    RefusedError,
    UsageError,
)
from newsletter.inbound.reading import read_mail
from newsletter.model.returned import FOR_PEOPLE, BounceClass, MailKind, Reading
from newsletter.store.inbox_marks import read_mark, write_mark
from newsletter.store.returned import ReturnedMail, is_noted, note_returned
from newsletter.workflow.bug_report import place_of, write_report
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.hard_returns import Weighed, try_to_weigh, weigh_returns
from newsletter.workflow.mailboxes import Fetched, Source
from newsletter.workflow.mailboxes.imap import Mailbox, open_imap
from newsletter.workflow.mailboxes.maildir import MaildirSource
from newsletter.workflow.mailboxes.mbox import MboxSource
from newsletter.workflow.mailboxes.stdin import StdinSource
from newsletter.workflow.project import Project
from newsletter.workflow.returned_mail import Handled, after_weighing, handle_mail
from newsletter.workflow.server import read_inbox_password
from newsletter.workflow.unread import keep_letter

#: What to add to newsletter.toml; shown where there is no mailbox.
INBOX_LINES = """\
[inbox]
host = "imap.example.org"
user = "letter@example.org"
done = "Newsletter\""""


def read_inbox(
    project: Project,
    source: str = "",
    *,
    environment: Mapping[str, str],
    now: datetime,
    dry_run: bool = False,
    tell: Callable[[Handled], None] = lambda _: None,
    is_over: Callable[[], bool] = lambda: False,
    stdin: BinaryIO | None = None,
) -> tuple[Handled, ...]:
    """Read what is new in a mailbox, and do what it is for.

    Args:
        project: The project.
        source: "imap", "maildir:PATH", "mbox:PATH", "-", or empty: as ``[inbox]`` says.
        environment: Where the password may be.
        now: Aware.
        dry_run: Change nothing, here or in the mailbox.
        tell: Given each mail as it is done.
        is_over: Asked after each: whether to leave the others for the next time.
        stdin: Where "-" reads from.

    Raises:
        UsageError: There is no such kind of mailbox.
        RefusedError: newsletter.toml names none, or the newsletter was handed over.
        OperationError: Mailbox or database failed; what was read before is counted.
    """
    with (
        open_desk(project, writes=not dry_run) as desk,
        _opened(
            project, source, desk, environment, now, dry_run=dry_run, stdin=stdin
        ) as (mailbox, mark_name),
    ):
        # Nobody but us keeps what comes by a pipe.
        keep = partial(keep_letter, project.root, now=now) if stdin else None
        look = _Look(desk, mailbox, mark_name, now, dry_run, tell, keep)
        try:
            look.read(is_over)
        finally:
            # What was put away is not read again: whatever broke off, it counts.
            look.weigh()
    if look.trouble is not None:
        raise look.trouble
    return tuple(look.done)


def summarise(done: Sequence[Handled], *, is_dry: bool = False) -> list[str]:
    """Return what came of a look, in short sentences without an address.

    Args:
        done: The mails.
        is_dry: Nothing was done: say what would be.
    """
    new = [one for one in done if not one.is_known]
    counts = Counter(_group(one) for one in new)
    return [
        _in_number(_WOULD.get(group, text) if is_dry else text, count)
        for group, text in _SUMMARY.items()
        if (count := counts[group])
    ]


def _in_number(text: str, count: int) -> str:
    mails, are = ("mail", "it is") if count == 1 else ("mails", "they are")
    return text.format(count=count, mails=mails, they_are=are)


#: In the order in which it is told; what people wrote last, or it drowns.
_SUMMARY = {
    "paused": "{count} dispatch paused: too many mails came back blocked.",
    "held": "{count} {mails}: held back until you decide, as too many addresses were "
    "called dead at once; nobody was taken off. See: newsletter status",
    "dead": "{count} {mails}: the address is dead, and gets none any more.",
    "complaint": "{count} {mails}: called spam; who did gets none any more.",
    "left": "{count} {mails}: left by mail.",
    "soft": "{count} {mails}: did not arrive this time; counted.",
    "blocked": "{count} {mails}: blocked by the receiving side, not by readers.",
    "rest": "{count} {mails}: nothing to do.",
    "unproved": "{count} {mails}: returned or by a program, and nothing proves that "
    "{they_are} about one of yours.",
    "asks": "{count} {mails}: somebody asks to leave; that is yours to do.",
    "read": "{count} {mails}: for you to read.",
    "fault": "{count} {mails}: not read by a fault of the program; left for you.",
}
#: Of a dry run, where something would be done.
_WOULD = {
    "paused": "{count} dispatch would be paused: too many mails came back blocked.",
    "held": "{count} {mails}: would be held back until you decide, as too many "
    "addresses were called dead at once.",
    "dead": "{count} {mails}: the address is dead, and would get none any more.",
    "complaint": "{count} {mails}: called spam; who did would get none any more.",
    "left": "{count} {mails}: would leave by mail.",
    "soft": "{count} {mails}: did not arrive this time; would be counted.",
}


def _group(one: Handled) -> str:
    if one.is_fault:
        return "fault"
    if one.paused:
        return "paused"
    if one.is_held:
        return "held"
    if one.kind is MailKind.ASKS_TO_LEAVE:
        return "asks"
    if one.is_applied:
        groups = {MailKind.COMPLAINT: "complaint", MailKind.UNSUBSCRIBE: "left"}
        return groups.get(one.kind, "dead")
    if not one.is_done:
        return "read" if one.kind in FOR_PEOPLE else "unproved"
    if one.kind is MailKind.BOUNCE and not one.is_test:
        classes = {BounceClass.SOFT: "soft", BounceClass.BLOCKED: "blocked"}
        return classes.get(one.bounce_class or BounceClass.SOFT, "rest")
    return "rest"


# --- one look -------------------------------------------------------------------------


class _Look:
    """One reading of a mailbox."""

    def __init__(
        self,
        desk: Desk,
        mailbox: Source,
        mark_name: str,
        now: datetime,
        is_dry: bool,
        tell: Callable[[Handled], None],
        keep: Callable[[bytes], None] | None,
    ) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._mark_name = mark_name
        self._now = now
        self._is_dry = is_dry
        self._tell = tell
        self._keep = keep
        #: In the order in which they lay there.
        self.done: list[Handled] = []
        #: Places in it of mails that are told when all were weighed.
        self._opened: list[int] = []
        self.trouble: OperationError | None = None
        #: File of the report, by which fault it is.
        self._reports: dict[str, str] = {}

    def read(self, is_over: Callable[[], bool]) -> None:
        """Note each mail and put it away."""
        for fetched in self._mailbox.mails():
            handled = self._handle(fetched)
            if handled.opened is None:
                self._tell(handled)
            else:
                self._opened.append(len(self.done))
            self.done.append(handled)
            if not self._is_dry and self.trouble is None:
                try:
                    if self._keep is not None and handled.kind in FOR_PEOPLE:
                        self._keep(fetched.data)
                    self._mailbox.settle(fetched, is_done=handled.is_done)
                    self._write_mark(fetched)
                except OperationError as error:
                    # Who wants to leave has left all the same; told at the end.
                    self.trouble = error
            if is_over():
                break

    def weigh(self) -> None:
        """Decide on the mails that call addresses dead, all of them together."""
        weighed = self._weighed()
        for place in self._opened:
            self.done[place] = after_weighing(self.done[place], weighed)
            self._tell(self.done[place])

    def _weighed(self) -> Weighed:
        if not self._is_dry:
            return weigh_returns(self._desk.database, now=self._now)
        with (
            self._desk.database.writing() as connection,
            connection.begin_nested() as attempt,
        ):
            for place in self._opened:
                opened = self.done[place].opened
                if opened is not None:
                    note_returned(connection, opened)
            weighed = try_to_weigh(connection)
            attempt.rollback()
        return weighed

    def _handle(self, fetched: Fetched) -> Handled:
        try:
            return self._read(fetched)
        except NewsletterError:
            raise
        except Exception as error:  # noqa: BLE001 - who leaves by another waits for none
            return self._leave(fetched, error)

    def _leave(self, fetched: Fetched, error: Exception) -> Handled:
        """Leave a mail that a fault of ours keeps from being read; tell of it once."""
        left = Handled(fetched.name, MailKind.UNREAD, is_fault=True)
        # Another key than its own, so that a better program reads it yet.
        key = hashlib.sha256(b"not read\n" + fetched.data).digest()
        mail = ReturnedMail(key, self._now, self._mailbox.kind, MailKind.UNREAD)
        with self._desk.database.reading() as connection:
            if is_noted(connection, key):
                return replace(left, is_known=True)
        if not self._is_dry:
            with self._desk.database.writing() as connection:
                note_returned(connection, mail)
        place = place_of(error)
        if place not in self._reports:
            self._reports[place] = write_report(error)
        file = self._reports[place]
        return replace(left, advice=f"Please report it with the file {file}.")

    def _read(self, fetched: Fetched) -> Handled:
        reading = read_mail(fetched.data)
        # Letters that lie unread are met again at each look: no writer waits for them.
        with self._desk.database.reading() as connection:
            if is_noted(connection, reading.key):
                return self._take(connection, reading, fetched)
        with (
            self._desk.database.writing() as connection,
            connection.begin_nested() as attempt,
        ):
            handled = self._take(connection, reading, fetched)
            if self._is_dry:
                attempt.rollback()
        return handled

    def _take(
        self, connection: Connection, reading: Reading, fetched: Fetched
    ) -> Handled:
        return handle_mail(
            connection,
            self._desk.keyring,
            reading,
            source=self._mailbox.kind,
            name=fetched.name,
            now=self._now,
        )

    def _write_mark(self, fetched: Fetched) -> None:
        if not self._mark_name or not fetched.mark:
            return
        with self._desk.database.writing() as connection:
            write_mark(connection, self._mark_name, fetched.mark, now=self._now)


# --- which mailbox --------------------------------------------------------------------


@contextmanager
def _opened(
    project: Project,
    source: str,
    desk: Desk,
    environment: Mapping[str, str],
    now: datetime,
    *,
    dry_run: bool,
    stdin: BinaryIO | None,
) -> Iterator[tuple[Source, str]]:
    """Open a mailbox; with what its mark is kept under, or nothing."""
    kind, _, path = source.partition(":")
    inbox = project.settings.inbox
    if source == "-" and stdin is not None:
        yield StdinSource(stdin), ""
    elif kind == "mbox" and path:
        yield MboxSource(Path(path).expanduser()), ""
    elif kind == "maildir" and path:
        yield MaildirSource(Path(path).expanduser(), is_read_only=dry_run), ""
    elif source not in ("", "imap"):
        raise _unknown(source)
    elif inbox is None or (source == "imap" and not inbox.host):
        raise no_inbox()
    elif inbox.maildir:
        folder = project.root / Path(inbox.maildir).expanduser()
        yield MaildirSource(folder, done=inbox.done, is_read_only=dry_run), ""
    else:
        mailbox = Mailbox(inbox, read_inbox_password(project, inbox, environment))
        with desk.database.reading() as connection:
            mark = read_mark(connection, mailbox.mark_name)
        with open_imap(mailbox, mark=mark, now=now, is_read_only=dry_run) as opened:
            yield opened, mailbox.mark_name


def no_inbox() -> RefusedError:
    """Return what to say where newsletter.toml has no ``[inbox]``."""
    return RefusedError(
        "there is no mailbox in newsletter.toml, so no returned mail can be read.",
        "Add the one that answers come to, and run `newsletter login --inbox`; or say "
        f"where from with --from:\n\n{INBOX_LINES}",
    )


def _unknown(source: str) -> UsageError:
    return UsageError(
        f'there is no kind of mailbox "{source}".',
        "Write --from imap, maildir:PATH, mbox:PATH, or - for one mail on standard "
        "input.",
    )
