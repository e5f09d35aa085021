import smtplib
import socket
import time

import pytest

from newsletter.testing.smtp_script import Lie
from newsletter.testing.smtp_server import Fault, SmtpServer

MAIL = b"Subject: x\r\n\r\n.a\r\n..b\r\n"


def send(server: SmtpServer, *to: str) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.sendmail("me@example.org", list(to), MAIL, ["BODY=8BITMIME"])


def test_server_keeps_envelope_and_bytes_of_another_client() -> None:
    with SmtpServer() as server:
        send(server, "a@example.org", "b@example.org")
        (received,) = server.wait_for(1)
    assert received.data == MAIL
    assert received.sender == "me@example.org"
    assert received.recipients == ("a@example.org", "b@example.org")
    assert received.options == ("size=23", "BODY=8BITMIME")
    assert (received.is_tls, received.user) == (False, "")


def test_server_answers_a_pipelined_group() -> None:
    group = (
        b"EHLO x\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\nDATA\r\n"
        b"hi\r\n.\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<e@f.org>\r\nRSET\r\nQUIT\r\n"
    )
    with SmtpServer() as server:
        with socket.create_connection((server.host, server.port), 5) as client:
            client.sendall(group)
            replies = b""
            while chunk := client.recv(4096):
                replies += chunk
        assert server.recording.recipients == ["c@d.org"]
    codes = [line[:3] for line in replies.splitlines() if line[3:4] == b" "]
    assert codes == b"220 250 250 250 354 250 250 250 250 221".split()


def test_server_counts_faults_over_connections() -> None:
    faults = [Fault("rcpt", nth=2, reply="451 4.3.0 later")]
    with SmtpServer(faults) as server:
        send(server, "a@example.org")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(server, "b@example.org")
        send(server, "c@example.org")
        assert server.recording.recipients == ["a@example.org", "c@example.org"]
        assert server.recording.connections == 3


def test_server_notes_a_message_that_was_broken_off() -> None:
    with SmtpServer() as server:
        with socket.create_connection((server.host, server.port), 5) as client:
            client.sendall(
                b"EHLO x\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\nDATA\r\nhal"
            )
            # A client that leaves answers unread resets the connection: "hal" is lost.
            answers = b""
            while b"\r\n354 " not in answers or not answers.endswith(b"\r\n"):
                answers += client.recv(4096)
        deadline = time.monotonic() + 5
        while not server.recording.broken_off and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.recording.broken_off == [b"hal"]
        assert server.messages == []


def test_server_wants_a_login_where_it_has_users() -> None:
    with SmtpServer(users={"u": "p"}) as server:
        with pytest.raises(smtplib.SMTPSenderRefused):
            send(server, "a@example.org")
        with smtplib.SMTP(server.host, server.port, timeout=5) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("u", "wrong")
            client.login("u", "p")
            client.sendmail("me@example.org", ["a@example.org"], MAIL)
        assert server.messages[0].user == "u"


def test_server_on_a_port_that_is_taken_says_so() -> None:
    with SmtpServer() as server, pytest.raises(OSError, match="in use"):
        SmtpServer(port=server.port).start()


def test_wait_for_messages_that_do_not_come_ends() -> None:
    with (
        SmtpServer() as server,
        pytest.raises(TimeoutError, match=r"^0 of 1 messages came$"),
    ):
        server.wait_for(1, timeout_seconds=0.05)


# --- what goes wrong on request -------------------------------------------------------

GROUP = b"MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\nDATA\r\n"
BODY = b"hi\r\n.\r\n"


def talk(server: SmtpServer, *said: bytes) -> bytes:
    """Say each piece when the one before it was answered; return the last answers."""
    with socket.create_connection((server.host, server.port), 5) as client:
        client.settimeout(5)
        client.recv(4096)
        answers = b""
        for piece in (b"EHLO x\r\n", *said, b""):
            client.sendall(piece)
            time.sleep(0.05)
            if piece:
                answers = client.recv(1 << 20)
        return answers


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        (Fault("end", reply="250 ok", extra="250 more\r\n"), b"250 ok\r\n250 more\r\n"),
        (Fault("end", reply="250 ok", times=3), b"250 ok\r\n" * 3),
        (Fault("end", reply="250 o", is_cut=True), b"250 o"),
        (Fault("end", extra="x\r\n"), b"250 2.0.0 ok, kept\r\nx\r\n"),
        (Fault("body", reply="451 no"), b"451 no\r\n250 2.0.0 ok, kept\r\n"),
        (Fault("idle", reply="421 late"), b"250 2.0.0 ok, kept\r\n421 late\r\n"),
    ],
)
def test_server_says_what_the_fault_says(fault: Fault, answers: bytes) -> None:
    with SmtpServer([fault]) as server:
        assert talk(server, GROUP, BODY) == answers


