from datetime import UTC, datetime
from typing import Any

from newsletter.model.subscriber import (
    Standing,
    Subscriber,
    Subscription,
    SubscriptionStatus,
)
from newsletter.store.consent import Word, suppress
from newsletter.store.database import Database
from newsletter.store.people import (
    ensure_lists,
    find_by_id,
    find_by_key,
    insert_people,
    iterate_people,
    read_ids,
    read_list_ids,
    read_standings,
    read_subscriptions,
    update_fields,
)

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
ACTIVE = SubscriptionStatus.ACTIVE
UNSUBSCRIBED = SubscriptionStatus.UNSUBSCRIBED


def test_lists_when_ensured_again_keep_their_ids(database: Database) -> None:
    with database.writing() as connection:
        first = ensure_lists(connection, ["main", "events"])
        again = ensure_lists(connection, ["main", "press"])
        assert read_list_ids(connection) == again
    assert set(again) == {"main", "events", "press"}
    assert {slug: again[slug] for slug in first} == first


def test_people_when_inserted_again_stay_as_they_were(
    database: Database, people: Any
) -> None:
    number = people.add("Anna@example.org", first_name="Anna")
    with database.writing() as connection:
        again = people.person("anna@example.org", first_name="Other")
        insert_people(connection, [again], now=NOW)
        assert read_ids(connection, ["anna@example.org"]) == {
            "anna@example.org": number
        }
        assert find_by_id(connection, number) == Subscriber(
            number, "Anna@example.org", {"first_name": "Anna"}
        )


def test_find_when_nobody_is_there_is_none(database: Database) -> None:
    with database.reading() as connection:
        assert find_by_id(connection, 1) is None
        assert find_by_key(connection, "anna@example.org") is None


def test_update_fields_replaces_those_of_the_named_only(
    database: Database, people: Any
) -> None:
    anna = people.add("anna@example.org", first_name="Ana", town="Delft")
    bert = people.add("bert@example.org", first_name="Bert")
    with database.writing() as connection:
        update_fields(connection, {anna: {"first_name": "Anna"}})
        assert find_by_id(connection, anna) == Subscriber(
            anna, "anna@example.org", {"first_name": "Anna"}
        )
        assert find_by_key(connection, "bert@example.org") == Subscriber(
            bert, "bert@example.org", {"first_name": "Bert"}
        )


def test_iterate_people_gives_a_row_for_each_list(
    database: Database, people: Any
) -> None:
    anna = people.add(
        "anna@example.org", ("main", ACTIVE), ("events", UNSUBSCRIBED), town="Delft"
    )
    person = Subscriber(anna, "anna@example.org", {"town": "Delft"})
    on_main = (person, Subscription("main", ACTIVE, NOW))
    on_events = (person, Subscription("events", UNSUBSCRIBED, NOW))
    with database.reading() as connection:
        assert list(iterate_people(connection)) == [on_events, on_main]
        assert list(iterate_people(connection, list_slug="main")) == [on_main]
        left = iterate_people(connection, status=UNSUBSCRIBED)
        assert list(left) == [on_events]
        assert list(iterate_people(connection, list_slug="press")) == []
        assert read_subscriptions(connection, anna) == (on_events[1], on_main[1])


def test_standings_tell_what_is_known_in_view_of_a_list(
    database: Database, people: Any
) -> None:
    on_list = people.add("on@example.org", ("main", ACTIVE), first_name="On")
    elsewhere = people.add("elsewhere@example.org", ("events", ACTIVE))
    gone = people.person("gone@example.org")
    events_only = people.person("events-only@example.org")
    with database.writing() as connection:
        for person, scope in ((gone, "*"), (events_only, "events")):
            word = Word(NOW, "page")
            suppress(
                connection, [person.hash], scope=scope, reason="unsubscribed", word=word
            )
        names = ["on", "elsewhere", "gone", "events-only", "new"]
        asked = [people.person(f"{name}@example.org") for name in names]
        assert read_standings(connection, asked, "main") == {
            "on@example.org": Standing(on_list, {"first_name": "On"}, ACTIVE),
            "elsewhere@example.org": Standing(elsewhere),
            "gone@example.org": Standing(suppressed="unsubscribed"),
        }


def test_standings_when_the_list_is_unknown_still_know_people(
    database: Database, people: Any
) -> None:
    number = people.add("on@example.org", ("main", ACTIVE))
    with database.reading() as connection:
        asked = [people.person("on@example.org")]
        assert read_standings(connection, asked, "press") == {
            "on@example.org": Standing(number)
        }
