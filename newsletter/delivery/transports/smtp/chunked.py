"""The transactions of one connection by BDAT (RFC 3030): several messages on their way.

Envelope and message leave together, as soon as the message is permitted. So nobody
waits for a go-ahead, and of what is denied nothing has left.

Law: so many letters as the settings say (`window`) are asked for or out at any moment,
and no message leaves before its permission. A letter is settled at the reply to its
BDAT: until then a server that refused its recipient has all of it. When the connection
ends, whatever was written and not answered is unknown.
"""

from collections import deque

from aiosmtplib import SMTP, SMTPServerDisconnected

from newsletter.delivery.transports import Answer, Denial, Ending, Feed, Loss
from newsletter.delivery.transports.smtp.attempt import Attempt
from newsletter.delivery.transports.smtp.connection import (
    MAX_REFUSALS,
    TLS_BYTES,
    Connection,
)
from newsletter.delivery.transports.smtp.envelope import (
    Abilities,
    find_objection,
    write_envelope,
)
from newsletter.delivery.transports.smtp.opening import hang_up
from newsletter.delivery.transports.smtp.wire import BrokenOffError, Wire
from newsletter.model.outcome import Reply
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage, read_reply

_STAGES = (Stage.MAIL, Stage.RCPT, Stage.END)
#: A record of TLS holds 16 KB and is a few bytes longer than what it holds.
_TLS_SHARE = 256
#: Commands that a server does not have (RFC 5321, section 4.2.4).
_NOT_KNOWN = frozenset({500, 502, 504})
_NO_BDAT = Loss(
    "the mail server offers CHUNKING and does not know BDAT", is_message_out=False
)
_SAID_421 = BrokenOffError(SMTPServerDisconnected("said 421"), is_hang_up=True)
#: RFC 3463, section 3.2: it speaks of an address, so it answers MAIL or RCPT.
_ABOUT_ADDRESS = "2.1."


class _Flight:
    """A letter whose envelope and message are out."""

    __slots__ = ("attempt", "end_at", "ending", "stages")

    def __init__(self, attempt: Attempt, *, has_reset: bool, end_at: int) -> None:
        self.attempt = attempt
        #: Of the replies that are owed for it; None: to RSET.
        self.stages: deque[Stage | None] = deque(_STAGES)
        if has_reset:
            self.stages.appendleft(None)
        #: Number of its last byte, of all that were written.
        self.end_at = end_at
        #: The first no, before the reply to its BDAT.
        self.ending: Ending | None = None


