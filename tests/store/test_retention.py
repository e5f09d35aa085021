from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.database import Database
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import cancel_dispatch, pause_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.people import ensure_lists
from newsletter.store.retention import (
    erase_deliveries,
    erase_joinings,
    erase_returned,
    erase_unconfirmed,
    find_over,
)
from newsletter.store.tables import (
    deliveries,
    dispatches,
    joinings,
    returned_mails,
    subscribers,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
THEN = NOW - timedelta(days=30)
LONG_AGO = to_millis(NOW - timedelta(days=31))
LATELY = to_millis(NOW - timedelta(days=29))
ACTIVE, PENDING = SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING


def end(connection: Connection, number: int, state: DispatchState, at: int) -> None:
    connection.execute(
        update(dispatches)
        .where(dispatches.c.id == number)
        .values(state=state, finished_at=at)
    )


# --- deliveries -----------------------------------------------------------------------


def test_find_over_gives_what_is_over_for_long_enough(
    people: Any, dispatching: Any
) -> None:
    people.add_many(1)
    done, lately, running = (dispatching.make(issue=name).id for name in "abc")
    dispatching.write(lambda c: end(c, done, DispatchState.DONE, LONG_AGO))
    dispatching.write(lambda c: end(c, lately, DispatchState.CANCELLED, LATELY))
    dispatching.write(lambda c: pause_dispatch(c, running))
    assert dispatching.write(lambda c: find_over(c, before=THEN)) == [done]


def test_erase_deliveries_in_pieces_blanks_all_and_keeps_the_numbers(
    people: Any, dispatching: Any
) -> None:
    people.add_many(5)
    dispatch = dispatching.make()
    dispatching.write(lambda c: cancel_dispatch(c, dispatch.id, now=NOW))

    def erase(after: int) -> Any:
        return dispatching.write(
            lambda c: erase_deliveries(c, dispatch.id, after=after, most=2)
        )

    assert [erase(0), erase(2), erase(4)] == [2, 4, 5]
    assert not dispatching.write(lambda c: load_dispatch(c, dispatch.id).is_erased)
    assert erase(5) is None
    assert dispatching.write(lambda c: load_dispatch(c, dispatch.id).is_erased)
    assert dispatching.write(lambda c: find_over(c, before=NOW + timedelta(1))) == []
    assert dispatching.emails(dispatch) == [""] * 5
    found = dispatching.load(dispatch)
    assert (found.counts[DeliveryState.SKIPPED], found.cancelled) == (5, 5)


def test_erase_deliveries_drops_what_servers_said(
    people: Any, dispatching: Any
) -> None:
    people.add_many(1)
    dispatch = dispatching.make()
    said = update(deliveries).values(
        reply_code=550, reply_text="<p0@example.org> unknown", fields={"x": "y"}
    )
    dispatching.write(lambda c: c.execute(said))
    dispatching.write(lambda c: erase_deliveries(c, dispatch.id, after=0, most=9))
    row = dispatching.write(lambda c: c.execute(select(deliveries)).one())
    assert (row.fields, row.reply_code, row.reply_text) == ({}, 550, None)


# --- returned mails -------------------------------------------------------------------


def add_mail(connection: Connection, **values: Any) -> None:
    usual: dict[str, Any] = {
        "key": repr(values).encode(),
        "source": "imap",
        "kind": "bounce",
    }
    usual |= {"dispatch_id": 7, "subscriber_id": 1, "diagnostic": "full"}
    connection.execute(insert(returned_mails).values({**usual, **values}))


def test_erase_returned_keeps_no_person_and_that_there_was_a_mail(
    database: Database,
) -> None:
    with database.writing() as connection:
        add_mail(connection, at=LONG_AGO)
        add_mail(connection, at=LONG_AGO, kind="reply", dispatch_id=None)
        add_mail(connection, at=LATELY)
        assert erase_returned(connection, before=THEN, most=9) == 2
        assert erase_returned(connection, before=THEN, most=9) == 0
        rows = connection.execute(
            select(
                returned_mails.c.at,
                returned_mails.c.subscriber_id,
                returned_mails.c.diagnostic,
            )
        ).all()
    assert rows == [(LONG_AGO, None, ""), (LONG_AGO, None, ""), (LATELY, 1, "full")]


# --- who never confirmed --------------------------------------------------------------


def ask(database: Database, people: Any, email: str, at: int, **word: Any) -> int:
    """Insert somebody who asked to join the list "main" at a moment."""
    number: int = people.add(email)
    with database.writing() as connection:
        set_status(
            connection,
            [number],
            list_id=ensure_lists(connection, ["main"])["main"],
            status=word.get("status", PENDING),
            kind=word.get("kind", "asked"),
            word=Word(NOW, "/join"),
        )
        theirs = subscribers.c.id == number
        connection.execute(update(subscribers).where(theirs).values(created_at=at))
    return number


def remaining(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(subscribers.c.email)))


def test_erase_unconfirmed_deletes_who_only_ever_asked(
    database: Database, people: Any
) -> None:
    ask(database, people, "anna@example.org", LONG_AGO)
    ask(database, people, "bert@example.org", LATELY)
    with database.writing() as connection:
        assert erase_unconfirmed(connection, before=THEN, most=9) == 1
    assert remaining(database) == ["bert@example.org"]


@pytest.mark.parametrize(
    "word",
    [
        {"kind": "imported"},
        {"kind": "confirmed", "status": ACTIVE},
        {"kind": "unsubscribed", "status": SubscriptionStatus.UNSUBSCRIBED},
    ],
    ids=["imported as pending", "confirmed", "left"],
)
def test_erase_unconfirmed_keeps_who_has_more_of_a_history(
    database: Database, people: Any, word: dict[str, Any]
) -> None:
    ask(database, people, "anna@example.org", LONG_AGO, **word)
    with database.writing() as connection:
        assert erase_unconfirmed(connection, before=THEN, most=9) == 0


def test_erase_unconfirmed_keeps_who_asked_again_lately(
    database: Database, people: Any
) -> None:
    number = ask(database, people, "anna@example.org", LONG_AGO)
    asked: dict[str, Any] = {
        "address_hash": b"h",
        "lists": [],
        "fields": {},
        "wording": "",
    }
    asked |= {"language": "nl", "source": "/join", "subscriber_id": number}
    with database.writing() as connection:
        connection.execute(insert(joinings).values(**asked, at=LONG_AGO))
        connection.execute(insert(joinings).values(**asked, at=LATELY))
        assert erase_joinings(connection, before=THEN, most=9) == 1
        assert erase_unconfirmed(connection, before=THEN, most=9) == 0
        left = connection.scalar(select(func.count()).select_from(joinings))
    assert left == 1
