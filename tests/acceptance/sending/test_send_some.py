"""Some of the readers, the first ones, and one confirmation for one dispatch."""

import re
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.errors import OperationError
from newsletter.store.archives import settle_restored
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.workflow.clearance import Wish
from newsletter.workflow.desk import open_desk
from newsletter.workflow.plan import plan_send
from newsletter.workflow.send import send_planned

NAMES = ("anna", "bob", "carl", "dora", "eve")


def names_of(server: SmtpServer) -> list[str]:
    return sorted(one.partition("@")[0] for one in server.recording.recipients)


# --- of an earlier dispatch -----------------------------------------------------------


@pytest.fixture
def faulty(post: Any) -> Any:
    """Sent to anna; bob is unknown, carl refused, dora left before it."""
    post.add("anna", "bob", "carl")
    faults = [
        Fault("rcpt", recipient="carl", reply="552 5.2.2 full"),
        Fault("end", nth=2, closes=True, keeps=True),
    ]
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        assert post.send(3) == 1
    assert post.states() == {"anna": "accepted", "bob": "unknown", "carl": "refused"}
    post.write_issue(name="2026-04")
    post.add("eve")
    return post


@pytest.mark.parametrize(
    ("only", "names", "left_out"),
    [
        ("reached:1", ["anna", "bob"], "2 not reached by dispatch 1"),
        ("missed:1", ["carl"], "3 not missed by dispatch 1"),
    ],
)
def test_send_only_to_some_of_an_earlier_dispatch_mails_them_alone(
    faulty: Any, only: str, names: list[str], left_out: str
) -> None:
    with SmtpServer() as server:
        faulty.use_server(server.port)
        # The number is shown before anything is confirmed.
        assert faulty.run("send", "2026-04", "--untested", "--only", only) == 2
        assert faulty.err.endswith(f"yourself: --confirm {len(names)}\n")
        found = faulty.send(len(names), "2026-04", "--only", only)
        assert found == 0
        assert names_of(server) == names
    assert f"Left out: {left_out}\n" in faulty.err


def test_send_only_leaves_out_who_left_meanwhile(faulty: Any) -> None:
    faulty.leave("anna")
    with SmtpServer() as server:
        faulty.use_server(server.port)
        assert faulty.send(1, "2026-04", "--only", "reached:1") == 0
        assert names_of(server) == ["bob"]


def test_rehearsal_only_for_some_writes_their_mails_alone(faulty: Any) -> None:
    assert faulty.run("send", "2026-04", "--only", "missed:1", "--rehearse") == 0
    assert [path.name for path in (faulty.root / "outbox").iterdir()] == [
        "2026-04-00001-carl@example.org.eml"
    ]


def test_send_only_reached_of_the_same_issue_leaves_nobody(faulty: Any) -> None:
    with SmtpServer() as server:
        faulty.use_server(server.port)
        assert faulty.send(2, "2026-03", "--only", "reached:1") == 3
    assert faulty.err == (
        "nobody is left to send 2026-03 to (list main). Left out: 2 got it already, "
        "2 not reached by dispatch 1.\n"
    )


@pytest.mark.parametrize(
    ("only", "message"),
    [
        (
            "reached:7",
            "--only reached:7: there is no dispatch 7. The newest one is 1.\n",
        ),
        *(
            (
                wrong,
                f'--only "{wrong}" cannot be read. Write --only reached:12 or --only '
                "missed:12, with the number of a dispatch; newsletter status names "
                "them.\n",
            )
            for wrong in ("reached", "refused:1", "reached:one", "reached:-1", "1")
        ),
    ],
)
def test_send_only_of_something_else_is_wrong_usage(
    faulty: Any, only: str, message: str
) -> None:
    with SmtpServer() as server:
        faulty.use_server(server.port)
        assert faulty.send(2, "2026-04", "--only", only) == 2
    assert faulty.err == message


# --- the first ones -------------------------------------------------------------------


def test_send_first_pauses_after_so_many_and_resume_sends_the_rest(post: Any) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(5, "--first", "2") == 1
        assert names_of(server) == ["anna", "bob"]
        found = post.json("status")
        assert (found["state"], found["accepted"], found["pending"]) == ("paused", 2, 3)
        assert found["reason"] == (
            "the first 2 were tried, as you asked; the others wait for your word"
        )
        assert post.run("resume") == 0
        assert names_of(server) == list(NAMES)


