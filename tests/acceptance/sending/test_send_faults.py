"""What the server does wrong, and what becomes of it."""

import asyncio
from email import message_from_bytes
from typing import Any

import pytest

from newsletter.errors import OperationError
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Permission
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.workflow.worker import only_worker

NAMES = ("anna", "bob", "carl", "dora", "eve")


def test_send_with_a_recipient_refused_mails_the_others(post: Any) -> None:
    post.add(*NAMES)
    faults = [Fault("rcpt", recipient="carl", reply="550 5.1.1 no such user")]
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        assert post.send(5) == 1
        assert len(server.messages) == 4
    assert post.states()["carl"] == "refused"
    assert post.run("status", "--not-reached") == 0
    assert post.out.splitlines()[1].startswith(
        "carl@example.org,This mailbox does not exist.,"
    )


def test_send_with_a_recipient_put_off_waits_and_resume_tries_again(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer([Fault("rcpt", nth=3, reply="451 4.7.1 greylisted")]) as server:
        post.use_server(server.port)
        found = post.json("send", "--confirm", "5", "--untested")
        assert (found["state"], found["deferred"], found["accepted"]) == (
            "waiting",
            1,
            4,
        )
        assert found["reason"] == "the mail server asked to try some of them later"
        assert found["next_at"] is not None
        assert post.run("resume") == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in NAMES
        ]


def test_send_that_ends_waiting_says_that_nobody_sees_to_it(post: Any) -> None:
    post.add("anna")
    told = (
        "Nobody sees to it now: leave newsletter worker running, or give then: "
        "newsletter resume 1"
    )
    with SmtpServer([Fault("rcpt", nth=1, reply="451 4.7.1 greylisted")]) as server:
        post.use_server(server.port)
        assert post.send(1) == 1
        assert told in post.out
        post.run("status")
        assert told in post.out
        with only_worker(post.project):
            post.run("status")
    assert "Nobody sees" not in post.out
    assert "newsletter worker goes on with it.\n" in post.out


def test_send_with_a_login_refused_says_how_to_put_it_right(
    post: Any,
) -> None:
    post.add("anna")
    said = "535 5.7.8 authentication failed"
    with SmtpServer([Fault("mail", nth=1, reply=said)]) as server:
        post.use_server(server.port)
        post.send(1)
    assert (
        "Store the right password with: newsletter login\n"
        "Then go on with: newsletter resume 1\n"
    ) in post.out


def test_send_when_the_disk_fails_says_how_to_go_on(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LedgerWriter.intend

    def intend(self: LedgerWriter, *given: Any) -> "asyncio.Future[Permission]":
        if given[1].email.startswith("bob"):
            failed: asyncio.Future[Permission] = asyncio.Future()
            failed.set_exception(OperationError("the disk is full.", "Make room."))
            return failed
        return real(self, *given)

    monkeypatch.setattr(LedgerWriter, "intend", intend)
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(2) == 3
        assert post.err.endswith(
            "the disk is full. Make room. Go on with: newsletter resume 1\n"
        )
        monkeypatch.undo()
        assert post.run("resume") == 0
        assert server.recording.recipients == ["anna@example.org", "bob@example.org"]


def test_resume_of_a_recipient_put_off_again_tries_once_and_waits_longer(
    post: Any,
) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("rcpt", recipient="bob", reply="450 later")]) as server:
        post.use_server(server.port)
        assert post.send(2) == 1
        first = post.json("status")["next_at"]
        for tries in (2, 3):
            assert post.run("resume") == 1
            asked = [line for line in server.recording.commands if "TO:<bob" in line]
            assert len(asked) == tries
        assert post.json("status")["next_at"] > first
        assert post.states() == {"anna": "accepted", "bob": "deferred"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            Fault("mail", nth=3, reply="553 5.7.1 not your address"),
            "the mail server said: 553 5.7.1 not your address",
        ),
        (
            Fault("rcpt", nth=3, reply="550 5.4.5 daily sending limit exceeded"),
            "the mail server said: 550 5.4.5 daily sending limit exceeded",
        ),
        (
            Fault("end", nth=3, reply="550 5.7.26 unauthenticated mail"),
            "the mail server said: 550 5.7.26 unauthenticated mail",
        ),
    ],
)
def test_send_with_a_fault_of_ours_pauses_and_blames_nobody(
    post: Any, fault: Fault, reason: str
) -> None:
    post.add(*NAMES)
    with SmtpServer([fault]) as server:
        post.use_server(server.port)
        found = post.json("send", "--confirm", "5", "--untested")
        assert (found["state"], found["reason"]) == ("paused", reason)
        assert (found["accepted"], found["pending"]) == (2, 3)
        assert post.run("resume") == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in NAMES
        ]


