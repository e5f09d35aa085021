import os
import pty
import re
import signal
import threading
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from typing import Any

import pytest

from newsletter.errors import OperationError, UsageError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Permission
from newsletter.store.ledger_thread import LedgerThread
from newsletter.testing.smtp_server import Fault, Received, SmtpServer
from newsletter.workflow.clearance import Wish
from newsletter.workflow.halt import cancel, pause
from newsletter.workflow.plan import plan_send
from newsletter.workflow.send import send_planned

NAMES = ("anna", "bob", "carl", "dora", "eve")


def send(post: Any, count: int, *more: str) -> int:
    code: int = post.run("send", "--confirm", str(count), "--untested", *more)
    return code


# --- what arrives ---------------------------------------------------------------------


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
        "bounced": 0,
        "complained": 0,
    }


def test_send_with_several_connections_mails_everybody_once(post: Any) -> None:
    names = [f"p{number:03}" for number in range(60)]
    post.add(*names)
    slow = [Fault("end", delay_seconds=0.01, reply="250 ok")]
    with SmtpServer(slow) as server:
        post.use_server(server.port, connections=5, messages_per_connection=7)
        assert send(post, 60) == 0
        got = sorted(server.recording.recipients)
        assert got == [f"{name}@example.org" for name in names]
        assert server.recording.most_at_once == 5
        assert server.recording.connections >= 60 // 7


def test_send_over_several_batches_mails_everybody_once(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.dispatches.BATCH_SIZE", 3)
    names = [f"p{number}" for number in range(10)]
    post.add(*names)
    with SmtpServer() as server:
        post.use_server(server.port, connections=2)
        assert send(post, 10) == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in names
        ]


def test_send_again_leaves_out_whoever_has_it(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        send(post, 2)
        post.add("carl")
        assert send(post, 1) == 0
        assert server.recording.recipients[2:] == ["carl@example.org"]
        assert "Left out: 2 got it already\n" in post.err
        assert send(post, 0) == 3
        assert post.err == (
            "nobody is left to send 2026-03 to (list main). "
            "Left out: 3 got it already.\n"
        )


def test_send_to_the_union_of_lists_takes_each_address_once(post: Any) -> None:
    post.add("anna", "bob", lists=("main", "events"))
    post.add("carl", lists=("events",))
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, 3, "--to", "main", "--to", "events") == 0
        assert len(server.messages) == 3


# --- refusals before anything leaves --------------------------------------------------


def test_send_without_a_server_says_which_lines_to_add(post: Any) -> None:
    post.add("anna")
    assert send(post, 1) == 1
    assert post.err == (
        "there is no mail server in newsletter.toml, so nothing can be sent. Add what "
        "your mail provider told you, or rehearse with --rehearse:\n\n"
        '[server]\nhost = "smtp.example.org"\nport = 465\nsecurity = "tls"\n'
        'user = "letter@example.org"\npassword = "env:NEWSLETTER_SMTP_PASSWORD"\n'
        'limits = ["200/hour"]\n'
    )


def test_send_of_what_was_never_tested_is_refused(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--confirm", "1") == 1
        assert post.err == (
            "what the issue says now was never sent as a test. Run newsletter test, "
            "look at the mail, and send then; or send it unseen with --untested.\n"
        )
        post.run("test", "--to", "me@example.org")
        post.write_issue((post.root / "issues/2026-03.md").read_text() + "One more.\n")
        assert post.run("send", "--confirm", "1") == 1
        assert server.recording.recipients == ["me@example.org"]


def test_send_untested_is_recorded(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, 1) == 0
    assert post.dispatch().waivers == ("untested",)


def test_send_of_an_issue_with_a_promised_link_is_refused(post: Any) -> None:
    post.add("anna")
    post.write_issue(
        (post.root / "issues/2026-03.md").read_text() + "\n[Read it here]()\n"
    )
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, 1) == 1
        assert "issues/2026-03.md:15:1: " in post.err
        assert "2026-03 was not sent." in post.err
        assert server.recording.connections == 0


