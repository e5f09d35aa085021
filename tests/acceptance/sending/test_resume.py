"""Going on by the editor's word: those in doubt, those refused, and what is said."""

import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from newsletter.store.tables import contents
from newsletter.testing.smtp_server import Fault, SmtpServer

NAMES = ("anna", "bob", "carl")
LOST = Fault("end", nth=2, closes=True, keeps=True)


def send_with(post: Any, *faults: Fault) -> None:
    post.add(*NAMES)
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        post.send(3)


def test_resume_of_a_dispatch_whose_mail_is_damaged_pauses_and_says_so(
    post: Any,
) -> None:
    """Running it would be untrue, and a worker would try it for ever."""
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        post.send(3, "--first", "1")
        with post.database() as database, database.writing() as connection:
            good = connection.scalar(select(contents.c.compiled))
            connection.execute(update(contents).values(compiled=good + b"x"))
        assert post.run("resume") == 3
    assert post.err.endswith(
        "this stored mail is damaged. Restore the database from a backup.\n"
    )
    dispatch = post.dispatch()
    assert dispatch.state == "paused"
    assert dispatch.reason == "this stored mail is damaged"
    assert len(server.messages) == 1


def test_resume_unknown_accepted_counts_them_and_mails_nobody(post: Any) -> None:
    send_with(post, LOST)
    assert post.states()["bob"] == "unknown"
    with SmtpServer() as server:
        post.use_server(server.port)
        found = post.json("resume", "--unknown-accepted")
        assert (found["accepted"], found["unknown"], found["state"]) == (3, 0, "done")
        assert server.recording.connections == 0
    # They have it: neither a later dispatch nor --only missed sends to them.
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(0) == 3
        post.write_issue(name="2026-04")
        assert post.run("send", "2026-04", "--only", "missed:1") == 3


def test_resume_unknown_accepted_needs_no_server(post: Any) -> None:
    send_with(post, LOST)
    post.use_no_server()
    assert post.run("resume", "1", "--unknown-accepted") == 0
    assert post.out == (
        "Dispatch 1 of 2026-03 is done\n"
        "       3  taken by your mail server\n"
        "       3  in all\n"
    )


def test_resume_unknown_accepted_of_an_open_one_goes_on_with_the_rest(
    post: Any,
) -> None:
    send_with(post, LOST, Fault("mail", nth=3, reply="550 5.7.1 no"))
    assert set(post.states().values()) == {"accepted", "unknown", "pending"}
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("resume", "--unknown-accepted") == 0
        assert len(server.messages) == 1


def test_resume_unknown_both_ways_at_once_is_wrong_usage(post: Any) -> None:
    assert post.run("resume", "--unknown", "--unknown-accepted") == 2
    assert post.err.endswith("choose one of --unknown and --unknown-accepted.\n")


def test_resume_refused_tries_them_and_nobody_else(post: Any) -> None:
    refused = Fault("rcpt", recipient="bob", reply="552 5.2.2 mailbox full")
    send_with(post, refused)
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("resume", "--refused") == 0
        assert server.recording.recipients == ["bob@example.org"]


def test_resume_refused_leaves_out_whose_address_is_dead(post: Any) -> None:
    refused = Fault("rcpt", recipient="bob", reply="550 5.1.1 no such user")
    send_with(post, refused)
    assert post.json("subscribers", "show", "bob@example.org")["suppressions"]
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("resume", "--refused") == 1
        assert server.recording.recipients == []
    assert post.states()["bob"] == "refused"


def test_resume_of_another_dispatch_while_one_is_sent_says_which(post: Any) -> None:
    send_with(post, Fault("mail", nth=2, reply="550 5.7.1 no"))
    post.write_issue(name="2026-04")
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        command = ["send", "2026-04", "--confirm", "3", "--untested"]
        with post.running(*command):
            assert arrived.wait(20)
            assert post.run("resume", "1") == 3
    assert post.err.endswith(
        "another process is sending dispatch 2 of 2026-04 right now. Go on with this "
        "one when that is over: newsletter resume 1.\n"
    )


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            Fault("mail", nth=2, reply="550 5.7.1 no"),
            "Dispatch 1 of 2026-03 is paused: 2 of 3 left to do. "
            "Go on with: newsletter resume 1\n",
        ),
        (
            Fault("rcpt", nth=2, reply="450 4.2.1 later"),
            "Dispatch 1 of 2026-03 is waiting: 1 of 3 left to do. "
            "Go on with: newsletter resume 1\n",
        ),
    ],
)
def test_every_command_begins_with_what_is_left_to_do(
    post: Any, fault: Fault, line: str
) -> None:
    send_with(post, fault)
    post.run("build", "2026-03")
    assert post.err.startswith(line)
