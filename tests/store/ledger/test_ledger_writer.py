import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Permission
from newsletter.store import ledger_writer
from newsletter.store.claims import claim_batch
from newsletter.store.database import Database
from newsletter.store.dispatches import cancel_dispatch, pause_dispatch, recover
from newsletter.store.ledger_groups import Groups

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PEOPLE = 60
S = DeliveryState
GRANTED, SKIPPED, HALTED = Permission.GRANTED, Permission.SKIPPED, Permission.HALTED


def think(seconds: float) -> None:
    """Keep the loop, and let other threads work."""
    time.sleep(seconds)


# --- the plain way --------------------------------------------------------------------


def test_intend_answers_when_it_is_on_the_disk(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        assert await desk.intend(0, 1, 2) == [GRANTED] * 3
        assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 3, S.ATTEMPTING: 3}

    use(work)


def test_what_is_ordered_upon_an_answer_is_written_together(
    use: Any, database: Database
) -> None:
    lines = 20
    begun: list[object] = []
    event.listen(database.engine, "begin", begun.append)

    async def work(desk: Any) -> None:
        begun.clear()

        async def line(first: int) -> None:
            for number in range(first, PEOPLE, lines):
                answer = desk.ledger.intend(desk.claim, desk.due[number])
                assert await answer is GRANTED
                # Meanwhile the writer could begin with the orders of other lines.
                think(0.001)
                desk.record(number)

        await asyncio.gather(*map(line, range(lines)))
        await desk.ledger.flush()

    use(work)
    # Three rounds of intents, the last results, and who was first of all.
    assert len(begun) <= 5, len(begun)


def test_flush_returns_when_every_result_is_on_the_disk(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(*range(PEOPLE))
        for number in range(PEOPLE):
            desk.record(number)
        await desk.ledger.flush()
        assert dispatching.counts(dispatch) == {S.ACCEPTED: PEOPLE}

    assert use(work).lost == []


def test_close_writes_what_was_ordered(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0)
        desk.record(0)

    use(work)
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 1, S.ACCEPTED: 1}


