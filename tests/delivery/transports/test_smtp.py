import asyncio
import gc
import re
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol

import pytest

from newsletter.delivery.transports import (
    Answer,
    ConnectionBrokenError,
    SetupError,
)
from newsletter.delivery.transports.smtp import Account, refuse_clear_text
from newsletter.delivery.transports.smtp.transport import (
    MAX_REFUSALS,
    SmtpTransport,
    stuff_dots,
)
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.model.settings import Security, ServerSettings
from newsletter.replies import Stage
from newsletter.testing.smtp_server import Fault, SmtpServer

DATA = b"Subject: hi\r\n\r\n.one\r\n..two\r\nthree\r\n.\r\n\xc3\xa9\r\n"
TAKEN = Answer(Stage.END, Reply(250, "ok, kept", "2.0.0"))


class HasContexts(Protocol):
    server: ssl.SSLContext
    client: ssl.SSLContext


def message(to: str = "anna@example.org", data: bytes = DATA) -> Message:
    return Message(data, "news@example.org", to, "<1@example.org>")


def settings(server: SmtpServer, security: Security = "none") -> ServerSettings:
    return ServerSettings(
        host="127.0.0.1", port=server.port, security=security, timeout_seconds=2
    )


def account(server: SmtpServer) -> Account:
    return Account(settings(server), client_name="example.org")


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


def use(
    server_account: Account,
    work: Callable[[SmtpTransport], Coroutine[Any, Any, None]],
) -> None:
    async def run() -> None:
        line = SmtpTransport(server_account)
        try:
            await work(line)
        finally:
            await line.close()

    asyncio.run(run())


def send_all(
    server_account: Account,
    messages: list[Message],
    permit: Callable[[], Awaitable[bool]] = yes,
) -> list[Answer | None]:
    answers: list[Answer | None] = []

    async def work(line: SmtpTransport) -> None:
        for one in messages:
            answers.append(await line.send(one, permit))

    use(server_account, work)
    return answers


# --- what arrives ---------------------------------------------------------------------


def test_send_delivers_every_byte_and_the_envelope() -> None:
    with SmtpServer() as server:
        assert send_all(account(server), [message()]) == [TAKEN]
        (received,) = server.messages
    assert received.data == DATA
    assert received.sender == "news@example.org"
    assert received.recipients == ("anna@example.org",)
    assert received.options == (f"SIZE={len(DATA)}",)
    assert received.client == "example.org"


def test_send_of_several_uses_one_connection_and_says_goodbye() -> None:
    with SmtpServer() as server:
        send_all(account(server), [message(f"{n}@example.org") for n in range(3)])
        assert server.recording.connections == 1
        assert server.recording.commands[-1] == "QUIT"


def test_send_takes_a_new_connection_after_the_set_number() -> None:
    with SmtpServer() as server:
        limited = replace(settings(server), messages_per_connection=2)
        send_all(Account(limited), [message(f"{n}@example.org") for n in range(5)])
        assert [one.connection for one in server.messages] == [1, 1, 2, 2, 3]


def test_send_with_letters_outside_ascii_asks_for_smtputf8() -> None:
    wanted = replace(message("zoë@example.org"), needs_smtputf8=True)
    with SmtpServer() as server:
        assert send_all(account(server), [wanted]) == [TAKEN]
        assert server.messages[0].recipients == ("zoë@example.org",)
        assert "SMTPUTF8" in server.messages[0].options


def test_send_with_letters_outside_ascii_to_a_server_without_refuses_only_that_one() -> (
    None
):
    wanted = replace(message("zoë@example.org"), needs_smtputf8=True)
    with SmtpServer(offers=("8BITMIME",)) as server:
        refused, taken = send_all(account(server), [wanted, message()])
    text = "this mail server takes no address with letters outside ASCII"
    assert refused == Answer(Stage.RCPT, Reply(553, text, "5.6.7"))
    assert taken == TAKEN


@pytest.mark.parametrize(
    ("data", "stuffed"),
    [
        (b"a\r\n", b"a\r\n"),
        (b".a\r\n", b"..a\r\n"),
        (b"a\r\n.\r\n..b\r\n", b"a\r\n..\r\n...b\r\n"),
        (b"a.\r\nb\r\n", b"a.\r\nb\r\n"),
    ],
)
def test_stuff_dots_doubles_a_dot_at_the_start_of_a_line(
    data: bytes, stuffed: bytes
) -> None:
    assert stuff_dots(data) == stuffed


def test_stuff_dots_of_data_without_its_last_line_end_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"^mail data ends with CRLF$"):
        stuff_dots(b"a\r\nb")


# --- permission -----------------------------------------------------------------------


