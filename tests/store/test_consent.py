import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

import newsletter
from newsletter.model.subscriber import Subscription, SubscriptionStatus
from newsletter.store.consent import (
    ConsentEvent,
    Suppression,
    Word,
    read_history,
    read_suppressions,
    readmit,
    set_status,
    suppress,
    unsubscribe,
)
from newsletter.store.database import Database
from newsletter.store.leavings import take_back
from newsletter.store.people import ensure_lists, read_subscriptions

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ACTIVE = SubscriptionStatus.ACTIVE
UNSUBSCRIBED = SubscriptionStatus.UNSUBSCRIBED


def test_unsubscribe_writes_status_suppression_and_history(
    database: Database, people: Any
) -> None:
    anna = people.add("anna@example.org", ("main", ACTIVE), ("events", ACTIVE))
    with database.writing() as connection:
        word = Word(LATER, "one-click")
        assert unsubscribe(connection, anna, scope="main", word=word) == ("main",)
    with database.reading() as connection:
        assert read_subscriptions(connection, anna) == (
            Subscription("events", ACTIVE, NOW),
            Subscription("main", UNSUBSCRIBED, LATER),
        )
        assert read_suppressions(
            connection, people.person("anna@example.org").hash
        ) == (Suppression("main", "unsubscribed", LATER, "one-click"),)
        assert read_history(connection, anna)[-1] == ConsentEvent(
            "main", "unsubscribed", LATER, "one-click", ""
        )


def test_unsubscribe_when_done_again_changes_nothing(
    database: Database, people: Any
) -> None:
    anna = people.add("anna@example.org", ("main", ACTIVE))
    assert people.leave(anna) == ("main",)
    with database.reading() as connection:
        before = read_history(connection, anna)
    with database.writing() as connection:
        again = unsubscribe(connection, anna, scope="*", word=Word(LATER, "page"))
        assert again == ()
        assert read_history(connection, anna) == before
        (only,) = read_suppressions(connection, people.person("anna@example.org").hash)
        assert (only.at, only.source) == (NOW, "one-click")


def test_unsubscribe_from_every_list_leaves_each(
    database: Database, people: Any
) -> None:
    anna = people.add("anna@example.org", ("main", ACTIVE), ("events", ACTIVE))
    assert people.leave(anna) == ("events", "main")


def test_unsubscribe_when_the_subscriber_is_unknown_is_none(
    database: Database, people: Any
) -> None:
    assert people.leave(7) is None


def test_unsubscribe_when_the_transaction_fails_changes_nothing(
    database: Database, people: Any
) -> None:
    anna = people.add("anna@example.org", ("main", ACTIVE))
    with database.connect_writer() as connection, connection.begin() as transaction:
        unsubscribe(connection, anna, scope="*", word=Word(LATER, "page"))
        transaction.rollback()
    with database.reading() as connection:
        assert read_subscriptions(connection, anna)[0].status is ACTIVE
        assert (
            read_suppressions(connection, people.person("anna@example.org").hash) == ()
        )


def test_suppress_counts_those_who_were_not(database: Database) -> None:
    word = Word(NOW, "readers.csv")
    with database.writing() as connection:
        first = suppress(connection, [b"a"], scope="*", reason="bounced", word=word)
        both = suppress(connection, [b"a", b"b"], scope="*", reason="x", word=word)
    assert (first, both) == (1, 1)


def test_readmit_to_one_list_stays_away_from_the_others(
    database: Database, people: Any
) -> None:
    anna = people.add("anna@example.org", ("main", ACTIVE), ("events", ACTIVE))
    people.leave(anna)
    with database.writing() as connection:
        address_hash = people.person("anna@example.org").hash
        readmit(connection, address_hash, list_slug="main")
        assert read_suppressions(connection, address_hash) == (
            Suppression("events", "unsubscribed", NOW, "one-click"),
        )


def test_readmit_leaves_other_people_alone(database: Database, people: Any) -> None:
    bert = people.add("bert@example.org", ("main", ACTIVE))
    people.leave(bert)
    with database.writing() as connection:
        anna = people.person("anna@example.org")
        readmit(connection, anna.hash, list_slug="main")
        bert_hash = people.person("bert@example.org").hash
        assert len(read_suppressions(connection, bert_hash)) == 1


def test_history_tells_in_whose_word(database: Database, people: Any) -> None:
    anna = people.add("anna@example.org", ("main", ACTIVE))
    people.leave(anna)
    with database.writing() as connection:
        set_status(
            connection,
            [anna],
            list_id=ensure_lists(connection, ["main"])["main"],
            status=ACTIVE,
            kind="added",
            word=Word(LATER, "command", "paper form, 3 May"),
        )
        assert read_history(connection, anna) == (
            ConsentEvent("main", "imported", NOW, "readers.csv", ""),
            ConsentEvent("main", "unsubscribed", NOW, "one-click", ""),
            ConsentEvent("main", "added", LATER, "command", "paper form, 3 May"),
        )


@pytest.mark.parametrize("reason", ["complained", "blocked"])
def test_who_left_and_then_wants_no_mail_at_all_is_remembered_for_that(
    database: Database, people: Any, reason: str
) -> None:
    number = people.add("anna@example.org", ("main", SubscriptionStatus.ACTIVE))
    people.leave(number)
    hashed = people.person("anna@example.org").hash
    later = NOW + timedelta(days=1)
    with database.writing() as connection:
        for why in (reason, "bounced", "unsubscribed"):
            suppress(
                connection, [hashed], scope="*", reason=why, word=Word(later, "page")
            )
        (left,) = read_suppressions(connection, hashed)
    assert left == Suppression("*", reason, later, "page")


def test_no_code_changes_the_history_but_retention_the_words_of_servers() -> None:
    package = Path(newsletter.__file__).parent
    changes = re.compile(r"update\(\s*consent_events|UPDATE consent_events")
    code = {path: path.read_text() for path in package.rglob("*.py")}
    assert any("insert(consent_events)" in text for text in code.values())
    changing = [path.name for path, text in code.items() if changes.search(text)]
    assert changing == ["retention.py"]
    retention = code[package / "store" / "retention.py"]
    [(_, changed)] = re.findall(
        r"update\(consent_events\)(.*?)\.values\((.*?=)", retention, re.DOTALL
    )
    assert changed == "evidence="


def test_history_only_grows_whatever_happens(database: Database, people: Any) -> None:
    number = people.add("anna@example.org", ("main", ACTIVE), ("events", ACTIVE))
    hashed = people.person("anna@example.org").hash

    def confirm(connection: Connection) -> None:
        readmit(connection, hashed, list_slug="main")
        set_status(
            connection,
            [number],
            list_id=ensure_lists(connection, ["main"])["main"],
            status=ACTIVE,
            kind="confirmed",
            word=Word(LATER, "/join"),
        )

    seen: tuple[ConsentEvent, ...] = ()
    for step in (
        lambda c: unsubscribe(c, number, scope="main", word=Word(NOW, "page")),
        confirm,
        lambda c: unsubscribe(c, number, scope="*", word=Word(LATER, "mail")),
        lambda c: take_back(c, number, LATER, Word(LATER, "page")),
        lambda c: suppress(
            c, [hashed], scope="*", reason="bounced", word=Word(LATER, "imap")
        ),
    ):
        with database.writing() as connection:
            step(connection)
            history = read_history(connection, number)
        assert history[: len(seen)] == seen
        seen = history
    assert len(seen) == 2 + 1 + 1 + 2 + 2