@pytest.mark.parametrize("step", ["rcpt", "end"])
def test_send_with_a_policy_against_one_recipient_mails_all_others_and_pauses(
    post: Any, step: Any
) -> None:
    """One poisoned recipient must not keep all the others from their mail."""
    post.add(*NAMES)
    with SmtpServer([Fault(step, recipient="bob", reply="554 5.7.1 no")]) as server:
        post.use_server(server.port)
        assert post.send(5) == 1
        assert len(server.messages) == 4
    assert post.states()["bob"] == "pending"
    assert post.dispatch().reason == (
        "the mail server said: 554 5.7.1 no (of 1 recipient; all others were tried)"
    )
    assert "       1  tried, not sent: left for now\n" in post.out
    assert "4 taken by your mail server, 1 not sent." in post.err
    assert post.run("cancel", "1") == 0
    assert post.run("status", "--not-reached") == 0
    assert "554" in post.out


def test_send_with_a_policy_against_everybody_pauses_after_three(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer([Fault("end", reply="554 5.7.1 looks like spam")]) as server:
        post.use_server(server.port)
        assert post.send(5) == 3
        assert server.seen["end"] in (3, 4)
    assert set(post.states().values()) == {"pending"}
    assert post.dispatch().reason == ("the mail server said: 554 5.7.1 looks like spam")


def test_send_with_a_refused_login_pauses_and_nothing_was_sent(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("connect", reply="554 5.7.1 go away", closes=True)]) as one:
        post.use_server(one.port)
        assert post.send(2) == 3
    assert post.dispatch().state is DispatchState.PAUSED
    assert post.dispatch().reason == "the mail server said: 554 5.7.1 go away"
    assert set(post.states().values()) == {"pending"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("mail", nth=3, reply="421 4.3.0 too many messages", closes=True),
        Fault("rcpt", nth=3, reply="421 4.7.0 slow down", closes=True),
        Fault("rcpt", nth=3, closes=True),
        Fault("data", nth=3, closes=True),
        Fault("connect", nth=1, reply="421 busy", closes=True),
        Fault("end", nth=3, reply="421 4.3.0 going down", closes=True),
        Fault("end", nth=3, reply="451 4.3.0 queue file write error"),
    ],
)
def test_send_with_a_fault_that_passes_goes_on_by_itself(
    post: Any, fault: Fault
) -> None:
    post.add(*NAMES)
    with SmtpServer([fault]) as server:
        post.use_server(server.port)
        assert post.send(5) == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in NAMES
        ]


def test_send_when_the_server_dies_after_a_dot_lists_that_one_as_unknown(
    post: Any,
) -> None:
    post.add(*NAMES)
    with SmtpServer([Fault("end", nth=3, closes=True, keeps=True)]) as server:
        post.use_server(server.port)
        assert post.send(5) == 1
        assert len(server.messages) == 5
        lost = message_from_bytes(server.messages[2].data)
    found = post.json("status", "--unknown")
    assert found["unknown"] == 1
    (unknown,) = found["unknown_recipients"]
    assert unknown["email"] == "carl@example.org"
    assert unknown["message_id"] == lost["Message-ID"]
    assert unknown["at"].endswith("Z")
    assert post.run("db", "rotate-key") == 0
    assert post.json("status", "--unknown")["unknown_recipients"] == [unknown]


def test_send_to_a_server_that_answers_no_message_stops_soon(post: Any) -> None:
    names = [f"p{number}" for number in range(30)]
    post.add(*names)
    with SmtpServer([Fault("end", closes=True)]) as server:
        post.use_server(server.port)
        assert post.send(30) == 1
    found = post.dispatch()
    assert found.state is DispatchState.PAUSED
    assert found.reason.startswith(
        "the mail server took 3 messages and answered none of them: "
    )
    assert list(post.states().values()).count("unknown") == 3


def test_send_with_no_server_there_waits_and_says_so(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "newsletter.delivery.schedule.Patience.__init__.__defaults__",
        (0.3, 0.3, 0.05, 0.1, 0.0),
    )
    post.add("anna")
    with SmtpServer() as server:
        port = server.port
    post.use_server(port)
    found = post.json("send", "--confirm", "1", "--untested")
    assert found["state"] == "waiting"
    assert found["pending"] == 1
    assert found["reason"] == (
        f"the mail server 127.0.0.1:{port} does not answer (connection refused)"
    )
    assert "does not answer (connection refused). Trying again.\n" in post.err


def test_send_to_a_server_with_few_connections_gives_up_the_others(post: Any) -> None:
    names = [f"p{number:03}" for number in range(40)]
    post.add(*names)
    too_many = [
        Fault("connect", nth=n, reply="421 4.3.2 full", closes=True)
        for n in range(3, 30)
    ]
    slow = Fault("end", delay_seconds=0.1, reply="250 ok")
    with SmtpServer([*too_many, slow]) as server:
        post.use_server(server.port, connections=4)
        assert post.send(40) == 0
        assert len(set(server.recording.recipients)) == 40
        assert server.recording.connections < 12