def test_send_asks_for_permission_after_354_and_before_the_first_byte() -> None:
    seen: list[list[str]] = []

    with SmtpServer() as server:

        async def permit() -> bool:
            seen.append(list(server.recording.commands))
            await asyncio.sleep(0.05)
            assert server.messages == []
            return True

        send_all(account(server), [message()], permit)
    (commands,) = seen
    assert commands[-1] == "DATA"


def test_send_when_denied_hangs_up_without_a_dot() -> None:
    """A lone dot would deliver an empty mail."""
    with SmtpServer() as server:
        assert send_all(account(server), [message()], no) == [None]
        assert send_all(account(server), [message("bob@example.org")]) == [TAKEN]
        assert server.recording.recipients == ["bob@example.org"]
        assert server.recording.broken_off == [b""]


def test_send_after_a_denial_takes_a_new_connection() -> None:
    answers = iter([False, True])

    async def permit() -> bool:
        return next(answers)

    with SmtpServer() as server:
        got = send_all(account(server), [message(), message("b@example.org")], permit)
        assert got == [None, TAKEN]
        assert server.recording.connections == 2


def test_send_does_not_ask_for_permission_when_the_recipient_is_refused() -> None:
    async def permit() -> bool:
        raise AssertionError("not asked")

    faults = [Fault("rcpt", reply="550 5.1.1 no such user")]
    with SmtpServer(faults) as server:
        got = send_all(account(server), [message()], permit)
    assert got == [Answer(Stage.RCPT, Reply(550, "no such user", "5.1.1"))]


# --- replies at every stage -----------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (
            Fault("connect", nth=1, reply="554 5.7.1 go away", closes=True),
            Answer(Stage.CONNECT, Reply(554, "go away", "5.7.1")),
        ),
        (
            Fault("connect", nth=1, reply="421 4.3.2 busy", closes=True),
            Answer(Stage.CONNECT, Reply(421, "busy", "4.3.2")),
        ),
        (
            Fault("ehlo", nth=1, reply="550 who are you"),
            Answer(Stage.CONNECT, Reply(550, "who are you")),
        ),
        (
            Fault("mail", nth=1, reply="451 4.3.0 later"),
            Answer(Stage.MAIL, Reply(451, "later", "4.3.0")),
        ),
        (
            Fault("mail", nth=1, reply="421 4.3.0 going down", closes=True),
            Answer(Stage.MAIL, Reply(421, "going down", "4.3.0")),
        ),
        (
            Fault("rcpt", nth=1, reply="450 4.7.1 greylisted"),
            Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1")),
        ),
        (
            Fault("rcpt", nth=1, reply="421 4.7.0 too much", closes=True),
            Answer(Stage.RCPT, Reply(421, "too much", "4.7.0")),
        ),
        (
            Fault("data", nth=1, reply="554 5.5.1 no"),
            Answer(Stage.DATA, Reply(554, "no", "5.5.1")),
        ),
        (
            Fault("end", nth=1, reply="451 4.3.0 disk"),
            Answer(Stage.END, Reply(451, "disk", "4.3.0")),
        ),
        (
            Fault("end", nth=1, reply="554 5.7.1 spam"),
            Answer(Stage.END, Reply(554, "spam", "5.7.1")),
        ),
        (
            Fault("end", nth=1, reply="421 4.3.0 going down", closes=True),
            Answer(Stage.END, Reply(421, "going down", "4.3.0")),
        ),
        (
            Fault("end", nth=1, reply="250-2.0.0 ok\r\n250 2.0.0 kept", keeps=True),
            Answer(Stage.END, Reply(250, "ok kept", "2.0.0")),
        ),
    ],
)
def test_send_returns_the_reply_with_its_stage_and_the_next_message_goes(
    fault: Fault, answer: Answer
) -> None:
    with SmtpServer([fault]) as server:
        got = send_all(account(server), [message(), message("bob@example.org")])
        assert got == [answer, TAKEN]
        assert server.recording.recipients[-1] == "bob@example.org"


def test_send_after_ten_refusals_takes_a_new_connection() -> None:
    faults = [Fault("rcpt", recipient="gone", reply="550 5.1.1 no")]
    with SmtpServer(faults) as server:
        many = [message(f"gone{n}@example.org") for n in range(MAX_REFUSALS)]
        send_all(account(server), [*many, message()])
        assert server.messages[0].connection == 2


# --- no reply -------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_send_when_the_server_hangs_up_before_the_message_nothing_has_left(
    step: Any,
) -> None:
    with SmtpServer([Fault(step, nth=1, closes=True)]) as server:

        async def work(line: SmtpTransport) -> None:
            with pytest.raises(ConnectionBrokenError) as caught:
                await line.send(message(), yes)
            assert not caught.value.is_message_out
            assert await line.send(message(), yes) == TAKEN

        use(account(server), work)
        assert server.recording.recipients == ["anna@example.org"]


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_send_when_the_server_falls_silent_before_the_message_nothing_has_left(
    step: Any,
) -> None:
    with SmtpServer([Fault(step, nth=1)]) as server:
        patient = replace(settings(server), timeout_seconds=1)

        async def work(line: SmtpTransport) -> None:
            with pytest.raises(ConnectionBrokenError) as caught:
                await line.send(message(), yes)
            assert not caught.value.is_message_out
            assert caught.value.reason == (
                f"the mail server 127.0.0.1:{server.port} did not answer in time"
            )
            assert await line.send(message(), yes) == TAKEN

        use(Account(patient), work)


