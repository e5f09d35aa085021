"""TLS and login: what is refused, and in which words."""

import asyncio
import re
import ssl
from dataclasses import replace
from typing import Any, Protocol

import pytest

from newsletter.delivery.transports import Answer, Loss, Misfit, SetupError
from newsletter.delivery.transports.smtp import (
    Account,
    hang_up,
    make_client,
    open_connection,
    refuse_clear_text,
)
from newsletter.model.outcome import Reply
from newsletter.model.settings import Security, ServerSettings
from newsletter.replies import Stage
from newsletter.testing.smtp_server import Fault, SmtpServer

both_securities = pytest.mark.parametrize("security", ["tls", "starttls"])


class HasContexts(Protocol):
    server: ssl.SSLContext
    client: ssl.SSLContext


def open_with(account: Account) -> Answer | Loss | Misfit | None:
    async def run() -> Answer | Loss | Misfit | None:
        smtp = make_client(account)
        try:
            return await open_connection(smtp, account)
        finally:
            hang_up(smtp)

    return asyncio.run(run())


@both_securities
def test_line_with_a_trusted_certificate_is_encrypted_and_logged_in(
    post: Any, certificate: HasContexts, security: Security
) -> None:
    with SmtpServer(
        security=security, certificate=certificate.server, users={"u": "pässword"}
    ) as server:
        account = post.account(server, security=security, user="u")
        account = post.with_password(account, "pässword", certificate)
        endings = post.send(account, [post.letter(name) for name in "abc"])
        assert list(map(post.tell, endings)) == ["taken"] * 3
        assert {(one.is_tls, one.user) for one in server.messages} == {(True, "u")}


@both_securities
def test_open_connection_with_a_certificate_nobody_vouches_for_is_a_misfit(
    post: Any, certificate: HasContexts, security: Security
) -> None:
    with SmtpServer(
        security=security, certificate=certificate.server, users={"u": "p"}
    ) as server:
        account = post.account(server, security=security, user="u")
        assert open_with(replace(account, password="p")) == Misfit(
            "the mail server's certificate cannot be trusted (self-signed certificate);"
            " nothing was sent."
        )
        assert not any("AUTH" in line for line in server.recording.commands)


def test_open_connection_when_starttls_was_stripped_sends_no_password(
    post: Any,
) -> None:
    with SmtpServer(users={"u": "p"}) as server:
        account = post.account(server, security="starttls", user="u")
        assert open_with(replace(account, password="p")) == Misfit(
            "the mail server offers no STARTTLS (or somebody in between hides it); "
            'nothing was sent. Try security = "tls" with port 465.'
        )
        assert server.recording.commands == ["EHLO example.org"]


def test_open_connection_when_starttls_is_refused_tells_the_reply(
    post: Any, certificate: HasContexts
) -> None:
    faults = [Fault("starttls", reply="454 4.7.0 not now")]
    with SmtpServer(
        faults, security="starttls", certificate=certificate.server
    ) as server:
        account = post.account(server, security="starttls")
        said = Answer(Stage.CONNECT, Reply(454, "not now", "4.7.0"))
        assert open_with(account) == said


def test_open_connection_by_tls_to_a_port_without_says_what_to_change(
    post: Any,
) -> None:
    with SmtpServer() as server:
        ending = open_with(post.account(server, security="tls"))
    assert isinstance(ending, Misfit)
    # The word in brackets is OpenSSL's, and differs with its version.
    assert re.fullmatch(
        r"no secure connection to the mail server \([A-Z_]+\): check port "
        r'and security \("tls" for 465, "starttls" for 587\)\.',
        ending.reason,
    )


def test_open_connection_with_a_wrong_password_tries_it_once(
    post: Any, certificate: HasContexts
) -> None:
    """Several tries with a wrong password can lock an account."""
    with SmtpServer(
        security="tls", certificate=certificate.server, users={"u": "right"}
    ) as server:
        account = post.account(server, security="tls", user="u")
        account = post.with_password(account, "wrong", certificate)
        said = Answer(Stage.LOGIN, Reply(535, "authentication failed", "5.7.8"))
        assert open_with(account) == said
        assert server.seen["auth"] == 1


def test_open_connection_to_a_server_without_a_login_we_know_says_so(
    post: Any, certificate: HasContexts
) -> None:
    with SmtpServer(security="tls", certificate=certificate.server) as server:
        account = post.account(server, security="tls", user="u")
        assert open_with(post.with_password(account, "p", certificate)) == Misfit(
            "the mail server offers no way to log in that we know (PLAIN, LOGIN)."
        )


def test_open_connection_to_something_that_is_no_mail_server_says_so(
    post: Any,
) -> None:
    with SmtpServer([Fault("connect", reply="HTTP/1.1 400 Bad Request")]) as server:
        assert open_with(post.account(server)) == Loss(
            f"the mail server 127.0.0.1:{server.port} answered with something that is "
            "not SMTP",
            is_message_out=False,
        )


def test_open_connection_to_a_name_that_cannot_be_looked_up_says_so() -> None:
    nowhere = ServerSettings("smtp.invalid", 25, "", "none", allow_clear_text=True)
    assert open_with(Account(nowhere)) == Loss(
        "the mail server smtp.invalid was not found: is its name right, and is the "
        "network there?",
        is_message_out=False,
    )


def test_account_never_shows_its_password() -> None:
    shown = repr(Account(ServerSettings("mail.example.org", 465), "s3cret"))
    assert "s3cret" not in shown


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_refuse_clear_text_to_this_machine_is_fine(host: str) -> None:
    refuse_clear_text(Account(ServerSettings(host, 25, security="none")))


def test_refuse_clear_text_to_another_machine() -> None:
    server = ServerSettings("mail.example.org", 25, security="none")
    with pytest.raises(SetupError) as caught:
        refuse_clear_text(Account(server))
    assert caught.value.reason == (
        'mail to mail.example.org would travel in clear text: set security = "tls" or '
        '"starttls", or allow_clear_text = true if that network is yours.'
    )
    refuse_clear_text(Account(replace(server, allow_clear_text=True)))


def test_refuse_clear_text_of_a_password_even_to_this_machine() -> None:
    server = ServerSettings(
        "localhost", 25, user="u", security="none", allow_clear_text=True
    )
    with pytest.raises(SetupError) as caught:
        refuse_clear_text(Account(server, "p"))
    assert caught.value.reason == (
        'a password is never sent in clear text: set security = "tls" or "starttls".'
    )
