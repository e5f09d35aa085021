"""kill -9 of a process that sends: nobody lost, nobody twice, the doubtful named."""

import os
import pty
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from newsletter.testing.smtp_server import EXTENSIONS, Fault, SmtpServer

#: What a line may have on its way: a body, and the next one behind it.
DOUBTFUL = 2
CHUNKING = (*EXTENSIONS, "CHUNKING")


@dataclass(frozen=True)
class Kills:
    """When to kill, and what the sender deals with."""

    people: int
    #: At which message of each run, and how many seconds later.
    moments: list[tuple[int, float]]
    connections: int = 3
    #: How long the server thinks about a message.
    thinks_seconds: float = 0.002
    settings: Mapping[str, object] = field(default_factory=dict)
    #: More than one go by BDAT.
    window: int = 1

    @property
    def doubtful(self) -> int:
        """How many a crash may leave in doubt, of all lines."""
        return (self.window + 1) * self.connections


def kill_and_resume(proof: Any, trigger: Any, killing: Any, kills: Kills) -> None:
    """Send, be killed, resume, be killed …, resume to the end; compare each time."""
    post, command = proof.post, proof.add_people(kills.people)
    yes = "250 2.0.0 ok"
    thinks = kills.thinks_seconds
    faults = [Fault("end", delay_seconds=thinks, reply=yes, keeps=True)]
    with SmtpServer(faults, on_message=trigger.on_message, offers=CHUNKING) as server:
        lines = {"connections": kills.connections, "window": kills.window}
        post.use_server(server.port, **lines, **kills.settings)
        unknown: set[str] = set()
        for after, seconds in kills.moments:
            with post.start(*command) as sender:
                trigger.arm(after, killing(sender), delay_seconds=seconds)
                sender.communicate(timeout=60)
            # It may have been quicker than we.
            assert sender.returncode in (-signal.SIGKILL, 0, 1)
            before, unknown = unknown, proof.compare(server)
            assert len(unknown - before) <= kills.doubtful
            command = ["resume"]
            if not post.dispatch().is_open:
                break
        else:
            code = post.run("resume")
            unknown = proof.compare(server)
            assert code == (1 if unknown else 0)
        is_by_bdat = any(line.startswith("BDAT") for line in server.recording.commands)
        assert is_by_bdat == (kills.window > 1)
        proof.compare_done(server, most_unknown=kills.doubtful * len(kills.moments))


def test_send_killed_twice_and_resumed_loses_and_repeats_nobody(
    proof: Any, trigger: Any, killing: Any
) -> None:
    kills = Kills(people=40, moments=[(7, 0), (11, 0)])
    kill_and_resume(proof, trigger, killing, kills)


@pytest.mark.parametrize("thinks_seconds", [0.0, 0.02])
def test_send_killed_with_four_on_their_way_loses_and_repeats_nobody(
    proof: Any, trigger: Any, killing: Any, thinks_seconds: float
) -> None:
    moments = [(9, 0.0), (21, 0.004)]
    kills = Kills(60, moments, 2, thinks_seconds=thinks_seconds, window=4)
    kill_and_resume(proof, trigger, killing, kills)


@pytest.mark.parametrize(
    ("connections", "thinks_seconds"),
    [
        pytest.param(20, 0.05, id="many-slow-lines"),
        pytest.param(1, 0.0, id="one-quick-line", marks=pytest.mark.long),
    ],
)
def test_send_killed_between_two_messages_loses_and_repeats_nobody(
    proof: Any, trigger: Any, killing: Any, connections: int, thinks_seconds: float
) -> None:
    kills = Kills(80, [(20, 0.011), (20, 0.003)], connections, thinks_seconds)
    kill_and_resume(proof, trigger, killing, kills)


@pytest.mark.long
def test_send_killed_while_it_keeps_a_limit_loses_and_repeats_nobody(
    proof: Any, trigger: Any, killing: Any
) -> None:
    limited = {"limits": ["3000/minute"]}
    kills = Kills(30, [(5, 0.01), (5, 0.0)], settings=limited)
    kill_and_resume(proof, trigger, killing, kills)


def test_send_killed_at_the_last_message_ends_done(
    proof: Any, trigger: Any, killing: Any
) -> None:
    # While the last answers come in, and the end is written down.
    kills = Kills(20, [(20, 0.0), (1, 0.005)], connections=1)
    kill_and_resume(proof, trigger, killing, kills)


