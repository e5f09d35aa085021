"""kill -9 of a worker that sends what was asked for on the pages: nothing twice."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from sqlite3 import connect
from typing import Any

import pytest

from newsletter.model.delivery import DeliveryState
from newsletter.store.notices import count_waiting
from newsletter.testing.processes import wait_until
from newsletter.testing.smtp_server import Fault, Received, SmtpServer
from newsletter.workflow.desk import open_desk
from newsletter.workflow.joining import JoinRequest, ask_to_join

NAMES = tuple(f"p{number}" for number in range(5))
PAGES = (
    'sender = "Doorways <letter@example.org>"\nbase_url = "https://news.example.org"'
)
YES = "250 2.0.0 ok"
#: How long the server thinks about a mail.
THINKS_SECONDS = 0.1


class Requests:
    """People who asked to join, and what became of the mails to them."""

    def __init__(self, post: Any, port: int) -> None:
        self.post = post
        #: Name -> how often all of a mail to them was there.
        self.arrived: Counter[str] = Counter()
        post.use_server(port, connections=1)
        file: Path = post.root / "newsletter.toml"
        text = file.read_text().replace(
            'sender = "Doorways <letter@example.org>"', PAGES
        )
        file.write_text(text.replace("[lists.main]", "[lists.main]\npublic = true"))

    def ask(self) -> None:
        project = self.post.project
        with open_desk(project) as desk, desk.database.writing() as connection:
            for name in NAMES:
                asked = JoinRequest(f"{name}@example.org", ("main",), {}, "en")
                ask_to_join(
                    connection,
                    desk.keyring,
                    project.settings,
                    asked,
                    now=datetime.now(UTC),
                )

    def is_anything_left(self) -> bool:
        with self.post.database() as database, database.reading() as connection:
            return count_waiting(connection) > 0 or (
                "attempting" in self.states().values()
            )

    def states(self) -> dict[str, str]:
        """Return name -> state of the mail to them."""
        path = self.post.root / "subscribers/newsletter.db"
        query = (
            "SELECT subscribers.email, notices.state FROM notices "
            "JOIN subscribers ON subscribers.id = notices.subscriber_id"
        )
        with closing(connect(path)) as connection:
            return {
                email.partition("@")[0]: DeliveryState(state).name.lower()
                for email, state in connection.execute(query)
            }

    def note(self, message: Received) -> None:
        self.arrived.update(one.partition("@")[0] for one in message.recipients)

    @contextmanager
    def worker(self) -> Iterator[Any]:
        with self.post.running("worker", stderr=None) as process:
            yield process

    def kill_when(self, is_so: Callable[[], bool], *, after: float = 0.0) -> None:
        """Let a worker send until *is_so* says yes, and so long after; kill it."""
        with self.worker() as process:
            wait_until(lambda: is_so() or not self.is_anything_left())
            time.sleep(after)
            process.kill()
            assert process.wait(10) == -signal.SIGKILL

    def finish(self) -> None:
        """Let a worker send all that is left."""
        with self.worker():
            wait_until(lambda: not self.is_anything_left(), 40)

    def compare(self, *, most_unknown: int) -> None:
        """See that nobody got two mails, and that only the doubtful got none."""
        states = self.states()
        assert set(states) == set(NAMES)
        assert set(states.values()) <= {"accepted", "unknown"}
        assert set(self.arrived.values()) <= {1}
        unknown = {name for name, state in states.items() if state == "unknown"}
        assert len(unknown) <= most_unknown
        assert set(NAMES) - set(self.arrived) <= unknown


def life(
    post: Any, faults: Sequence[Fault], kills: Sequence[tuple[str, int, float]]
) -> None:
    """Ask, be killed at each step and moment, go on to the end, compare."""
    slow = Fault("end", delay_seconds=THINKS_SECONDS, reply=YES, keeps=True)
    requests: list[Requests] = []
    with SmtpServer(
        [*faults, slow], on_message=lambda message: requests[0].note(message)
    ) as server:
        requests.append(Requests(post, server.port))
        (asked,) = requests
        asked.ask()
        for step, more, after in kills:
            goal = server.seen[step] + more

            def is_there(step: str = step, goal: int = goal) -> bool:
                return server.seen[step] >= goal

            asked.kill_when(is_there, after=after)
        asked.finish()
        asked.compare(most_unknown=len(kills))


#: Longer than it takes to be killed.
HELD_SECONDS = 20.0


@pytest.mark.parametrize(
    "step",
    [
        "end",
        *(
            pytest.param(one, marks=pytest.mark.long)
            for one in ("mail", "rcpt", "data")
        ),
    ],
)
def test_worker_killed_while_the_server_thinks_sends_no_notice_twice(
    post: Any, step: Any
) -> None:
    held = Fault(step, nth=3, delay_seconds=HELD_SECONDS, reply=YES, keeps=True)
    life(post, [held], [(step, 3, 0.05)])


@pytest.mark.long
def test_worker_killed_at_any_moment_sends_no_notice_twice(post: Any) -> None:
    random = Random(20261122)  # noqa: S311 - moments, no secrets
    kills = [("end", 1, random.uniform(0, 2 * THINKS_SECONDS)) for _ in range(4)]
    life(post, [], kills)
