"""kill -9 of a process that sends: nobody lost, nobody twice, the doubtful named."""

import os
import signal
import subprocess
import threading
from collections import Counter
from random import Random
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, Received, SmtpServer

CONNECTIONS = 3


class Killer:
    """Kills the sending process when the server has got so many messages."""

    def __init__(self) -> None:
        self.victim: subprocess.Popen[bytes] | None = None
        self.countdown = 0
        self.lock = threading.Lock()

    def arm(self, victim: "subprocess.Popen[bytes]", after: int) -> None:
        with self.lock:
            self.victim, self.countdown = victim, after

    def on_message(self, _: Received) -> None:
        with self.lock:
            self.countdown -= 1
            if self.countdown == 0 and self.victim is not None:
                os.kill(self.victim.pid, signal.SIGKILL)


def kill_and_resume(post: Any, *, people: int, kills: list[int]) -> None:
    """Send, be killed after so many messages, resume, be killed …, resume; compare."""
    names = {f"p{number:03}" for number in range(people)}
    post.add(*sorted(names))
    killer = Killer()
    slow = [Fault("end", delay_seconds=0.002, reply="250 2.0.0 ok", keeps=True)]
    with SmtpServer(slow, on_message=killer.on_message) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        command = ["send", "--confirm", str(people), "--untested"]
        for after in kills:
            with post.start(*command) as sender:
                killer.arm(sender, after)
                sender.communicate(timeout=60)
            assert sender.returncode == -signal.SIGKILL
            assert_ledger_agrees(post, server, people)
            command = ["resume"]
        code = post.run("resume")
        unknown = assert_ledger_agrees(post, server, people)
        assert code == (1 if unknown else 0)
        assert post.dispatch().state == "done"
        # Nobody lost: whoever got nothing is named.
        assert names - got(server) <= unknown
        assert len(unknown) <= CONNECTIONS * len(kills)


def got(server: SmtpServer) -> set[str]:
    return {address.partition("@")[0] for address in server.recording.recipients}


def assert_ledger_agrees(post: Any, server: SmtpServer, people: int) -> set[str]:
    """Compare what the ledger says with what the server has; return the unknown."""
    found = post.json("status", "--unknown")
    states = post.states()
    assert len(states) == found["total"] == people
    assert found["attempting"] == 0
    times = Counter(server.recording.recipients)
    assert set(times.values()) == {1}
    unknown = {one["email"].partition("@")[0] for one in found["unknown_recipients"]}
    assert unknown == {name for name, state in states.items() if state == "unknown"}
    accepted = {name for name, state in states.items() if state == "accepted"}
    assert accepted <= got(server) <= accepted | unknown
    return unknown


def test_send_killed_twice_and_resumed_loses_and_repeats_nobody(post: Any) -> None:
    kill_and_resume(post, people=40, kills=[7, 11])


def test_status_after_a_kill_names_whom_it_left_in_doubt(post: Any) -> None:
    post.add("anna", "bob", "carl")
    killer = Killer()
    with SmtpServer(on_message=killer.on_message) as server:
        post.use_server(server.port)
        with post.start("send", "--confirm", "3", "--untested") as sender:
            killer.arm(sender, 2)
            sender.communicate(timeout=20)
        assert post.run("build", "2026-03") == 0
        assert post.err.startswith(
            "Dispatch 1 of 2026-03 is interrupted: 2 of 3 left to do. "
            "Go on with: newsletter resume 1\n"
        )
        assert post.run("status") == 0
        assert post.err == ""
        told, _, numbers = post.out.partition("Begun: ")
        assert told == (
            "Dispatch 1 of 2026-03 is interrupted: the program was stopped while "
            "sending\n"
            "Subject: Hello reader\n"
            "To:      main\n"
        )
        assert numbers.partition("\n")[2] == (
            "       1  taken by your mail server\n"
            "       1  not tried yet\n"
            "       1  unknown: left, but never answered\n"
            "       3  in all\n"
            "Go on with: newsletter resume 1\n"
            "Who may have got it or not: newsletter status 1 --unknown. To send it to "
            "them again: newsletter resume 1 --unknown\n"
        )
        assert post.run("resume") == 1
        assert server.recording.recipients == [
            "anna@example.org",
            "bob@example.org",
            "carl@example.org",
        ]
        # Only the editor's own word sends it again.
        assert post.run("resume", "--unknown") == 0
        assert server.recording.recipients[3:] == ["bob@example.org"]
        assert (
            server.messages[1].data.partition(b"Message-ID: ")[2][:40]
            == (server.messages[3].data.partition(b"Message-ID: ")[2][:40])
        )


def test_send_of_another_issue_after_a_kill_tells_what_became_of_the_first(
    post: Any,
) -> None:
    post.add("anna", "bob", "carl")
    post.write_issue(name="2026-04")
    killer = Killer()
    with SmtpServer(on_message=killer.on_message) as server:
        post.use_server(server.port)
        with post.start("send", "2026-03", "--confirm", "3", "--untested") as sender:
            killer.arm(sender, 2)
            sender.communicate(timeout=20)
        assert post.run("send", "2026-04", "--confirm", "3", "--untested") == 0
        assert post.dispatch(1).state == "interrupted"
        assert post.states(1) == {
            "anna": "accepted",
            "bob": "unknown",
            "carl": "pending",
        }


@pytest.mark.long
@pytest.mark.parametrize("seed", range(50))
def test_send_killed_at_two_hundred_moments(post: Any, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same moments in each run
    kills = [random.randint(1, 25) for _ in range(4)]
    kill_and_resume(post, people=150, kills=kills)
