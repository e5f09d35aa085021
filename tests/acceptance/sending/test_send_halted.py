"""People who leave, other terminals, and Ctrl-C."""

import re
import signal
import threading
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, Received, SmtpServer
from newsletter.workflow.halt import cancel, pause

NAMES = ("anna", "bob", "carl", "dora", "eve")


def names_of(server: SmtpServer) -> list[str]:
    """Return who got a mail, in order, as often as they got one."""
    return [address.partition("@")[0] for address in server.recording.recipients]


def test_send_skips_whoever_leaves_while_it_runs(post: Any) -> None:
    post.add(*NAMES)

    def on_message(message: Received) -> None:
        if message.recipients == ("bob@example.org",):
            post.leave("dora")

    with SmtpServer(on_message=on_message) as server:
        post.use_server(server.port)
        assert post.send(5) == 0
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
        assert post.send(5) == 1
        got = names_of(server)
        # One more may have had its word already, on the one connection there is.
        assert got in (["anna", "bob"], ["anna", "bob", "carl"])
        rest = "pending" if what == "pause" else "skipped"
        assert post.states() == {
            name: "accepted" if name in got else rest for name in NAMES
        }
        if what == "pause":
            assert post.run("resume") == 0
            assert sorted(names_of(server)) == sorted(NAMES)
        else:
            assert post.run("resume") == 3
            assert post.run("resume", "1") == 3
            assert post.err == (
                "dispatch 1 of 2026-03 was cancelled. Send the issue again: newsletter "
                "send 2026-03 (who has it already is left out).\n"
            )
            assert post.send(5 - len(got)) == 0
            assert sorted(names_of(server)) == sorted(NAMES)


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
        assert re.search(
            rf"another process \({sender.pid}, since \d\d:\d\d on \d\d \w+\) is "
            r"sending this newsletter's mail: dispatch 1\. "
            r"See newsletter status 1; newsletter pause 1 halts it\.\n$",
            post.err,
        )


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGINT, "stopped at the keyboard"),
        (signal.SIGTERM, "stopped by the system or another program"),
        (signal.SIGHUP, "the terminal was closed"),
    ],
)
def test_send_interrupted_answers_for_what_is_under_way(
    post: Any, number: signal.Signals, reason: str
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
        done = len(names_of(server))
        # The next one had its word already; it stays here all the same.
        assert done == 2
        assert server.recording.commands[-1] == "DATA"
    assert out.decode() == (
        f"Dispatch 1 of 2026-03 is interrupted: {reason}\n"
        f"       {done}  taken by your mail server\n"
        f"       {5 - done}  not tried yet\n"
        "       5  in all\n"
        "Go on with: newsletter resume 1\n"
    )
    assert (
        "Stopping: the mails under way are answered first. Ctrl-C again hangs up on "
        "them.\n"
    ) in err.decode()


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
