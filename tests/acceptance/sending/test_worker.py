"""`newsletter worker`, and the one in `newsletter serve`, as processes of their own."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from newsletter.store.instants import to_millis
from newsletter.store.tables import batches, deliveries, dispatches
from newsletter.testing.processes import wait_until
from newsletter.testing.smtp_server import Fault, SmtpServer

NAMES = tuple(f"p{number:02}" for number in range(20))


class Lines:
    """What a process prints, as it comes."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    def wait_for(self, text: str, seconds: float = 20) -> str:
        """Return the first line with *text* in it."""
        end = time.monotonic() + seconds
        while True:
            for line in self.lines:
                if text in line:
                    return line
            assert time.monotonic() < end, f"no {text!r} in {self.lines}"
            time.sleep(0.02)


@contextmanager
def worker(post: Any, *options: str, command: str = "worker") -> Iterator[Lines]:
    """Run a worker that is ready."""
    with post.running(command, *options, stderr=None) as process:
        lines = Lines(process)
        lines.wait_for("Ready")
        yield lines


def is_scheduled(post: Any) -> bool:
    return post.run("status") == 0 and "is scheduled" in post.out


def ahead(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def schedule(post: Any, *, seconds: float | None = None) -> None:
    """Schedule a dispatch to all, with nobody but a worker to see to it.

    Without *seconds* its time has come as soon as it is confirmed.
    """
    assert post.send(len(NAMES), "--at", ahead(seconds or 300)) == 0
    if seconds is None:
        make_due(post)


def make_due(post: Any) -> None:
    """Let all that is scheduled or waits be due."""
    move(post, datetime.now(UTC))


def move(post: Any, to: datetime) -> None:
    """Let all that is scheduled or waits be so until then."""
    at = to_millis(to)
    columns = [dispatches.c.starts_at]
    columns += [table.c.next_at for table in (deliveries, batches, dispatches)]
    with post.database() as database, database.writing() as connection:
        for column in columns:
            connection.execute(
                update(column.table).where(column > at).values({column: at})
            )


def end(lines: Lines, number: signal.Signals = signal.SIGTERM) -> int:
    lines.process.send_signal(number)
    code: int = lines.process.wait(20)
    return code


def got(server: SmtpServer) -> Counter[str]:
    return Counter(one.partition("@")[0] for one in server.recording.recipients)


ONCE = Counter(NAMES)
ENDS = (
    signal.SIGTERM,
    pytest.param(signal.SIGINT, marks=pytest.mark.long),
    pytest.param(signal.SIGHUP, marks=pytest.mark.long),
)


# --- what is due ----------------------------------------------------------------------


def test_worker_sends_a_scheduled_dispatch_at_its_time(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with worker(post) as lines:
            schedule(post, seconds=3)
            assert "newsletter worker will send it" in post.err
            assert post.out.startswith("Dispatch 1 of 2026-03 is scheduled")
            assert server.recording.connections == 0
            ended = lines.wait_for("is done")
            assert end(lines) == 0
        assert got(server) == ONCE
    assert ended.endswith(
        "Dispatch 1 of 2026-03 is done. 20 of 20 taken by your mail server."
    )
    told = [line.split("  ", 1)[1] for line in lines.lines]
    assert told == [
        "Ready: what is due is sent from here.",
        "Sending dispatch 1 of 2026-03: 20 to go.",
        "Dispatch 1 of 2026-03 is done. 20 of 20 taken by your mail server.",
        "Stopped.",
    ]


@pytest.mark.long
def test_worker_takes_over_from_who_waited_for_the_start(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with post.running(
            "send", "--confirm", "20", "--untested", "--at", ahead(300)
        ) as sender:
            wait_until(lambda: is_scheduled(post))
            with worker(post) as lines:
                _, err = sender.communicate(timeout=15)
                assert sender.returncode == 0
                make_due(post)
                lines.wait_for("is done")
        assert got(server) == ONCE
    assert b"A newsletter worker was started; it sends this.\n" in err


def test_worker_tries_again_whom_the_server_put_off_when_that_is_due(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("rcpt", nth=2, reply="451 4.7.1 greylisted")]) as server:
        post.use_server(server.port)
        assert post.send(2) == 1
        with worker(post) as lines:
            time.sleep(1.2)
            assert got(server) == Counter(["anna"])
            make_due(post)
            lines.wait_for("is done")
        assert got(server) == Counter(["anna", "bob"])


def test_worker_that_goes_on_with_a_wait_is_told_by_status_and_by_the_banner(
    post: Any,
) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("rcpt", nth=2, reply="451 4.7.1 greylisted")]) as server:
        post.use_server(server.port)
        assert post.send(2) == 1
        with worker(post):
            assert post.run("status") == 0
            assert post.out.endswith("in all\nnewsletter worker goes on with it.\n")
            assert post.run("build", "2026-03") == 0
            assert "left to do. newsletter worker goes on with it.\n" in post.err