def test_send_of_an_issue_with_problems_is_refused(post: Any) -> None:
    post.add("anna")
    post.write_issue("---\nsubject: x\n---\n")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, 1) == 1
        assert server.recording.connections == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_send_with_a_wrong_number_sends_nothing(post: Any, count: int) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, count) == 2
        assert post.err.endswith(
            f"{count} was confirmed, but 2 would get it. Nothing was sent. Look again "
            "who is on the list, and confirm the right number.\n"
        )
        assert server.recording.connections == 0
    assert post.run("status") == 3


def test_send_when_somebody_leaves_while_the_number_is_typed_sends_nothing(
    post: Any,
) -> None:
    post.add("anna", "bob")
    now = datetime.now(UTC)
    with SmtpServer() as server:
        post.use_server(server.port)
        wish = Wish(is_untested=True)
        plan = plan_send(post.project, None, wish, environment={}, now=now)
        post.leave("bob")
        with pytest.raises(UsageError) as caught:
            send_planned(post.project, plan, confirmed=2, environment={})
        assert server.recording.connections == 0
    assert str(caught.value) == (
        "2 was confirmed, but 1 would get it. Nothing was sent. Look again who is on "
        "the list, and confirm the right number."
    )
    assert post.run("status") == 3


def test_send_with_nobody_to_ask_wants_the_number_written(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        with (post.root / "issues" / "2026-03.md").open("a") as file:
            file.write("\n[A link](http://127.0.0.1:9/)\n")
        assert post.run("send", "--untested") == 2
    # Nothing was asked of the network to say this.
    assert post.err == (
        "nobody is there to confirm the number of recipients. "
        "Write it yourself: --confirm 2\n"
    )


def test_send_to_an_unknown_list_names_those_there_are(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, 1, "--to", "mian") == 2
    assert post.err == 'there is no list "mian". There are: main, events.\n'


def test_send_while_a_dispatch_of_the_issue_is_open_is_refused(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("mail", reply="550 no")]) as server:
        post.use_server(server.port)
        send(post, 2)
        assert send(post, 2) == 1
    assert post.err.endswith(
        "dispatch 1 of 2026-03 is not over yet (paused, 2 left to do). Go on with it: "
        "newsletter resume 1. Or end it: newsletter cancel 1.\n"
    )


def test_send_of_an_issue_that_another_process_sends_does_not_advise_resume(
    post: Any,
) -> None:
    post.add(*NAMES)
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        with post.start("send", "--confirm", "5", "--untested") as sender:
            try:
                assert arrived.wait(20)
                code = send(post, 5)
            finally:
                # Whatever comes: it would go on for minutes.
                sender.terminate()
            sender.communicate(timeout=20)
    assert code == 1
    assert re.search(
        r"\ndispatch 1 of 2026-03 is not over yet \(running, [45] left to do\)\. "
        r"Another process is sending it: see newsletter status 1, or halt it with "
        r"newsletter pause 1\. Or end it: newsletter cancel 1\.\n$",
        post.err,
    )


