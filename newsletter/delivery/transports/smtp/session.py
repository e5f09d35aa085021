"""The transactions of one connection: which letter has come how far.

Law: a message leaves only after "354" and its permission; so at any moment at most one
message is out without an answer, and at most one other letter has its envelope out.
Both are settled, whatever happens.
"""

import time
from collections.abc import Awaitable
from contextlib import suppress

from aiosmtplib import SMTP, SMTPException

from newsletter.delivery.transports import Answer, Denial, Feed, Letter, Loss
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.delivery.transports.smtp.envelope import (
    Abilities,
    find_objection,
    write_commands,
)
from newsletter.delivery.transports.smtp.opening import cut, hang_up
from newsletter.delivery.transports.smtp.wire import BrokenOffError, Wire
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage, read_reply

#: RFC 5321, section 4.5.3.2.6: a server may take ten minutes to think about a message.
#: Less would make messages unknown that were taken.
FINAL_REPLY_SECONDS = 600.0
#: Section 4.5.3.2, the other times; the settings may shorten these.
ENVELOPE_SECONDS = 300.0
DATA_SECONDS = 120.0
PROGRESS_SECONDS = 180.0
#: The answer to QUIT changes nothing any more.
GOODBYE_SECONDS = 5.0
#: Postfix slows a client down after 10 refusals in a session and hangs up after 20.
MAX_REFUSALS = 10
#: Balancers and firewalls forget connections that live long.
MAX_AGE_SECONDS = 1800.0
#: A permission older than this is not taken along to another connection: meanwhile the
#: dispatch may have been paused.
FRESH_SECONDS = 5.0

#: What TLS adds at most to what follows a message in the buffer.
_TLS_BYTES = 256
_STAGES = (Stage.MAIL, Stage.RCPT, Stage.DATA)
#: First digits of the yes to each.
_YES = (2, 2, 3)


class Attempt:
    """A letter on its way."""

    __slots__ = (
        "_asked_at",
        "commands",
        "is_behind",
        "is_heard",
        "letter",
        "message",
        "permission",
    )

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.message = letter.message
        self.commands: tuple[bytes, ...] = ()
        #: Set when its envelope leaves.
        self.permission: Awaitable[bool] | None = None
        self._asked_at = 0.0
        #: Whether the server has said anything about it.
        self.is_heard = False
        #: Whether its envelope left behind another letter's message.
        self.is_behind = False

    def ask(self) -> None:
        """Have the intent written down, once."""
        if self.permission is None:
            # The wall clock goes on while the computer sleeps.
            self._asked_at = time.time()
            self.permission = self.letter.ask()

    @property
    def is_fresh(self) -> bool:
        """Whether its permission, if there is one, still says something."""
        age = time.time() - self._asked_at
        return self.permission is None or 0 <= age < FRESH_SECONDS

    @property
    def may_begin_anew(self) -> bool:
        """Whether it may go to another connection as if there had been none."""
        return self.is_fresh and not self.is_heard


