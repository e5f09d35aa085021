"""What keeps an issue from being sent, before anything leaves."""

import re
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.errors import UsageError
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.workflow.clearance import Wish
from newsletter.workflow.plan import plan_send
from newsletter.workflow.send import send_planned

NAMES = ("anna", "bob", "carl", "dora", "eve")


def test_send_without_a_server_says_which_lines_to_add(post: Any) -> None:
    post.add("anna")
    assert post.send(1) == 1
    assert post.err == (
        "there is no mail server in newsletter.toml, so nothing can be sent. Add what "
        "your mail provider told you and run `newsletter login`, or rehearse with "
        "--rehearse:\n\n"
        '[server]\nhost = "smtp.example.org"\nport = 465\nsecurity = "tls"\n'
        'user = "letter@example.org"\n'
        'limits = ["200/hour"]\n'
    )


def test_send_of_what_was_never_tested_is_refused(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--confirm", "1") == 1
        assert post.err == (
            "what the issue says now was never sent as a test. Run newsletter test, "
            "look at the mail, and send then; or send it unseen with --untested.\n"
        )
        post.run("test", "--to", "me@example.org")
        post.write_issue((post.root / "issues/2026-03.md").read_text() + "One more.\n")
        assert post.run("send", "--confirm", "1") == 1
        assert server.recording.recipients == ["me@example.org"]


def test_send_untested_is_recorded(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(1) == 0
    assert post.dispatch().waivers == ("untested",)


def test_send_of_an_issue_with_a_promised_link_is_refused(post: Any) -> None:
    post.add("anna")
    post.write_issue(
        (post.root / "issues/2026-03.md").read_text() + "\n[Read it here]()\n"
    )
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(1) == 1
        assert "issues/2026-03.md:15:1: " in post.err
        assert "2026-03 was not sent." in post.err
        assert server.recording.connections == 0


def test_send_of_an_issue_with_problems_is_refused(post: Any) -> None:
    post.add("anna")
    post.write_issue("---\nsubject: x\n---\n")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(1) == 1
        assert server.recording.connections == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_send_with_a_wrong_number_sends_nothing(post: Any, count: int) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(count) == 2
        assert post.err.endswith(
            f"{count} was confirmed, but 2 would get it. Nothing was sent. Look again "
            "who is on the list, and confirm the right number.\n"
        )
        assert server.recording.connections == 0
    assert post.run("status") == 3


def test_send_when_somebody_leaves_while_the_number_is_typed_sends_nothing(
    post: Any,
) -> None:
    post.add("anna", "bob")
    now = datetime.now(UTC)
    with SmtpServer() as server:
        post.use_server(server.port)
        wish = Wish(is_untested=True)
        plan = plan_send(post.project, None, wish, environment={}, now=now)
        post.leave("bob")
        with pytest.raises(UsageError) as caught:
            send_planned(post.project, plan, confirmed=2, environment={})
        assert server.recording.connections == 0
    assert str(caught.value) == (
        "2 was confirmed, but 1 would get it. Nothing was sent. Look again who is on "
        "the list, and confirm the right number."
    )
    assert post.run("status") == 3


def test_send_with_nobody_to_ask_shows_what_would_happen_and_wants_the_number(
    post: Any,
) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--untested") == 2
        assert server.recording.connections == 0
    *summary, last = post.err.splitlines()
    assert [line.split(":")[0] for line in summary] == [
        "Issue",
        "Subject",
        "From",
        "To",
        "Web page",
        "Tested",
        "Server",
        "Start",
        "Time",
    ]
    assert last == (
        "nobody is there to confirm the number of recipients. Nothing was sent. If all "
        "of it is right, write the number yourself: --confirm 2"
    )


def test_send_to_an_unknown_list_names_those_there_are(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(1, "--to", "mian") == 2
    assert post.err == 'there is no list "mian". There are: main, events.\n'


def test_send_while_a_dispatch_of_the_issue_is_open_is_refused(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer([Fault("mail", reply="550 no")]) as server:
        post.use_server(server.port)
        post.send(2)
        assert post.send(2) == 1
    assert post.err.endswith(
        "dispatch 1 of 2026-03 is not over yet (paused, 2 left to do). Go on with it: "
        "newsletter resume 1. Or end it: newsletter cancel 1. Then the 2 recipients "
        "left get no mail of it, until newsletter send 2026-03 --only missed:1.\n"
    )


def test_send_of_an_issue_that_another_process_sends_does_not_advise_resume(
    post: Any,
) -> None:
    post.add(*NAMES)
    arrived = threading.Event()
    with SmtpServer(on_message=lambda _: arrived.set()) as server:
        post.use_server(server.port, limits=["1/minute"])
        with post.start("send", "--confirm", "5", "--untested") as sender:
            try:
                assert arrived.wait(20)
                code = post.send(5)
            finally:
                # Whatever comes: it would go on for minutes.
                sender.terminate()
            sender.communicate(timeout=20)
    assert code == 1
    assert re.search(
        r"\ndispatch 1 of 2026-03 is not over yet \(running, [45] left to do\)\. "
        r"Another process is sending it: see newsletter status 1, or halt it with "
        r"newsletter pause 1\. Or end it: newsletter cancel 1\. "
        r"Then the [45] recipients left get no mail of it, until newsletter send "
        r"2026-03 --only missed:1\.\n$",
        post.err,
    )


def test_send_with_pages_that_are_not_there_is_refused(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        settings = post.root / "newsletter.toml"
        text = settings.read_text()
        base = '[newsletter]\nbase_url = "http://127.0.0.1:1"\n'
        settings.write_text(text.replace("[newsletter]\n", base, 1))
        assert post.send(1) == 3
        assert "could not be reached" in post.err
        assert server.recording.connections == 0
        assert post.send(1, "--skip-probe") == 0
    assert post.dispatch().waivers == ("untested", "skip_probe")


def test_send_of_a_copy_that_was_handed_over_does_not_try_the_pages(post: Any) -> None:
    post.add("anna")
    settings = post.root / "newsletter.toml"
    base = '[newsletter]\nbase_url = "http://127.0.0.1:1"\n'
    with SmtpServer() as server:
        post.use_server(server.port)
        settings.write_text(settings.read_text().replace("[newsletter]\n", base, 1))
        moved = str(post.root / "moved.tar")
        assert post.run("db", "backup", "--hand-over", "-o", moved) == 0
        assert post.send(1) == 1
    assert "(moved.tar): this copy changes and sends nothing any more" in post.err
    assert "--skip-probe" not in post.err
