"""Send what people asked for on a page: confirm, your settings, a new address.

Law: as for a dispatch the intent is written before a message leaves. A fault of ours
puts a mail back; what left without an answer is never sent again by itself.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from newsletter.addresses import address_key
from newsletter.delivery.limits import Scope
from newsletter.delivery.pace import Pace
from newsletter.delivery.send_batch import Ended, is_about_message, judge_ending
from newsletter.delivery.singly import hand_over
from newsletter.delivery.transports import Denial, Ending
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.delivery.trouble import why
from newsletter.errors import OperationError
from newsletter.messages.dkim import sign_message
from newsletter.messages.letterhead import ascii_url
from newsletter.messages.notice import NoticeLinks, write_notice
from newsletter.model.delivery import DeliveryState
from newsletter.model.message import Message
from newsletter.model.notice import Notice, NoticeKind
from newsletter.model.outcome import Reply
from newsletter.model.settings import Settings
from newsletter.store.database import open_database
from newsletter.store.instants import to_millis
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.store.notices import (
    begin_notice,
    count_confirmed,
    end_notice,
    exhaust_marks,
    is_anything_due,
    note_left_behind,
    read_due,
    skip_unwanted,
)
from newsletter.tokens import Keyring, Purpose, address_hash, sign
from newsletter.workflow.desk import ANY_LIST_ID, Desk, open_desk
from newsletter.workflow.letters import Seal, message_token, open_seal
from newsletter.workflow.moments import Moments, never
from newsletter.workflow.project import Project
from newsletter.workflow.server import no_server_here, open_account

#: Stands for a dispatch in the Message-ID of a notice.
NO_DISPATCH_ID = 0
#: Then others may have come in that are due as well.
_MOST_AT_ONCE = 20
#: After the first, second and each later try of what the server puts off.
_DELAYS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
#: A day later nobody waits for it any more.
_MOST_TRIES = 8
#: Before a fault of ours is tried again.
_REST = timedelta(minutes=1)

#: Of so many mails that ask for a confirmation,
_FEW = 20
#: in so long,
_LATELY = timedelta(days=1)
#: at least one of so many is confirmed, unless somebody types others' addresses.
_USUAL_SHARE = 4


def can_notify(settings: Settings) -> bool:
    """Tell whether a mail of ours can be sent, with links that lead somewhere."""
    return settings.server is not None and bool(settings.newsletter.base_url)


def send_notices(
    project: Project,
    environment: Mapping[str, str],
    *,
    now: datetime,
    is_over: Callable[[], bool] = never,
) -> int:
    """Send the mails that wait, within the limits of the mail server.

    Only the one worker may call it.

    Args:
        project: The project.
        environment: Where the password may be.
        now: The present, aware: what is due.
        is_over: Asked while it waits for a moment: whether to give up.

    Returns:
        How many the mail server took.

    Raises:
        RefusedError: There is no server, or the newsletter was handed over.
        OperationError: Server, password, database or keys cannot be used; what was to
            be sent waits.
    """
    if not _is_anything_due(project, now):
        return 0
    if project.settings.server is None:
        raise no_server_here("mails asked for on the web page wait")
    account, seal = open_account(project, environment), open_seal(project)
    with open_desk(project) as desk:
        with desk.database.writing() as connection:
            note_left_behind(connection, now=now)
            skip_unwanted(connection, now=now)
            due = read_due(connection, now=now, most=_MOST_AT_ONCE)
        sending = _Round(project.settings, desk, seal, due)
        asyncio.run(sending.run(account, is_over))
    if sending.fault:
        raise OperationError(
            f"mails asked for on the web page wait: {sending.fault.rstrip('.')}.",
            "They are sent as soon as the mail server takes them.",
        )
    return sending.taken


def warn_of_few(connection: Connection, *, now: datetime) -> str:
    """Return what to tell when hardly anybody confirms, or nothing."""
    asked, confirmed = count_confirmed(connection, since=now - _LATELY, until=now)
    if asked < _FEW or confirmed * _USUAL_SHARE >= asked:
        return ""
    return (
        f"few confirm: {asked} were asked since yesterday whether they want to join, "
        f"and {confirmed} did. Somebody may be typing others' addresses. Lower "
        "joins_per_hour under [web], or set it to 0 for a while."
    )


def _is_anything_due(project: Project, now: datetime) -> bool:
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as database, database.reading() as connection:
        return is_anything_due(connection, now=now)


class _Round:
    """Sends the notices that are due, one after the other, until a fault of ours."""

    def __init__(
        self, settings: Settings, desk: Desk, seal: Seal, due: Sequence[Notice]
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._seal = seal
        self._due = due
        #: Message-ID -> notice.
        self._written: dict[str, Notice] = {}
        self.taken = 0
        #: Why it ended early, for people; empty: it did not.
        self.fault = ""

    async def run(self, account: Account, is_over: Callable[[], bool]) -> None:
        ledger = LedgerWriter(
            self._desk.database, owner="notices", clock=_now, on_lost=lambda _: None
        )
        scope = Scope("", account.server.limits)
        pace = Pace([scope], store=ledger, clock=lambda: to_millis(_now()))
        moments = Moments(pace, len(self._due), clock=_now, is_over=is_over)
        try:
            await hand_over(
                self._messages(),
                SmtpLine(account),
                on_ending=self._note,
                wait=moments.wait,
                permit=self._permit,
            )
        finally:
            await ledger.close()

    def _messages(self) -> Iterator[Message]:
        for notice in self._due:
            if self.fault:
                return
            message = self._write(notice)
            self._written[message.message_id] = notice
            yield message

    def _write(self, notice: Notice) -> Message:
        keyring, newsletter, now = self._desk.keyring, self._settings.newsletter, _now()
        token = message_token(keyring, NO_DISPATCH_ID, notice.id)
        try:
            message = write_notice(
                notice,
                newsletter,
                links_of(notice, keyring, ascii_url(newsletter.base_url)),
                message_token=token,
                sent_at=now,
                envelope_sender=self._seal.return_address(token),
                providers=self._settings.hooks.providers,
            )
        except ValueError as error:
            raise OperationError(
                f"mails asked for on the web page cannot be written: {error}"
            ) from error
        return sign_message(message, self._seal.signers, now)

    def _permit(self, message: Message) -> bool:
        notice = self._written[message.message_id]
        with self._desk.database.writing() as connection:
            return begin_notice(connection, notice.id, now=_now())

    def _note(self, message: Message, ending: Ending) -> None:
        if isinstance(ending, Denial):
            return
        notice, ended = self._written[message.message_id], judge_ending(ending)
        state, reply, next_at = self._result(notice, ended)
        with self._desk.database.writing() as connection:
            end_notice(
                connection, notice.id, state, reply=reply, next_at=next_at, now=_now()
            )
            if state is DeliveryState.REFUSED:
                key = address_hash(self._desk.keyring, address_key(notice.email))
                exhaust_marks(connection, notice.kind, key, now=_now())

    def _result(
        self, notice: Notice, ended: Ended
    ) -> tuple[DeliveryState, Reply | None, datetime | None]:
        """Return state, reply and when to try again."""
        outcome = ended.outcome
        if outcome.state is DeliveryState.ACCEPTED:
            self.taken += 1
        elif outcome.state is DeliveryState.PENDING and not is_about_message(
            ended.ending
        ):
            self.fault = why(outcome)
            return DeliveryState.PENDING, outcome.reply, _now() + _REST
        elif outcome.state in (DeliveryState.PENDING, DeliveryState.DEFERRED):
            return _put_off(notice.attempts + 1, outcome.reply)
        return outcome.state, outcome.reply, None


def _put_off(
    tries: int, reply: Reply | None
) -> tuple[DeliveryState, Reply | None, datetime | None]:
    if tries < _MOST_TRIES:
        delay = _DELAYS[min(tries, len(_DELAYS)) - 1]
        return DeliveryState.DEFERRED, reply, _now() + delay
    gave_up = reply and replace(reply, text=f"gave up after a day: {reply.text}")
    return DeliveryState.REFUSED, gave_up, None


def links_of(notice: Notice, keyring: Keyring, base_url: str) -> NoticeLinks:
    """Return the links of a notice.

    Args:
        notice: What it is about.
        keyring: Signs the tokens.
        base_url: Of the public pages, in ASCII, without a closing slash.
    """

    def link(page: str, purpose: Purpose, *numbers: int) -> str:
        return f"{base_url}/{page}/{sign(keyring, purpose, *numbers)}"

    about, person = notice.about_id, notice.subscriber_id
    match notice.kind:
        case NoticeKind.CONFIRM:
            return NoticeLinks(
                confirm=link("c", Purpose.CONFIRM, about),
                not_me=link("n", Purpose.NOT_ME, about),
            )
        case NoticeKind.CHANGE:
            return NoticeLinks(confirm=link("a", Purpose.CHANGE, about))
        case NoticeKind.PRESENT | NoticeKind.LEAVE:
            return NoticeLinks(
                preferences=link("p", Purpose.PREFERENCES, person),
                leave=link("u", Purpose.UNSUBSCRIBE, person, ANY_LIST_ID),
            )
        case NoticeKind.MOVED:
            # No link: whoever has that mailbox may not be the reader any more.
            return NoticeLinks()


def _now() -> datetime:
    return datetime.now(UTC)