def test_worker_asks_when_a_start_was_missed(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with worker(post) as lines:
            schedule(post, seconds=300)
            assert end(lines) == 0
        move(post, datetime.now(UTC) - timedelta(minutes=31))
        with worker(post) as lines:
            line = lines.wait_for("is paused")
            assert "31 min ago, and nothing was there to start it" in line
            time.sleep(1.2)
            assert server.recording.connections == 0
            assert post.run("resume") == 0
        assert got(server) == ONCE


# --- crashes --------------------------------------------------------------------------


def test_worker_killed_in_the_middle_is_followed_by_one_that_repeats_nobody(
    post: Any,
) -> None:
    post.add(*NAMES)
    slow = [Fault("end", delay_seconds=0.05, reply="250 ok", keeps=True)]
    with SmtpServer(slow) as server:
        post.use_server(server.port, connections=2)
        with worker(post) as lines:
            schedule(post)
            server.wait_for(7)
            lines.process.kill()
            lines.process.wait(10)
        with worker(post) as lines:
            lines.wait_for("is done")
        unknown = {
            one["email"].partition("@")[0]
            for one in post.json("status", "--unknown")["unknown_recipients"]
        }
        assert set(got(server).values()) == {1}
        assert set(NAMES) - set(got(server)) <= unknown
        assert len(unknown) <= 2 * 2


@pytest.mark.long
@pytest.mark.parametrize("what", ["pause", "interrupt"])
def test_worker_leaves_alone_what_the_editor_stopped(post: Any, what: str) -> None:
    post.add(*NAMES)
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        with post.running("send", "--confirm", "20", "--untested") as sender:
            assert arrived.wait(20)
            if what == "pause":
                post.run("pause")
            else:
                sender.send_signal(signal.SIGINT)
            sender.communicate(timeout=10)
        with worker(post) as lines:
            time.sleep(2)
            assert end(lines) == 0
        assert len(server.messages) == 1
    assert [line.split("  ", 1)[1] for line in lines.lines] == [
        "Ready: what is due is sent from here.",
        "Stopped.",
    ]


# --- its end --------------------------------------------------------------------------


@pytest.mark.parametrize("number", ENDS)
def test_worker_stopped_answers_for_what_is_under_way_and_the_next_goes_on(
    post: Any, number: signal.Signals
) -> None:
    post.add(*NAMES)
    slow = [Fault("end", delay_seconds=0.1, reply="250 ok")]
    with SmtpServer(slow) as server:
        post.use_server(server.port)
        with worker(post) as lines:
            schedule(post)
            server.wait_for(3)
            assert end(lines, number) == 0
        found = post.dispatch()
        assert (found.state, found.reason) == ("interrupted", "the worker was stopped")
        assert "attempting" not in post.states().values()
        assert "unknown" not in post.states().values()
        assert lines.lines[-1].endswith("  Stopped.")
        with worker(post) as lines:
            lines.wait_for("is done")
        assert got(server) == ONCE


# --- beside others --------------------------------------------------------------------


def test_a_second_worker_is_told_and_ends(post: Any) -> None:
    post.use_server(2525)
    with worker(post):
        assert post.run("worker") == 3
        assert post.err == (
            "another newsletter worker (or newsletter serve) runs what is due here "
            "already. One is enough. Stop that one first to take its place.\n"
        )


@pytest.mark.long
def test_send_by_hand_works_while_a_worker_idles(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with worker(post) as lines:
            assert post.send(20) == 0
            assert got(server) == ONCE
            assert end(lines) == 0
    assert len(lines.lines) == 2


def test_resume_of_what_a_worker_is_sending_says_so(post: Any) -> None:
    post.add(*NAMES)
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        with worker(post) as lines:
            schedule(post)
            assert arrived.wait(20)
            assert post.run("resume", "1") == 3
            assert post.err.startswith(
                "another process is with dispatch 1 of 2026-03 already "
            )
            assert post.err.endswith(
                "See newsletter status 1. To go on here instead: newsletter pause 1, "
                "then newsletter resume 1.\n"
            )
            # Within a second, as from any process.
            assert post.run("cancel") == 0
            lines.wait_for("is cancelled", 5)
            assert end(lines) == 0


def test_worker_prints_one_object_a_line_if_asked(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with worker(post, "--json") as lines:
            schedule(post)
            lines.wait_for('"done"')
            assert end(lines) == 0
    events = [json.loads(line) for line in lines.lines]
    assert [one["event"] for one in events] == ["ready", "sending", "ended", "stopped"]
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in events)
    assert events[0].keys() == {"at", "event", "text"}
    assert events[2] | {"at": "", "text": ""} == {
        "at": "",
        "event": "ended",
        "text": "",
        **post.json("status"),
    }


# --- what may pass --------------------------------------------------------------------


def test_worker_waits_for_a_mistake_in_the_settings_to_go(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        settings = post.root / "newsletter.toml"
        right = settings.read_text()
        with worker(post) as lines:
            schedule(post, seconds=300)
            settings.write_text(right.replace("port =", "prot ="))
            assert lines.wait_for('unknown setting "prot"').endswith(" Trying again.")
            settings.write_text(right)
            make_due(post)
            lines.wait_for("is done")
        assert got(server) == ONCE


@pytest.mark.long
def test_worker_uses_the_settings_of_the_moment(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as old, SmtpServer() as new:
        post.use_server(old.port)
        with worker(post) as lines:
            schedule(post, seconds=300)
            post.use_server(new.port)
            make_due(post)
            lines.wait_for("is done")
        assert old.recording.connections == 0
        assert got(new) == ONCE


def test_worker_without_a_server_says_what_to_add(post: Any) -> None:
    assert post.run("worker") == 1
    assert post.out == ""
    assert post.err.startswith(
        "there is no mail server in newsletter.toml, so a worker has nothing to send "
        "with. Add what your mail provider told you, then try again:\n\n[server]\n"
    )


@pytest.mark.long
def test_worker_waits_for_a_password_that_is_not_there(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        settings = post.root / "newsletter.toml"
        right = settings.read_text()
        with worker(post) as lines:
            schedule(post, seconds=300)
            login = 'security = "tls"\nuser = "me"\npassword = "file:missing"'
            settings.write_text(right.replace('security = "none"', login))
            make_due(post)
            line = lines.wait_for("Trying again.")
            assert "Dispatch 1: the password file " in line
            settings.write_text(right)
            lines.wait_for("is done")
        assert got(server) == ONCE


@pytest.mark.long
def test_worker_outlives_a_locked_database(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        with worker(post) as lines:
            schedule(post, seconds=2)
            path = post.root / "subscribers/newsletter.db"
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(4)
            assert server.recording.connections == 0
            other.execute("ROLLBACK")
            other.close()
            lines.wait_for("is done", 40)
        assert got(server) == ONCE


@pytest.mark.long
def test_worker_tells_that_the_server_is_away_and_goes_on_with_others(
    post: Any,
) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        port = server.port
    post.use_server(port)
    with worker(post) as lines:
        schedule(post)
        lines.wait_for("connection refused")
        waiting = lines.wait_for("Next try: ", 30)
        assert "Dispatch 1 of 2026-03 is waiting" in waiting
        with SmtpServer(port=port) as server:
            make_due(post)
            lines.wait_for("is done")
            assert got(server) == ONCE


# --- serve ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", ENDS)
def test_serve_sends_what_is_due_and_stops_in_good_order(
    post: Any, number: signal.Signals
) -> None:
    post.add(*NAMES)
    slow = [Fault("end", delay_seconds=0.1, reply="250 ok")]
    with SmtpServer(slow) as server:
        post.use_server(server.port)
        with worker(post, "--port", "0", command="serve") as lines:
            schedule(post)
            server.wait_for(3)
            assert end(lines, number) == 0
        assert 3 <= len(server.messages) < 20
        assert "unknown" not in post.states().values()
        with worker(post, "--port", "0", command="serve") as lines:
            lines.wait_for("is done")
            assert end(lines, number) == 0
        assert got(server) == ONCE


@pytest.mark.long
def test_serve_without_worker_serves_pages_alone(post: Any) -> None:
    post.use_server(2525)
    with post.running("serve", "--port", "0", "--no-worker", stderr=None) as process:
        lines = Lines(process)
        lines.wait_for("listen on")
        with worker(post):
            pass
        assert end(lines) in (0, -signal.SIGTERM)
    assert "Ready" not in "".join(lines.lines)


def test_serve_beside_a_worker_serves_pages_alone(post: Any) -> None:
    post.use_server(2525)
    with (
        worker(post),
        post.running("serve", "--port", "0", stderr=None) as process,
    ):
        lines = Lines(process)
        lines.wait_for("another newsletter worker")
        os.kill(process.pid, 0)
        assert end(lines) == 0