class ChunkedSession(Connection):
    """One connection that takes messages by BDAT; see `Connection`."""

    def __init__(
        self, server: ServerSettings, smtp: SMTP, wire: Wire, abilities: Abilities
    ) -> None:
        super().__init__(server, smtp, wire, abilities)
        #: Asked for, and out; oldest first.
        self._asked: deque[Attempt] = deque()
        self._out: deque[_Flight] = deque()
        self._written_bytes = 0
        #: It took a message; a server that cannot do BDAT gets no more than the first.
        self._is_proven = False
        self._has_heard = self._is_closing = False

    async def run(self, attempt: Attempt, feed: Feed) -> Attempt | None:
        """Hand over a letter and others; see `Connection.run`."""
        try:
            self._add(attempt)
            while self._asked or self._out:
                await self._write_permitted()
                await self._listen()
                self._fill(feed)
        except BrokenOffError as error:
            return self._break_off(error)
        except BaseException:
            self.drop()
            for flight in self._out:
                flight.attempt.letter.settle(self._loss(None, is_message_out=True))
            raise
        return None

    # --- out --------------------------------------------------------------------------

    def _fill(self, feed: Feed) -> None:
        """Ask for as many letters as may be on their way; one commit holds them all."""
        while self._may_begin() and (letter := feed.take_ready()) is not None:
            self._add(Attempt(letter))

    def _may_begin(self) -> bool:
        ahead = len(self._out) + len(self._asked)
        return (
            ahead < (self._server.window if self._is_proven else 1)
            # Each of them may be refused, and a refused one counts twice at Postfix.
            and self._refusals + ahead < MAX_REFUSALS
            and self._has_room(ahead)
            and not self._is_over
            and self._wire.is_open
        )

    def _add(self, attempt: Attempt) -> None:
        objection = find_objection(attempt.message, self._abilities)
        if objection is not None:
            attempt.letter.settle(objection)
            return
        attempt.commands = write_envelope(attempt.message, self._abilities)
        attempt.ask()
        self._asked.append(attempt)

    async def _write_permitted(self) -> None:
        """Write the letters that were asked for, each when its permission is there."""
        while self._asked:
            attempt = self._asked[0]
            is_permitted = attempt.permission is not None and await attempt.permission
            await self._catch_up()
            if not is_permitted:
                attempt.letter.settle(Denial())
            elif self._is_closing:
                attempt.letter.settle(self._loss(_SAID_421, is_message_out=False))
            else:
                self._wire.check()
                self._write(attempt)
            self._asked.popleft()

    def _write(self, attempt: Attempt) -> None:
        """Write an envelope and its message; it is out now."""
        # What becomes of those before it is not known, and after a failed BDAT nobody
        # knows what a server has in mind: RFC 3030, section 2.
        has_reset = bool(self._out) or self._must_reset
        before = (b"RSET\r\n",) if has_reset else ()
        data = attempt.message.data
        parts = (*before, *attempt.commands, b"BDAT %d LAST\r\n" % len(data), data)
        self._written_bytes += sum(map(len, parts))
        flight = _Flight(attempt, has_reset=has_reset, end_at=self._written_bytes)
        self._out.append(flight)
        self._wire.send(parts, replies=len(flight.stages))

    # --- in ---------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Take in a reply, and whatever has come with it."""
        if self._out:
            await self._hear(self._out[0])
        await self._catch_up()
        if self._is_closing and not self._out:
            self.drop()

    async def _catch_up(self) -> None:
        """Take in what has come: it holds, whatever became of the connection."""
        while self._out and self._wire.has_reply:
            await self._hear(self._out[0])

    async def _hear(self, flight: _Flight) -> None:
        """Take in the next reply of the oldest letter."""
        stage = flight.stages[0]
        is_end = stage is Stage.END
        code, text = await self._wire.reply(
            self._final_seconds if is_end else self._envelope_seconds,
            progress_seconds=self._progress_seconds,
        )
        self._has_heard = True
        if code // 100 not in (2, 4, 5):
            self._wire.reject()
        flight.stages.popleft()
        if code == 421:
            self._is_closing = self._is_over = True
        if is_end:
            self._land(flight, read_reply(code, text))
        elif code >= 400 and flight.ending is None and (stage or code == 421):
            # A no to RSET alone says nothing of what comes behind it.
            flight.ending = Answer(stage or Stage.MAIL, read_reply(code, text))

    def _land(self, flight: _Flight, reply: Reply) -> None:
        """Settle a letter whose BDAT was answered."""
        is_yes = reply.code < 300
        if reply.code in _NOT_KNOWN and not self._is_proven:
            # It reads the message as commands now, and answers each line.
            flight.ending = flight.ending or _NO_BDAT
            self._wire.reject()
        if is_yes and self._is_untrue(flight, reply):
            flight.ending = None
            self._wire.reject()
        if self._wire.has_babbled:
            # Most replies look alike: with one too many, nobody knows whose it was.
            self._wire.reject()
        self._out.popleft()
        self._messages += 1
        self._refusals += not is_yes
        self._must_reset = not is_yes
        self._is_proven |= is_yes
        flight.attempt.letter.settle(flight.ending or Answer(Stage.END, reply))

    def _is_untrue(self, flight: _Flight, reply: Reply) -> bool:
        """Tell whether a yes cannot be about all of this message and its recipient."""
        after = self._written_bytes - flight.end_at
        is_early = self._wire.unsent_bytes > after + TLS_BYTES + after // _TLS_SHARE
        is_other = reply.enhanced.startswith(_ABOUT_ADDRESS)
        return is_early or is_other or flight.ending is not None

    def _break_off(self, error: BrokenOffError) -> Attempt | None:
        """Settle what was under way when the connection ended."""
        self._is_over = True
        hang_up(self._smtp)
        self.has_lied = self._is_proof_of_lies(error)
        # RFC 5321, section 3.8: 421 is the last word, and nothing behind it was read.
        is_unread = self._is_closing and error.is_hang_up
        for flight in self._out:
            loss = self._loss(error, is_message_out=not is_unread)
            flight.attempt.letter.settle(flight.ending or loss)
        is_farewell = error.is_hang_up and self._has_heard and not self._out
        self._out.clear()
        anew = self._asked.popleft() if is_farewell and self._asked else None
        for attempt in self._asked:
            attempt.letter.settle(self._loss(error, is_message_out=False))
        self._asked.clear()
        return anew

    def _is_proof_of_lies(self, error: BrokenOffError) -> bool:
        """Tell whether BDAT is what ended it; a network that is gone proves nothing."""
        if error.cause is None or not self._has_heard or self._is_closing:
            return False
        return not (error.is_hang_up and self._is_proven)
