import timeit
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.cli.live import (
    STOPPING,
    Live,
    begin_line,
    count_words,
    is_news,
    state_line,
)
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING


def live(pending: int = 100, *, limits: tuple[tuple[int, int], ...] = ()) -> Live:
    made = Live("Europe/Amsterdam", limits)
    made.begin(dispatch_of(pending))
    return made


def dispatch_of(pending: int) -> Dispatch:
    return Dispatch(
        1,
        "2026-03",
        "",
        ("main",),
        DispatchState.RUNNING,
        "",
        None,
        pending,
        dict.fromkeys(DeliveryState, 0) | {PENDING: pending},
        NOW,
    )


def serve(live: Live, people: int, state: DeliveryState = ACCEPTED) -> None:
    for _ in range(people):
        live.note(PENDING, state)


def test_note_keeps_the_numbers_adding_up() -> None:
    made = live()
    serve(made, 40)
    serve(made, 2, DeliveryState.REFUSED)
    serve(made, 1, DeliveryState.DEFERRED)
    made.note(DeliveryState.DEFERRED, ACCEPTED)
    assert sum(made.counts) == made.total == 100
    assert (made.served, made.left) == (43, 57)
    assert list(count_words(made)) == ["41 taken by your mail server", "2 refused"]


def test_note_costs_less_than_two_microseconds() -> None:
    made = live()
    note = made.note
    took = min(timeit.repeat(lambda: note(PENDING, ACCEPTED), number=2000, repeat=5))
    assert took / 2000 < 2e-6


def test_rate_is_that_of_the_last_minute() -> None:
    made = live(10_000)
    for second in range(200):
        serve(made, 5 if second < 100 else 20)
        made.sample(float(second))
    assert made.rate == pytest.approx(20, rel=0.02)
    assert len(made._samples) < 70


def test_rate_is_not_told_of_a_moment_or_of_nothing() -> None:
    made = live()
    made.sample(0.0)
    serve(made, 50)
    made.sample(1.0)
    assert made.rate is None
    still = live()
    still.sample(0.0)
    still.sample(30.0)
    assert still.rate is None


def test_time_left_comes_from_the_limits_when_they_are_slower() -> None:
    made = live(301, limits=((300, 3600),))
    serve(made, 1)
    made.sample(0.0)
    made.sample(10.0)
    assert state_line(made, NOW) == "about 1 h 02 left, until 14:01"


def test_time_left_comes_from_the_rate_without_limits() -> None:
    made = live(1000)
    made.sample(0.0)
    serve(made, 100)
    made.sample(10.0)
    assert state_line(made, NOW) == "10 a second · about 2 min left, until 13:01"


def test_state_before_anything_is_known_promises_nothing() -> None:
    assert state_line(live(), NOW) == "Beginning."


def test_waiting_says_why_and_until_when() -> None:
    made = live()
    made.wait("300 an hour", NOW + timedelta(minutes=35))
    assert state_line(made, NOW) == "Waiting until 13:35: 300 an hour."
    made.wait("the mail server does not answer", None)
    assert state_line(made, NOW) == "Waiting: the mail server does not answer."
    made.wait("", None)
    assert state_line(made, NOW) == "Beginning."


def test_waiting_from_one_mail_to_the_next_is_no_news() -> None:
    made = live()
    made.wait("300 an hour", NOW + timedelta(seconds=12))
    assert not is_news(made, NOW)


def test_trouble_is_told_until_somebody_is_served() -> None:
    made = live()
    made.hinder("the mail server mx:25 does not answer (connection refused)")
    made.sample(0.0)
    assert state_line(made, NOW) == (
        "The mail server mx:25 does not answer (connection refused). Trying again."
    )
    serve(made, 1)
    made.sample(1.0)
    assert made.trouble == ""


def test_stopping_is_said_before_all_else() -> None:
    made = live()
    made.wait("300 an hour", None)
    made.stop()
    assert state_line(made, NOW) == STOPPING


def test_begin_counts_those_who_may_still_get_it() -> None:
    assert begin_line(live(1)) == "Sending 2026-03 to 1 subscriber."
    assert begin_line(live(12_345)) == "Sending 2026-03 to 12,345 subscribers."


def test_canary_announces_and_times_only_its_own() -> None:
    made = live(59)
    made.begin(replace(dispatch_of(59), canary=20))
    assert begin_line(made) == "Sending 2026-03 to 20 subscribers."
    assert made.left == 20
    serve(made, 20)
    assert (made.served, made.left) == (20, 0)


def test_go_on_behind_a_canary_announces_the_others() -> None:
    made = live(59)
    counts = dict.fromkeys(DeliveryState, 0) | {PENDING: 39, ACCEPTED: 20}
    made.begin(replace(dispatch_of(59), canary=20, counts=counts))
    assert begin_line(made) == "Sending 2026-03 to 39 subscribers."
    assert (made.served, made.left) == (20, 39)