def test_send_killed_while_it_holds_has_sent_nothing_and_can_be_resumed(
    proof: Any,
) -> None:
    post = proof.post
    proof.add_people(3)
    with SmtpServer() as server:
        post.use_server(server.port)
        terminal, slave = pty.openpty()
        with post.start("send", "--untested", stdin=slave, stderr=slave) as sender:
            os.close(slave)
            os.write(terminal, b"3\n")
            seen = b""
            while b"Holding for" not in seen:
                seen += os.read(terminal, 1000)
            sender.kill()
            sender.communicate(timeout=10)
        os.close(terminal)
        assert server.recording.connections == 0
        assert set(post.states().values()) == {"pending"}
        assert post.run("resume") == 0
        assert proof.compare_done(server, most_unknown=0) == set()


def test_status_after_a_kill_names_whom_it_left_in_doubt(
    post: Any, trigger: Any, killing: Any
) -> None:
    post.add("anna", "bob", "carl", "dora")
    with SmtpServer(on_message=trigger.on_message) as server:
        post.use_server(server.port)
        with post.start("send", "--confirm", "4", "--untested") as sender:
            trigger.arm(2, killing(sender))
            sender.communicate(timeout=20)
        found = post.json("status", "--unknown")
        doubtful = {
            one["email"]: one["message_id"].encode()
            for one in found["unknown_recipients"]
        }
        # The second one had left. Besides, either the answer about the first was not on
        # the disk, or the intent of the third was.
        assert found["state"] == "interrupted"
        assert "bob@example.org" in doubtful
        assert len(doubtful) <= DOUBTFUL
        assert post.run("resume") == 1
        assert server.recording.recipients[:2] == [
            "anna@example.org",
            "bob@example.org",
        ]
        # Only the editor's own word sends it again, under the same name.
        before = len(server.messages)
        assert post.run("resume", "--unknown") == 0
        again = {each.recipients[0]: each.data for each in server.messages[before:]}
        assert again.keys() == doubtful.keys()
        named = b"\r\nMessage-ID: " + doubtful["bob@example.org"]
        assert named in server.messages[1].data
        assert named in again["bob@example.org"]


def test_send_of_another_issue_after_a_kill_tells_what_became_of_the_first(
    post: Any, trigger: Any, killing: Any
) -> None:
    post.add("anna", "bob", "carl", "dora")
    post.write_issue(name="2026-04")
    with SmtpServer(on_message=trigger.on_message) as server:
        post.use_server(server.port)
        with post.start("send", "2026-03", "--confirm", "4", "--untested") as sender:
            trigger.arm(2, killing(sender))
            sender.communicate(timeout=20)
        assert post.run("send", "2026-04", "--confirm", "4", "--untested") == 0
        assert post.dispatch(1).state == "interrupted"
        states = post.states(1)
        assert states["bob"] == "unknown"
        assert list(states.values()).count("unknown") <= DOUBTFUL
        assert states["dora"] == "pending"


@pytest.mark.long
@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("seed", range(50))
def test_send_killed_at_two_hundred_moments(
    proof: Any, trigger: Any, killing: Any, seed: int, window: int
) -> None:
    """Four kills each: by number and by time, quick and slow servers, 1 to 50 lines."""
    random = Random(seed)  # noqa: S311 - the same moments in each run
    connections = random.choice([1, 3, 10, 50])
    kills = Kills(
        people=200,
        moments=[
            (random.randint(1, 45), random.choice([0.0, random.uniform(0, 0.05)]))
            for _ in range(4)
        ],
        connections=connections,
        thinks_seconds=random.choice([0.0, 0.002, 0.02]),
        settings={"limits": ["6000/minute"]} if seed % 5 == 0 else {},
        window=window,
    )
    kill_and_resume(proof, trigger, killing, kills)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_send_killed_while_it_starts_loses_and_repeats_nobody(
    proof: Any, seed: int
) -> None:
    """Any moment from the start of the program: also while the dispatch is made."""
    random = Random(seed)  # noqa: S311 - the same moments in each run
    post, command = proof.post, proof.add_people(100)
    with SmtpServer() as server:
        post.use_server(server.port, connections=10)
        with post.start(*command) as sender:
            timer = threading.Timer(random.uniform(0.5, 2.5), sender.kill)
            timer.start()
            sender.communicate(timeout=60)
            timer.cancel()
        if post.run("status") == 0:
            proof.compare(server)
            post.run("resume")
        else:
            # Killed before there was a dispatch: nobody has anything.
            assert server.messages == []
            post.run(*command)
        proof.compare_done(server, most_unknown=DOUBTFUL * 10)
