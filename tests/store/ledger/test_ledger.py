from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from newsletter.model.delivery import TRANSITIONS, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Dispatch, Order, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.claims import claim_batch, read_due, release_batch
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import (
    cancel_dispatch,
    continue_dispatch,
    count_recipients,
    create_dispatch,
    pause_dispatch,
    recover,
)
from newsletter.store.ledger import read_state, write_intent, write_result
from newsletter.store.tables import batches, deliveries

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
S = DeliveryState


@pytest.fixture
def dispatch(database: Database, people: Any) -> Dispatch:
    for number in range(6):
        people.add(f"p{number}@example.org", ("main", SubscriptionStatus.ACTIVE))
    with database.writing() as connection:
        save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
        return create_dispatch(connection, Order("i", "c0ffee", ("main",)), now=NOW)


@pytest.fixture
def writing(database: Database, dispatch: Dispatch) -> Iterator[Connection]:
    """The one writer's connection, opened when the dispatch is there."""
    with database.writing() as connection:
        yield connection


def claimed(connection: Connection, dispatch: Dispatch) -> Claim:
    claim = claim_batch(connection, dispatch.id, owner="test", now=NOW)
    assert claim is not None
    return claim


def row(connection: Connection, seq: int = 1) -> Any:
    return connection.execute(select(deliveries).where(deliveries.c.seq == seq)).one()


def counts(connection: Connection, dispatch: Dispatch) -> dict[DeliveryState, int]:
    found = load_dispatch(connection, dispatch.id)
    assert sum(found.counts.values()) == found.total
    return {state: number for state, number in found.counts.items() if number}


# --- claims ---------------------------------------------------------------------------


