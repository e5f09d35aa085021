"""How often an address is written to, and how long that is remembered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.model.notice import NoticeKind
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.database import Database
from newsletter.store.joinings import Joining, insert_joining
from newsletter.store.notices import (
    MARKS_COUNT_FOR,
    exhaust_marks,
    forbid_notices,
    is_anything_due,
    may_notify,
    queue_notice,
    read_due,
)
from newsletter.store.retention import erase_marks
from newsletter.store.tables import courtesy_marks, subscribers

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LEAVE, ADDRESS = NoticeKind.LEAVE, b"a" * 32


def write(database: Database, reader: int, at: datetime) -> bool:
    with database.writing() as connection:
        return queue_notice(
            connection,
            LEAVE,
            subscriber_id=reader,
            address_hash=ADDRESS,
            language="nl",
            now=at,
        )


def is_allowed(database: Database, at: datetime) -> bool:
    with database.reading() as connection:
        return may_notify(connection, LEAVE, ADDRESS, now=at)


def erase(database: Database, now: datetime) -> list[int]:
    """Erase as retention does; return of the marks that are left how often each."""
    with database.writing() as connection:
        erase_marks(connection, before=now - MARKS_COUNT_FOR, most=9)
        return list(connection.scalars(select(courtesy_marks.c.used)))


def test_address_is_written_to_once_a_day_and_three_times(
    database: Database, people: Any
) -> None:
    reader = people.add("anna@example.org")
    hours = [0, 23, 24, 47, 48, 72, 24 * 300]
    taken = [write(database, reader, NOW + timedelta(hours=one)) for one in hours]
    assert taken == [True, False, True, False, True, False, False]


@pytest.mark.parametrize(
    ("days", "left", "allowed"), [(364, [3], False), (365, [], True)]
)
def test_count_begins_anew_a_year_after_the_last_mail(
    database: Database, people: Any, days: int, left: list[int], allowed: bool
) -> None:
    reader = people.add("anna@example.org")
    for day in range(3):
        write(database, reader, NOW + day * DAY)
    later = NOW + 2 * DAY + days * DAY
    # Whether it was erased by then or not.
    assert is_allowed(database, later) is allowed
    assert erase(database, later) == left
    assert is_allowed(database, later) is allowed


def test_mail_after_a_year_is_the_first_of_three_again(
    database: Database, people: Any
) -> None:
    reader = people.add("anna@example.org")
    for day in range(3):
        write(database, reader, NOW + day * DAY)
    later = NOW + 400 * DAY
    taken = [write(database, reader, later + day * DAY) for day in range(4)]
    assert taken == [True, True, True, False]


def test_dead_address_is_tried_again_after_a_year(database: Database) -> None:
    with database.writing() as connection:
        exhaust_marks(connection, LEAVE, ADDRESS, now=NOW)
    assert not is_allowed(database, NOW + 364 * DAY)
    assert is_allowed(database, NOW + 365 * DAY)
    assert erase(database, NOW + 365 * DAY) == []


def test_owner_who_wants_no_such_mail_gets_none_for_good(database: Database) -> None:
    with database.writing() as connection:
        forbid_notices(connection, LEAVE, ADDRESS, now=NOW)
    later = NOW + 9000 * DAY
    assert len(erase(database, later)) == 1
    assert not is_allowed(database, later)


@pytest.mark.parametrize("years", [1, 10])
def test_mail_of_a_clock_that_ran_ahead_is_due_and_forbids_none_when_it_is_right(
    database: Database, people: Any, years: int
) -> None:
    reader = people.add("anna@example.org")
    write(database, reader, NOW + years * 366 * DAY)
    with database.reading() as connection:
        assert is_anything_due(connection, now=NOW)
        assert len(read_due(connection, now=NOW, most=9)) == 1
    assert write(database, reader, NOW)


def test_clock_that_is_put_back_a_little_lets_nobody_be_written_to_at_once(
    database: Database, people: Any
) -> None:
    reader = people.add("anna@example.org")
    write(database, reader, NOW + timedelta(minutes=5))
    assert not write(database, reader, NOW)
    with database.reading() as connection:
        assert not is_anything_due(connection, now=NOW)
        assert is_anything_due(connection, now=NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("scope", "due"), [("main", 0), (EVERY_LIST, 0), ("events", 1)]
)
def test_mail_to_confirm_is_not_sent_to_who_left_since(
    database: Database, people: Any, scope: str, due: int
) -> None:
    reader = people.add("anna@example.org")
    with database.writing() as connection:
        hashed = connection.execute(select(subscribers.c.address_hash)).scalar_one()
        asked = Joining(hashed, "2026-03", "nl", "/join", NOW, reader, ("main",))
        queue_notice(
            connection,
            NoticeKind.CONFIRM,
            subscriber_id=reader,
            address_hash=hashed,
            about_id=insert_joining(connection, asked),
            language="nl",
            now=NOW,
        )
        assert len(read_due(connection, now=NOW, most=9)) == 1
        unsubscribe(connection, reader, scope=scope, word=Word(NOW + DAY, "page"))
        assert len(read_due(connection, now=NOW + DAY, most=9)) == due
