"""What we lean on in aiosmtplib beyond what it promises, by TLS or not, on both loops.

When one of these fails with a new version, `smtp.session` and `smtp.line` need a look.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

import pytest
import uvloop
from aiosmtplib import SMTP, SMTPServerDisconnected

from newsletter.delivery.transports.smtp.opening import cut
from newsletter.model.settings import Security
from newsletter.testing.smtp_server import Fault, SmtpServer


class HasContexts(Protocol):
    server: ssl.SSLContext
    client: ssl.SSLContext


class Own(asyncio.Protocol):
    """A protocol of ours on their transport."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: list[Exception | None] = []
        self.has_news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.has_news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)
        self.has_news.set()

    async def until(self, said: bytes) -> None:
        while not self.data.endswith(said):
            self.has_news.clear()
            await self.has_news.wait()


Work = Callable[[SMTP], Coroutine[Any, Any, None]]
Run = Callable[..., SmtpServer]


@pytest.fixture(params=["none", "starttls", "tls"])
def security(request: pytest.FixtureRequest) -> Security:
    return cast(Security, request.param)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def run(
    request: pytest.FixtureRequest, security: Security, certificate: HasContexts
) -> Run:
    async def connect(server: SmtpServer, work: Work) -> None:
        smtp = SMTP(
            hostname="127.0.0.1",
            port=server.port,
            use_tls=security == "tls",
            start_tls=security == "starttls",
            tls_context=None if security == "none" else certificate.client,
            timeout=5,
        )
        await smtp.connect()
        await smtp.ehlo()
        try:
            await asyncio.wait_for(work(smtp), 5)
        finally:
            cut(smtp.transport)
            smtp.close()
            await asyncio.sleep(0.01)

    def run_it(work: Work, *faults: Fault) -> SmtpServer:
        server = SmtpServer(faults, security=security, certificate=certificate.server)
        with server, asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(connect(server, work))
        return server

    return run_it


def parts(smtp: SMTP) -> tuple[asyncio.Transport, asyncio.Protocol]:
    assert smtp.transport is not None
    assert smtp.protocol is not None
    assert smtp.protocol.transport is smtp.transport
    return cast(asyncio.Transport, smtp.transport), cast(
        asyncio.Protocol, smtp.protocol
    )


def test_transport_takes_another_protocol_and_gives_it_back(run: Run) -> None:
    async def work(smtp: SMTP) -> None:
        transport, inner = parts(smtp)
        own = Own()
        transport.set_protocol(own)
        transport.writelines([b"MAIL FROM:<a@b.org>\r\n", b"RCPT TO:<c@d.org>\r\n"])
        transport.writelines([b"DATA\r\n"])
        await own.until(b"354 end with <CRLF>.<CRLF>\r\n")
        transport.writelines([b"Subject: x\r\n\r\n", b".\r\n"])
        await own.until(b"250 2.0.0 ok, kept\r\n")
        transport.set_protocol(inner)
        assert (await smtp.rset()).code == 250
        assert (await smtp.quit()).code == 221
        assert not smtp.is_connected

    server = run(work)
    assert [one.data for one in server.messages] == [b"Subject: x\r\n\r\n"]


def test_extensions_are_those_of_the_last_ehlo(run: Run) -> None:
    async def work(smtp: SMTP) -> None:
        offered = {"pipelining", "size", "8bitmime", "smtputf8"}
        assert set(smtp.esmtp_extensions) == offered
        assert smtp.esmtp_extensions["size"] == "52428800"

    run(work)


def test_inner_protocol_told_of_a_lost_connection_closes_its_client(run: Run) -> None:
    async def work(smtp: SMTP) -> None:
        transport, inner = parts(smtp)
        own = Own()
        transport.set_protocol(own)
        transport.write(b"MAIL FROM:<a@b.org>\r\n")
        await own.has_news.wait()
        assert (own.data, own.lost) == (b"", [None])
        inner.connection_lost(None)
        assert not smtp.is_connected
        assert smtp.transport is None
        with pytest.raises(SMTPServerDisconnected):
            await smtp.quit()

    run(work, Fault("mail", closes=True))


def test_cut_closes_at_once_what_was_not_written_yet(run: Run) -> None:
    """Also on uvloop, whose transports are no subclasses of asyncio's."""

    async def work(smtp: SMTP) -> None:
        transport, _ = parts(smtp)
        own = Own()
        transport.set_protocol(own)
        transport.write(b"MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\nDATA\r\n")
        await own.until(b"354 end with <CRLF>.<CRLF>\r\n")
        transport.writelines([b"x" * 78 + b"\r\n"] * 250_000)
        transport.write(b".\r\n")
        assert transport.get_write_buffer_size() > 0
        cut(transport)
        assert transport.is_closing()
        await own.has_news.wait()

    server = run(work, Fault("body", delay_seconds=0.2))
    assert server.messages == []


def test_write_buffer_is_empty_when_everything_has_left(run: Run) -> None:
    """What is not empty when an answer comes shows that the answer came too early."""

    async def work(smtp: SMTP) -> None:
        transport, _ = parts(smtp)
        own = Own()
        transport.set_protocol(own)
        transport.write(b"MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\nDATA\r\n")
        await own.until(b"354 end with <CRLF>.<CRLF>\r\n")
        transport.writelines([(b"x" * 78 + b"\r\n") * 50_000, b".\r\n"])
        await own.until(b"kept\r\n")
        assert transport.get_write_buffer_size() == 0

    run(work)
