"""Dispatches that start at a set time."""

import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from newsletter.store.instants import to_millis
from newsletter.store.tables import dispatches
from newsletter.testing.processes import wait_until
from newsletter.testing.smtp_server import Received, SmtpServer

NAMES = ("anna", "bob", "carl")


def ahead(seconds: float) -> str:
    """Return a start that is so many seconds ahead."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def move_start(post: Any, by: timedelta) -> None:
    """Let the start of dispatch 1 be so far from now."""
    at = to_millis(datetime.now(UTC) + by)
    with post.database() as database, database.writing() as connection:
        connection.execute(update(dispatches).values(starts_at=at, next_at=at))


def is_scheduled(post: Any) -> bool:
    return post.run("status") == 0 and "is scheduled" in post.out


COMMAND = ("send", "--confirm", "3", "--untested", "--at")


def test_send_at_waits_and_sends_at_that_moment(post: Any) -> None:
    post.add(*NAMES)
    times: list[datetime] = []

    def on_message(_: Received) -> None:
        times.append(datetime.now(UTC))

    with SmtpServer(on_message=on_message) as server:
        post.use_server(server.port)
        start = ahead(4)
        with post.running(*COMMAND, start) as sender:
            out, err = sender.communicate(timeout=30)
        assert sender.returncode == 0
        assert len(server.messages) == 3
    due = datetime.fromisoformat(start)
    assert timedelta(0) <= min(times) - due < timedelta(seconds=3)
    assert out.decode().startswith("Dispatch 1 of 2026-03 is done\n")
    told = err.decode()
    assert re.search(
        rf"^Dispatch 1 of 2026-03 starts on \w+ \d+ \w+ 20\d\d, {due:%H:%M}(:\d\d)? "
        r"UTC, in \d s\.$",
        told,
        re.M,
    )
    assert (
        "No newsletter worker is running, so this command waits and sends it: leave "
        "this open, and the computer on.\n"
        "Ctrl-C leaves it scheduled; newsletter worker or newsletter resume 1 then "
        "sees to it. To call it off: newsletter cancel 1\n"
    ) in told


def test_send_at_sends_what_was_confirmed_and_skips_who_left(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            post.write_issue((post.root / "issues/2026-03.md").read_text() + "More.\n")
            post.leave("bob")
            post.add("dora")
            move_start(post, timedelta(0))
            sender.communicate(timeout=30)
        assert sender.returncode == 0
        assert sorted(server.recording.recipients) == [
            "anna@example.org",
            "carl@example.org",
        ]
        assert b"More." not in server.messages[0].data


@pytest.mark.parametrize(
    ("ask", "code", "state"),
    [("cancel", 1, "cancelled"), ("pause", 3, "paused")],
)
def test_send_at_ends_within_a_second_of_another_terminals_word(
    post: Any, ask: str, code: int, state: str
) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            assert post.run(ask) == 0
            out, _ = sender.communicate(timeout=5)
        assert sender.returncode == code
        assert server.recording.connections == 0
    assert out.decode().startswith(f"Dispatch 1 of 2026-03 is {state}: {state} by hand")


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, marks=pytest.mark.long),
    ],
)
def test_send_at_interrupted_stays_scheduled_and_resume_takes_over(
    post: Any, number: signal.Signals
) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            sender.send_signal(number)
            _, err = sender.communicate(timeout=5)
        assert sender.returncode == 130
        assert err.decode().endswith(
            "Dispatch 1 stays scheduled, and nobody sees to it now.\n"
        )
        move_start(post, timedelta(seconds=1))
        assert post.run("resume") == 0
        assert len(server.messages) == 3


def test_resume_now_starts_before_the_time(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            assert post.run("resume", "--now") == 0
            sender.communicate(timeout=5)
        assert sender.returncode == 0
        assert sorted(server.recording.recipients) == [
            f"{name}@example.org" for name in NAMES
        ]


def test_a_start_that_was_missed_asks_and_resume_goes_on(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            # As if the computer had slept meanwhile.
            move_start(post, timedelta(minutes=-31))
            out, _ = sender.communicate(timeout=5)
        assert sender.returncode == 3
        assert server.recording.connections == 0
        assert re.match(
            r"Dispatch 1 of 2026-03 is paused: it was to start on \w+ \d+ \w+ \d{4}, "
            r"\d\d:\d\d(:\d\d)? UTC, 31 min ago, and nothing was there to start it; is "
            r"it still right to send it\?\n",
            out.decode(),
        )
        assert post.run("resume") == 0
        assert len(server.messages) == 3


@pytest.mark.long
def test_a_start_missed_by_less_is_made_up_for(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            move_start(post, timedelta(minutes=-29))
            sender.communicate(timeout=10)
        assert sender.returncode == 0
        assert len(server.messages) == 3


@pytest.mark.long
def test_a_paused_dispatch_is_scheduled_again_by_resume(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)) as sender:
            wait_until(lambda: is_scheduled(post))
            post.run("pause")
            sender.communicate(timeout=5)
        with post.running("resume"):
            wait_until(lambda: is_scheduled(post))
            assert post.json("status")["next_at"] is not None
        assert server.recording.connections == 0


def test_an_issue_that_is_scheduled_cannot_be_sent_besides(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(*COMMAND, ahead(300)):
            wait_until(lambda: is_scheduled(post))
            assert post.send(3) == 1
            assert re.match(
                r"Dispatch 1 of 2026-03 starts on \w+ \d+ \w+ \d{4}, \d\d:\d\d(:\d\d)? "
                r"UTC: 3 left to do\. A command that waits for it, or newsletter "
                r"worker, has to run then\.\n",
                post.err,
            )
            assert re.search(
                r"dispatch 1 of 2026-03 is not over yet \(scheduled, 3 left to do\)\. "
                r"It starts by itself at its time\. Or end it: newsletter cancel 1\. "
                r"Then the 3 recipients left get no mail of it, until newsletter send "
                r"2026-03 --only missed:1\.$",
                post.err,
            )
            # Another one can, while the first one waits.
            post.write_issue(name="2026-04")
            assert post.send(3, "2026-04") == 0
            assert len(server.messages) == 3


def test_send_at_a_wrong_time_sends_and_keeps_nothing(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(3, "--at", "2020-01-01 09:00") == 2
        assert "Wednesday 1 January 2020, 09:00 UTC is past" in post.err
        assert post.send(3, "--at", "tomorrow") == 2
        assert post.send(2, "--at", ahead(60)) == 2
    assert post.run("status") == 3