def test_send_with_pages_that_are_not_there_is_refused(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        settings = post.root / "newsletter.toml"
        text = settings.read_text()
        base = '[newsletter]\nbase_url = "http://127.0.0.1:1"\n'
        settings.write_text(text.replace("[newsletter]\n", base, 1))
        assert send(post, 1) == 3
        assert "could not be reached" in post.err
        assert server.recording.connections == 0
        assert send(post, 1, "--skip-probe") == 0
    assert post.dispatch().waivers == ("untested", "skip_probe")


# --- faults at every stage ------------------------------------------------------------


def test_send_with_a_recipient_refused_mails_the_others(post: Any) -> None:
    post.add(*NAMES)
    faults = [Fault("rcpt", recipient="carl", reply="550 5.1.1 no such user")]
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        assert send(post, 5) == 1
        assert len(server.messages) == 4
    assert post.states()["carl"] == "refused"
    assert post.run("status", "--not-reached") == 0
    assert post.out.splitlines()[1].startswith(
        "carl@example.org,refused,550 5.1.1 no such user,20"
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


def test_send_when_the_disk_fails_says_how_to_go_on(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LedgerThread.intend

    async def intend(self: LedgerThread, *given: Any) -> Permission:
        if given[1].email.startswith("bob"):
            raise OperationError("the disk is full.", "Make room.")
        return await real(self, *given)

    monkeypatch.setattr(LedgerThread, "intend", intend)
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post, 2) == 3
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
        assert send(post, 2) == 1
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
            Fault("rcpt", nth=3, reply="554 5.7.1 relay access denied"),
            "the mail server said: 554 5.7.1 relay access denied",
        ),
        (
            Fault("rcpt", nth=3, reply="550 5.4.5 daily sending limit exceeded"),
            "the mail server said: 550 5.4.5 daily sending limit exceeded",
        ),
        (
            Fault("end", nth=3, reply="554 5.7.1 looks like spam"),
            "the mail server said: 554 5.7.1 looks like spam",
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


def test_resume_tries_last_whom_the_server_balked_at(post: Any) -> None:
    """One poisoned recipient must not keep all the others from their mail."""
    post.add(*NAMES)
    with SmtpServer([Fault("rcpt", recipient="bob", reply="554 5.7.1 no")]) as server:
        post.use_server(server.port)
        assert send(post, 5) == 1
        assert len(server.messages) == 1
        assert post.run("resume") == 1
        assert len(server.messages) == 4
    assert post.states()["bob"] == "pending"


def test_send_with_a_refused_login_pauses_and_nothing_was_sent(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("connect", reply="554 5.7.1 go away", closes=True)]) as one:
        post.use_server(one.port)
        assert send(post, 2) == 3
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
        assert send(post, 5) == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in NAMES
        ]


def test_send_when_the_server_dies_after_a_dot_lists_that_one_as_unknown(
    post: Any,
) -> None:
    post.add(*NAMES)
    with SmtpServer([Fault("end", nth=3, closes=True, keeps=True)]) as server:
        post.use_server(server.port)
        assert send(post, 5) == 1
        assert len(server.messages) == 5
        lost = message_from_bytes(server.messages[2].data)
    found = post.json("status", "--unknown")
    assert found["unknown"] == 1
    (unknown,) = found["unknown_recipients"]
    assert unknown["email"] == "carl@example.org"
    assert unknown["message_id"] == lost["Message-ID"]
    assert unknown["at"].endswith("Z")


def test_send_to_a_server_that_answers_no_message_stops_soon(post: Any) -> None:
    names = [f"p{number}" for number in range(30)]
    post.add(*names)
    with SmtpServer([Fault("end", closes=True)]) as server:
        post.use_server(server.port)
        assert send(post, 30) == 1
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
    assert f"Waiting: {found['reason']}\n" in post.err


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
        assert send(post, 40) == 0
        assert len(set(server.recording.recipients)) == 40
        assert server.recording.connections < 12


# --- people who leave, and other terminals --------------------------------------------


def test_send_skips_whoever_leaves_while_it_runs(post: Any) -> None:
    post.add(*NAMES)

    def on_message(message: Received) -> None:
        if message.recipients == ("bob@example.org",):
            post.leave("dora")

    with SmtpServer(on_message=on_message) as server:
        post.use_server(server.port)
        assert send(post, 5) == 0
        assert "dora@example.org" not in server.recording.recipients
        assert server.recording.broken_off == [b""]
    assert post.states()["dora"] == "skipped"
    assert post.out == (
        "Dispatch 1 of 2026-03 is done\n"
        "       4  taken by your mail server\n"
        "       1  skipped: left meanwhile\n"
        "       5  in all\n"
    )


