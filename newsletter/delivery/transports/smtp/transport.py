"""Hand messages to a mail server by SMTP.

aiosmtplib connects, does TLS, EHLO, login, RSET and QUIT; the message itself is ours,
so that it is always known whether it may have left. Needed beyond its documented calls:
`SMTP.protocol` with its `write` and `read_response`.

Law: nothing in here is ever cancelled half way: a cancelled call leaves a connection
that looks well and gives the next message the last one's reply. Whatever is not a clean
end closes the connection, and each connection is a new `SMTP` object.
"""

from contextlib import suppress

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

from newsletter.delivery.transports import (
    Answer,
    ConnectionBrokenError,
    Loss,
    Misfit,
    Permit,
    SetupError,
)
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.delivery.transports.smtp.opening import (
    NO_ANSWER,
    Account,
    cut,
    hang_up,
    make_client,
    open_connection,
    refuse_clear_text,
)
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage, read_reply

#: RFC 5321, section 4.5.3.2.6: a server may take ten minutes to think about a message.
#: Less would make messages unknown that were taken.
FINAL_REPLY_SECONDS = 600
#: Postfix slows a client down after 10 refusals in a session and hangs up after 20.
MAX_REFUSALS = 10
#: The answer to QUIT changes nothing any more.
GOODBYE_SECONDS = 5


class SmtpTransport:
    """One connection at a time to the mail server; made when needed, and again."""

    def __init__(self, account: Account) -> None:
        refuse_clear_text(account)
        self._account = account
        self._smtp: SMTP | None = None
        self._messages = 0
        self._refusals = 0

    async def send(self, message: Message, permit: Permit) -> Answer | None:
        """Hand *message* to the server; see `Transport.send`."""
        try:
            smtp = await self._connection()
            if isinstance(smtp, Answer):
                return smtp
            return await self._transact(smtp, message, permit)
        except BaseException:
            self.abort()
            raise

    async def close(self) -> None:
        """Say QUIT; may be called again."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        transport = smtp.transport
        # The messages are answered for; how the server hangs up does not matter. Nor
        # is its farewell under TLS awaited: that may take half a minute.
        with suppress(SMTPException, OSError):
            await smtp.quit(timeout=GOODBYE_SECONDS)
        cut(transport)
        smtp.close()

    def abort(self) -> None:
        """Close the connection without a word."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            hang_up(smtp)

    async def _connection(self) -> SMTP | Answer:
        """Return a connection ready for a message, or what was said against it."""
        limit = self._account.server.messages_per_connection
        if self._messages >= limit or self._refusals >= MAX_REFUSALS:
            await self.close()
        if self._smtp is None or not self._smtp.is_connected:
            self._messages = self._refusals = 0
            self._smtp = make_client(self._account)
            ending = await open_connection(self._smtp, self._account)
            if ending is not None:
                self.abort()
                return _answer(ending)
        return self._smtp

    async def _transact(
        self, smtp: SMTP, message: Message, permit: Permit
    ) -> Answer | None:
        refusal = await self._envelope(smtp, message)
        if refusal is not None:
            self._refusals += 1
            await self._reset(smtp)
            return refusal
        protocol = smtp.protocol
        if not await permit():
            # A final dot would now deliver an empty message: hang up instead.
            self.abort()
            return None
        answer = await self._hand_over(protocol, message.data)
        self._messages += 1
        if answer.reply.code == 421:
            self.abort()
        return answer

    async def _envelope(self, smtp: SMTP, message: Message) -> Answer | None:
        """Say MAIL, RCPT and DATA; return the first answer that is not a yes."""
        if message.needs_smtputf8 and not smtp.supports_extension("smtputf8"):
            text = "this mail server takes no address with letters outside ASCII"
            return Answer(Stage.RCPT, Reply(553, text, "5.6.7"))
        for stage, yes, command in _commands(smtp, message):
            try:
                code, text = await smtp.execute_command(*command)
            except (*NO_ANSWER, SMTPResponseException) as error:
                # The last one: it is not SMTP what it says. Nothing has left.
                raise self._broken(error, is_message_out=False) from error
            if code not in yes:
                return Answer(stage, read_reply(code, text))
        return None

    async def _hand_over(self, protocol: SMTPProtocol | None, data: bytes) -> Answer:
        """Write the message and its final dot, and wait for the answer."""
        finished = stuff_dots(data) + b".\r\n"
        try:
            if protocol is None:
                raise SMTPServerDisconnected("connection lost")
            protocol.write(finished)
        except SMTPServerDisconnected as error:
            # `write` refuses as a whole: no byte has left.
            raise self._broken(error, is_message_out=False) from error
        try:
            code, text = await protocol.read_response(timeout=FINAL_REPLY_SECONDS)
        except (SMTPException, OSError) as error:
            raise self._broken(error, is_message_out=True) from error
        return Answer(Stage.END, read_reply(code, text))

    def _broken(
        self, error: BaseException, *, is_message_out: bool
    ) -> ConnectionBrokenError:
        reason = explain_no_answer(error, self._account.server)
        return ConnectionBrokenError(reason, is_message_out=is_message_out)

    async def _reset(self, smtp: SMTP) -> None:
        """Make the connection ready for the next message, or give it up."""
        try:
            if smtp.is_connected:
                await smtp.rset()
        except (SMTPException, OSError):
            self.abort()


def _answer(ending: Answer | Loss | Misfit) -> Answer:
    if isinstance(ending, Loss):
        raise ConnectionBrokenError(ending.reason, is_message_out=False)
    if isinstance(ending, Misfit):
        raise SetupError(ending.reason)
    return ending


def _commands(
    smtp: SMTP, message: Message
) -> list[tuple[Stage, tuple[int, ...], tuple[bytes, ...]]]:
    """Return stage, codes that mean yes, and words of each command of an envelope."""
    options = []
    if smtp.supports_extension("size"):
        options.append(b"SIZE=%d" % len(message.data))
    if message.needs_smtputf8:
        options.append(b"SMTPUTF8")
    sender = b"FROM:<" + message.envelope_sender.encode() + b">"
    recipient = b"TO:<" + message.envelope_recipient.encode() + b">"
    return [
        (Stage.MAIL, (250,), (b"MAIL", sender, *options)),
        (Stage.RCPT, (250, 251), (b"RCPT", recipient)),
        (Stage.DATA, (354,), (b"DATA",)),
    ]


def stuff_dots(data: bytes) -> bytes:
    """Return mail data as it travels: a line that begins with a dot gets another one.

    Raises:
        ValueError: *data* does not end with CRLF.

    Source: RFC 5321, section 4.5.2.
    """
    if not data.endswith(b"\r\n"):
        raise ValueError("mail data ends with CRLF")
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
