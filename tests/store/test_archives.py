from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Result
from newsletter.model.outcome import Reply
from newsletter.store.archives import (
    Halted,
    copy_database,
    count_people_in,
    settle_restored,
)
from newsletter.store.claims import claim_batch, read_due
from newsletter.store.database import Database
from newsletter.store.handovers import note_handover, refuse_handed_over
from newsletter.store.ledger import write_intent, write_result
from newsletter.store.tables import deliveries, dispatches, subscribers

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
S = DeliveryState
WHY = "restored from a backup of 1 March 2026, 12:00"


def send_some(dispatching: Any, number: int) -> None:
    """Bring the first of a dispatch to accepted, deferred, attempting; others wait."""

    def work(connection: Any) -> None:
        claim = claim_batch(connection, number, owner="t", now=NOW)
        assert claim is not None
        accepted, deferred, attempting, *_ = read_due(connection, claim, now=NOW)
        for one in (accepted, deferred, attempting):
            write_intent(connection, claim, one, now=NOW)
        said = Result(accepted.seq, S.ACCEPTED, Reply(250, "ok"))
        write_result(connection, claim, said, now=NOW)
        later = Result(deferred.seq, S.DEFERRED, Reply(450, "later"), NOW)
        write_result(connection, claim, later, now=NOW)

    dispatching.write(work)


def settle(dispatching: Any, *, was_handed_over: bool) -> tuple[Halted, ...]:
    halted: tuple[Halted, ...] = dispatching.write(
        lambda c: settle_restored(
            c, reason=WHY, was_handed_over=was_handed_over, now=NOW
        )
    )
    return halted


def test_copy_of_a_database_in_use_holds_what_was_committed(
    database: Database, people: Any, tmp_path: Path
) -> None:
    people.add_many(3)
    copy = tmp_path / "copy.db"
    with database.writing() as connection:
        row = {"email": "x", "email_key": "x", "address_hash": b"", "created_at": 1}
        connection.execute(insert(subscribers).values(fields={}, **row))
        copy_database(database.path, copy)
    assert count_people_in(copy) == 3
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not copy.with_name("copy.db-wal").exists()


def test_damaged_copy_is_told(database: Database, people: Any, tmp_path: Path) -> None:
    people.add_many(300)
    copy = tmp_path / "copy.db"
    copy_database(database.path, copy)
    data = bytearray(copy.read_bytes())
    data[8192:40960] = b"x" * 32768
    copy.write_bytes(data)
    with pytest.raises(OperationError) as damaged:
        count_people_in(copy)
    assert str(damaged.value) == (
        f"the copy {copy} of the database is damaged. "
        "Check the disk, and make another copy."
    )


def test_restored_dispatch_has_who_may_have_been_mailed_since_as_unknown(
    people: Any, dispatching: Any
) -> None:
    people.add_many(5)
    dispatch = dispatching.make()
    send_some(dispatching, dispatch.id)
    assert settle(dispatching, was_handed_over=False) == (
        Halted(dispatch.id, "i", unknown=4, waiting=0),
    )
    found = dispatching.load(dispatch)
    assert (found.state, found.reason) == (DispatchState.PAUSED, WHY)
    assert dispatching.counts(dispatch) == {S.ACCEPTED: 1, S.UNKNOWN: 4}


def test_dispatch_that_was_handed_over_goes_on_where_it_was(
    people: Any, dispatching: Any
) -> None:
    people.add_many(5)
    dispatch = dispatching.make()
    send_some(dispatching, dispatch.id)
    assert settle(dispatching, was_handed_over=True) == (
        Halted(dispatch.id, "i", unknown=1, waiting=3),
    )
    assert dispatching.load(dispatch).state is DispatchState.PAUSED
    counts = {S.ACCEPTED: 1, S.UNKNOWN: 1, S.DEFERRED: 1, S.PENDING: 2}
    assert dispatching.counts(dispatch) == counts


def test_dispatch_that_is_over_stays_as_it_is(people: Any, dispatching: Any) -> None:
    people.add_many(1)
    dispatching.make()
    done = update(dispatches).values(state=DispatchState.DONE)
    dispatching.write(lambda c: c.execute(done))
    assert settle(dispatching, was_handed_over=False) == ()
    states = dispatching.write(lambda c: c.scalars(select(deliveries.c.state)).all())
    assert states == [S.PENDING]


def given(database: Database) -> dict[str, int]:
    """Return the highest number that was given, or left out, in each table."""
    with database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        return {row.name: row.seq for row in rows}


def test_copy_leaves_out_the_numbers_that_may_stand_in_links_made_since(
    database: Database, people: Any, dispatching: Any
) -> None:
    people.add_many(3)
    dispatching.make()
    before = given(database)
    settle(dispatching, was_handed_over=False)
    after = given(database)
    assert {
        name: seq - before.get(name, 0)
        for name, seq in after.items()
        if seq != before.get(name)
    } == {
        "subscribers": 4_000_000,
        "joinings": 4_000_000,
        "address_changes": 4_000_000,
        "notices": 4_000_000,
        "dispatches": 1_000,
        "imports": 1_000,
        "lists": 100,
    }
    assert people.add("zoe@example.org") == 4_000_004


def test_numbers_go_on_after_a_hand_over(
    database: Database, people: Any, dispatching: Any
) -> None:
    people.add_many(3)
    before = given(database)
    settle(dispatching, was_handed_over=True)
    assert given(database) == before


def test_copy_that_was_put_back_may_send(database: Database, dispatching: Any) -> None:
    with database.writing() as connection:
        note_handover(connection, file="news.tar", now=NOW)
    settle(dispatching, was_handed_over=True)
    with database.reading() as connection:
        refuse_handed_over(connection)
