from typing import Protocol

import pytest

from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.database import Database
from newsletter.store.edges import Edge, EdgeKind, find_edges, find_values

ACTIVE = ("main", SubscriptionStatus.ACTIVE)


class People(Protocol):
    database: Database

    def add(
        self, email: str, *standings: tuple[str, SubscriptionStatus], **fields: str
    ) -> int: ...


def edges_of(
    people: People, *fields: str, odd: tuple[str, ...] = ()
) -> list[tuple[EdgeKind, str, str]]:
    with people.database.reading() as connection:
        return named(find_edges(connection, ["main"], fields, odd_values=odd))


def named(edges: list[Edge]) -> list[tuple[EdgeKind, str, str]]:
    return [(edge.kind, edge.field, edge.subscriber.email) for edge in edges]


def test_longest_values_and_the_emptiest_are_found(people: People) -> None:
    people.add("a@x.org", ACTIVE, first_name="Anna", city="Den Haag")
    people.add("b@x.org", ACTIVE, first_name="Maximiliana")
    people.add("c@x.org", ACTIVE, first_name="Zoë", city="Ee")
    people.add("the.longest.address@x.org", ACTIVE, first_name="D", city="E")
    assert edges_of(people, "first_name", "city") == [
        (EdgeKind.LONGEST, "first_name", "b@x.org"),
        (EdgeKind.LONGEST, "city", "a@x.org"),
        (EdgeKind.EMPTIEST, "", "b@x.org"),
        (EdgeKind.LONGEST, "email", "the.longest.address@x.org"),
    ]


def test_first_of_equals_counts(people: People) -> None:
    for email in ("b@x.org", "a@x.org", "c@x.org"):
        people.add(email, ACTIVE, first_name="Anna")
    assert edges_of(people, "first_name") == [
        (EdgeKind.LONGEST, "first_name", "b@x.org"),
        (EdgeKind.LONGEST, "email", "b@x.org"),
    ]


def test_nobody_has_the_longest_of_what_nobody_has(people: People) -> None:
    people.add("a@x.org", ACTIVE)
    assert edges_of(people, "first_name") == [
        (EdgeKind.EMPTIEST, "", "a@x.org"),
        (EdgeKind.LONGEST, "email", "a@x.org"),
    ]


@pytest.mark.parametrize(
    "standing",
    [
        ("main", SubscriptionStatus.PENDING),
        ("main", SubscriptionStatus.UNSUBSCRIBED),
        ("main", SubscriptionStatus.BOUNCED),
        ("other", SubscriptionStatus.ACTIVE),
    ],
)
def test_who_gets_no_mail_does_not_count(
    people: People, standing: tuple[str, SubscriptionStatus]
) -> None:
    people.add("a@x.org", standing, first_name="Maximiliana")
    assert edges_of(people, "first_name") == []


def test_values_that_nobody_should_have_come_first(people: People) -> None:
    people.add("a@x.org", ACTIVE, first_name="Nan")
    people.add("b@x.org", ACTIVE, first_name="nan")
    found = edges_of(people, "first_name", odd=("None", "nan"))
    assert found[0] == (EdgeKind.ODD, "first_name", "b@x.org")
    assert len(found) == 3


def test_strange_field_is_no_sql(people: People) -> None:
    people.add("a@x.org", ACTIVE, first_name="Anna")
    assert edges_of(people, "x') or 1=1 --")[:-1] == [
        (EdgeKind.EMPTIEST, "", "a@x.org")
    ]


def test_first_of_each_value_is_found(people: People) -> None:
    for number, language in enumerate(["nl", "nl", "ar", "", "en", "de"]):
        fields = {"language": language} if language else {}
        people.add(f"{number}@x.org", ACTIVE, **fields)
    with people.database.reading() as connection:
        edges = find_values(connection, ["main"], "language", most=3)
    assert {edge.subscriber.fields["language"] for edge in edges} == {"nl", "ar", "en"}
    assert named(edges)[0] == (EdgeKind.VALUE, "language", "0@x.org")
