"""What a connection keeps, whichever way its messages leave: its time, its end.

`Session` (DATA) and `ChunkedSession` (BDAT) are the two ways.
"""

import time
from abc import ABC, abstractmethod
from contextlib import suppress

from aiosmtplib import SMTP, SMTPException

from newsletter.delivery.transports import Feed, Loss
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.delivery.transports.smtp.attempt import Attempt
from newsletter.delivery.transports.smtp.envelope import Abilities
from newsletter.delivery.transports.smtp.opening import cut, hang_up
from newsletter.delivery.transports.smtp.wire import BrokenOffError, Wire
from newsletter.model.settings import ServerSettings

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

#: What TLS adds at most to a little that follows a message in the buffer.
TLS_BYTES = 256


class Connection(ABC):
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
        self._envelope_seconds = min(ENVELOPE_SECONDS, cap)
        self._data_seconds = min(DATA_SECONDS, cap)
        self._progress_seconds = min(PROGRESS_SECONDS, cap)
        self._final_seconds = FINAL_REPLY_SECONDS
        self._opened_at = time.monotonic()
        #: Messages the server answered for, and letters it refused.
        self._messages = self._refusals = 0
        self._must_reset = self._is_over = False
        #: It offered what was used here, and fell silent or talked nonsense then.
        self.has_lied = False

    @abstractmethod
    async def run(self, attempt: Attempt, feed: Feed) -> Attempt | None:
        """Hand over a letter, and others as long as *feed* has them ready.

        Returns:
            A letter that was begun in vain and begins anew on another connection.
        """

    @property
    def is_usable(self) -> bool:
        """Whether another letter may begin here."""
        return not self._is_over and self._wire.is_open and self._has_room(0)

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

    def _loss(self, error: BrokenOffError | None, *, is_message_out: bool) -> Loss:
        if error is None or error.cause is None:
            return Loss("the connection was dropped from this side", is_message_out)
        return Loss(explain_no_answer(error.cause, self._server), is_message_out)