def test_server_resets_a_connection() -> None:
    with (
        SmtpServer([Fault("mail", resets=True)]) as server,
        pytest.raises(ConnectionResetError),
    ):
        talk(server, b"MAIL FROM:<a@b.org>\r\n", b"NOOP\r\n")


def test_server_offers_what_it_is_told_to() -> None:
    with SmtpServer(offers=("DSN",)) as server:
        assert talk(server) == b"250-mail.example.test\r\n250 DSN\r\n"


def test_server_keeps_the_wishes_of_a_recipient() -> None:
    wish = b"MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org> NOTIFY=NEVER\r\nDATA\r\n"
    with SmtpServer(offers=("DSN",)) as server:
        talk(server, wish, BODY)
        assert server.messages[0].wishes == ("NOTIFY=NEVER",)


def test_server_that_lies_waits_for_a_message_that_nobody_gets() -> None:
    faults = [Fault("rcpt", reply="550 no")]
    with SmtpServer(faults, lies=["go-ahead"]) as server:
        answers = talk(server, GROUP)
        assert [line[:3] for line in answers.splitlines()] == [b"250", b"550", b"354"]
        assert talk(server, GROUP, b".\r\n") == b"554 5.5.1 no valid recipients\r\n"
        assert server.messages == []


CHUNK = b"MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\nBDAT 10 LAST\r\nhi\r\n.\r\n..\n"


def test_server_takes_a_chunk_as_it_is() -> None:
    with SmtpServer() as server:
        answers = talk(server, CHUNK + CHUNK)
        assert [line[:9] for line in answers.splitlines()] == [
            *[b"250 2.1.0", b"250 2.1.5", b"250 2.0.0"] * 2
        ]
        assert [one.data for one in server.messages] == [b"hi\r\n.\r\n..\n"] * 2


def test_server_throws_a_chunk_for_nobody_away_and_wants_a_reset() -> None:
    faults = [Fault("rcpt", nth=1, reply="550 no")]
    with SmtpServer(faults) as server:
        answers = talk(server, CHUNK + CHUNK)
        codes = [line[:3] for line in answers.splitlines()]
        assert codes == b"250 550 554 503 250 250".split()
        answers = talk(server, CHUNK + b"RSET\r\n" + CHUNK)
        assert [line[:3] for line in answers.splitlines()] == [b"250"] * 7


@pytest.mark.parametrize(
    ("lie", "answer"),
    [
        ("for-nobody", b"250 2.0.0 ok\r\n"),
        ("no-chunks", b"502 5.5.1 what is that?\r\n"),
    ],
)
def test_server_that_lies_about_chunks_says_so(lie: Lie, answer: bytes) -> None:
    with SmtpServer(lies=[lie]) as server:
        talk(server, b"NOOP\r\n")
        assert talk(server, b"BDAT 2 LAST\r\n\r\n").startswith(answer)
        assert server.messages == []


def test_server_notes_a_chunk_that_was_broken_off() -> None:
    with SmtpServer() as server:
        talk(server, CHUNK[:-4])
        deadline = time.monotonic() + 5
        while not server.recording.broken_off and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.recording.broken_off == [b"hi\r\n.\r"]
        assert server.messages == []


def test_server_that_forgets_answers_the_first_command_of_a_group() -> None:
    with SmtpServer(lies=["forgets-group"]) as server:
        assert talk(server, GROUP) == b"250 2.1.0 sender ok\r\n"


def test_server_unstuffs_dots_wherever_they_stand() -> None:
    sent = b"..a\r\n..\r\nb..\r\n...c\r\n.\r\n"
    with SmtpServer() as server:
        talk(server, GROUP, sent, GROUP, b".\r\n")
        kept = [one.data for one in server.messages]
    assert kept == [b".a\r\n.\r\nb..\r\n..c\r\n", b""]
