"""A network and a server that come and go while a dispatch runs."""

import time
from random import Random
from typing import Any

import pytest

from newsletter.testing.smtp_script import Step
from newsletter.testing.smtp_server import Fault, SmtpServer

CONNECTIONS = 4
SLOW = Fault("end", delay_seconds=0.02, reply="250 2.0.0 ok", keeps=True)


def test_send_through_a_network_that_is_cut_goes_on_by_itself(
    proof: Any, proxied: Any
) -> None:
    cut_and_compare(proof, proxied, people=60, cuts=[15, 35])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_send_through_a_network_that_is_cut_at_random_moments(
    proof: Any, proxied: Any, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - the same moments in each run
    cuts = sorted(random.sample(range(1, 190), 4))
    cut_and_compare(proof, proxied, people=200, cuts=cuts)


def cut_and_compare(proof: Any, proxied: Any, *, people: int, cuts: list[int]) -> None:
    post, command = proof.post, proof.add_people(people)
    with SmtpServer([SLOW]) as server, proxied(server.port) as network:
        post.use_server(network.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            for count in cuts:
                while len(server.messages) < count and sender.poll() is None:
                    time.sleep(0.005)
                network.cut()
            out, err = sender.communicate(timeout=60)
        assert sender.returncode in (0, 1), (out, err)
        found = post.dispatch()
        if found.state == "paused":
            # Two cuts so close that nobody was answered between them: it asks.
            assert "answered none of them" in found.reason
            post.run("resume")
        most = 2 * CONNECTIONS * len(cuts)
        proof.compare_done(server, most_unknown=most)
        assert network.connections > CONNECTIONS


def test_send_through_a_network_that_stalls_waits_for_it(
    proof: Any, proxied: Any
) -> None:
    post, command = proof.post, proof.add_people(40)
    with SmtpServer([SLOW]) as server, proxied(server.port) as network:
        post.use_server(network.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            server.wait_for(10, timeout_seconds=30)
            network.stall()
            time.sleep(1)
            network.flow()
            sender.communicate(timeout=60)
        assert sender.returncode == 0
        assert proof.compare_done(server, most_unknown=0) == set()
        assert network.connections == CONNECTIONS


def test_send_through_a_slow_network_mails_everybody_once(
    proof: Any, proxied: Any
) -> None:
    post, command = proof.post, proof.add_people(20)
    with SmtpServer() as server, proxied(server.port) as network:
        # Some 10 KB each: half a second in all.
        network.bytes_per_second = 100_000
        post.use_server(network.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            sender.communicate(timeout=60)
        assert sender.returncode == 0
        assert proof.compare_done(server, most_unknown=0) == set()


def test_send_to_a_server_that_is_started_anew_goes_on_by_itself(proof: Any) -> None:
    post, command = proof.post, proof.add_people(60)
    first = SmtpServer([SLOW])
    first.start()
    post.use_server(first.port, connections=CONNECTIONS)
    with post.start(*command) as sender:
        first.wait_for(20, timeout_seconds=30)
        first.stop()
        time.sleep(1)
        with SmtpServer([SLOW], port=first.port) as second:
            sender.communicate(timeout=60)
            # One record for both lives of the server.
            second.recording.messages[:0] = first.messages
            unknown = proof.compare_done(second, most_unknown=2 * CONNECTIONS)
    assert sender.returncode == (1 if unknown else 0)


def test_send_to_a_server_that_shuts_down_now_and_then_reaches_everybody(
    proof: Any,
) -> None:
    post, command = proof.post, proof.add_people(40)
    steps: list[tuple[Step, int]] = [("mail", 7), ("rcpt", 15), ("data", 23)]
    faults = [
        Fault(step, nth=nth, reply="421 4.3.2 shutting down", closes=True)
        for step, nth in [*steps, ("connect", 6)]
    ]
    with SmtpServer(faults) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            out, err = sender.communicate(timeout=60)
        unknown = proof.compare_done(server, most_unknown=2 * len(faults))
        assert sender.returncode == (1 if unknown else 0), (out, err)