@pytest.mark.parametrize("what", ["pause", "cancel"])
def test_send_stops_when_another_terminal_says_so(post: Any, what: str) -> None:
    post.add(*NAMES)

    def on_message(message: Received) -> None:
        if message.recipients == ("bob@example.org",):
            {"pause": pause, "cancel": cancel}[what](post.project, None)

    with SmtpServer(on_message=on_message) as server:
        post.use_server(server.port)
        assert send(post, 5) == 1
        assert server.recording.recipients == ["anna@example.org", "bob@example.org"]
        rest = "pending" if what == "pause" else "skipped"
        assert post.states() == {
            "anna": "accepted",
            "bob": "accepted",
            "carl": rest,
            "dora": rest,
            "eve": rest,
        }
        if what == "pause":
            assert post.run("resume") == 0
            assert len(set(server.recording.recipients)) == 5
        else:
            assert post.run("resume") == 3
            assert post.run("resume", "1") == 3
            assert post.err == (
                "dispatch 1 of 2026-03 was cancelled. Send the issue again: newsletter "
                "send 2026-03 (who has it already is left out).\n"
            )
            assert send(post, 3) == 0
            assert len(set(server.recording.recipients)) == 5


def test_send_that_waits_for_the_pace_stops_within_a_second_of_a_pause(
    post: Any,
) -> None:
    post.add(*NAMES)
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        with post.start("send", "--confirm", "5", "--untested") as sender:
            assert arrived.wait(20)
            assert post.run("pause") == 0
            out, _ = sender.communicate(timeout=5)
            assert sender.returncode == 1
            assert len(server.messages) == 1
    assert out.decode().startswith("Dispatch 1 of 2026-03 is paused: paused by hand\n")


def test_send_by_two_processes_at_once_is_refused(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.sender_lock._PATIENCE_SECONDS", 0.1)
    post.add(*NAMES)
    post.write_issue(name="2026-04")
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        with post.start("send", "2026-03", "--confirm", "5", "--untested") as sender:
            try:
                assert arrived.wait(20)
                code = post.run("send", "2026-04", "--confirm", "5", "--untested")
            finally:
                # Whatever comes: it would go on for minutes.
                sender.terminate()
            sender.communicate(timeout=20)
            assert sender.returncode == 130
        assert code == 3
        # The first may be with the server and not yet in the ledger.
        assert re.match(
            r"Dispatch 1 of 2026-03 is running: [45] of 5 left to do\.\n", post.err
        )
        assert post.err.endswith(
            "another process is sending this newsletter's mail right now. "
            "See newsletter status; newsletter pause halts it.\n"
        )


# --- Ctrl-C ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_send_interrupted_answers_for_what_is_under_way(
    post: Any, number: signal.Signals
) -> None:
    post.add(*NAMES)
    senders: list[Any] = []
    ready = threading.Event()

    def on_message(message: Received) -> None:
        ready.wait(20)
        if message.recipients == ("bob@example.org",):
            senders[0].send_signal(number)

    slow = [Fault("end", nth=2, delay_seconds=0.3, reply="250 ok")]
    with SmtpServer(slow, on_message=on_message) as server:
        post.use_server(server.port)
        with post.start("send", "--confirm", "5", "--untested") as sender:
            senders.append(sender)
            ready.set()
            out, err = sender.communicate(timeout=20)
        assert sender.returncode == 130
        assert server.recording.recipients == ["anna@example.org", "bob@example.org"]
        assert server.recording.commands[-1] == "QUIT"
    assert out.decode() == (
        "Dispatch 1 of 2026-03 is interrupted: stopped at the keyboard\n"
        "       2  taken by your mail server\n"
        "       3  not tried yet\n"
        "       5  in all\n"
        "Go on with: newsletter resume 1\n"
    )
    assert err.decode().endswith(
        "Stopping when the mails under way are answered; "
        "Ctrl-C again hangs up on them.\n"
    )