class Session:
    """One connection that is ready for letters.

    Args:
        server: The settings it was made from.
        smtp: Connected and logged in.
        wire: Attached to its transport.
        abilities: What the server offered, as far as it is to be used.
    """

    def __init__(
        self, server: ServerSettings, smtp: SMTP, wire: Wire, abilities: Abilities
    ) -> None:
        self._server = server
        self._smtp = smtp
        self._wire = wire
        self._abilities = abilities
        cap = float(server.timeout_seconds)
        envelope, data = min(ENVELOPE_SECONDS, cap), min(DATA_SECONDS, cap)
        self._seconds = (envelope, envelope, data)
        self._progress_seconds = min(PROGRESS_SECONDS, cap)
        self._opened_at = time.monotonic()
        #: Messages the server answered for, and letters it refused.
        self._messages = self._refusals = 0
        #: The letter whose envelope is out, and the one whose message is out.
        self._begun: Attempt | None = None
        self._out: Attempt | None = None
        #: Length of what was written after that message.
        self._bytes_after = 0
        self._must_reset = self._is_over = False
        #: It offered pipelining, and fell silent or talked nonsense when it was used.
        self.has_lied = False

    @property
    def is_usable(self) -> bool:
        """Whether another letter may begin here."""
        return not self._is_over and self._wire.is_open and self._has_room(0)

    async def run(self, attempt: Attempt, feed: Feed) -> Attempt | None:
        """Hand over a letter, and others as long as *feed* has them ready.

        Returns:
            A letter that was begun in vain and begins anew on another connection.
        """
        try:
            self._begin(attempt)
            while self._begun is not None and not self._is_over:
                await self._transact(self._begun, feed)
        except BrokenOffError as error:
            return self._break_off(error)
        except BaseException:
            self.drop()
            if self._out is not None:
                self._out.letter.settle(self._loss(None, is_message_out=True))
            raise
        return self._begun

    async def close(self) -> None:
        """Say QUIT."""
        # The messages are answered for; how the server hangs up does not matter. Nor
        # is its farewell under TLS awaited: that may take half a minute.
        transport = self._smtp.transport
        if not self._is_over and self._wire.is_open:
            self._wire.give_back()
            with suppress(SMTPException, OSError):
                await self._smtp.quit(timeout=GOODBYE_SECONDS)
        cut(transport)
        self._smtp.close()

    def drop(self) -> None:
        """Hang up without a word."""
        self._is_over = True
        self._wire.drop()
        hang_up(self._smtp)

    def _has_room(self, ahead: int) -> bool:
        """Whether a letter may begin once *ahead* others are answered for."""
        return (
            self._messages + ahead < self._server.messages_per_connection
            and self._refusals < MAX_REFUSALS
            and time.monotonic() - self._opened_at < MAX_AGE_SECONDS
        )

    def _begin(self, attempt: Attempt) -> None:
        """Say its envelope, as far as it may be said at once."""
        objection = find_objection(attempt.message, self._abilities)
        if objection is not None:
            attempt.letter.settle(objection)
            return
        self._begun = attempt
        self._wire.check()
        self._ask(attempt)
        if self._abilities.pipelining:
            before = (b"RSET\r\n",) if self._must_reset else ()
            group = (*before, *attempt.commands)
            self._wire.send(group, replies=len(group))

    def _ask(self, attempt: Attempt) -> None:
        attempt.commands = write_commands(attempt.message, self._abilities)
        attempt.ask()

    async def _transact(self, attempt: Attempt, feed: Feed) -> None:
        """Bring the letter whose envelope is out to its end."""
        if not await self._is_welcome(attempt) or attempt.permission is None:
            return
        if not await attempt.permission:
            # A final dot would now deliver an empty message: hang up instead.
            self._begun = None
            self.drop()
            attempt.letter.settle(Denial())
            return
        self._wire.check()
        self._write(attempt, self._pull(feed))
        await self._read_final(attempt)

    async def _is_welcome(self, attempt: Attempt) -> bool:
        """Return whether the server waits for the message; a no is settled at once."""
        await self._reset()
        codes: list[int] = []
        for number, command in enumerate(attempt.commands):
            if not self._abilities.pipelining:
                self._wire.check()
                self._wire.send((command,), replies=1)
            code, text = await self._wire.reply(self._seconds[number])
            if code // 100 != _YES[number]:
                self._refuse(attempt, _STAGES[number], code, text)
                if self._is_over or not self._abilities.pipelining:
                    return False
            attempt.is_heard = True
            codes.append(code // 100)
        if self._begun is not None:
            return True
        await self._end_in_vain(codes)
        return False

    def _refuse(self, attempt: Attempt, stage: Stage, code: int, text: str) -> None:
        """Take down a no; later ones to the same envelope say nothing new."""
        if code < 400:
            self._wire.reject()
        if code == 421:
            self.drop()
            # Between two letters this is how servers end a session that had enough.
            if self._is_farewell(attempt, text):
                return
        if self._begun is not None:
            self._begun = None
            self._refusals += 1
            self._must_reset = True
            attempt.letter.settle(Answer(stage, read_reply(code, text)))

    def _is_farewell(self, attempt: Attempt, text: str) -> bool:
        is_about_us = read_reply(421, text).enhanced.startswith("4.7.")
        return self._has_served and attempt.may_begin_anew and not is_about_us

    @property
    def _has_served(self) -> bool:
        return self._messages + self._refusals > 0

    async def _reset(self) -> None:
        """End the transaction of a letter that was refused."""
        if not self._must_reset:
            return
        if not self._abilities.pipelining:
            self._wire.send((b"RSET\r\n",), replies=1)
        code, text = await self._wire.reply(self._seconds[0])
        if code // 100 != 2:
            raise BrokenOffError(ConnectionResetError(text), is_hang_up=True)
        self._must_reset = False

    async def _end_in_vain(self, digits: list[int]) -> None:
        """Get out of a "354" that should not have been said: RFC 2920, section 3.1.

        A lone dot is harmless only where every recipient was refused.
        """
        _, rcpt, data = digits
        if data != 3:
            return
        if rcpt == 2:
            self.drop()
            return
        self._wire.check()
        self._wire.send((b".\r\n",), replies=1)
        await self._wire.reply(self._seconds[2])

    def _pull(self, feed: Feed) -> Attempt | None:
        """Return the letter whose envelope goes out behind the present message."""
        if not self._abilities.pipelining or not self._has_room(1):
            return None
        while (letter := feed.take_ready()) is not None:
            attempt = Attempt(letter)
            objection = find_objection(attempt.message, self._abilities)
            if objection is None:
                attempt.is_behind = True
                self._ask(attempt)
                return attempt
            letter.settle(objection)
        return None

    def _write(self, attempt: Attempt, following: Attempt | None) -> None:
        """Write a message, its final dot, and the next envelope; it is out now."""
        after = () if following is None else following.commands
        self._bytes_after = sum(map(len, after))
        self._out, self._begun = attempt, following
        self._wire.send(
            (attempt.message.data, b".\r\n", *after), replies=1 + len(after)
        )

    async def _read_final(self, attempt: Attempt) -> None:
        """Read the answer to the final dot."""
        code, text = await self._wire.reply(
            FINAL_REPLY_SECONDS, progress_seconds=self._progress_seconds
        )
        # A no may come before the end of the message, a yes may not.
        is_early = self._wire.unsent_bytes > self._bytes_after + _TLS_BYTES
        is_yes = code // 100 == 2
        if (is_yes and is_early) or (not is_yes and code < 400):
            self._wire.reject()
        self._out = None
        self._messages += 1
        self._refusals += not is_yes
        attempt.letter.settle(Answer(Stage.END, read_reply(code, text)))
        if is_early or code == 421:
            self.drop()

    def _break_off(self, error: BrokenOffError) -> Attempt | None:
        """Settle what was under way when the connection ended."""
        self._is_over = True
        hang_up(self._smtp)
        out, begun = self._out, self._begun
        self._out = self._begun = None
        if out is not None:
            out.letter.settle(self._loss(error, is_message_out=True))
        if begun is None:
            return None
        if out is None and error.is_hang_up:
            # That ends a session that had enough, too (Yahoo, after 20 messages).
            if self._has_served and begun.may_begin_anew:
                return begun
        elif out is None and error.cause is not None:
            # The first part of what was written together was answered, the rest not. A
            # connection that is dead as a whole proves nothing.
            is_part = begun.is_heard or begun.is_behind
            self.has_lied = self._abilities.pipelining and is_part
        begun.letter.settle(self._loss(error, is_message_out=False))
        return None

    def _loss(self, error: BrokenOffError | None, *, is_message_out: bool) -> Loss:
        if error is None or error.cause is None:
            return Loss("the connection was dropped from this side", is_message_out)
        return Loss(explain_no_answer(error.cause, self._server), is_message_out)