def test_send_when_the_server_hangs_up_after_the_dot_the_fate_is_unknown() -> None:
    with SmtpServer([Fault("end", nth=1, closes=True, keeps=True)]) as server:

        async def work(line: SmtpTransport) -> None:
            with pytest.raises(ConnectionBrokenError) as caught:
                await line.send(message(), yes)
            assert caught.value.is_message_out
            assert caught.value.reason == (
                f"the mail server 127.0.0.1:{server.port} broke off the connection"
            )
            assert await line.send(message("bob@example.org"), yes) == TAKEN

        use(account(server), work)
        assert server.recording.recipients == ["anna@example.org", "bob@example.org"]


def test_send_when_the_server_falls_silent_after_the_dot_the_fate_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "newsletter.delivery.transports.smtp.transport.FINAL_REPLY_SECONDS"
    monkeypatch.setattr(name, 0.2)
    with SmtpServer([Fault("end", nth=1)]) as server:

        async def work(line: SmtpTransport) -> None:
            with pytest.raises(ConnectionBrokenError) as caught:
                await line.send(message(), yes)
            assert caught.value.is_message_out

        use(account(server), work)


def test_send_when_the_connection_is_lost_during_the_permission_nothing_has_left() -> (
    None
):
    with SmtpServer() as server:

        async def permit() -> bool:
            server.stop()
            await asyncio.sleep(0.1)
            return True

        async def work(line: SmtpTransport) -> None:
            with pytest.raises(ConnectionBrokenError) as caught:
                await line.send(message(), permit)
            assert not caught.value.is_message_out

        use(account(server), work)
        assert server.recording.broken_off == []
        assert server.messages == []


def test_send_after_the_server_closed_an_idle_connection_says_nothing_has_left() -> (
    None
):
    with SmtpServer() as server:

        async def work(line: SmtpTransport) -> None:
            await line.send(message(), yes)
            server.stop()
            await asyncio.sleep(0.1)
            with pytest.raises(ConnectionBrokenError) as caught:
                await line.send(message(), yes)
            assert not caught.value.is_message_out

        use(account(server), work)


def test_send_to_a_server_that_is_not_there_says_why() -> None:
    with SmtpServer() as server:
        port = server.port
    gone = Account(ServerSettings("127.0.0.1", port, security="none"))
    with pytest.raises(ConnectionBrokenError) as caught:
        send_all(gone, [message()])
    assert not caught.value.is_message_out
    assert caught.value.reason == (
        f"the mail server 127.0.0.1:{port} does not answer (connection refused)"
    )


def test_send_to_something_that_is_no_mail_server_says_so() -> None:
    with SmtpServer([Fault("mail", reply="it works, no really")]) as server:
        with pytest.raises(ConnectionBrokenError) as caught:
            send_all(account(server), [message()])
        assert caught.value.reason == (
            f"the mail server 127.0.0.1:{server.port} answered with something that is "
            "not SMTP"
        )


def test_account_never_shows_its_password() -> None:
    shown = repr(Account(ServerSettings("mail.example.org", 465), "s3cret"))
    assert "s3cret" not in shown


def test_send_to_a_name_that_cannot_be_looked_up_is_no_fault_of_the_recipient() -> None:
    nowhere = ServerSettings("smtp.invalid", 25, "", "none", allow_clear_text=True)
    with pytest.raises(ConnectionBrokenError) as caught:
        send_all(Account(nowhere), [message()])
    assert not caught.value.is_message_out
    assert caught.value.reason == (
        "the mail server smtp.invalid was not found: is its name right, and is the "
        "network there?"
    )


def test_send_with_a_late_reply_waits_for_it() -> None:
    with SmtpServer([Fault("end", delay_seconds=0.2, reply="250 ok")]) as server:
        got = send_all(account(server), [message(), message("b@example.org")])
        assert [one.reply.text for one in got if one] == ["ok", "ok"]


def test_abort_while_the_answer_is_awaited_leaves_the_fate_unknown() -> None:
    arrived = threading.Event()
    faults = [Fault("end", delay_seconds=5)]
    with SmtpServer(faults, on_message=lambda _: arrived.set()) as server:

        async def work(line: SmtpTransport) -> None:
            sending = asyncio.ensure_future(line.send(message(), yes))
            await asyncio.to_thread(arrived.wait)
            line.abort()
            with pytest.raises(ConnectionBrokenError) as caught:
                await sending
            assert caught.value.is_message_out

        use(account(server), work)


