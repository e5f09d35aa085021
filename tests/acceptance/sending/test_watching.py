"""What an editor sees of a dispatch: on a terminal, in a pipe, from another process."""

import fcntl
import os
import pty
import re
import struct
import termios
from dataclasses import replace
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, SmtpServer

NAMES = tuple(f"p{number:02}" for number in range(8))
#: Eight mails take more than a second, so that there is something to see.
SLOW = Fault("end", delay_seconds=0.15, reply="250 ok")
REFUSED = Fault("rcpt", recipient="p03", reply="550 5.1.1 User unknown")
#: Sequences that move the cursor and choose colours.
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def watched(post: Any, columns: int, *, stop_at: bytes = b"", **more: str) -> bytes:
    """Send on a terminal *columns* wide; return all that was written to it."""
    terminal, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"TERM": "xterm-256color", **more}
    arguments = ("send", "--untested", "--confirm", str(len(NAMES)))
    seen = b""
    # Nobody sits before it: without standard input it does not hold.
    with post.start(*arguments, stderr=slave, environment=environment) as sender:
        os.close(slave)
        while True:
            try:
                seen += os.read(terminal, 4096)
            except OSError:  # the last one closed it
                break
            if stop_at and stop_at in seen:
                stop_at = b""
                assert post.run("pause") == 0
        sender.communicate(timeout=10)
    os.close(terminal)
    return seen


def lines_of(seen: bytes) -> list[str]:
    """Return each line that stood on a terminal."""
    return re.split(r"[\r\n]+", _CONTROL.sub(b"", seen).decode())


@pytest.mark.parametrize("columns", [40, 80])
def test_bar_counts_up_to_the_total(post: Any, columns: int) -> None:
    post.add(*NAMES)
    with SmtpServer([REFUSED, SLOW]) as server:
        post.use_server(server.port)
        lines = lines_of(watched(post, columns))
    bars = [line for line in lines if " of 8 · " in line]
    assert bars[-1].endswith("8 of 8 · 100 %")
    assert len(set(bars)) > 3
    assert max(map(len, bars)) <= columns
    assert any("7 taken by your mail server · 1 refused" in line for line in lines)


def test_bar_without_colours_moves_the_cursor_and_no_more(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port)
        seen = watched(post, 80, NO_COLOR="1")
    assert "8 of 8 · 100 %" in seen.decode()
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", seen)


def test_terminal_that_cannot_draw_gets_lines(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port)
        lines = lines_of(watched(post, 80, TERM="dumb"))
    assert not any("━" in line for line in lines)
    assert "Sending 2026-03 to 8 subscribers." in lines
    assert re.fullmatch(r"Ended after \d+ s: 8 taken by your mail server\.", lines[-2])


def test_pause_from_another_process_is_shown_as_the_result(post: Any) -> None:
    post.add(*NAMES)
    # To pause takes a second on a busy machine: nobody is to be done before it.
    slower = replace(SLOW, delay_seconds=0.6)
    with SmtpServer([slower]) as server:
        post.use_server(server.port)
        watched(post, 80, stop_at=b"3 of 8")
    dispatch = post.dispatch()
    assert (dispatch.state, dispatch.reason) == ("paused", "paused by hand")


def test_status_while_it_runs_says_how_fast_and_until_when(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port)
        sender = post.start("send", "--untested", "--confirm", str(len(NAMES)))
        with sender:
            assert server.wait_for(3, timeout_seconds=10)
            assert post.run("status") == 0
            sender.communicate(timeout=10)
    assert post.out.startswith("Dispatch 1 of 2026-03 is running\n")
    assert re.search(r"\nGoing: +\d+ a (second|minute), about \d+ s left", post.out)
    assert "\nHalt it with: newsletter pause 1\n" in post.out


def test_lines_stay_on_standard_error_beside_json(post: Any) -> None:
    post.add(*NAMES[:2])
    with SmtpServer() as server:
        post.use_server(server.port)
        found = post.json("send", "--confirm", "2", "--untested")
    assert found["accepted"] == 2
    assert "Sending 2026-03 to 2 subscribers.\n" in post.err
    assert "Ended after 1 s: 2 taken by your mail server.\n" in post.err