def test_send_first_of_more_than_there_are_sends_to_all(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(2, "--first", "50") == 0
    assert post.dispatch().state == "done"


def test_cancel_after_the_first_leaves_the_others_for_a_corrected_issue(
    post: Any,
) -> None:
    post.add(*NAMES)
    with SmtpServer() as server:
        post.use_server(server.port)
        post.send(5, "--first", "2")
        assert post.run("cancel") == 0
        assert post.send(3) == 0
        assert names_of(server) == list(NAMES)


# --- one confirmation, one dispatch ---------------------------------------------------


def plan(post: Any) -> Any:
    wish = Wish(is_untested=True)
    return plan_send(post.project, None, wish, environment={}, now=datetime.now(UTC))


def test_a_plan_sent_twice_is_one_dispatch(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        once = plan(post)
        send_planned(post.project, once, confirmed=2, environment={})
        with pytest.raises(OperationError) as caught:
            send_planned(post.project, once, confirmed=2, environment={})
        assert len(server.messages) == 2
    assert str(caught.value) == (
        "2026-03 is being sent already: dispatch 1 (done) was made since you were "
        "shown the number. This command sent nothing. See: newsletter status 1"
    )


def test_a_plan_sent_twice_after_a_restore_is_one_dispatch(post: Any) -> None:
    """Numbers are left out then."""
    post.add("anna", "bob")
    with open_desk(post.project) as desk, desk.database.writing() as connection:
        settle_restored(
            connection, reason="", was_handed_over=False, now=datetime.now(UTC)
        )
    with SmtpServer() as server:
        post.use_server(server.port)
        once = plan(post)
        send_planned(post.project, once, confirmed=2, environment={})
        with pytest.raises(OperationError, match="sent already: dispatch 1001"):
            send_planned(post.project, once, confirmed=2, environment={})


def test_a_plan_that_was_undone_cannot_be_sent_after_all(post: Any) -> None:
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        once = plan(post)
        send_planned(
            post.project, once, confirmed=2, environment={}, hold=lambda _: False
        )
        with pytest.raises(OperationError) as caught:
            send_planned(post.project, once, confirmed=2, environment={})
        assert server.recording.connections == 0
    assert str(caught.value) == (
        "this was confirmed once already: dispatch 1 came of it. Nothing new was "
        "started. See newsletter status 1."
    )


def test_two_plans_of_one_moment_are_one_dispatch_though_people_came(post: Any) -> None:
    """A number that fits by chance must not let the second one through."""
    post.add("anna", "bob")
    with SmtpServer() as server:
        post.use_server(server.port)
        one, two = plan(post), plan(post)
        send_planned(post.project, one, confirmed=2, environment={})
        post.add("carl", "dora")
        with pytest.raises(OperationError, match=r"dispatch 1 \(done\) was made since"):
            send_planned(post.project, two, confirmed=2, environment={})
        assert names_of(server) == ["anna", "bob"]


def test_send_in_two_terminals_with_the_same_number_sends_once(post: Any) -> None:
    post.add(*NAMES)
    gate = threading.Event()
    with SmtpServer(on_message=lambda _: gate.wait(20)) as server:
        post.use_server(server.port)
        command = ["send", "--confirm", "5", "--untested"]
        with post.start(*command) as one, post.start(*command) as two:
            try:
                # The quicker one holds the first mail until the slower one has ended.
                while one.poll() is None and two.poll() is None:
                    gate.wait(0.02)
            finally:
                gate.set()
            ends = {
                sender.returncode: err
                for sender in (one, two)
                for _, err in [sender.communicate(timeout=20)]
            }
        assert names_of(server) == list(NAMES)
    assert 0 in ends
    (late,) = (err.decode() for code, err in ends.items() if code != 0)
    # It came too late for a plan, for a dispatch, or for the lock of the other one.
    told = r"ispatch 1\b.*(made since|not over yet)|another process.* is sending"
    assert re.search(told, late), late


def test_send_to_two_lists_says_how_the_number_came_about(post: Any) -> None:
    post.add("anna", "bert", lists=("main", "events"))
    post.add("cleo")
    post.add("dora")
    post.leave("dora")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.send(3, "--to", "main", "--to", "events") == 0
    assert "To:       3 of the 4 people on main and events\n" in post.err
    assert "Lists:    3 of main, 2 of events; 2 on both\n" in post.err
