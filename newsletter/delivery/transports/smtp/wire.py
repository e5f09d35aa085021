"""One connection from below: bytes out, replies in, in the order they are owed.

Takes the place of aiosmtplib's protocol on its transport while letters are handed over.

Law: a reply belongs to the command it was owed for. The first byte that nobody asked
for ends the connection, and so does what is not SMTP: no later letter ever gets it.
"""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import NoReturn

from aiosmtplib import SMTPResponseException, SMTPServerDisconnected

#: RFC 5321, section 4.5.3.1.5 says 512 bytes a line; servers say more than that.
MAX_REPLY_BYTES = 32768

#: A timer that rings so late woke with the whole process, stopped or asleep until now.
#: What came meanwhile is in the system's buffer: it is read before anybody gives up.
LATE_SECONDS = 1.0

#: RFC 5321, section 3.8: the one reply that may come unasked.
_FAREWELL = re.compile(rb"421[ -]")
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class BrokenOffError(Exception):
    """There is no connection any more, and no reply."""

    def __init__(self, cause: BaseException | None, *, is_hang_up: bool) -> None:
        super().__init__(cause)
        #: What happened; None: it was dropped from here.
        self.cause = cause
        #: The other side, or the network, closed it without a reason given.
        self.is_hang_up = is_hang_up


class Wire(asyncio.Protocol):
    """Replies of one connection; `attach` it before the first word."""

    def __init__(self, transport: asyncio.Transport, inner: asyncio.Protocol) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        #: aiosmtplib's, which gets the connection back for QUIT.
        self._inner = inner
        self._owed = 0
        self._replies: deque[tuple[int, str]] = deque()
        #: Of a reply that is not complete: a piece of a line, lines, their code.
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = b""
        self._reply_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._end: BrokenOffError | None = None
        self._deadline = self._armed_for = inf
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = 0
        self._stretch = self._afterwards = 0.0

    def attach(self) -> None:
        """Read from now on."""
        self._transport.set_protocol(self)

    def give_back(self) -> None:
        """Let aiosmtplib read again."""
        self._disarm()
        if self.is_open:
            self._transport.set_protocol(self._inner)

    @property
    def is_open(self) -> bool:
        """Whether something may be written, and nothing unasked has come."""
        return (
            self._end is None
            and not self._is_unasked
            and not self._transport.is_closing()
        )

    @property
    def has_reply(self) -> bool:
        """Whether `reply` would return at once."""
        return bool(self._replies)

    @property
    def has_babbled(self) -> bool:
        """Whether it ended because something came that nobody asked for."""
        return self._end is not None and isinstance(
            self._end.cause, SMTPResponseException
        )

    @property
    def _is_unasked(self) -> bool:
        return not self._owed and bool(self._rest or self._lines)

    @property
    def unsent_bytes(self) -> int:
        """How much of what was written is still on this computer."""
        return self._transport.get_write_buffer_size()

    def check(self) -> None:
        """Raise `BrokenOffError` unless something may be written now."""
        if self._end is None and self._is_unasked:
            self._give_up(_not_smtp())
        if self._end is None and self._transport.is_closing():
            self._give_up(SMTPServerDisconnected("closing"), is_hang_up=True)
        if self._end is not None:
            raise self._end

    def send(self, parts: Sequence[bytes], *, replies: int) -> None:
        """Write *parts*, to which so many *replies* are owed; `check` goes before."""
        self._owed += replies
        self._transport.writelines(parts)

    async def reply(
        self, seconds: float, *, progress_seconds: float = 0.0
    ) -> tuple[int, str]:
        """Return code and text of the next reply that is owed.

        Args:
            seconds: How long it may take.
            progress_seconds: The time begins when all that was written has left, and
                something of it must leave within each stretch of so many seconds.

        Raises:
            BrokenOffError: It will not come.
        """
        if not self._replies:
            self._start_clock(seconds, progress_seconds)
            while not self._replies:
                if self._end is not None:
                    raise self._end
                self._waiter = self._loop.create_future()
                await self._waiter
            self._deadline = inf
        return self._replies.popleft()

    def reject(self) -> NoReturn:
        """Drop the connection: what it said is no answer to what was asked.

        Raises:
            BrokenOffError: Always.
        """
        self._give_up(_not_smtp())
        raise self._end or AssertionError

    def drop(self) -> None:
        """Hang up from here, without a word."""
        self._give_up(None)

    def data_received(self, data: bytes) -> None:
        """Take in replies; see `asyncio.Protocol`."""
        if self._end is not None:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._owed and _FAREWELL.match(line):
                self._give_up(SMTPServerDisconnected("said 421"), is_hang_up=True)
                return
            if not self._take_line(line.rstrip(b"\r")):
                self._give_up(_not_smtp())
                return
        if len(self._rest) > MAX_REPLY_BYTES:
            self._give_up(_not_smtp())
        elif lines:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits, and aiosmtplib; see `asyncio.Protocol`."""
        if self._end is None:
            cause = exc or SMTPServerDisconnected("hung up")
            self._end = BrokenOffError(cause, is_hang_up=True)
        self._disarm()
        self._wake()
        self._inner.connection_lost(exc)

    def _take_line(self, line: bytes) -> bool:
        """Take in a line of a reply; False when it is none that is owed to us."""
        found = _LINE.fullmatch(line)
        if found is None or not self._owed:
            return False
        code, mark, text = found.groups()
        if self._lines and code != self._code:
            return False
        self._code = code
        self._lines.append(text or b"")
        self._reply_bytes += len(line)
        if mark == b"-":
            return self._reply_bytes <= MAX_REPLY_BYTES
        whole = b"\n".join(self._lines).decode("utf-8", "replace")
        self._replies.append((int(code), whole))
        self._lines, self._reply_bytes = [], 0
        self._owed -= 1
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _give_up(
        self, cause: BaseException | None, *, is_hang_up: bool = False
    ) -> None:
        if self._end is None:
            self._end = BrokenOffError(cause, is_hang_up=is_hang_up)
        self._transport.abort()
        self._wake()

    # --- one timer for the whole connection: a `wait_for` per reply costs 10 us -------

    def _start_clock(self, seconds: float, progress_seconds: float) -> None:
        self._unsent = self.unsent_bytes if progress_seconds else 0
        self._afterwards, self._stretch = seconds, progress_seconds
        self._deadline = self._loop.time() + (
            progress_seconds if self._unsent else seconds
        )
        # An earlier alarm finds out by itself that it is too early.
        if self._deadline < self._armed_for:
            self._arm()

    def _arm(self) -> None:
        self._disarm()
        self._armed_for = self._deadline
        self._timer = self._loop.call_at(self._deadline, self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed_for = None, inf

    def _ring(self) -> None:
        self._timer, self._armed_for = None, inf
        if self._deadline == inf:
            return
        now, unsent = self._loop.time(), self.unsent_bytes
        if now - self._deadline > LATE_SECONDS:
            self._deadline = now + LATE_SECONDS
        if now < self._deadline:
            self._arm()
        elif unsent < self._unsent:
            self._unsent = unsent
            self._deadline = now + (self._stretch if unsent else self._afterwards)
            self._arm()
        else:
            self._give_up(TimeoutError())


def _not_smtp() -> SMTPResponseException:
    return SMTPResponseException(-1, "not a reply that was asked for")