# --- TLS and login --------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_send_with_a_trusted_certificate_is_encrypted_and_logged_in(
    certificate: HasContexts, security: Security
) -> None:
    with SmtpServer(
        security=security, certificate=certificate.server, users={"u": "pässword"}
    ) as server:
        user = replace(settings(server, security), user="u")
        got = send_all(
            Account(user, "pässword", "example.org", certificate.client), [message()]
        )
        assert got == [TAKEN]
        assert (server.messages[0].is_tls, server.messages[0].user) == (True, "u")
        assert server.messages[0].data == DATA


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_close_does_not_wait_for_the_servers_farewell(
    certificate: HasContexts, security: Security
) -> None:
    """The socket is closed at once; a warning of one left open would fail this test."""
    with SmtpServer(
        [Fault("quit", delay_seconds=30)],
        security=security,
        certificate=certificate.server,
    ) as server:
        quick = "newsletter.delivery.transports.smtp.transport.GOODBYE_SECONDS"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quick, 0.1)
            tls = Account(settings(server, security), tls=certificate.client)
            assert send_all(tls, [message()]) == [TAKEN]
    gc.collect()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_send_with_a_certificate_nobody_vouches_for_is_refused(
    certificate: HasContexts, security: Security
) -> None:
    with SmtpServer(
        security=security, certificate=certificate.server, users={"u": "p"}
    ) as server:
        user = replace(settings(server, security), user="u")
        with pytest.raises(SetupError) as caught:
            send_all(Account(user, "p"), [message()])
        assert caught.value.reason == (
            "the mail server's certificate cannot be trusted "
            "(self-signed certificate); nothing was sent."
        )
        assert not any("AUTH" in line for line in server.recording.commands)
        assert server.messages == []


def test_send_when_starttls_was_stripped_sends_neither_password_nor_mail() -> None:
    with SmtpServer(users={"u": "p"}) as server:
        user = replace(settings(server, "starttls"), user="u")
        with pytest.raises(SetupError) as caught:
            send_all(Account(user, "p"), [message()])
        assert caught.value.reason == (
            "the mail server offers no STARTTLS (or somebody in between hides it); "
            'nothing was sent. Try security = "tls" with port 465.'
        )
        assert server.recording.commands == ["EHLO localhost"]


def test_send_when_starttls_is_refused_sends_nothing(certificate: HasContexts) -> None:
    faults = [Fault("starttls", reply="454 4.7.0 not now")]
    with SmtpServer(
        faults, security="starttls", certificate=certificate.server
    ) as server:
        with pytest.raises(ConnectionBrokenError):
            send_all(Account(settings(server, "starttls")), [message()])
        assert server.messages == []


def test_send_by_tls_to_a_port_without_says_what_to_change() -> None:
    with SmtpServer() as server, pytest.raises(SetupError) as caught:
        send_all(Account(settings(server, "tls")), [message()])
    # The word in brackets is OpenSSL's, and differs with its version.
    assert re.fullmatch(
        r"no secure connection to the mail server \([A-Z_]+\): check port "
        r'and security \("tls" for 465, "starttls" for 587\)\.',
        caught.value.reason,
    )


def test_send_with_a_wrong_password_tries_it_once(certificate: HasContexts) -> None:
    """Several tries with a wrong password can lock an account."""
    with SmtpServer(
        security="tls", certificate=certificate.server, users={"u": "right"}
    ) as server:
        user = replace(settings(server, "tls"), user="u")
        got = send_all(Account(user, "wrong", tls=certificate.client), [message()])
        assert got == [
            Answer(Stage.LOGIN, Reply(535, "authentication failed", "5.7.8"))
        ]
        assert server.seen["auth"] == 1


def test_send_to_a_server_without_a_login_we_know_says_so(
    certificate: HasContexts,
) -> None:
    with SmtpServer(security="tls", certificate=certificate.server) as server:
        user = replace(settings(server, "tls"), user="u")
        with pytest.raises(SetupError) as caught:
            send_all(Account(user, "p", tls=certificate.client), [message()])
    assert caught.value.reason == (
        "the mail server offers no way to log in that we know (PLAIN, LOGIN)."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_refuse_clear_text_to_this_machine_is_fine(host: str) -> None:
    refuse_clear_text(Account(ServerSettings(host, 25, security="none")))


def test_refuse_clear_text_to_another_machine() -> None:
    server = ServerSettings("mail.example.org", 25, security="none")
    with pytest.raises(SetupError) as caught:
        SmtpTransport(Account(server))
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
        SmtpTransport(Account(server, "p"))
    assert caught.value.reason == (
        'a password is never sent in clear text: set security = "tls" or "starttls".'
    )
