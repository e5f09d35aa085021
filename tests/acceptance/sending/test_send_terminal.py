"""Somebody sits before it."""

import os
import pty
import signal
import time
from typing import Any

import pytest

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.testing.smtp_server import Fault, SmtpServer

NAMES = ("anna", "bob", "carl", "dora", "eve")


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


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_send_whose_hold_is_cut_short_is_undone(post: Any, number: int) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        sender, terminal = on_a_terminal(post, b"2\n", TERM="xterm")
        with sender:
            read_until(terminal, b"Ctrl-C undoes it all.")
            os.close(terminal)
            sender.send_signal(number)
            sender.communicate(timeout=10)
        assert sender.returncode == 130
        assert server.recording.connections == 0
    found = post.dispatch()
    assert found.state is DispatchState.CANCELLED
    assert found.reason == "undone before the first mail left"


def test_send_that_is_killed_in_its_hold_has_sent_nothing_and_asks(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        sender, terminal = on_a_terminal(post, b"2\n")
        with sender:
            read_until(terminal, b"Ctrl-C undoes it all.")
            sender.kill()
            sender.communicate(timeout=10)
        os.close(terminal)
        # A worker that is started now leaves it alone.
        with post.running("worker") as worker:
            assert b"Ready" in worker.stdout.readline()
            time.sleep(1.5)
        assert server.recording.connections == 0
        assert post.run("status") == 0
        assert post.out.startswith(
            "Dispatch 1 of 2026-03 is paused: confirmed, and held so that it can be "
            "undone; nothing has left\n"
        )
        assert post.run("resume", "1") == 0
        assert len(server.messages) == 2


def test_hold_that_another_command_ends_sends_nothing(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        text = (post.root / "newsletter.toml").read_text()
        quick = text.replace("hold_seconds = 30", "hold_seconds = 3")
        (post.root / "newsletter.toml").write_text(quick)
        sender, terminal = on_a_terminal(post, b"2\n")
        with sender:
            read_until(terminal, b"Ctrl-C undoes it all.")
            assert post.run("cancel", "1") == 0
            sender.communicate(timeout=20)
        os.close(terminal)
        assert server.recording.connections == 0
    assert post.dispatch().state is DispatchState.CANCELLED


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
    assert found.reason == "the terminal was closed"
    assert found.counts[DeliveryState.ACCEPTED] == len(server.messages)
    assert found.unfinished == 5 - len(server.messages)
