"""Mails that are signed here and return to addresses of their own, end to end."""

import os
import signal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import dkim
import pytest

from newsletter.model.settings import DkimSettings
from newsletter.store.keys import open_keyring
from newsletter.testing.processes import children_of, is_running, wait_until
from newsletter.testing.smtp_server import EXTENSIONS, Received, SmtpServer
from newsletter.tokens import Purpose, verify
from newsletter.workflow.clerks import MANY
from newsletter.workflow.dkim_keys import make_key, read_record

TABLE = DkimSettings("example.org", "news", "subscribers/dkim-news.key")
ISSUE = """\
---
subject: Hello
preheader: What is new this month, and how to answer us
date: 2026-03-01
---

Dear reader,
"""
LINES = '[dkim]\ndomain = "example.org"\nselector = "news"\nkey = "{key}"\n'
BOUNCES = 'bounce_address = "news+{token}@example.org"\n'


def use_both(post: Any, server: SmtpServer, **settings: object) -> None:
    """Set up a key and a bounce address."""
    post.use_server(server.port, **settings)
    path: Path = post.root / "newsletter.toml"
    text = path.read_text().replace("hold_seconds", f"{BOUNCES}hold_seconds")
    path.write_text(text + LINES.format(key=TABLE.key))


@pytest.fixture
def signing(post: Any) -> Any:
    make_key(post.project, "news")
    return post


def is_signed(post: Any, mail: Received) -> bool:
    name, value = read_record(post.project, TABLE)

    def look_up(asked: bytes, timeout: float = 5) -> bytes:
        return value.encode() if asked == f"{name}.".encode() else b""

    return bool(dkim.verify(mail.data, dnsfunc=look_up))


def token_of(mail: Received) -> str:
    return mail.sender.removeprefix("news+").removesuffix("@example.org")


def test_tests_and_dispatches_are_signed_and_return_to_their_token(
    signing: Any,
) -> None:
    signing.add("anna", "bob")
    with SmtpServer() as server:
        use_both(signing, server)
        assert signing.run("test", "--to", "me@example.org") == 0
        assert signing.run("send", "--confirm", "2") == 0
        test, *sent = server.messages
    assert all(is_signed(signing, mail) for mail in (test, *sent))
    with signing.database() as database:
        keyring = open_keyring(database, root=signing.root)
    assert verify(keyring, Purpose.TEST, token_of(test)) is not None
    numbers = {verify(keyring, Purpose.MESSAGE, token_of(mail)) for mail in sent}
    assert numbers == {(1, 1), (1, 2)}


@pytest.mark.parametrize("window", [1, 4], ids=["by-data", "by-bdat"])
def test_mails_with_lines_that_begin_with_a_dot_arrive_whole_and_verify(
    signing: Any, window: int
) -> None:
    """By DATA such a line would have to be doubled, by BDAT it must not be."""
    dots = "\n\n".join([".", ". a dot", "..two", "x" * 75 + ".y", f"{'é' * 12}.." * 6])
    signing.write_issue(f"{ISSUE}\n{dots}\n")
    signing.add("anna", "bob", "carl")
    with SmtpServer(offers=(*EXTENSIONS, "CHUNKING")) as server:
        use_both(signing, server, window=window)
        assert signing.send(3) == 0, signing.err
        ways = {line.split()[0] for line in server.recording.commands if line}
        assert ("DATA" in ways, "BDAT" in ways) == (window == 1, window == 4)
        mails = server.messages
    assert all(is_signed(signing, mail) for mail in mails)
    assert len(mails) == 3
    for mail in mails:
        assert b"\n." not in mail.data
        body = message_from_bytes(mail.data, policy=policy.default)
        part = body.get_body(["plain"])
        assert part is not None
        assert {".", ". a dot", "..two"} <= set(part.get_content().splitlines())


def test_rehearsal_is_signed_as_well(signing: Any) -> None:
    signing.add("anna")
    with SmtpServer() as server:
        use_both(signing, server)
    assert signing.run("send", "--rehearse") == 0
    (file,) = (signing.root / "outbox").glob("*.eml")
    assert file.read_bytes().startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")


def test_key_that_is_missing_stops_before_anything_leaves(post: Any) -> None:
    post.add("anna")
    said = (
        f"the DKIM key {post.root}/subscribers/dkim-news.key cannot be read: "
        "No such file or directory. "
        "Make it with: newsletter doctor --make-dkim-key news\n"
    )
    with SmtpServer() as server:
        use_both(post, server)
        assert (post.run("test", "--to", "me@example.org"), post.err) == (3, said)
        assert (post.send(1), post.err) == (3, said)
        assert server.messages == []


@pytest.mark.skipif((os.cpu_count() or 1) < 3, reason="too few cores for processes")
def test_large_dispatch_that_is_interrupted_mails_everybody_once(signing: Any) -> None:
    """So many mails are signed by processes; they go when the sender does."""
    people = [f"p{number}" for number in range(MANY + 300)]
    signing.add(*people)
    with SmtpServer() as server:
        use_both(signing, server)
        with signing.running(
            "send", "--confirm", str(len(people)), "--untested"
        ) as sender:
            wait_until(lambda: len(server.messages) > 50)
            clerks = children_of(sender.pid)
            sender.send_signal(signal.SIGINT)
            assert sender.wait(20) == 130
        assert clerks
        assert not any(map(is_running, clerks))
        assert len(server.messages) < len(people)
        assert signing.run("resume") == 0
        mailed = sorted(mail.recipients[0] for mail in server.messages)
        assert mailed == sorted(f"{name}@example.org" for name in people)
        assert is_signed(signing, server.messages[-1])
