"""A line to the mail server: one connection at a time, and the next when that is over.

In: a feed of letters. Out: each letter settled, exactly once.
"""

import asyncio
from dataclasses import replace
from typing import cast

from aiosmtplib import SMTP, SMTPServerDisconnected

from newsletter.delivery.transports import Answer, Feed, Letter, Loss, Misfit
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.delivery.transports.smtp.attempt import Attempt
from newsletter.delivery.transports.smtp.chunked import ChunkedSession
from newsletter.delivery.transports.smtp.connection import Connection
from newsletter.delivery.transports.smtp.envelope import read_abilities
from newsletter.delivery.transports.smtp.opening import (
    Account,
    hang_up,
    make_client,
    open_connection,
    refuse_clear_text,
)
from newsletter.delivery.transports.smtp.session import Session
from newsletter.delivery.transports.smtp.wire import Wire

#: A connection without a letter for so long is closed: many servers would, too, and it
#: counts against how many we may have. A letter each 12 s (300 an hour) keeps it.
IDLE_SECONDS = 20.0

_DROPPED = Loss("the connection was dropped from this side", is_message_out=False)


class SmtpLine:
    """One connection at a time to the mail server; made when needed, and again."""

    def __init__(self, account: Account) -> None:
        refuse_clear_text(account)
        self._account = account
        self._session: Connection | None = None
        self._opening: asyncio.Task[Connection | Answer | Loss | Misfit] | None = None
        self._farewell: asyncio.Task[None] | None = None
        self._may_chunk = self._may_pipeline = self._may_connect = True

    async def work(self, feed: Feed) -> None:
        """Hand over one letter after the other; see `Line.work`."""
        attempt: Attempt | None = None
        try:
            while True:
                if attempt is None:
                    letter = await self._next(feed)
                    if letter is None:
                        return
                    attempt = Attempt(letter)
                attempt = await self._hand_over(attempt, feed)
        except BaseException:
            self.abort()
            raise

    async def close(self) -> None:
        """Say QUIT; may be called again."""
        farewell, self._farewell = self._farewell, None
        if farewell is not None:
            await farewell
        await self._leave()

    async def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def stop_connecting(self) -> None:
        """Give up a connection that is being made, and make none any more."""
        self._may_connect = False
        self._cancel_opening()

    def abort(self) -> None:
        """Drop the connection at once, also one that is only being made."""
        self._cancel_opening()
        session, self._session = self._session, None
        if session is not None:
            session.drop()

    def _cancel_opening(self) -> None:
        if self._opening is not None:
            self._opening.cancel()

    async def _next(self, feed: Feed) -> Letter | None:
        """Return the next letter; say goodbye when it is long in coming."""
        letter = feed.take_ready()
        if letter is not None:
            return letter
        rest = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._take_leave)
        try:
            return await feed.take()
        finally:
            rest.cancel()

    def _take_leave(self) -> None:
        self._farewell = asyncio.ensure_future(self._leave())

    async def _hand_over(self, attempt: Attempt, feed: Feed) -> Attempt | None:
        """Give a letter to a connection; return one that needs another one."""
        if self._session is None or not self._session.is_usable:
            await self.close()
            opened = await self._open()
            if not isinstance(opened, Connection):
                attempt.letter.settle(opened)
                return None
            self._session = opened
            if not attempt.is_fresh:
                reason = "making the connection took too long"
                attempt.letter.settle(Loss(reason, is_message_out=False))
                return None
        session = self._session
        left = await session.run(attempt, feed)
        if session.has_lied and isinstance(session, ChunkedSession):
            self._may_chunk = False
        elif session.has_lied:
            self._may_pipeline = False
        return left

    async def _open(self) -> Connection | Answer | Loss | Misfit:
        """Connect; nothing of a letter has left, so this may be cancelled."""
        if not self._may_connect:
            return _DROPPED
        self._opening = asyncio.ensure_future(self._connect())
        await asyncio.wait({self._opening})
        task, self._opening = self._opening, None
        if task.cancelled():
            return _DROPPED
        return task.result()

    async def _connect(self) -> Connection | Answer | Loss | Misfit:
        smtp = make_client(self._account)
        try:
            ending = await open_connection(smtp, self._account)
            opened = ending or self._begin_session(smtp)
        except BaseException:
            hang_up(smtp)
            raise
        if not isinstance(opened, Connection):
            hang_up(smtp)
        return opened

    def _begin_session(self, smtp: SMTP) -> Connection | Loss:
        """Take over from aiosmtplib."""
        server = self._account.server
        transport, protocol = smtp.transport, smtp.protocol
        if transport is None or protocol is None:
            gone = SMTPServerDisconnected("hung up")
            return Loss(explain_no_answer(gone, server), is_message_out=False)
        wire = Wire(
            cast(asyncio.Transport, transport), cast(asyncio.Protocol, protocol)
        )
        wire.attach()
        abilities = read_abilities(smtp.esmtp_extensions)
        if not self._may_pipeline:
            abilities = replace(abilities, pipelining=False)
        is_offered = abilities.chunking and abilities.pipelining
        is_chunked = is_offered and self._may_chunk and server.window > 1
        session = ChunkedSession if is_chunked else Session
        return session(server, smtp, wire, abilities)
