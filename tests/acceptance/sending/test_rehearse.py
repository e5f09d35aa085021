"""Mails as files; nobody is mailed."""

from email import message_from_bytes
from email.policy import default
from typing import Any

from newsletter.testing.smtp_server import SmtpServer


def test_send_rehearse_writes_a_file_for_everybody_and_mails_nobody(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--rehearse") == 0
        post.leave("bob")
        assert post.run("send", "--rehearse") == 0
        assert server.recording.connections == 0
    outbox = post.root / "outbox"
    assert [path.name for path in sorted(outbox.iterdir())] == [
        "2026-03-00001-anna@example.org.eml"
    ]
    mail = message_from_bytes(next(outbox.iterdir()).read_bytes(), policy=default)
    assert mail["Subject"] == "Hello anna"
    assert post.out == (
        f"wrote 1 mail to {outbox}\n"
        "Nobody was mailed, and the links in them change nothing.\n"
    )
    assert post.run("status") == 3
    assert post.err == "no issue has been sent yet. Send one with: newsletter send\n"


def test_send_rehearse_needs_no_server(post: Any) -> None:
    post.add("anna")
    assert post.run("send", "--rehearse") == 0
