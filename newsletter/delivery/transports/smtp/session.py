"""The transactions of one connection: which letter has come how far.

Law: a message leaves only after "354" and its permission; so at any moment at most one
message is out without an answer, and at most one other letter has its envelope out.
Both are settled, whatever happens.
"""

from aiosmtplib import SMTP

from newsletter.delivery.transports import Answer, Denial, Feed
from newsletter.delivery.transports.smtp.attempt import Attempt
from newsletter.delivery.transports.smtp.connection import TLS_BYTES, Connection
from newsletter.delivery.transports.smtp.envelope import (
    Abilities,
    find_objection,
    write_envelope,
)
from newsletter.delivery.transports.smtp.opening import hang_up
from newsletter.delivery.transports.smtp.wire import BrokenOffError, Wire
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage, read_reply

_STAGES = (Stage.MAIL, Stage.RCPT, Stage.DATA)
#: First digits of the yes to each.
_YES = (2, 2, 3)


class Session(Connection):
    """One connection that takes messages by DATA; see `Connection`."""

    def __init__(
        self, server: ServerSettings, smtp: SMTP, wire: Wire, abilities: Abilities
    ) -> None:
        super().__init__(server, smtp, wire, abilities)
        envelope = self._envelope_seconds
        self._seconds = (envelope, envelope, self._data_seconds)
        #: The letter whose envelope is out, and the one whose message is out.
        self._begun: Attempt | None = None
        self._out: Attempt | None = None
        #: Length of what was written after that message.
        self._bytes_after = 0

    async def run(self, attempt: Attempt, feed: Feed) -> Attempt | None:
        """Hand over a letter and others; see `Connection.run`."""
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
        envelope = write_envelope(attempt.message, self._abilities)
        attempt.commands = (*envelope, b"DATA\r\n")
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
            self._final_seconds, progress_seconds=self._progress_seconds
        )
        # A no may come before the end of the message, a yes may not.
        is_early = self._wire.unsent_bytes > self._bytes_after + TLS_BYTES
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
