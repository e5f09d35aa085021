from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Halt, Order, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.claims import claim_batch, read_due
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database
from newsletter.store.dispatch_records import (
    load_dispatch,
    newest_dispatch,
    open_dispatches,
    read_records,
)
from newsletter.store.dispatches import (
    cancel_dispatch,
    continue_dispatch,
    count_recipients,
    count_unknown_as_accepted,
    create_dispatch,
    finish_dispatch,
    needs_recovery,
    pause_dispatch,
    read_recipients,
    recover,
)
from newsletter.store.ledger import write_intent, write_result
from newsletter.store.tables import batches, deliveries

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ACTIVE = SubscriptionStatus.ACTIVE
S = DeliveryState


def send(
    database: Database, *, issue: str = "2026-03", lists: tuple[str, ...] = ("main",)
) -> Dispatch:
    with database.writing() as connection:
        save_content(connection, Content("c0ffee", issue, "Hi", b"x"), now=NOW)
        return create_dispatch(connection, Order(issue, "c0ffee", lists), now=NOW)


def write(database: Database, work: Callable[[Connection], Any]) -> Any:
    with database.writing() as connection:
        return work(connection)


def bring(database: Database, dispatch: Dispatch, *states: DeliveryState) -> None:
    """Let the deliveries of a dispatch come into *states*, in their order."""
    with database.writing() as connection:
        claim = claim_batch(connection, dispatch.id, owner="test", now=NOW)
        assert claim is not None
        due = read_due(connection, claim, now=NOW)
        for delivery, state in zip(due, states, strict=False):
            if state is S.PENDING:
                continue
            granted = write_intent(connection, claim, delivery, now=NOW)
            assert granted is Permission.GRANTED
            if state is S.ATTEMPTING:
                continue
            again = LATER if state is S.DEFERRED else None
            result = Result(delivery.seq, state, Reply(450, "said"), again)
            assert write_result(connection, claim, result, now=NOW)


def states(database: Database, dispatch: Dispatch) -> dict[str, DeliveryState]:
    with database.reading() as connection:
        return {
            record.email.partition("@")[0]: record.state
            for record in read_records(connection, dispatch.id, list(S))
        }


def assert_sums(database: Database) -> None:
    """The law of the ledger: counters are the rows, and sum to the total."""
    with database.reading() as connection:
        for dispatch in connection.execute(select(deliveries.c.dispatch_id).distinct()):
            found = load_dispatch(connection, dispatch.dispatch_id)
            assert sum(found.counts.values()) == found.total
            rows = connection.execute(
                select(deliveries.c.state, func.count())
                .where(deliveries.c.dispatch_id == found.id)
                .group_by(deliveries.c.state)
            )
            counted = {S(state): count for state, count in rows}
            assert {s: n for s, n in found.counts.items() if n} == counted


@pytest.fixture
def four(people: Any) -> list[int]:
    names = ["anna", "bob", "carl", "dora"]
    return [people.add(f"{name}@example.org", ("main", ACTIVE)) for name in names]


# --- the snapshot ---------------------------------------------------------------------


def test_create_dispatch_takes_each_person_of_several_lists_once(
    database: Database, people: Any
) -> None:
    people.add("anna@example.org", ("main", ACTIVE), ("events", ACTIVE), name="Anna")
    people.add("bob@example.org", ("events", ACTIVE))
    people.add("carl@example.org", ("other", ACTIVE))
    dispatch = send(database, lists=("main", "events"))
    assert dispatch.state is DispatchState.RUNNING
    assert dispatch.total == 2
    with database.reading() as connection:
        rows = connection.execute(select(deliveries).order_by(deliveries.c.seq)).all()
    assert [(r.seq, r.email, r.fields) for r in rows] == [
        (1, "anna@example.org", {"name": "Anna"}),
        (2, "bob@example.org", {}),
    ]
    assert_sums(database)


def test_create_dispatch_leaves_out_whoever_left_or_is_no_member(
    database: Database, people: Any, four: list[int]
) -> None:
    people.leave(four[0])
    people.leave(four[1], scope="main")
    people.add("eve@example.org", ("main", SubscriptionStatus.PENDING))
    people.add("fred@example.org", ("main", SubscriptionStatus.BOUNCED))
    assert states(database, send(database)) == {"carl": S.PENDING, "dora": S.PENDING}


