"""What a leaving link stands for, and leaving by it.

Law: looking changes nothing; leaving is one transaction and holds at once, also for a
dispatch under way; doing it again is no harm. A token of a test mail and one of our own
probes lead to the same address, and let nobody leave.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.addresses import mask
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import EVERY_LIST
from newsletter.store.committer import Committer
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.database import Database, open_database
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.keys import open_keyring
from newsletter.store.people import find_by_id, read_list_ids, read_subscriptions
from newsletter.store.probes import receive_probe
from newsletter.tokens import Keyring, Purpose, verify
from newsletter.workflow.project import Project

#: In a token: whoever leaves by it leaves every list.
ANY_LIST_ID = 0


class Errand(StrEnum):
    """What a token on a leaving link is for."""

    #: A reader's own: leaves.
    LEAVE = "leave"
    #: From a test mail: changes nothing.
    TEST = "test"
    #: Ours: proves that the public address leads to this database.
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where leaving links are looked up: the open database, and the keys they need."""

    database: Database
    keyring: Keyring
    #: Writes of the public pages go through it, many in one commit.
    committer: Committer


@contextmanager
def open_desk(project: Project, *, writes: bool = True) -> Iterator[Desk]:
    """Open the desk of a project while the ``with`` block runs.

    Args:
        project: The project.
        writes: False for who only looks: that goes on after a hand-over.

    Raises:
        OperationError: Database or keys cannot be used.
        RefusedError: The newsletter was handed over to another computer.
    """
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as opened:
        database = opened
        if writes:
            with opened.reading() as connection:
                refuse_handed_over(connection)
            # While it is open, too: in the very transaction that writes.
            database = replace(opened, guard=refuse_handed_over)
        with Committer(database) as committer:
            yield Desk(database, open_keyring(database, root=root), committer)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a leaving link that is ours."""

    errand: Errand
    #: ``a***@example.org``; empty unless the errand is to leave.
    masked_address: str = ""
    #: Slug of the list, `EVERY_LIST`, or empty.
    scope: str = ""
    has_left: bool = False


def look_up(desk: Desk, token: str) -> Visit | None:
    """Return what *token* stands for, or None for one that is not ours."""
    if verify(desk.keyring, Purpose.TEST, token) is not None:
        return Visit(Errand.TEST)
    if verify(desk.keyring, Purpose.PROBE, token) is not None:
        return Visit(Errand.PROBE)
    person = _read_person(desk, token)
    if person is None:
        return None
    with desk.database.reading() as connection:
        return _visit(connection, *person)


def leave(desk: Desk, token: str, *, source: str, now: datetime) -> Visit | None:
    """Do what *token* is for, and return how things stand then; None if it is not ours.

    Args:
        desk: Database and keys.
        token: From the address; letter case does not count.
        source: By which way: "one-click" or "page".
        now: The present, aware.
    """
    probe = verify(desk.keyring, Purpose.PROBE, token)
    if probe is not None:
        with desk.database.writing() as connection:
            receive_probe(connection, probe_name(probe), now=now)
        return Visit(Errand.PROBE)
    person = _read_person(desk, token)
    if person is None:
        return look_up(desk, token)
    with desk.database.writing() as connection:
        scope = _scope(connection, person[1])
        if scope:
            unsubscribe(connection, person[0], scope=scope, word=Word(now, source))
        return _visit(connection, *person)


def probe_name(numbers: tuple[int, ...]) -> str:
    """Return the name under which a probe with these numbers is noted."""
    return "-".join(str(number) for number in numbers)


def _read_person(desk: Desk, token: str) -> tuple[int, int] | None:
    """Return the subscriber id and list id in a reader's token."""
    numbers = verify(desk.keyring, Purpose.UNSUBSCRIBE, token)
    if numbers is None or len(numbers) != 2:
        return None
    return numbers[0], numbers[1]


def _scope(connection: Connection, list_id: int) -> str:
    """Return the slug of a list, `EVERY_LIST`, or nothing for a list unknown here."""
    if list_id == ANY_LIST_ID:
        return EVERY_LIST
    slugs = {number: slug for slug, number in read_list_ids(connection).items()}
    return slugs.get(list_id, "")


def _visit(connection: Connection, subscriber_id: int, list_id: int) -> Visit | None:
    person = find_by_id(connection, subscriber_id)
    scope = _scope(connection, list_id)
    if person is None or not scope:
        return None
    standing = [
        subscription.status
        for subscription in read_subscriptions(connection, subscriber_id)
        if scope in (EVERY_LIST, subscription.list)
    ]
    return Visit(
        Errand.LEAVE,
        masked_address=mask(person.email),
        scope=scope,
        has_left=all(status is SubscriptionStatus.UNSUBSCRIBED for status in standing),
    )
