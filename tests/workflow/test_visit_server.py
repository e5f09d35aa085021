"""A visit to a mail server: what is seen, and that nothing is sent."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from newsletter.delivery.transports.smtp import Account
from newsletter.doctor.server import ServerVisit
from newsletter.model.settings import Security, ServerSettings
from newsletter.replies import show_reply
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.workflow.visit_server import visit_server

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certified(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ssl.SSLContext]:
    """Return the maker of a server's context; the authority is trusted."""
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    def make(*names: str, not_after: datetime | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = authority.issue_cert(*names, not_after=not_after)
        certificate.configure_cert(context)
        return context

    return make


def visit(
    server: SmtpServer,
    *,
    security: Security = "none",
    user: str = "",
    sender: str = "bounce+doctor@bond.test",
    seconds: int = 5,
) -> ServerVisit:
    settings = ServerSettings(
        "127.0.0.1",
        server.port,
        user=user,
        security=security,
        timeout_seconds=seconds,
    )
    account = Account(settings, PASSWORD if user else "", "bond.test")
    return asyncio.run(
        visit_server(account, sender=sender, recipient="letter@bond.test")
    )


def test_visit_ends_before_a_message_begins() -> None:
    with SmtpServer() as server:
        seen = visit(server)
    assert server.recording.commands == [
        "EHLO bond.test",
        "MAIL FROM:<bounce+doctor@bond.test>",
        "RCPT TO:<letter@bond.test>",
        "RSET",
        "QUIT",
    ]
    assert server.messages == []
    assert (seen.trouble, seen.refusal, seen.tls, seen.certificate) == (
        "",
        None,
        "",
        None,
    )
    assert seen.offers == ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8")
    assert seen.sender is not None
    assert seen.sender.is_yes
    assert seen.recipient is not None
    assert seen.recipient.is_yes


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_certificate_and_login_are_seen(
    certified: Callable[..., ssl.SSLContext], security: Security
) -> None:
    end = datetime(2035, 5, 1, tzinfo=UTC)
    context = certified("127.0.0.1", not_after=end)
    with SmtpServer(
        security=security, certificate=context, users={"letter": PASSWORD}
    ) as server:
        seen = visit(server, security=security, user="letter")
    assert (seen.trouble, seen.refusal) == ("", None)
    assert seen.tls == "TLSv1.3"
    assert seen.certificate is not None
    assert seen.certificate.names == ("127.0.0.1",)
    assert seen.certificate.ends_at == end
    assert seen.recipient is not None


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_certificate_for_another_name_is_read_and_no_password_said(
    certified: Callable[..., ssl.SSLContext], security: Security
) -> None:
    context = certified("mail.host.test")
    with SmtpServer(
        security=security, certificate=context, users={"letter": PASSWORD}
    ) as server:
        seen = visit(server, security=security, user="letter")
    assert seen.certificate is not None
    assert seen.certificate.names == ("mail.host.test",)
    assert "cannot be trusted" in seen.trouble
    assert not [one for one in server.recording.commands if one.startswith("AUTH")]


def test_certificate_that_ended_is_read(
    certified: Callable[..., ssl.SSLContext],
) -> None:
    end = datetime(2025, 1, 1, tzinfo=UTC)
    context = certified("127.0.0.1", not_after=end)
    with SmtpServer(security="tls", certificate=context) as server:
        seen = visit(server, security="tls")
    assert seen.certificate is not None
    assert seen.certificate.ends_at == end
    assert "has expired" in seen.trouble


def test_clear_text_behind_a_tls_setting_has_no_certificate() -> None:
    with SmtpServer() as server:
        seen = visit(server, security="tls")
    assert seen.certificate is None
    assert seen.trouble.startswith("no secure connection to the mail server")


def test_starttls_that_is_not_offered_is_a_trouble() -> None:
    with SmtpServer() as server:
        seen = visit(server, security="starttls")
    assert seen.certificate is None
    assert seen.trouble.startswith("the mail server offers no STARTTLS")


def test_refused_login_is_tried_once(certified: Callable[..., ssl.SSLContext]) -> None:
    context = certified("127.0.0.1")
    with SmtpServer(
        security="tls", certificate=context, users={"letter": "another"}
    ) as server:
        seen = visit(server, security="tls", user="letter")
    assert seen.refusal is not None
    assert show_reply(seen.refusal.reply) == "535 5.7.8 authentication failed"
    assert sum(one.startswith("AUTH") for one in server.recording.commands) == 1


def test_refused_greeting_is_a_refusal() -> None:
    with SmtpServer(
        [Fault("connect", reply="554 5.7.1 blocked", closes=True)]
    ) as server:
        seen = visit(server)
    assert seen.refusal is not None
    assert show_reply(seen.refusal.reply) == "554 5.7.1 blocked"


def test_refused_sender_ends_the_visit() -> None:
    with SmtpServer([Fault("mail", reply="553 5.7.1 not yours")]) as server:
        seen = visit(server)
    assert seen.sender is not None
    assert show_reply(seen.sender.reply) == "553 5.7.1 not yours"
    assert seen.recipient is None
    assert server.recording.commands[-1] == "QUIT"


def test_refused_recipient_is_told() -> None:
    with SmtpServer([Fault("rcpt", reply="550 5.1.1 no such user")]) as server:
        seen = visit(server)
    assert seen.recipient is not None
    assert show_reply(seen.recipient.reply) == "550 5.1.1 no such user"


def test_address_in_a_reply_is_masked() -> None:
    reply = "550 5.1.1 <letter@bond.test> unknown"
    with SmtpServer([Fault("rcpt", reply=reply)]) as server:
        seen = visit(server)
    assert seen.recipient is not None
    assert show_reply(seen.recipient.reply) == "550 5.1.1 <l***@bond.test> unknown"


def test_server_that_hangs_up_is_a_trouble() -> None:
    with SmtpServer([Fault("mail", closes=True)]) as server:
        seen = visit(server)
        place = f"127.0.0.1:{server.port}"
    assert seen.trouble == f"the mail server {place} broke off the connection"


def test_server_that_says_nothing_is_given_up() -> None:
    with SmtpServer([Fault("connect", delay_seconds=5)]) as server:
        seen = visit(server, seconds=1)
        place = f"127.0.0.1:{server.port}"
    assert seen.trouble == f"the mail server {place} did not answer in time"


def test_server_that_is_not_there_is_a_trouble() -> None:
    with SmtpServer() as server:
        gone = server.port
    settings = ServerSettings("127.0.0.1", gone, security="none", timeout_seconds=2)
    account = Account(replace(settings), "", "bond.test")
    seen = asyncio.run(visit_server(account, sender="a@b.test", recipient="a@b.test"))
    assert seen.trouble == (
        f"the mail server 127.0.0.1:{gone} does not answer (connection refused)"
    )


def test_sender_outside_ascii_asks_for_smtputf8() -> None:
    with SmtpServer() as server:
        visit(server, sender="jörg@bond.test")
    assert server.recording.commands[1] == "MAIL FROM:<jörg@bond.test> SMTPUTF8"