def test_create_dispatch_makes_batches_of_five_hundred(
    database: Database, people: Any, monkeypatch: pytest.MonkeyPatch, four: list[int]
) -> None:
    monkeypatch.setattr("newsletter.store.snapshots.BATCH_SIZE", 3)
    dispatch = send(database)
    with database.reading() as connection:
        rows = connection.execute(select(batches)).all()
    assert [(r.first_seq, r.last_seq, r.n_pending) for r in rows] == [
        (1, 3, 3),
        (4, 4, 1),
    ]
    assert dispatch.counts[S.PENDING] == 4


@pytest.mark.parametrize(
    ("state", "gets_it_again"),
    [
        (S.ATTEMPTING, False),
        (S.ACCEPTED, False),
        (S.UNKNOWN, False),
        (S.DEFERRED, False),
        (S.REFUSED, True),
    ],
)
def test_create_dispatch_of_the_same_issue_leaves_out_whoever_has_it(
    database: Database, four: list[int], state: DeliveryState, gets_it_again: bool
) -> None:
    first = send(database)
    bring(database, first, state)
    second = send(database)
    assert ("anna" in states(database, second)) is gets_it_again
    # Another issue is another matter.
    assert len(states(database, send(database, issue="2026-04"))) == 4


def test_create_dispatch_after_a_cancelled_one_takes_who_was_skipped(
    database: Database, four: list[int]
) -> None:
    first = send(database)
    bring(database, first, S.ACCEPTED)
    write(database, lambda c: cancel_dispatch(c, first.id, now=NOW))
    assert set(states(database, send(database))) == {"bob", "carl", "dora"}


def test_count_and_read_recipients_are_those_of_a_dispatch_made_now(
    database: Database, four: list[int]
) -> None:
    bring(database, send(database), S.ACCEPTED)
    with database.reading() as connection:
        count = count_recipients(connection, issue="2026-03", lists=["main"])
        people = read_recipients(connection, issue="2026-03", lists=["main"])
        emails = [email for email, _ in people]
    assert count == 3
    assert emails == ["bob@example.org", "carl@example.org", "dora@example.org"]


# --- pause, cancel, continue ----------------------------------------------------------


def test_pause_dispatch_keeps_everything_for_later(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.ACCEPTED, S.DEFERRED)
    paused = write(database, lambda c: pause_dispatch(c, dispatch.id, reason="lunch"))
    assert (paused.state, paused.reason) == (DispatchState.PAUSED, "lunch")
    assert paused.unfinished == 3
    assert paused.is_open


def test_cancel_dispatch_skips_whoever_was_not_tried_or_put_off(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.ACCEPTED, S.DEFERRED, S.ATTEMPTING)
    done = write(database, lambda c: cancel_dispatch(c, dispatch.id, now=LATER))
    assert done.state is DispatchState.CANCELLED
    assert done.finished_at == LATER
    assert states(database, dispatch) == {
        "anna": S.ACCEPTED,
        "bob": S.SKIPPED,
        "carl": S.ATTEMPTING,
        "dora": S.SKIPPED,
    }
    assert_sums(database)


