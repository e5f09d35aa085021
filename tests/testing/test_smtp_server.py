import smtplib
import socket
import time

import pytest

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
