"""Dispatches through a real Postfix: into mailboxes, refused, bounced, encrypted."""

import re
import smtplib
import subprocess
import time
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

STRANGER = "stranger@late.example"


def send(post: Any, people: int) -> int:
    code: int = post.run("send", "--confirm", str(people), "--untested")
    return code


def add_setting(post: Any, line: str, *, table: str = "[newsletter]") -> None:
    file = post.root / "newsletter.toml"
    text = file.read_text()
    assert table in text
    file.write_text(text.replace(table, f"{table}\n{line}", 1))


def body_of(mail: EmailMessage) -> str:
    part = mail.get_body(["plain"])
    assert part is not None
    content: str = part.get_content()
    return content


def test_send_to_fifty_puts_one_mail_into_each_mailbox(post: Any, postfix: Any) -> None:
    names = [f"p{number:03}" for number in range(50)]
    post.add(*names)
    post.use_server(postfix.port, connections=3)
    assert send(post, 50) == 0
    for name in names:
        (mail,) = postfix.mails(name)
        assert mail["Delivered-To"] == f"{name}@example.org"
        assert parseaddr(mail["To"])[1] == f"{name}@example.org"
        assert mail["Subject"] == f"Hello {name}"
        assert f"Dear {name}," in body_of(mail)
    assert set(post.states().values()) == {"accepted"}


def test_send_pipelines_as_postfix_permits(post: Any, postfix: Any) -> None:
    post.add(*(f"p{number:03}" for number in range(20)))
    post.use_server(postfix.port)
    before = len(postfix.log())
    assert send(post, 20) == 0
    postfix.mails("p019")
    said = postfix.log()[before:]
    assert "improper command pipelining" not in said
    # One connection, one goodbye, and no command that was not understood.
    (session,) = re.findall(r"disconnect from \S+ (.*)", said)
    assert session == "ehlo=1 mail=20 rcpt=20 data=20 quit=1 commands=62"


def test_send_with_four_on_their_way_puts_one_mail_into_each_mailbox(
    post: Any, postfix: Any
) -> None:
    names = [f"p{number:03}" for number in range(50)]
    post.add(*names, "nobody", "p000.unknown")
    post.use_server(postfix.port, connections=2, window=4)
    before = len(postfix.log())
    assert send(post, 52) == 1
    for name in names:
        (mail,) = postfix.mails(name)
        assert f"Dear {name}," in body_of(mail)
    states = post.states()
    gone = {name for name, state in states.items() if state == "refused"}
    assert gone == {"nobody", "p000.unknown"}
    assert list(states.values()).count("accepted") == 50
    sessions = re.findall(r"disconnect from \S+ (.*)", postfix.log()[before:])
    said = [dict(word.split("=") for word in one.split()) for one in sessions]
    # Not understood is nothing; "n/m": so many of those were accepted.
    assert sum(int(one["bdat"].partition("/")[0]) for one in said) == 50
    assert sum(int(one["mail"]) for one in said) == 52
    assert not any("data" in one or "unknown" in one for one in said)


def test_send_to_an_unknown_mailbox_is_refused_and_the_others_get_theirs(
    post: Any, postfix: Any
) -> None:
    post.add("anna", "bob", "nobody")
    post.use_server(postfix.port)
    assert send(post, 3) == 1
    assert post.states() == {"anna": "accepted", "bob": "accepted", "nobody": "refused"}
    assert len(postfix.mails("anna")) == len(postfix.mails("bob")) == 1
    post.run("status", "--not-reached")
    assert "nobody@example.org" in post.out


def test_send_to_somebody_found_unknown_later_brings_a_bounce_that_names_them(
    post: Any, postfix: Any
) -> None:
    consent = ["--consent", "paper form, 3 May"]
    assert post.run("subscribers", "add", STRANGER, *consent) == 0
    post.use_server(postfix.port)
    add_setting(post, 'bounce_address = "bounces+{token}@example.org"')
    # Postfix takes it; that there is nobody it finds out afterwards.
    assert send(post, 1) == 0
    (bounce,) = postfix.mails("bounces")
    assert bounce.get_content_type() == "multipart/report"
    text = postfix.files("bounces")[0].decode()
    token = parseaddr(bounce["To"])[1].removeprefix("bounces+").partition("@")[0]
    # Ours, in the mail that was returned; Postfix writes "Message-Id".
    returned = re.search(r"^Message-ID: <([^@>]+)@", text, re.M)
    assert returned is not None
    assert bounce["Delivered-To"] == f"bounces+{token}@example.org"
    assert f"Final-Recipient: rfc822; {STRANGER}" in text
    assert f"Original-Recipient: rfc822;{STRANGER}" in text
    assert f"Original-Envelope-Id: {returned[1]}" in text
    assert "Status: 5.1.1" in text