def test_cancel_dispatch_keeps_what_the_server_had_said(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    said = deliveries.update().where(deliveries.c.seq == 1)
    values = {"reply_code": 550, "reply_text": "5.7.1 rejected as spam"}
    write(database, lambda c: c.execute(said.values(values)))
    paused = write(database, lambda c: pause_dispatch(c, dispatch.id))
    assert (paused.set_aside, paused.counts[S.PENDING]) == (1, 4)
    ended = write(database, lambda c: cancel_dispatch(c, dispatch.id, now=NOW))
    assert (ended.cancelled, ended.set_aside) == (4, 0)
    with database.reading() as connection:
        kept = connection.execute(
            select(deliveries.c.reply_code, deliveries.c.reply_text)
            .where(deliveries.c.seq <= 2)
            .order_by(deliveries.c.seq)
        ).all()
    assert [tuple(row) for row in kept] == [
        (550, "cancelled; before that: 5.7.1 rejected as spam"),
        (None, "cancelled"),
    ]


def test_continue_dispatch_makes_what_was_put_off_due_now(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.DEFERRED, S.ACCEPTED, S.REFUSED, S.UNKNOWN)
    write(database, lambda c: continue_dispatch(c, dispatch.id, now=NOW))
    with database.writing() as connection:
        claim = claim_batch(connection, dispatch.id, owner="test", now=NOW)
        assert claim is not None
        due = read_due(connection, claim, now=NOW)
    assert [one.email for one in due] == ["anna@example.org"]


@pytest.mark.parametrize("state", [S.REFUSED, S.UNKNOWN])
def test_continue_dispatch_puts_back_only_what_the_editor_asks_for(
    database: Database, four: list[int], state: DeliveryState
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.REFUSED, S.UNKNOWN, S.ACCEPTED, S.ACCEPTED)
    write(
        database,
        lambda c: continue_dispatch(c, dispatch.id, now=NOW, again=[state]),
    )
    assert states(database, dispatch) == {
        "anna": S.PENDING if state is S.REFUSED else S.REFUSED,
        "bob": S.PENDING if state is S.UNKNOWN else S.UNKNOWN,
        "carl": S.ACCEPTED,
        "dora": S.ACCEPTED,
    }
    assert_sums(database)


def test_continue_dispatch_does_not_put_back_who_got_it_from_another_one(
    database: Database, four: list[int]
) -> None:
    first = send(database)
    bring(database, first, S.REFUSED, S.REFUSED, S.ACCEPTED, S.ACCEPTED)
    second = send(database)
    bring(database, second, S.ACCEPTED, S.REFUSED)
    write(
        database,
        lambda c: continue_dispatch(c, first.id, now=NOW, again=[S.REFUSED]),
    )
    assert states(database, first)["anna"] is S.REFUSED
    assert states(database, first)["bob"] is S.PENDING


def test_continue_dispatch_opens_a_batch_that_was_done(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.REFUSED, S.ACCEPTED, S.ACCEPTED, S.ACCEPTED)
    write(database, lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    write(
        database,
        lambda c: continue_dispatch(c, dispatch.id, now=NOW, again=[S.REFUSED]),
    )
    claim = write(
        database, lambda c: claim_batch(c, dispatch.id, owner="test", now=NOW)
    )
    assert claim is not None


def test_count_unknown_as_accepted_changes_nobody_else(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.UNKNOWN, S.REFUSED, S.DEFERRED, S.ATTEMPTING)
    found = write(
        database, lambda c: count_unknown_as_accepted(c, dispatch.id, now=LATER)
    )
    assert found.counts[S.ACCEPTED] == 1
    assert states(database, dispatch) == {
        "anna": S.ACCEPTED,
        "bob": S.REFUSED,
        "carl": S.DEFERRED,
        "dora": S.ATTEMPTING,
    }
    with database.reading() as connection:
        (record,) = read_records(connection, dispatch.id, [S.ACCEPTED])
    assert record.reply == Reply(0, "counted as taken, by hand")
    assert_sums(database)


def test_continue_dispatch_tries_once_more_who_was_put_off_long_ago(
    database: Database, four: list[int]
) -> None:
    """We were away for longer than the deadline; that is not the reader's fault."""
    dispatch = send(database)
    bring(database, dispatch, S.DEFERRED, *[S.ACCEPTED] * 3)
    much_later = NOW + timedelta(days=30)
    write(database, lambda c: continue_dispatch(c, dispatch.id, now=much_later))
    with database.writing() as connection:
        claim = claim_batch(connection, dispatch.id, owner="test", now=much_later)
        assert claim is not None
        (delivery,) = read_due(connection, claim, now=much_later)
        assert (delivery.deferred_since, delivery.attempts) == (NOW, 1)
        granted = write_intent(connection, claim, delivery, now=much_later)
        gave_up = Result(delivery.seq, S.REFUSED, Reply(450, "gave up after 3 days"))
        assert granted is Permission.GRANTED
        assert write_result(connection, claim, gave_up, now=much_later)


# --- after a crash --------------------------------------------------------------------


def test_recover_makes_attempts_unknown_and_the_dispatch_interrupted(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.ACCEPTED, S.ATTEMPTING)
    with database.reading() as connection:
        assert needs_recovery(connection)
    write(database, lambda c: recover(c, now=LATER))
    found = write(database, lambda c: load_dispatch(c, dispatch.id))
    assert found.state is DispatchState.INTERRUPTED
    assert found.reason == "the program was stopped while sending"
    assert states(database, dispatch) == {
        "anna": S.ACCEPTED,
        "bob": S.UNKNOWN,
        "carl": S.PENDING,
        "dora": S.PENDING,
    }
    assert_sums(database)
    with database.reading() as connection:
        assert not needs_recovery(connection)


def test_recover_forgets_what_the_server_said_at_an_earlier_try(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.DEFERRED)
    write(database, lambda c: continue_dispatch(c, dispatch.id, now=NOW))
    bring(database, dispatch, S.ATTEMPTING)
    write(database, lambda c: recover(c, now=LATER))
    with database.reading() as connection:
        (record,) = read_records(connection, dispatch.id, [S.UNKNOWN])
    said = "the program was stopped before the server answered"
    assert record.reply == Reply(0, said)


def test_recover_of_a_dispatch_with_nothing_left_calls_it_done(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, *[S.ACCEPTED] * 4)
    write(database, lambda c: recover(c, now=LATER))
    found = write(database, lambda c: load_dispatch(c, dispatch.id))
    assert found.state is DispatchState.DONE


def test_recover_leaves_a_paused_dispatch_paused(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.ATTEMPTING)
    write(database, lambda c: pause_dispatch(c, dispatch.id))
    write(database, lambda c: recover(c, now=LATER))
    found = write(database, lambda c: load_dispatch(c, dispatch.id))
    assert found.state is DispatchState.PAUSED
    assert found.counts[S.UNKNOWN] == 1


# --- the end --------------------------------------------------------------------------


def test_finish_dispatch_is_done_only_when_nobody_is_left(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.ACCEPTED, S.REFUSED, S.UNKNOWN, S.DEFERRED)
    found = write(database, lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert found.state is DispatchState.WAITING
    assert found.reason == "the mail server asked to try some of them later"
    assert found.next_at == LATER
    assert found.finished_at is None


def test_finish_dispatch_that_stopped_without_a_word_blames_no_mail_server(
    database: Database, four: list[int]
) -> None:
    """A claim was lost, say: some were not tried, and nobody asked for later."""
    dispatch = send(database)
    bring(database, dispatch, S.ACCEPTED, S.DEFERRED)
    found = write(database, lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert found.state is DispatchState.INTERRUPTED
    assert found.reason == "it ended before everybody was tried"
    assert found.next_at is None


def test_finish_dispatch_keeps_why_it_stopped(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    halt = Halt(DispatchState.PAUSED, "wrong password")
    found = write(database, lambda c: finish_dispatch(c, dispatch.id, halt, now=NOW))
    assert (found.state, found.reason) == (DispatchState.PAUSED, "wrong password")


def test_finish_dispatch_does_not_undo_a_pause_from_another_terminal(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    write(database, lambda c: pause_dispatch(c, dispatch.id, reason="by hand"))
    halt = Halt(DispatchState.INTERRUPTED, "Ctrl-C")
    found = write(database, lambda c: finish_dispatch(c, dispatch.id, halt, now=NOW))
    assert (found.state, found.reason) == (DispatchState.PAUSED, "by hand")


def test_finish_dispatch_that_was_paused_when_nobody_was_left_is_done(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, *[S.ACCEPTED] * 4)
    write(database, lambda c: pause_dispatch(c, dispatch.id, reason="by hand"))
    found = write(database, lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert (found.state, found.reason) == (DispatchState.DONE, "")


def test_recover_of_a_paused_dispatch_with_nothing_left_calls_it_done(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.ATTEMPTING, *[S.ACCEPTED] * 3)
    write(database, lambda c: pause_dispatch(c, dispatch.id))
    write(database, lambda c: recover(c, now=LATER))
    found = write(database, lambda c: load_dispatch(c, dispatch.id))
    assert found.state is DispatchState.DONE
    assert found.counts[S.UNKNOWN] == 1


def test_open_dispatches_and_newest(database: Database, four: list[int]) -> None:
    with database.reading() as connection:
        assert newest_dispatch(connection) is None
        assert open_dispatches(connection) == []
    first = send(database)
    second = send(database, issue="2026-04")
    write(database, lambda c: cancel_dispatch(c, first.id, now=NOW))
    with database.reading() as connection:
        assert newest_dispatch(connection) == second
        assert open_dispatches(connection) == [second]


def test_load_dispatch_of_a_number_never_given_is_a_lookup_error(
    database: Database,
) -> None:
    with database.reading() as connection, pytest.raises(LookupError):
        load_dispatch(connection, 7)


def test_read_records_show_what_the_server_said(
    database: Database, four: list[int]
) -> None:
    dispatch = send(database)
    bring(database, dispatch, S.REFUSED)
    with database.reading() as connection:
        (record,) = read_records(connection, dispatch.id, [S.REFUSED])
    assert record.email == "anna@example.org"
    assert record.reply == Reply(450, "said")
    assert record.at == NOW
