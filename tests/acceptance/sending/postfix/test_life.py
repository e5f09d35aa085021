"""The life of a subscriber by mail: Postfix brings what we send, and what comes back.

They join on the page and confirm by the mail in their mailbox. Then one of them leaves
by mail, one calls it spam, one turns out not to exist, and somebody forges all of this
about the fourth. In the end they are forgotten, and no trace of them is left.
"""

import re
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from newsletter.addresses import mask

pytestmark = pytest.mark.long

ANNA = "anna@example.org"
BOB = "bob@example.org"
#: Of these everything is forged.
PETER = "p000@example.org"
STRANGER = "stranger@late.example"
#: As long as a person looks at the form at least.
LOOKS_SECONDS = 3.1


# --- what runs ------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def set_up(post: Any, postfix: Any, web: int) -> None:
    post.use_server(postfix.port)
    file = post.root / "newsletter.toml"
    addresses = (
        f'base_url = "http://127.0.0.1:{web}"\n'
        'bounce_address = "bounces+{token}@example.org"\n'
        'unsubscribe_address = "letter@pipe.example"\n'
    )
    text = file.read_text().replace("[newsletter]\n", f"[newsletter]\n{addresses}", 1)
    file.write_text(text.replace("[lists.main]\n", "[lists.main]\npublic = true\n", 1))


@contextmanager
def serving(post: Any, web: int, log: Path) -> Iterator[None]:
    with (
        log.open("wb") as out,
        post.start("serve", "--port", str(web), stdout=out, stderr=out) as process,
    ):
        try:
            end = time.monotonic() + 30
            while b"Ctrl-C stops it." not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0, log.read_text()


class Pipe:
    """`newsletter inbox --from -`, as the line in Postfix's master.cf runs it."""

    def __init__(self, post: Any, postfix: Any) -> None:
        self.post = post
        self.postfix = postfix
        #: Exit code and output of each run.
        self.runs: list[tuple[int, str]] = []

    def take(self, mail: bytes) -> int:
        command = ["inbox", "--from", "-"]
        with self.post.start(*command, stdin=subprocess.PIPE) as process:
            out, _ = process.communicate(mail, timeout=30)
        self.runs.append((process.returncode, out.decode()))
        return int(process.returncode)

    def receive(self, mail: bytes) -> str:
        """Let Postfix deliver a mail; return what is said of it."""
        before = len(self.runs)
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=10) as client:
            client.sendmail("", ["letter@pipe.example"], mail)
        end = time.monotonic() + 30
        while len(self.runs) == before:
            assert time.monotonic() < end, self.postfix.log()
            time.sleep(0.05)
        code, said = self.runs[before]
        assert code == 0, said
        return said


def ask(web: int, path: str, form: dict[str, str] | None = None) -> str:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection("127.0.0.1", web, timeout=30)) as connection:
        body = None if form is None else urlencode(form)
        connection.request("GET" if body is None else "POST", path, body, kind)
        return connection.getresponse().read().decode()


# --- mails that others write ----------------------------------------------------------


def write_leaving(mail: EmailMessage) -> bytes:
    """Return the mail that a mail program writes by ``List-Unsubscribe``."""
    found = re.search(r"mailto:([^?>]+)\?subject=([^>&]+)", mail["List-Unsubscribe"])
    assert found is not None
    to, subject = found[1], found[2].replace("%20", " ")
    return f"From: x@example.org\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n".encode()


def write_complaint(mail: EmailMessage, *, number: int) -> bytes:
    """Return what a provider writes when somebody calls a mail spam (RFC 5965)."""
    report = MIMEMultipart("report", report_type="feedback-report")
    report["From"] = "feedback@provider.example"
    report["To"] = "letter@pipe.example"
    report["Subject"] = "Complaint"
    report["Message-ID"] = f"<{number}@provider.example>"
    report["Date"] = format_datetime(datetime.now(UTC))
    report.attach(MIMEText("Somebody called this mail spam."))
    about = MIMEText("", "feedback-report", "us-ascii")
    about.replace_header("Content-Type", "message/feedback-report")
    del about["Content-Transfer-Encoding"]
    about.set_payload("Feedback-Type: abuse\nUser-Agent: provider/1\nVersion: 1\n")
    report.attach(about)
    report.attach(MIMEMessage(mail))
    return report.as_bytes()


def forge(mail: bytes, tokens: set[str], *, name: str) -> bytes:
    """Turn a mail about somebody else into one about Peter; no token is right then."""
    for token in sorted(tokens, key=len, reverse=True):
        wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
        mail = mail.replace(token.encode(), wrong.encode())
    for address in (STRANGER, BOB):
        mail = mail.replace(address.encode(), PETER.encode())
    return re.sub(rb"(?mi)^(Message-ID: <)", rb"\g<1>" + name.encode(), mail, count=1)


def tokens_of(mail: EmailMessage) -> set[str]:
    """Return what is ours alone to write: of the mail, and of its links."""
    text = mail.as_string().replace("=\n", "")
    links = set(re.findall(r"/[up]/([0-9a-v]{20,})", text))
    subjects = set(re.findall(r"unsubscribe%20([0-9a-v]{20,})", text))
    return {str(mail["Message-ID"])[1:].partition("@")[0]} | links | subjects


# --- the life -------------------------------------------------------------------------