def test_send_by_starttls_arrives_encrypted(post: Any, postfix: Any) -> None:
    post.add("anna")
    post.use_server(postfix.port, security="starttls")
    trust = {"SSL_CERT_FILE": str(postfix.authority), "SSL_CERT_DIR": ""}
    command = ["send", "--confirm", "1", "--untested"]
    with post.start(*command, environment=trust) as sender:
        said = sender.communicate(timeout=30)
    assert sender.returncode == 0, said
    (mail,) = postfix.mails("anna")
    assert "using TLSv1.3" in mail["Received"]
    assert "with ESMTPS" in mail["Received"]


def test_send_to_a_server_with_a_certificate_nobody_trusts_sends_nothing(
    post: Any, postfix: Any, tmp_path: Path
) -> None:
    post.add("anna")
    post.use_server(postfix.port, security="starttls")
    (tmp_path / "none.pem").write_text("")
    trust = {"SSL_CERT_FILE": str(tmp_path / "none.pem"), "SSL_CERT_DIR": ""}
    command = ["send", "--confirm", "1", "--untested"]
    with post.start(*command, environment=trust) as sender:
        out, err = sender.communicate(timeout=30)
    assert sender.returncode != 0
    assert b"certificate cannot be trusted" in out + err
    assert post.states() == {"anna": "pending"}
    assert postfix.files("anna") == []


def test_send_with_a_key_of_our_own_is_signed_so_that_the_delivered_mail_verifies(
    post: Any, postfix: Any
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = post.root / "subscribers" / "dkim.key"
    file.parent.mkdir(exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    file.write_bytes(private)
    post.add("anna")
    post.use_server(postfix.port)
    settings = post.root / "newsletter.toml"
    settings.write_text(
        f'{settings.read_text()}\n[dkim]\ndomain = "example.org"\nselector = "s1"\n'
        f'key = "subscribers/dkim.key"\n'
    )
    assert send(post, 1) == 0, post.err
    postfix.mails("anna")
    (delivered,) = postfix.files("anna")
    record = dns_record(key.public_key())
    assert dkim.verify(delivered, dnsfunc=lambda *_, **__: record)
    assert not dkim.verify(
        delivered.replace(b"paragraph", b"Paragraph"), dnsfunc=lambda *_, **__: record
    )


def dns_record(key: rsa.RSAPublicKey) -> bytes:
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b"v=DKIM1; k=rsa; p=" + b"".join(pem.splitlines()[1:-1])


def test_pipe_takes_what_postfix_returns_and_mails_to_leave(
    post: Any, postfix: Any
) -> None:
    consent = ["--consent", "paper form, 3 May"]
    for address in ("anna@example.org", "bob@example.org", STRANGER):
        assert post.run("subscribers", "add", address, *consent) == 0
    post.use_server(postfix.port)
    add_setting(post, 'bounce_address = "letter+{token}@pipe.example"')
    add_setting(post, 'unsubscribe_address = "letter@pipe.example"')

    def take(mail: bytes) -> int:
        """Do as the line in master.cf that docs/returned-mail.md shows."""
        command = ["inbox", "--from", "-"]
        with post.start(*command, stdin=subprocess.PIPE) as process:
            process.communicate(mail, timeout=30)
            return int(process.returncode)

    with postfix.piping(take):
        assert send(post, 3) == 0
        wait_until_is(post, STRANGER, "bounced")
        postfix.wait_for("status=sent (delivered via newsletter service)")
        (mail,) = postfix.mails("bob")
        leaving = write_leaving(str(mail["List-Unsubscribe"]))
        deliver(postfix, leaving)
        wait_until_is(post, "bob@example.org", "unsubscribed")
        assert status_of(post, "anna@example.org") == "active"
        # While the key is away, Postfix keeps the mail and tries again.
        key = post.root / "subscribers" / "secret.key"
        key.rename(key.with_suffix(".away"))
        deliver(postfix, leaving)
        postfix.wait_for("status=deferred (temporary failure")


def write_leaving(list_unsubscribe: str) -> str:
    """Return the mail that a mail program writes by ``List-Unsubscribe``."""
    found = re.search(r"mailto:([^?>]+)\?subject=([^>&]+)", list_unsubscribe)
    assert found is not None
    subject = found[2].replace("%20", " ")
    return (
        f"From: x@example.org\r\nTo: {found[1]}\r\nSubject: {subject}\r\n\r\nBye.\r\n"
    )


def deliver(postfix: Any, mail: str) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=10) as client:
        client.sendmail("x@example.org", ["letter@pipe.example"], mail)


def wait_until_is(post: Any, address: str, status: str) -> None:
    end = time.monotonic() + 20
    while status_of(post, address) != status:
        assert time.monotonic() < end, f"{address} is not {status}"
        time.sleep(0.1)


def status_of(post: Any, address: str) -> str:
    found = post.json("subscribers", "show", address)
    status: str = found["subscriptions"][0]["status"]
    return status
