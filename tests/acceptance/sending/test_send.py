"""What arrives, and within which limits."""

import time
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, SmtpServer

NAMES = ("anna", "bob", "carl", "dora", "eve")


def test_send_mails_everybody_once_with_their_own_words(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("test", "--to", "me@example.org") == 0
        assert post.run("send", "--confirm", "2") == 0
        test, *messages = server.messages
    assert test.recipients == ("me@example.org",)
    assert [one.recipients for one in messages] == [
        ("anna@example.org",),
        ("bob@example.org",),
    ]
    mail = message_from_bytes(messages[0].data, policy=default)
    assert messages[0].sender == "letter@example.org"
    assert mail["To"] == "anna@example.org"
    assert mail["From"] == "Doorways <letter@example.org>"
    assert mail["Subject"] == "Hello anna"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Dear anna," in text.get_content()
    assert "List-Unsubscribe-Post" not in mail
    assert post.out == (
        "Dispatch 1 of 2026-03 is done\n"
        "       2  taken by your mail server\n"
        "       2  in all\n"
    )


def test_send_json_is_one_object_that_adds_up(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer([Fault("rcpt", recipient="bob", reply="550 5.1.1 no")]) as server:
        post.use_server(server.port)
        found = post.json("send", "--confirm", "5", "--untested")
    assert found == {
        "dispatch": 1,
        "issue": "2026-03",
        "state": "done",
        "reason": "",
        "next_at": None,
        "total": 5,
        "pending": 0,
        "attempting": 0,
        "accepted": 4,
        "deferred": 0,
        "refused": 1,
        "unknown": 0,
        "skipped": 0,
        "where": None,
        "bounced": 0,
        "complained": 0,
    }


def test_send_with_several_connections_mails_everybody_once(post: Any) -> None:
    names = [f"p{number:03}" for number in range(60)]
    post.add(*names)
    slow = [Fault("end", delay_seconds=0.01, reply="250 ok")]
    with SmtpServer(slow) as server:
        post.use_server(server.port, connections=5, messages_per_connection=7)
        assert post.send(60) == 0
        got = sorted(server.recording.recipients)
        assert got == [f"{name}@example.org" for name in names]
        assert server.recording.most_at_once == 5
        assert server.recording.connections >= 60 // 7


def test_send_over_several_batches_mails_everybody_once(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.snapshots.BATCH_SIZE", 3)
    names = [f"p{number}" for number in range(10)]
    post.add(*names)
    with SmtpServer() as server:
        post.use_server(server.port, connections=2)
        assert post.send(10) == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in names
        ]


def test_send_again_leaves_out_whoever_has_it(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        post.send(2)
        post.add("carl")
        assert post.send(1) == 0
        assert server.recording.recipients[2:] == ["carl@example.org"]
        assert "Left out: 2 got it already\n" in post.err
        assert post.send(0) == 3
        assert post.err == (
            "nobody is left to send 2026-03 to (list main). "
            "Left out: 3 got it already.\n"
        )


def test_send_to_the_union_of_lists_takes_each_address_once(post: Any) -> None:
    post.add("anna", "bob", lists=("main", "events"))
    post.add("carl", lists=("events",))
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(3, "--to", "main", "--to", "events") == 0
        assert len(server.messages) == 3


def test_send_keeps_the_limit_and_tests_count_too(post: Any) -> None:
    post.add("anna", "bob", "carl")
    times: list[float] = []
    with SmtpServer(on_message=lambda _: times.append(time.monotonic())) as server:
        post.use_server(server.port, limits=["5/second"], connections=3)
        post.run("test", "--to", "me@example.org")
        assert post.run("send", "--confirm", "3") == 0
        assert len(server.messages) == 4
    # 0.2 seconds each; a busy machine notes some of them late, and the next in time.
    assert times[-1] - times[0] > 0.3


def test_send_says_how_long_it_will_take(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port, limits=["60/hour"])
        post.send(1)
    line = next(line for line in post.err.splitlines() if line.startswith("Time"))
    assert line.startswith("Time:     60 an hour: about 5 min, until ")
    assert line.endswith("; leave the computer on")