def test_send_interrupted_twice_hangs_up_and_knows_whom_it_left_in_doubt(
    post: Any,
) -> None:
    post.add(*NAMES)
    arrived = threading.Event()
    silent = [Fault("end", nth=2, delay_seconds=30)]
    with SmtpServer(silent) as server:
        post.use_server(server.port)
        with post.start("send", "--confirm", "5", "--untested") as sender:
            while server.seen["end"] < 2:
                arrived.wait(0.01)
            sender.send_signal(signal.SIGINT)
            arrived.wait(0.3)
            sender.send_signal(signal.SIGINT)
            sender.communicate(timeout=5)
        assert sender.returncode == 130
    assert post.states() == {
        "anna": "accepted",
        "bob": "unknown",
        "carl": "pending",
        "dora": "pending",
        "eve": "pending",
    }


def on_a_terminal(
    post: Any, typed: bytes, *, stdout: str = "", **environment: str
) -> tuple[Any, int]:
    """Start `send` as if somebody sat before it; return process and terminal."""
    terminal, slave = pty.openpty()
    streams: dict[str, int] = {"stdin": slave, "stderr": slave}
    if stdout:
        streams["stdout"] = slave
    sender = post.start("send", "--untested", environment=environment, **streams)
    os.close(slave)
    os.write(terminal, typed)
    return sender, terminal


def read_until(terminal: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 1000)
    return seen


def test_send_on_a_terminal_asks_holds_and_can_be_undone(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        sender, terminal = on_a_terminal(post, b"2\n")
        with sender:
            read_until(terminal, b"Type the number of recipients (2) to send:")
            read_until(terminal, b"Holding for 30 seconds; Ctrl-C undoes it all.")
            sender.send_signal(signal.SIGINT)
            out, _ = sender.communicate(timeout=10)
        os.close(terminal)
        assert sender.returncode == 130
        assert server.recording.connections == 0
    assert out.decode() == (
        "Dispatch 1 of 2026-03 is cancelled: undone before the first mail left\n"
        "       0  taken by your mail server\n"
        "       2  skipped: cancelled\n"
        "       2  in all\n"
    )


def test_send_whose_terminal_is_closed_ends_in_good_order(post: Any) -> None:
    post.add(*NAMES)
    slow = [Fault("end", delay_seconds=0.3, reply="250 ok")]
    settings = post.root / "newsletter.toml"
    with SmtpServer(slow) as server:
        post.use_server(server.port)
        text = settings.read_text()
        settings.write_text(text.replace("hold_seconds = 30", "hold_seconds = 0"))
        sender, terminal = on_a_terminal(post, b"5\n", stdout="terminal", TERM="xterm")
        with sender:
            server.wait_for(1)
            os.close(terminal)
            sender.send_signal(signal.SIGHUP)
            sender.wait(10)
        assert len(server.messages) < 5
    found = post.dispatch()
    assert found.state is DispatchState.INTERRUPTED
    assert found.reason == "stopped at the keyboard"
    assert found.counts[DeliveryState.ACCEPTED] == len(server.messages)
    assert found.unfinished == 5 - len(server.messages)


# --- limits and rehearsals ------------------------------------------------------------


def test_send_keeps_the_limit_and_tests_count_too(post: Any) -> None:
    post.add("anna", "bob", "carl")
    times: list[float] = []
    with SmtpServer(on_message=lambda _: times.append(time.monotonic())) as server:
        post.use_server(server.port, limits=["5/second"], connections=3)
        post.run("test", "--to", "me@example.org")
        assert post.run("send", "--confirm", "3") == 0
        assert len(server.messages) == 4
    # 0.2 seconds each; a busy machine notes one of them late, and the next in time.
    assert min(after - before for before, after in pairwise(times)) > 0.05


def test_send_says_how_long_it_will_take(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port, limits=["60/hour"])
        send(post, 1)
    line = next(line for line in post.err.splitlines() if line.startswith("Time"))
    assert line.startswith("Time:     about 5 min, until ")
    assert line.endswith("; leave the computer on")


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