def test_life_by_mail_ends_with_each_return_and_leaves_no_trace(
    post: Any, postfix: Any, tmp_path: Path
) -> None:
    web = free_port()
    set_up(post, postfix, web)
    log, pipe = tmp_path / "serve.log", Pipe(post, postfix)
    with serving(post, web, log), postfix.piping(pipe.take):
        join(post, postfix, web)
        for address in (BOB, PETER, STRANGER):
            consent = ["--consent", "paper form, 3 May"]
            assert post.run("subscribers", "add", address, *consent) == 0
        # Postfix takes the stranger's; that there is nobody it finds out afterwards.
        assert post.send(4) == 0, post.err
        see_who_is_unknown(post, postfix, pipe)
        leave_by_mail(post, postfix, pipe)
        complain(post, postfix, pipe)
        see_that_nothing_forged_counts(post, postfix, pipe)
        post.write_issue(name="2026-04")
        assert post.run("send", "2026-04", "--confirm", "1", "--untested") == 0
        assert set(post.states(2)) == {"p000"}
        assert len(postfix.mails("p000", count=2)) == 2
        for address in (ANNA, BOB, PETER, STRANGER):
            assert post.run("subscribers", "forget", address, "--yes") == 0
    assert find_traces(post.root) == set()
    assert find_traces(log.parent) == set()
    assert "Sent 1 mail that readers asked for on the web page." in log.read_text()


def find_traces(folder: Path) -> set[tuple[str, str]]:
    """Return file and address, where a file holds one."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        (path.name, address)
        for path in files
        for address in (ANNA, BOB, PETER, STRANGER)
        if address.encode() in path.read_bytes().lower()
    }


def join(post: Any, postfix: Any, web: int) -> None:
    (shown,) = re.findall(r'name="shown" value="([^"]+)"', ask(web, "/join"))
    time.sleep(LOOKS_SECONDS)
    form = {"email": ANNA, "list": "main", "shown": shown}
    assert "Please look into your mailbox." in ask(web, "/join", form)
    (mail,) = postfix.mails("anna")
    assert mail["Return-Path"].startswith("<bounces+")
    found = re.search(rf"http://127\.0\.0\.1:{web}(/c/\S+)", text_of(mail))
    assert found is not None
    assert status_of(post, ANNA) == "pending"
    assert "You are subscribed." in ask(web, found[1], {"do": "confirm"})
    assert status_of(post, ANNA) == "active"


def see_who_is_unknown(post: Any, postfix: Any, pipe: Pipe) -> None:
    """Read the bounce from its mailbox; by whatever way it comes again, it is known."""
    postfix.mails("bounces")
    (bounce,) = postfix.files("bounces")
    inbox = ["inbox", "--from", f"maildir:{postfix.root}/mail/bounces"]
    assert post.run(*inbox) == 0
    assert post.out.startswith(f"{STRANGER}: the address is dead (")
    assert post.run(*inbox) == 0
    assert (post.out, post.err) == ("", "No new mail.\n")
    assert pipe.receive(bounce) == ""
    assert status_of(post, STRANGER) == "bounced"
    assert suppressions_of(post, STRANGER) == ["bounced"]
    assert post.json("status")["bounced"] == 1


def leave_by_mail(post: Any, postfix: Any, pipe: Pipe) -> None:
    mails = postfix.mails("anna", count=2)
    (mail,) = [one for one in mails if one["List-Unsubscribe"]]
    assert pipe.receive(write_leaving(mail)) == f"{mask(ANNA)} has left by mail.\n"
    assert status_of(post, ANNA) == "unsubscribed"


def complain(post: Any, postfix: Any, pipe: Pipe) -> None:
    (mail,) = postfix.mails("bob")
    complaint = write_complaint(mail, number=1)
    said = f"{mask(BOB)} called it spam, and gets no mail any more.\n"
    assert [pipe.receive(complaint), pipe.receive(complaint)] == [said, ""]
    assert status_of(post, BOB) == "unsubscribed"
    assert suppressions_of(post, BOB) == ["complained"]
    assert post.json("status")["complained"] == 1


def see_that_nothing_forged_counts(post: Any, postfix: Any, pipe: Pipe) -> None:
    """Send what came about others again, as if it were about Peter."""
    bounce = next((postfix.root / "mail/bounces/cur").iterdir()).read_bytes()
    returned = re.search(rb"(?mi)^Message-ID: <([^@>]+)@example", bounce)
    assert returned is not None
    (of_bob,), (of_peter,) = postfix.mails("bob"), postfix.mails("p000")
    tokens = tokens_of(of_bob) | {returned[1].decode()}
    wish = write_leaving(of_peter)
    forged = [
        forge(bounce, tokens, name="a"),
        forge(write_complaint(of_bob, number=2), tokens, name="b"),
        forge(wish, tokens_of(of_peter), name="c"),
    ]
    before = post.json("status")
    for mail in forged:
        pipe.receive(mail)
    assert status_of(post, PETER) == "active"
    assert suppressions_of(post, PETER) == []
    assert post.json("status") == before


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(["plain"])
    assert part is not None
    text: str = part.get_content()
    return text


def status_of(post: Any, address: str) -> str:
    found = post.json("subscribers", "show", address)
    status: str = found["subscriptions"][0]["status"]
    return status


def suppressions_of(post: Any, address: str) -> list[str]:
    found = post.json("subscribers", "show", address)["suppressions"]
    return [one["reason"] for one in found]
