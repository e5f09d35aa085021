from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select

from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import (
    Audience,
    count_audience,
    is_mailable,
    lists_received,
)
from newsletter.store.consent import Word, suppress
from newsletter.store.database import Database
from newsletter.store.tables import subscribers

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
ACTIVE = SubscriptionStatus.ACTIVE
PENDING = SubscriptionStatus.PENDING
BOUNCED = SubscriptionStatus.BOUNCED
UNSUBSCRIBED = SubscriptionStatus.UNSUBSCRIBED


def reached(connection: Connection, *slugs: str) -> list[str]:
    query = select(subscribers.c.email).where(is_mailable(slugs))
    return list(connection.scalars(query.order_by(subscribers.c.id)))


@pytest.fixture
def village(people: Any) -> Any:
    """Everybody is named after their standing on main, and on events."""
    people.add("active@example.org", ("main", ACTIVE))
    people.add("both@example.org", ("main", ACTIVE), ("events", ACTIVE))
    people.add("pending@example.org", ("main", PENDING))
    people.add("bounced@example.org", ("main", BOUNCED))
    people.add("left@example.org", ("main", UNSUBSCRIBED))
    people.add("left-main@example.org", ("main", UNSUBSCRIBED), ("events", ACTIVE))
    people.add("nowhere@example.org")
    return people


def test_mailable_are_the_active_ones_of_a_list(
    database: Database, village: object
) -> None:
    with database.reading() as connection:
        expected = ["active@example.org", "both@example.org"]
        assert reached(connection, "main") == expected


def test_mailable_of_two_lists_are_their_union_each_once(
    database: Database, village: object
) -> None:
    with database.reading() as connection:
        assert reached(connection, "main", "events") == [
            "active@example.org",
            "both@example.org",
            "left-main@example.org",
        ]


@pytest.mark.parametrize(
    ("scope", "main", "events"),
    [("*", [], []), ("main", [], ["both"]), ("events", ["both"], [])],
)
def test_mailable_when_suppressed_are_left_out_by_scope(
    database: Database, people: Any, scope: str, main: list[str], events: list[str]
) -> None:
    people.add("both@example.org", ("main", ACTIVE), ("events", ACTIVE))
    with database.writing() as connection:
        suppress(
            connection,
            [people.person("both@example.org").hash],
            scope=scope,
            reason="complained",
            word=Word(NOW, "inbox"),
        )
    with database.reading() as connection:
        for slug, names in (("main", main), ("events", events)):
            expected = [f"{name}@example.org" for name in names]
            assert reached(connection, slug) == expected


def test_mailable_when_somebody_leaves_lack_them_at_once(
    database: Database, people: Any
) -> None:
    number = people.add("anna@example.org", ("main", ACTIVE))
    people.leave(number)
    with database.reading() as connection:
        assert reached(connection, "main") == []


def test_audience_says_how_many_are_left_out_and_why(
    database: Database, village: Any
) -> None:
    number = village.add("suppressed@example.org", ("main", ACTIVE))
    with database.writing() as connection:
        suppress(
            connection,
            [village.person("suppressed@example.org").hash],
            scope="*",
            reason="complained",
            word=Word(NOW, "inbox"),
        )
    assert number
    with database.reading() as connection:
        assert count_audience(connection, ["main"]) == Audience(
            recipients=2,
            left_out={"bounced": 1, "pending": 1, "suppressed": 1, "unsubscribed": 2},
        )
        both = count_audience(connection, ["main", "events"])
        assert (both.recipients, both.total) == (3, 7)


def test_audience_of_no_list_is_empty(database: Database, village: object) -> None:
    with database.reading() as connection:
        assert count_audience(connection, ["unknown"]) == Audience(0, {})
        assert reached(connection) == []


@pytest.mark.parametrize(
    ("scope", "received"),
    [
        ("", {"main", "events"}),
        ("main", {"events"}),
        ("board", {"main", "events"}),
        ("*", set()),
    ],
)
def test_lists_received_are_the_active_ones_that_nothing_keeps_somebody_off(
    database: Database, people: Any, scope: str, received: set[str]
) -> None:
    email = "both@example.org"
    reader = people.add(email, ("main", ACTIVE), ("events", ACTIVE), ("asked", PENDING))
    people.add("other@example.org", ("board", ACTIVE))
    with database.writing() as connection:
        if scope:
            hashes, word = [people.person(email).hash], Word(NOW, "inbox")
            suppress(connection, hashes, scope=scope, reason="bounced", word=word)
        assert lists_received(connection, reader) == received
        assert lists_received(connection, 99) == set()
