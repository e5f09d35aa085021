"""A sending process that is stopped, stopped and woken, or met by a second one."""

import signal
import time
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, SmtpServer

CONNECTIONS = 6
YES = "250 2.0.0 ok"


def slow(seconds: float) -> list[Fault]:
    return [Fault("end", delay_seconds=seconds, reply=YES, keeps=True)]


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, marks=pytest.mark.long),
    ],
    ids=lambda one: one.name,
)
def test_send_asked_to_stop_answers_for_all_that_is_under_way(
    proof: Any, trigger: Any, number: signal.Signals
) -> None:
    post, command = proof.post, proof.add_people(60)
    with SmtpServer(slow(0.1), on_message=trigger.on_message) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            trigger.arm(9, lambda: sender.send_signal(number))
            sender.communicate(timeout=20)
        assert sender.returncode == 130
        assert proof.compare(server) == set()
        assert 9 <= len(server.messages) <= 9 + 2 * CONNECTIONS
        assert post.dispatch().state == "interrupted"
        assert post.run("resume") == 0
        assert proof.compare_done(server, most_unknown=0) == set()


def test_send_asked_twice_hangs_up_and_names_whom_it_left_in_doubt(
    proof: Any, trigger: Any, until: Any
) -> None:
    post, command = proof.post, proof.add_people(60)
    silent = [Fault("end", delay_seconds=30, nth=nth) for nth in range(10, 30)]
    with SmtpServer(silent, on_message=trigger.on_message) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            until(lambda: server.seen["end"] >= 9 + CONNECTIONS)
            sender.send_signal(signal.SIGINT)
            time.sleep(0.3)
            began = time.monotonic()
            sender.send_signal(signal.SIGINT)
            sender.communicate(timeout=10)
        assert time.monotonic() - began < 3
        assert sender.returncode == 130
        unknown = proof.compare(server)
        assert 1 <= len(unknown) <= 2 * CONNECTIONS


def test_send_asleep_while_the_server_hangs_up_loses_and_repeats_nobody(
    proof: Any, trigger: Any, proxied: Any
) -> None:
    post, command = proof.post, proof.add_people(60)
    with (
        SmtpServer(slow(0.02), on_message=trigger.on_message) as server,
        proxied(server.port) as network,
    ):
        post.use_server(network.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            trigger.arm(20, lambda: sender.send_signal(signal.SIGSTOP))
            server.wait_for(20, timeout_seconds=30)
            time.sleep(1)
            network.cut()
            time.sleep(1)
            sender.send_signal(signal.SIGCONT)
            out, err = sender.communicate(timeout=60)
        assert sender.returncode in (0, 1), (out, err)
        unknown = proof.compare_done(server, most_unknown=2 * CONNECTIONS)
        assert sender.returncode == (1 if unknown else 0)


def test_send_asleep_for_a_moment_goes_on_as_if_nothing_had_been(
    proof: Any, trigger: Any
) -> None:
    post, command = proof.post, proof.add_people(60)
    with SmtpServer(slow(0.02), on_message=trigger.on_message) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            trigger.arm(20, lambda: sender.send_signal(signal.SIGSTOP))
            server.wait_for(20, timeout_seconds=30)
            time.sleep(1)
            sender.send_signal(signal.SIGCONT)
            sender.communicate(timeout=60)
        assert sender.returncode == 0
        assert proof.compare_done(server, most_unknown=0) == set()
        assert server.recording.connections == CONNECTIONS


def test_resume_beside_a_process_that_sends_is_refused_and_disturbs_nothing(
    proof: Any,
) -> None:
    post, command = proof.post, proof.add_people(60)
    with SmtpServer(slow(0.3)) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            server.wait_for(3, timeout_seconds=30)
            with post.start("resume") as second:
                _, err = second.communicate(timeout=20)
            assert second.returncode == 3
            assert err.decode().endswith(
                "another process is with dispatch 1 of 2026-03 already (it is being "
                "sent). See newsletter status 1. To go on here instead: newsletter "
                "pause 1, then newsletter resume 1.\n"
            )
            assert sender.poll() is None
            sender.communicate(timeout=60)
        assert sender.returncode == 0
        assert proof.compare_done(server, most_unknown=0) == set()
        assert len(server.messages) == 60
