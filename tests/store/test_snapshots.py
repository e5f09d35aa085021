from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Dispatch, Only, Permission, Reach, Result
from newsletter.model.outcome import Reply
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.claims import claim_batch, open_lanes, read_due, release_batch
from newsletter.store.database import Database
from newsletter.store.dispatches import (
    TokenUsedError,
    continue_dispatch,
    count_recipients,
    finish_dispatch,
    read_recipients,
    start_dispatch,
)
from newsletter.store.ledger import write_intent, write_result
from newsletter.store.snapshots import count_by_lane
from newsletter.store.tables import batches, contents, deliveries, dispatches

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIVE = SubscriptionStatus.ACTIVE
S = DeliveryState
LANES = {"google": ("gmail.com", "googlemail.com"), "example": (".example.org",)}
MIXED = [
    "a@example.org",
    "b@gmail.com",
    "c@other.net",
    "d@mail.example.org",
    "e@googlemail.com",
    "f@notexample.org",
    "g.example.org@other.net",
]


def add(people: Any, *emails: str) -> list[int]:
    return [people.add(email, ("main", ACTIVE)) for email in emails]


def ranges(database: Database) -> list[tuple[str, int, int, str]]:
    with database.reading() as connection:
        rows = connection.execute(select(batches).order_by(batches.c.id))
        return [(one.lane, one.first_seq, one.last_seq, one.state) for one in rows]


def work_off(dispatching: Any, dispatch: Dispatch, *states: DeliveryState) -> None:
    """Bring all that can be claimed into *states*, the last of which repeats."""

    def work(connection: Any) -> None:
        ends = list(states)
        for lane in open_lanes(connection, dispatch.id):
            while claim := claim_batch(
                connection, dispatch.id, owner="t", now=NOW, lane=lane
            ):
                for delivery in read_due(connection, claim, now=NOW):
                    end = ends.pop(0) if len(ends) > 1 else ends[0]
                    try_one(connection, claim, delivery, end)
                release_batch(connection, claim)

    dispatching.write(work)


def try_one(connection: Any, claim: Claim, delivery: Any, end: DeliveryState) -> None:
    granted = write_intent(connection, claim, delivery, now=NOW)
    assert granted is Permission.GRANTED
    again = NOW + timedelta(hours=1) if end is S.DEFERRED else None
    if end is not S.ATTEMPTING:
        result = Result(delivery.seq, end, Reply(450, "said"), again)
        assert write_result(connection, claim, result, now=NOW)


# --- lanes ----------------------------------------------------------------------------


def test_create_dispatch_numbers_recipients_lane_by_lane(
    database: Database, people: Any, dispatching: Any
) -> None:
    add(people, *MIXED)
    dispatch = dispatching.make(lanes=LANES)
    assert dispatching.emails(dispatch) == [
        "c@other.net",
        "f@notexample.org",
        "g.example.org@other.net",
        "a@example.org",
        "d@mail.example.org",
        "b@gmail.com",
        "e@googlemail.com",
    ]
    assert ranges(database) == [
        ("", 1, 3, "open"),
        ("example", 4, 5, "open"),
        ("google", 6, 7, "open"),
    ]
    with database.reading() as connection:
        assert open_lanes(connection, dispatch.id) == ["", "example", "google"]


@pytest.mark.parametrize(
    ("lanes", "counts"), [({}, {"": 7}), (LANES, {"": 3, "example": 2, "google": 2})]
)
def test_count_by_lane_counts_whom_a_dispatch_would_have(
    database: Database, people: Any, lanes: Any, counts: dict[str, int]
) -> None:
    add(people, *MIXED)
    with database.reading() as connection:
        found = count_by_lane(
            connection, issue="i", lists=("main",), only=None, lanes=lanes
        )
    assert found == counts


