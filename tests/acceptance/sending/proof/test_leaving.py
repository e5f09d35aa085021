"""Who leaves, and what is cancelled, while the mails go out: all in real processes."""

import http.client
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from newsletter.model.delivery import DeliveryState
from newsletter.store.keys import open_keyring
from newsletter.store.people import find_by_key, read_list_ids
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.tokens import Purpose, sign

CONNECTIONS = 3
SLOW = Fault("end", delay_seconds=0.05, reply="250 2.0.0 ok", keeps=True)


@contextmanager
def public_pages(post: Any) -> Iterator[str]:
    """Run `newsletter serve`; give where it listens."""
    with post.start("serve", "--port", "0", "--no-worker") as pages:
        try:
            yield pages.stdout.readline().decode().split()[-1]
        finally:
            pages.terminate()
            pages.communicate(timeout=10)


def links(post: Any, names: list[str]) -> dict[str, str]:
    """Return name -> the path of their own unsubscribe link."""
    with post.database() as database:
        keyring = open_keyring(database, root=post.root)
        with database.reading() as connection:
            main = read_list_ids(connection)["main"]
            people = {
                name: find_by_key(connection, f"{name}@example.org") for name in names
            }
    return {
        name: f"/u/{sign(keyring, Purpose.UNSUBSCRIBE, person.id, main)}"
        for name, person in people.items()
        if person is not None
    }


def press_one_click(address: str, path: str) -> int:
    """Leave as a mail program does it for its reader (RFC 8058)."""
    place = urlsplit(address)
    with closing(http.client.HTTPConnection(place.netloc, timeout=10)) as connection:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, b"List-Unsubscribe=One-Click", kind)
        return connection.getresponse().status


def test_readers_who_leave_by_the_public_pages_while_it_runs_get_nothing(
    proof: Any,
) -> None:
    post, command = proof.post, proof.add_people(60)
    leavers = [f"p{number:03}" for number in range(50, 60)]
    with SmtpServer([SLOW]) as server, public_pages(post) as address:
        post.use_server(server.port, connections=CONNECTIONS)
        paths = links(post, leavers)
        with post.start(*command) as sender:
            server.wait_for(2, timeout_seconds=30)
            answers = {name: press_one_click(address, paths[name]) for name in leavers}
            reached = proof.got(server)
            sender.communicate(timeout=60)
        assert set(answers.values()) == {200}
        assert sender.returncode == 0
        # They left long before it was their turn.
        assert reached.isdisjoint(leavers)
        assert proof.got(server) == proof.names - set(leavers)
        states = post.states()
        assert {states[name] for name in leavers} == {"skipped"}
        assert proof.compare_done(server, most_unknown=0, left=leavers) == set()


def test_cancel_while_it_runs_ends_it_within_seconds_and_nothing_more_leaves(
    proof: Any,
) -> None:
    post, command = proof.post, proof.add_people(200)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            server.wait_for(10, timeout_seconds=30)
            with post.start("cancel") as other:
                other.communicate(timeout=20)
            said = time.monotonic()
            sender.communicate(timeout=20)
        assert other.returncode == 0
        assert time.monotonic() - said < 2
        assert proof.compare(server) == set()
        found = post.dispatch()
        assert found.state == "cancelled"
        taken = found.counts[DeliveryState.ACCEPTED]
        assert taken == len(server.messages) < 200
        assert found.counts[DeliveryState.SKIPPED] == 200 - taken