def test_orders_that_wait_together_are_one_transaction_of_so_many_at_most(
    use: Any, blocked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = Groups.write

    def counted(self: Groups, connection: Any, orders: Any, now: Any) -> None:
        sizes.append(len(orders))
        write(self, connection, orders, now)

    async def work(desk: Any) -> None:
        with blocked():
            answers = desk.intend(*range(PEOPLE))
            await asyncio.sleep(0.1)
        await answers

    monkeypatch.setattr(Groups, "write", counted)
    monkeypatch.setattr(ledger_writer, "MOST_ROWS", 50)
    use(work)
    # The first one was on its way alone, or with those that were quick enough.
    assert sum(sizes) - sizes[0] <= PEOPLE
    assert max(sizes) == 50


def test_a_result_ordered_before_an_intent_is_on_the_disk_with_it(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        for number in range(PEOPLE - 1):
            await desk.intend(number)
            desk.record(number)
            await desk.intend(number + 1)
            counts = dispatching.counts(dispatch)
            assert counts[S.ACCEPTED] == number + 1
            desk.record(number + 1, S.PENDING)

    use(work)


@pytest.mark.parametrize("end", [S.DEFERRED, S.REFUSED, S.UNKNOWN, S.PENDING])
def test_record_writes_every_other_end_too(
    use: Any, dispatching: Any, dispatch: Dispatch, end: DeliveryState
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0, 1)
        desk.record(0, end)
        desk.record(1)

    assert use(work).lost == []
    counts = dispatching.counts(dispatch)
    assert counts[S.ACCEPTED] == 1
    assert counts.get(end, 0) == (PEOPLE - 1 if end is S.PENDING else 1)


# --- what is not plain ----------------------------------------------------------------


def test_an_intent_and_its_refusal_in_one_transaction_keep_their_order(
    use: Any, blocked: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    """The envelope was refused while its intent was still on the way to the disk."""

    async def work(desk: Any) -> None:
        with blocked():
            answers = desk.intend(0, 1)
            desk.record(0, S.REFUSED)
            again = desk.intend(0)
        assert await answers == [GRANTED, GRANTED]
        assert await again == [HALTED]

    assert use(work).lost == []
    assert dispatching.counts(dispatch) == {
        S.PENDING: PEOPLE - 2,
        S.ATTEMPTING: 1,
        S.REFUSED: 1,
    }


def test_a_fault_of_ours_and_the_next_try_in_one_transaction_are_granted(
    use: Any, blocked: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0)
        with blocked():
            desk.record(0, S.PENDING)
            again = desk.intend(0)
            desk.record(1, S.REFUSED)
        assert await again == [GRANTED]

    assert use(work).lost == []
    assert dispatching.counts(dispatch) == {
        S.PENDING: PEOPLE - 2,
        S.ATTEMPTING: 1,
        S.REFUSED: 1,
    }


def test_intend_skips_only_who_left_in_between(
    use: Any, people: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        people.leave(desk.due[1].subscriber_id)
        assert await desk.intend(0, 1, 2) == [GRANTED, SKIPPED, GRANTED]

    use(work)
    assert dispatching.counts(dispatch)[S.SKIPPED] == 1


@pytest.mark.parametrize("halt", [pause_dispatch, cancel_dispatch])
def test_intend_is_halted_by_a_pause_or_cancel_and_results_are_still_kept(
    use: Any, dispatching: Any, dispatch: Dispatch, halt: Callable[..., Dispatch]
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0)
        now = {"now": NOW} if halt is cancel_dispatch else {}
        dispatching.write(lambda c: halt(c, dispatch.id, **now))
        desk.record(0)
        assert await desk.intend(1, 2) == [HALTED, HALTED]

    assert use(work).lost == []
    counts = dispatching.counts(dispatch)
    assert (counts[S.ACCEPTED], counts.get(S.ATTEMPTING)) == (1, None)


def test_an_intent_twice_is_granted_once(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        assert sorted((await desk.intend(0, 0)), key=str) == [GRANTED, HALTED]
        assert await desk.intend(0) == [HALTED]

    use(work)
    assert dispatching.counts(dispatch)[S.ATTEMPTING] == 1


def test_who_lost_the_claim_gets_nothing_and_spoils_nothing(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0)
        dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="other", now=NOW))
        assert await desk.intend(1, 2) == [HALTED, HALTED]
        desk.record(1, S.REFUSED)
        desk.record(0)
        await desk.ledger.flush()

    # The attempt was ours, the refusal of somebody else's delivery was not.
    assert use(work).lost == [None]
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 1, S.ACCEPTED: 1}


@pytest.mark.parametrize(
    ("late", "state", "lost"),
    [
        (S.ACCEPTED, S.ACCEPTED, []),
        (S.PENDING, S.UNKNOWN, [None]),
        (S.REFUSED, S.UNKNOWN, [None]),
        (S.DEFERRED, S.UNKNOWN, [None]),
    ],
)
def test_a_late_result_makes_of_an_unknown_one_nothing_but_an_accepted_one(
    use: Any,
    dispatching: Any,
    dispatch: Dispatch,
    late: DeliveryState,
    state: DeliveryState,
    lost: list[None],
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0)
        dispatching.write(lambda c: recover(c, now=NOW))
        desk.record(0, late)

    assert use(work).lost == lost
    assert dispatching.counts(dispatch)[state] == 1


def test_deferred_ones_are_granted_when_they_are_due(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0, 1)
        for number in range(PEOPLE):
            desk.record(number, S.DEFERRED)
        await desk.ledger.release(desk.claim)
        assert await desk.ledger.claim(dispatch.id, "") is None
        assert await desk.ledger.next_due(dispatch.id) == LATER
        desk.ledger._clock = lambda: LATER
        claim = await desk.ledger.claim(dispatch.id, "")
        assert claim is not None
        due = await desk.ledger.read_due(claim)
        assert {one.deferred_since for one in due} == {NOW}
        answers = [desk.ledger.intend(claim, one) for one in due]
        assert await asyncio.gather(*answers) == [GRANTED] * PEOPLE

    use(work)
    assert dispatching.counts(dispatch) == {S.ATTEMPTING: PEOPLE}


def test_a_result_is_found_by_its_key_however_large_the_dispatch_is(
    use: Any, database: Database
) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        asked.append(sql)

    async def work(desk: Any) -> None:
        await desk.intend(0)
        desk.record(0)
        await desk.ledger.flush()

    event.listen(database.engine, "before_cursor_execute", note)
    use(work)
    [accept] = [sql for sql in asked if sql.startswith("UPDATE") and "said" in sql]
    with database.reading() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {accept}", (None,) * 6)
        plan = [row.detail for row in rows]
    assert plan[0].startswith("SCAN said VIRTUAL TABLE")
    assert plan[1:] == ["SEARCH deliveries USING PRIMARY KEY (dispatch_id=? AND seq=?)"]


# --- claims ---------------------------------------------------------------------------


def test_claim_gives_each_batch_once_until_it_is_released(
    use: Any, dispatching: Any, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.snapshots.BATCH_SIZE", 40)
    second = dispatching.make(issue="2")

    async def work(desk: Any) -> None:
        ledger = desk.ledger
        assert await ledger.claim(dispatch.id, "") is None
        one, two = [await ledger.claim(second.id, "") for _ in range(2)]
        assert one is not None
        assert two is not None
        assert one.batch_id != two.batch_id
        assert await ledger.claim(second.id, "") is None
        await ledger.release(one)
        again = await ledger.claim(second.id, "")
        assert again is not None
        assert (again.batch_id, again.epoch) == (one.batch_id, one.epoch + 1)

    use(work)


def test_claim_skips_everybody_who_left_at_once(
    use: Any, people: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    for number in range(1, PEOPLE):
        people.leave(number)

    async def work(desk: Any) -> None:
        assert [one.seq for one in desk.due] == [PEOPLE]

    use(work)
    assert dispatching.counts(dispatch) == {S.PENDING: 1, S.SKIPPED: PEOPLE - 1}


def test_begin_and_end_waiting_are_for_who_runs_and_who_waits(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        ledger = desk.ledger
        assert not await ledger.end_waiting(dispatch.id)
        waits: dict[str, Any] = {"reason": "the limit of 300 an hour", "until": LATER}
        assert await ledger.begin_waiting(dispatch.id, **waits)
        assert not await ledger.begin_waiting(dispatch.id, **waits)
        found = dispatching.load(dispatch)
        assert found.state is DispatchState.WAITING
        assert (found.reason, found.next_at) == (waits["reason"], LATER)
        assert await desk.intend(0) == [HALTED]
        assert await ledger.end_waiting(dispatch.id)
        assert await ledger.state(dispatch.id) is DispatchState.RUNNING
        assert dispatching.load(dispatch).reason == ""
        assert await desk.intend(0) == [GRANTED]

    use(work)


def test_change_marks_hands_back_what_its_step_raises(use: Any) -> None:
    def step(marks: Any) -> Any:
        raise LookupError("half way")

    async def work(desk: Any) -> None:
        with pytest.raises(LookupError, match="half way"):
            await desk.ledger.change_marks(step)
        marks = {"pace": (1, 2)}
        assert await desk.ledger.change_marks(lambda _: ("done", marks)) == "done"
        assert await desk.ledger.change_marks(lambda old: (dict(old), old)) == marks

    use(work)