def test_create_dispatch_cuts_each_lane_into_batches(
    database: Database,
    people: Any,
    dispatching: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.store.snapshots.BATCH_SIZE", 2)
    add(people, *MIXED)
    dispatching.load(dispatching.make(lanes=LANES))
    assert ranges(database) == [
        ("", 1, 2, "open"),
        ("", 3, 3, "open"),
        ("example", 4, 5, "open"),
        ("google", 6, 7, "open"),
    ]


def test_create_dispatch_for_nobody_has_no_batches(
    database: Database, people: Any, dispatching: Any
) -> None:
    people.leave(*add(people, "a@example.org"))
    assert dispatching.make(lanes=LANES, canary=3).total == 0
    assert ranges(database) == []


# --- the canary -----------------------------------------------------------------------


def test_create_dispatch_with_a_canary_puts_the_first_people_first(
    database: Database, people: Any, dispatching: Any
) -> None:
    add(people, *MIXED)
    dispatch = dispatching.make(lanes=LANES, canary=3)
    assert dispatching.emails(dispatch)[:3] == [
        "c@other.net",
        "a@example.org",
        "b@gmail.com",
    ]
    assert ranges(database) == [
        ("", 1, 1, "open"),
        ("example", 2, 2, "open"),
        ("google", 3, 3, "open"),
        ("", 4, 5, "held"),
        ("example", 6, 6, "held"),
        ("google", 7, 7, "held"),
    ]
    assert dispatch.canary == 3


@pytest.mark.parametrize("last", [S.ACCEPTED, S.DEFERRED, S.REFUSED, S.UNKNOWN])
def test_a_canary_that_was_tried_waits_for_the_editor(
    people: Any, dispatching: Any, last: DeliveryState
) -> None:
    add(people, *MIXED)
    dispatch = dispatching.make(canary=2)
    work_off(dispatching, dispatch, S.ACCEPTED, last)
    ended = dispatching.write(lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert (ended.state, ended.next_at) == (DispatchState.PAUSED, None)
    assert ended.reason == (
        "the first 2 were tried, as you asked; the others wait for your word"
    )
    assert dispatching.counts(dispatch)[S.PENDING] == 5


def test_continue_dispatch_lets_those_behind_a_canary_go(
    people: Any, dispatching: Any
) -> None:
    add(people, *MIXED)
    dispatch = dispatching.make(canary=2)
    work_off(dispatching, dispatch, S.ACCEPTED)
    dispatching.write(lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    dispatching.write(lambda c: continue_dispatch(c, dispatch.id, now=NOW))
    work_off(dispatching, dispatch, S.ACCEPTED)
    ended = dispatching.write(lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert ended.state is DispatchState.DONE
    assert dispatching.counts(dispatch) == {S.ACCEPTED: 7}


def test_continue_dispatch_of_a_canary_that_was_cut_short_tries_only_its_rest(
    database: Database, people: Any, dispatching: Any
) -> None:
    add(people, *MIXED)
    dispatch = dispatching.make(canary=2)
    dispatching.write(lambda c: continue_dispatch(c, dispatch.id, now=NOW))
    assert [state for *_, state in ranges(database)] == ["open", "held"]


def test_a_canary_of_more_than_all_is_everybody(
    database: Database, people: Any, dispatching: Any
) -> None:
    add(people, "a@example.org", "b@example.org")
    dispatch = dispatching.make(canary=50)
    assert ranges(database) == [("", 1, 2, "open")]
    work_off(dispatching, dispatch, S.ACCEPTED)
    ended = dispatching.write(lambda c: finish_dispatch(c, dispatch.id, None, now=NOW))
    assert ended.state is DispatchState.DONE


# --- only -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reach"),
    [
        (S.PENDING, Reach.MISSED),
        (S.ATTEMPTING, Reach.REACHED),
        (S.ACCEPTED, Reach.REACHED),
        (S.DEFERRED, Reach.MISSED),
        (S.REFUSED, Reach.MISSED),
        (S.UNKNOWN, Reach.REACHED),
        (S.SKIPPED, Reach.MISSED),
    ],
)
def test_only_takes_who_was_reached_or_missed_by_an_earlier_dispatch(
    database: Database,
    people: Any,
    dispatching: Any,
    state: DeliveryState,
    reach: Reach,
) -> None:
    add(people, "a@example.org")
    first = dispatching.make(issue="2026-03")
    dispatching.write(lambda c: c.execute(update(deliveries).values(state=state)))
    add(people, "new@example.org")
    for one in Reach:
        only = Only(one, first.id)
        expected = ["a@example.org"] if one is reach else []
        with database.reading() as connection:
            wish: dict[str, Any] = {"issue": "2026-04", "lists": ["main"], "only": only}
            assert count_recipients(connection, **wish) == len(expected)
            found = [email for email, _ in read_recipients(connection, **wish)]
        second = dispatching.make(issue="2026-04", only=only)
        assert dispatching.emails(second) == found == expected
        assert second.only == only
        dispatching.write(lambda c: c.execute(update(dispatches).values(issue="x")))


def test_only_missed_of_the_same_issue_leaves_out_who_may_yet_get_it(
    people: Any, dispatching: Any
) -> None:
    add(people, "a@example.org", "b@example.org", "c@example.org")
    first = dispatching.make()
    work_off(dispatching, first, S.ACCEPTED, S.DEFERRED, S.REFUSED)
    again = dispatching.make(only=Only(Reach.MISSED, first.id))
    assert dispatching.emails(again) == ["c@example.org"]


def test_only_never_brings_back_who_left(people: Any, dispatching: Any) -> None:
    (anna,) = add(people, "a@example.org")
    first = dispatching.make()
    work_off(dispatching, first, S.ACCEPTED)
    people.leave(anna)
    second = dispatching.make(issue="2026-04", only=Only(Reach.REACHED, first.id))
    assert second.total == 0


# --- one confirmation, one dispatch ---------------------------------------------------


def test_create_dispatch_with_a_token_that_was_used_is_refused(
    database: Database, people: Any, dispatching: Any
) -> None:
    add(people, "a@example.org")
    first = dispatching.make(token="once")
    with pytest.raises(TokenUsedError) as caught:
        dispatching.make(issue="2026-04", token="once")
    assert caught.value.dispatch_id == first.id
    assert str(caught.value) == (
        "this was confirmed once already: dispatch 1 came of it. "
        "Nothing new was started. See newsletter status 1."
    )
    with database.reading() as connection:
        assert len(connection.execute(select(dispatches)).all()) == 1
    assert dispatching.make(issue="2026-04", token="another").id == 2


# --- frozen ---------------------------------------------------------------------------


@pytest.mark.parametrize("go_on", [continue_dispatch, start_dispatch])
@pytest.mark.parametrize(
    "change",
    [
        update(deliveries).where(deliveries.c.seq == 1).values(email="x@example.org"),
        update(deliveries).where(deliveries.c.seq == 2).values(fields={"name": "Eve"}),
        update(deliveries).where(deliveries.c.seq == 2).values(subscriber_id=9),
        deliveries.delete().where(deliveries.c.seq == 1),
        update(dispatches).values(content_hash="dead"),
    ],
    ids=["address", "fields", "person", "fewer", "content"],
)
def test_a_dispatch_does_not_go_on_with_other_recipients_or_content(
    people: Any, dispatching: Any, change: Any, go_on: Any
) -> None:
    add(people, "a@example.org", "b@example.org")
    starts_at = NOW + timedelta(days=1)
    dispatch = dispatching.make(starts_at=starts_at)
    dispatching.write(
        lambda c: c.execute(
            contents.insert().values(
                hash="dead", issue="i", subject="", compiled=b"y", created_at=0
            )
        )
    )
    dispatching.write(lambda c: c.execute(change))
    now = {"now": NOW} if go_on is continue_dispatch else {}
    with pytest.raises(OperationError) as caught:
        dispatching.write(lambda c: go_on(c, dispatch.id, **now))
    assert str(caught.value) == (
        "the recipients of dispatch 1 are not those that were confirmed: somebody "
        "changed the database. Nothing was sent. Put back a backup copy, or end it "
        "with: newsletter cancel 1"
    )


def test_sending_changes_nothing_that_was_frozen(people: Any, dispatching: Any) -> None:
    add(people, "a@example.org", "b@example.org", "c@example.org")
    dispatch = dispatching.make()
    work_off(dispatching, dispatch, S.ACCEPTED, S.DEFERRED, S.REFUSED)
    again = [S.REFUSED]
    going = dispatching.write(
        lambda c: continue_dispatch(c, dispatch.id, now=NOW, again=again)
    )
    assert going.state is DispatchState.RUNNING


def test_a_dispatch_of_an_earlier_release_goes_on_unproven(
    people: Any, dispatching: Any
) -> None:
    add(people, "a@example.org")
    dispatch = dispatching.make()
    dispatching.write(
        lambda c: c.execute(update(dispatches).values(recipients_hash=None))
    )
    going = dispatching.write(lambda c: continue_dispatch(c, dispatch.id, now=NOW))
    assert going.state is DispatchState.RUNNING
