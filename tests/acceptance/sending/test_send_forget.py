"""Somebody is forgotten while a dispatch runs: it goes on, and they get nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, Received, SmtpServer
from newsletter.workflow.forget import forget_subscriber

NAMES = [f"p{number}" for number in range(8)]


class Forgetting:
    """Forgets one person while the first mail is being taken."""

    def __init__(self, post: Any, name: str) -> None:
        self._post = post
        self._email = f"{name}@example.org"
        self._is_done = False

    def __call__(self, _: Received) -> None:
        if not self._is_done:
            self._is_done = True
            now = datetime.now(UTC)
            forget_subscriber(self._post.project, self._email, now=now)


@pytest.mark.parametrize("connections", [1, 3])
def test_who_is_forgotten_during_a_dispatch_gets_nothing_and_halts_nobody(
    post: Any, connections: int
) -> None:
    post.add(*NAMES)
    with SmtpServer(on_message=Forgetting(post, "p7")) as server:
        post.use_server(server.port, connections=connections)
        assert post.send(8) == 0
    dispatch = post.dispatch()
    assert dispatch.state == "done"
    assert len(server.messages) == 7
    assert "p7@example.org" not in {mail.recipients[0] for mail in server.messages}
    assert post.states() == {f"p{number}": "accepted" for number in range(7)} | {
        "": "skipped"
    }


def test_who_is_forgotten_while_their_mail_is_on_its_way_is_counted_as_having_it(
    post: Any,
) -> None:
    post.add(*NAMES[:2])
    with SmtpServer(on_message=Forgetting(post, "p0")) as server:
        post.use_server(server.port)
        assert post.send(2) == 0
    assert len(server.messages) == 2
    assert post.states() == {"": "accepted", "p1": "accepted"}


def test_who_is_forgotten_between_two_runs_is_skipped_by_resume(post: Any) -> None:
    post.add(*NAMES[:3])
    with SmtpServer([Fault("end", nth=2, closes=True)]) as server:
        post.use_server(server.port)
        post.send(3)
        assert post.states()["p1"] == "unknown"
        forget_subscriber(post.project, "p1@example.org", now=datetime.now(UTC))
        assert post.run("resume", "--unknown") == 0
    assert post.states() == {"p0": "accepted", "": "skipped", "p2": "accepted"}
    assert len(server.messages) == 2