def test_claim_batch_gives_everybody_who_is_pending(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    assert (claim.epoch, claim.first_seq, claim.last_seq) == (1, 1, 6)
    due = read_due(writing, claim, now=NOW)
    assert [one.email for one in due] == [f"p{n}@example.org" for n in range(6)]


def test_claim_batch_again_makes_the_first_claim_worthless(
    writing: Connection, dispatch: Dispatch
) -> None:
    old, new = claimed(writing, dispatch), claimed(writing, dispatch)
    delivery = read_due(writing, new, now=NOW)[0]
    assert write_intent(writing, old, delivery, now=NOW) is Permission.HALTED
    assert row(writing).state == S.PENDING
    assert write_intent(writing, new, delivery, now=NOW) is Permission.GRANTED


@pytest.mark.parametrize("halt", [pause_dispatch, cancel_dispatch])
def test_claim_batch_of_a_dispatch_that_does_not_run_gives_none(
    writing: Connection, dispatch: Dispatch, halt: Callable[..., Any]
) -> None:
    halt(writing, dispatch.id, **({"now": NOW} if halt is cancel_dispatch else {}))
    assert claim_batch(writing, dispatch.id, owner="test", now=NOW) is None


def test_claim_batch_finds_a_deferred_delivery_when_it_is_due(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    for delivery in read_due(writing, claim, now=NOW):
        result = Result(delivery.seq, S.DEFERRED, Reply(450), LATER)
        write_result(writing, claim, result, now=NOW)
    release_batch(writing, claim)
    assert claim_batch(writing, dispatch.id, owner="test", now=NOW) is None
    due = claim_batch(writing, dispatch.id, owner="test", now=LATER)
    assert due is not None
    assert len(read_due(writing, due, now=LATER)) == 6


def test_read_due_puts_those_last_at_whom_the_server_balked(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    write_result(writing, claim, Result(2, S.PENDING, Reply(550, "policy")), now=NOW)
    again = claimed(writing, dispatch)
    due = read_due(writing, again, now=NOW)
    assert [one.seq for one in due] == [1, 3, 4, 5, 6, 2]


def test_release_batch_with_nobody_left_is_done(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    release_batch(writing, claim)
    assert writing.scalar(select(batches.c.state)) == "open"
    for seq in range(1, 7):
        write_result(writing, claim, Result(seq, S.REFUSED, Reply(550)), now=NOW)
    release_batch(writing, claim)
    batch = writing.execute(select(batches)).one()
    assert (batch.state, batch.owner) == ("done", None)


# --- intents --------------------------------------------------------------------------


def test_write_intent_is_an_attempt(writing: Connection, dispatch: Dispatch) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    assert write_intent(writing, claim, delivery, now=NOW) is Permission.GRANTED
    found = row(writing)
    assert (found.state, found.attempts, found.epoch) == (S.ATTEMPTING, 1, claim.epoch)
    assert counts(writing, dispatch) == {S.PENDING: 5, S.ATTEMPTING: 1}


def test_write_intent_for_the_same_delivery_twice_is_denied(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    write_intent(writing, claim, delivery, now=NOW)
    assert write_intent(writing, claim, delivery, now=NOW) is Permission.HALTED
    assert row(writing).attempts == 1


@pytest.mark.parametrize("scope", ["*", "main"])
def test_write_intent_for_somebody_who_left_meanwhile_skips_them(
    database: Database, people: Any, dispatch: Dispatch, scope: str
) -> None:
    with database.writing() as connection:
        claim = claimed(connection, dispatch)
        delivery = read_due(connection, claim, now=NOW)[0]
    people.leave(delivery.subscriber_id, scope=scope)
    with database.writing() as connection:
        permission = write_intent(connection, claim, delivery, now=NOW)
        assert permission is Permission.SKIPPED
        assert row(connection).reply_text == "left meanwhile"
        assert counts(connection, dispatch) == {S.PENDING: 5, S.SKIPPED: 1}


def test_write_intent_for_somebody_who_is_still_on_another_of_the_lists_is_granted(
    database: Database, people: Any
) -> None:
    both = [("main", SubscriptionStatus.ACTIVE), ("events", SubscriptionStatus.ACTIVE)]
    anna = people.add("anna@example.org", *both)
    with database.writing() as connection:
        save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
        order = Order("i", "c0ffee", ("main", "events"))
        dispatch = create_dispatch(connection, order, now=NOW)
    people.leave(anna, scope="main")
    with database.writing() as connection:
        claim = claimed(connection, dispatch)
        (delivery,) = read_due(connection, claim, now=NOW)
        permission = write_intent(connection, claim, delivery, now=NOW)
        assert permission is Permission.GRANTED


@pytest.mark.parametrize("halt", [pause_dispatch, cancel_dispatch])
def test_write_intent_of_a_dispatch_that_was_halted_is_denied(
    writing: Connection, dispatch: Dispatch, halt: Callable[..., Any]
) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    halt(writing, dispatch.id, **({"now": NOW} if halt is cancel_dispatch else {}))
    assert write_intent(writing, claim, delivery, now=NOW) is Permission.HALTED
    assert row(writing).attempts == 0


# --- results --------------------------------------------------------------------------


def test_write_result_keeps_the_reply(writing: Connection, dispatch: Dispatch) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    write_intent(writing, claim, delivery, now=NOW)
    reply = Reply(250, "queued as 4F2A", "2.0.0")
    assert write_result(writing, claim, Result(1, S.ACCEPTED, reply), now=LATER)
    found = row(writing)
    assert (found.state, found.reply_code) == (S.ACCEPTED, 250)
    assert found.reply_text == "2.0.0 queued as 4F2A"
    assert counts(writing, dispatch) == {S.PENDING: 5, S.ACCEPTED: 1}


def test_write_result_before_any_intent_counts_as_a_try(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    write_result(writing, claim, Result(1, S.DEFERRED, Reply(450), LATER), now=NOW)
    assert (row(writing).attempts, row(writing).state) == (1, S.DEFERRED)


def test_write_result_deferred_remembers_since_when(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    write_result(writing, claim, Result(1, S.DEFERRED, Reply(450), LATER), now=NOW)
    again = claim_batch(writing, dispatch.id, owner="test", now=LATER)
    assert again is not None
    delivery = next(d for d in read_due(writing, again, now=LATER) if d.seq == 1)
    assert (delivery.deferred_since, delivery.attempts) == (NOW, 1)
    write_intent(writing, again, delivery, now=LATER)
    much_later = LATER + timedelta(days=1)
    result = Result(1, S.DEFERRED, Reply(450), much_later)
    write_result(writing, again, result, now=LATER)
    third = claim_batch(writing, dispatch.id, owner="test", now=much_later)
    assert third is not None
    delivery = next(d for d in read_due(writing, third, now=much_later) if d.seq == 1)
    assert (delivery.deferred_since, delivery.attempts) == (NOW, 2)


def test_write_result_deferred_again_before_any_intent_waits_again(
    writing: Connection, dispatch: Dispatch
) -> None:
    """Else it would stay due, and be tried again at once, for ever."""
    claim = claimed(writing, dispatch)
    write_result(writing, claim, Result(1, S.DEFERRED, Reply(450), LATER), now=NOW)
    again = claim_batch(writing, dispatch.id, owner="test", now=LATER)
    assert again is not None
    much_later = LATER + timedelta(days=1)
    result = Result(1, S.DEFERRED, Reply(451, "still full"), much_later)
    assert write_result(writing, again, result, now=LATER)
    assert 1 not in [d.seq for d in read_due(writing, again, now=LATER)]
    third = claim_batch(writing, dispatch.id, owner="test", now=much_later)
    assert third is not None
    delivery = next(d for d in read_due(writing, third, now=much_later) if d.seq == 1)
    assert (delivery.deferred_since, delivery.attempts) == (NOW, 2)
    assert row(writing).reply_text == "still full"
    assert counts(writing, dispatch) == {S.PENDING: 5, S.DEFERRED: 1}


def test_write_result_of_a_fault_of_ours_makes_it_pending_again(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    write_intent(writing, claim, delivery, now=NOW)
    write_result(writing, claim, Result(1, S.PENDING, Reply(554, "policy")), now=NOW)
    assert row(writing).state == S.PENDING
    assert counts(writing, dispatch) == {S.PENDING: 6}


def test_write_result_under_an_old_claim_is_not_ours_to_say(
    writing: Connection, dispatch: Dispatch
) -> None:
    old = claimed(writing, dispatch)
    claimed(writing, dispatch)
    assert not write_result(writing, old, Result(1, S.REFUSED, Reply(550)), now=NOW)
    assert row(writing).state == S.PENDING


def test_write_result_that_comes_late_resolves_an_unknown_delivery(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    write_intent(writing, claim, delivery, now=NOW)
    recover(writing, now=NOW)
    assert row(writing).state == S.UNKNOWN
    assert write_result(writing, claim, Result(1, S.ACCEPTED, Reply(250)), now=LATER)
    assert counts(writing, dispatch) == {S.PENDING: 5, S.ACCEPTED: 1}


def test_write_result_after_a_cancel_is_kept_for_what_had_left(
    writing: Connection, dispatch: Dispatch
) -> None:
    claim = claimed(writing, dispatch)
    delivery = read_due(writing, claim, now=NOW)[0]
    write_intent(writing, claim, delivery, now=NOW)
    cancel_dispatch(writing, dispatch.id, now=NOW)
    assert write_result(writing, claim, Result(1, S.ACCEPTED, Reply(250)), now=NOW)
    assert not write_result(writing, claim, Result(2, S.REFUSED, Reply(550)), now=NOW)
    assert counts(writing, dispatch) == {S.ACCEPTED: 1, S.SKIPPED: 5}


@pytest.mark.parametrize("state", [S.DEFERRED, S.PENDING])
def test_write_result_after_a_cancel_skips_who_would_be_tried_again(
    writing: Connection, dispatch: Dispatch, state: DeliveryState
) -> None:
    """Nobody tries them again; a later dispatch must not think that they have it."""
    claim = claimed(writing, dispatch)
    write_intent(writing, claim, read_due(writing, claim, now=NOW)[0], now=NOW)
    cancel_dispatch(writing, dispatch.id, now=NOW)
    assert write_result(writing, claim, Result(1, state, Reply(451), LATER), now=NOW)
    assert counts(writing, dispatch) == {S.SKIPPED: 6}
    assert (row(writing).next_at, row(writing).reply_text) == (None, "cancelled")
    assert count_recipients(writing, issue="i", lists=["main"]) == 6


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before, after in product(S, S)
        if after not in TRANSITIONS[before] and before is not after
    ],
)
def test_write_result_refuses_every_change_the_table_does_not_have(
    writing: Connection,
    dispatch: Dispatch,
    before: DeliveryState,
    after: DeliveryState,
) -> None:
    claim = claimed(writing, dispatch)
    writing.execute(
        update(deliveries).where(deliveries.c.seq == 1).values(state=before, epoch=1)
    )
    assert not write_result(writing, claim, Result(1, after), now=NOW)
    assert row(writing).state == before


def test_read_state_is_that_of_the_dispatch(
    writing: Connection, dispatch: Dispatch
) -> None:
    assert read_state(writing, dispatch.id) is DispatchState.RUNNING
    pause_dispatch(writing, dispatch.id)
    assert read_state(writing, dispatch.id) is DispatchState.PAUSED


@pytest.mark.parametrize("seed", range(6))
def test_the_states_sum_to_the_total_whatever_happens(
    writing: Connection, dispatch: Dispatch, seed: int
) -> None:
    """Hundreds of random steps, legal or not: the law holds after each."""
    random = Random(seed)  # noqa: S311 - the same steps in each run
    claim: Claim | None = None
    for _ in range(300):
        step = random.choice(["claim", "intent", "result", "result", "control"])
        if step == "claim":
            claim = claim_batch(writing, dispatch.id, owner="t", now=LATER) or claim
        elif step == "intent" and claim:
            due = read_due(writing, claim, now=LATER)
            if due:
                write_intent(writing, claim, random.choice(due), now=NOW)
        elif step == "result" and claim:
            state = random.choice(list(S))
            result = Result(random.randint(1, 6), state, Reply(450), NOW)
            write_result(writing, claim, result, now=NOW)
        elif step == "control" and random.random() < 0.3:
            again = random.sample([S.REFUSED, S.UNKNOWN], random.randint(0, 2))
            match random.choice(["recover", "pause", "continue"]):
                case "recover":
                    recover(writing, now=NOW)
                case "pause":
                    pause_dispatch(writing, dispatch.id)
                case _:
                    continue_dispatch(writing, dispatch.id, now=NOW, again=again)
        rows = writing.execute(
            select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        )
        assert {S(s): n for s, n in rows} == counts(writing, dispatch)
