from datetime import UTC, datetime, timedelta

import pytest

from newsletter.checks.links.lifetimes import LIFETIMES, history_of, is_fresh
from newsletter.model.link import History, Verdict

DAY = timedelta(days=1)
MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(day: int) -> datetime:
    return MARCH + day * DAY


def test_every_verdict_has_its_time() -> None:
    days = {verdict.value: LIFETIMES[verdict] / DAY for verdict in Verdict}
    assert days == {
        "ok": 7,
        "moved": 7,
        "suspect": 1,
        "blocked": 3,
        "rate-limited": 0,
        "timeout": 0,
        "broken": 1,
        "invalid": 1,
        "unsafe": 1,
    }


@pytest.mark.parametrize(
    ("verdict", "age", "max_age", "expected"),
    [
        (Verdict.OK, 6.9, None, True),
        (Verdict.OK, 7, None, False),
        (Verdict.OK, 0.5, 1, True),
        (Verdict.OK, 1.5, 1, False),
        (Verdict.OK, 0, 0, False),
        # What the editor allows never makes an observation live longer.
        (Verdict.BROKEN, 2, 30, False),
        (Verdict.TIMEOUT, 0, None, False),
        (Verdict.RATE_LIMITED, 0, 30, False),
        # A clock that was set back: nobody knows how old it is.
        (Verdict.OK, -1, None, False),
    ],
)
def test_observation_stands_for_a_new_one_while_it_is_fresh(
    verdict: Verdict, age: float, max_age: float | None, expected: bool
) -> None:
    longest = None if max_age is None else max_age * DAY
    assert is_fresh(verdict, age * DAY, longest) is expected


def test_history_counts_checks_in_a_row() -> None:
    past = [
        (at(9), Verdict.BROKEN),
        (at(5), Verdict.BROKEN),
        (at(0), Verdict.BROKEN),
        (at(-3), Verdict.OK),
        (at(-4), Verdict.BROKEN),
    ]
    assert history_of(past) == History(Verdict.BROKEN, 3, at(0))


def test_checks_without_an_answer_neither_count_nor_interrupt() -> None:
    past = [
        (at(9), Verdict.BROKEN),
        (at(8), Verdict.TIMEOUT),
        (at(7), Verdict.RATE_LIMITED),
        (at(0), Verdict.BROKEN),
    ]
    assert history_of(past) == History(Verdict.BROKEN, 2, at(0))


def test_history_of_no_answer_ends_with_an_answer() -> None:
    past = [(at(9), Verdict.TIMEOUT), (at(8), Verdict.OK), (at(7), Verdict.TIMEOUT)]
    assert history_of(past) == History(Verdict.TIMEOUT, 1, at(9))


def test_nothing_seen_is_no_history() -> None:
    assert history_of([]) is None
