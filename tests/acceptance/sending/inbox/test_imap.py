"""The mailbox of [inbox] by IMAP: login, `newsletter inbox`, and the worker."""

import io
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from newsletter.testing.imap_server import ImapServer
from newsletter.testing.smtp_server import SmtpServer

PASSWORD = "mårker-7Kq"
DSN = """\
From: MAILER-DAEMON@mx.example.net
To: letter@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ann@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--b
Content-Type: text/rfc822-headers

To: ann@example.org
Message-ID: {message_id}

--b--
"""
WISH = """\
From: Bob <bob@example.org>
To: letter@example.org
Subject: Re: Hello
Message-ID: <2@example.org>

Please remove me from your list.
"""
INBOX = """
[inbox]
host = "127.0.0.1"
port = {port}
user = "letter"
done = "Newsletter"
minutes = {minutes}
"""

Log = Callable[..., int]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def mailbox(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ImapServer]:
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(certificate)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with ImapServer(
        {"letter": PASSWORD}, certificate=certificate, security="tls"
    ) as server:
        yield server


@pytest.fixture
def letter(post: Any, mailbox: ImapServer) -> Any:
    """A dispatch of two mails, of which one lies in the mailbox again."""
    post.add("ann", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(2) == 0
        message_id = server.messages[0].data.decode().partition("Message-ID: ")[2]
    mail = DSN.format(message_id=message_id.partition("\r\n")[0])
    mailbox.inbox.add(mail.replace("\n", "\r\n").encode())
    mailbox.inbox.add(WISH.replace("\n", "\r\n").encode())
    use_inbox(post, mailbox)
    return post


def use_inbox(post: Any, mailbox: ImapServer, minutes: int = 5) -> None:
    file = post.root / "newsletter.toml"
    text = file.read_text().partition("\n[inbox]")[0]
    file.write_text(text + INBOX.format(port=mailbox.port, minutes=minutes))


@pytest.fixture
def log_in(letter: Any, monkeypatch: pytest.MonkeyPatch) -> Log:
    def log_in(*options: str, password: str = PASSWORD) -> int:
        given = io.TextIOWrapper(io.BytesIO(password.encode()), "utf-8")
        monkeypatch.setattr(sys, "stdin", given)
        code: int = letter.run("login", "--inbox", "--stdin", *options)
        return code

    return log_in


def test_login_tries_the_password_of_the_mailbox(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    place = f"127.0.0.1:{mailbox.port}"
    assert log_in(password="wrong") == 3
    assert letter.err.endswith(
        f"the mailbox at {place} does not take this password for letter. It said: "
        "[AUTHENTICATIONFAILED] Authentication failed. Nothing was stored.\n"
    )
    assert letter.run("inbox") == 3
    assert letter.err == (
        f"the password of letter at {place} is not on this computer. Store it with: "
        "newsletter login --inbox\n"
    )
    assert log_in() == 0
    assert letter.out.startswith(f"{place} takes this password for letter.\nStored in ")
    assert log_in("--forget") == 0
    assert letter.out.startswith("Removed from ")


def test_inbox_reads_what_is_new_and_moves_what_nobody_has_to_read(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    log_in()
    assert letter.run("inbox", "--dry-run") == 0
    dry = letter.out
    assert len(mailbox.inbox.mails) == 2
    assert letter.run("inbox") == 0
    assert letter.out == dry.replace("No mail would go", "No mail goes")
    assert letter.out == (
        "ann@example.org: the address is dead (550 5.1.1 user unknown). No mail goes "
        "there any more.\n"
        "bob@example.org asks to leave: “Re: Hello”. If so: newsletter subscribers "
        "unsubscribe bob@example.org\n"
    )
    (wish,) = mailbox.inbox.mails
    assert (wish.uid, wish.flags) == (2, set())
    assert len(mailbox.folders["Newsletter"].mails) == 1
    # What waits for the editor is told again; it is not read again.
    assert letter.run("inbox", "--from", "imap") == 0
    assert letter.out.startswith("bob@example.org asked to leave on ")
    assert letter.err == "No new mail.\n"
    assert mailbox.commands.count("UID FETCH 2 (BODY.PEEK[]<0.10485760>)") == 2
    letter.run("status")
    assert "bob@example.org asked to leave on " in letter.err
    assert "       1  came back later\n" in letter.out


def test_inbox_goes_on_where_the_connection_broke(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    log_in()
    mailbox.seen.clear()
    # The mail is counted, and could not be moved.
    mailbox.hangs_up_at = {"UID MOVE": 1}
    assert letter.run("inbox") == 3
    assert letter.run("inbox") == 0
    assert letter.err == (
        "1 mail: somebody asks to leave; that is yours to do.\n1 mail known already.\n"
    )
    assert len(mailbox.folders["Newsletter"].mails) == 1


def test_worker_reads_the_mailbox_by_itself(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    log_in()
    with letter.running("worker", "--json", stderr=None) as process:
        events = {}
        while "inbox" not in events:
            line = json.loads(process.stdout.readline())
            events[line["event"]] = line["text"]
        process.terminate()
        assert process.wait(20) == 0
    assert events["inbox"] == (
        "Returned mail. 1 mail: the address is dead, and gets none any more. 1 mail: "
        "somebody asks to leave; that is yours to do."
    )
    shown = letter.json("subscribers", "show", "ann@example.org")
    assert [one["status"] for one in shown["subscriptions"]] == ["bounced"]
    assert shown["suppressions"][0]["reason"] == "bounced"


def test_worker_leaves_the_mailbox_alone_where_it_is_told_to(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    log_in()
    use_inbox(letter, mailbox, minutes=0)
    mailbox.commands.clear()
    with letter.running("worker", "--json", stderr=None) as process:
        assert json.loads(process.stdout.readline())["event"] == "ready"
        process.terminate()
        assert process.wait(20) == 0
    assert mailbox.commands == []


def test_worker_without_a_mail_server_reads_the_mailbox(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    log_in()
    letter.use_no_server()
    use_inbox(letter, mailbox)
    with letter.running("worker", "--json", stderr=None) as process:
        kinds = [json.loads(process.stdout.readline())["event"] for _ in range(2)]
        process.terminate()
        assert process.wait(20) == 0
    assert kinds == ["ready", "inbox"]


def test_worker_waits_long_after_a_wrong_password(
    letter: Any, mailbox: ImapServer, log_in: Log
) -> None:
    log_in()
    mailbox.users["letter"] = "changed"
    mailbox.commands.clear()
    with letter.running("worker", "--json", stderr=None) as process:
        json.loads(process.stdout.readline())
        told = json.loads(process.stdout.readline())
        time.sleep(2.5)
        process.terminate()
        assert process.wait(20) == 0
    assert told["event"] == "trouble"
    assert told["text"].startswith("inbox: the mailbox at 127.0.0.1:")
    # Tried once: each try may lock the account.
    assert mailbox.commands.count("AUTHENTICATE") == 1
