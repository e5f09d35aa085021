from random import Random

import pytest

from newsletter.delivery.brake import Brake, Mark, brake_marks
from newsletter.delivery.limits import (
    NotYet,
    Scope,
    Slots,
    estimate_seconds,
    pace_interval,
    take_near_slots,
    take_slots,
)


def of(limits: list[tuple[int, int]]) -> list[Scope]:
    return [Scope(limits=limits)]


NOW = 1_700_000_000_000
HOUR = 3_600_000


def test_take_slots_without_limits_is_now_and_remembers_nothing() -> None:
    assert take_slots({}, of([]), count=3, now=NOW) == (Slots(NOW, 0, 3), {})


def test_take_slots_of_a_small_limit_are_spread_evenly() -> None:
    slots, marks = take_slots({}, of([(4, 2)]), count=4, now=NOW)
    assert slots.moments() == (NOW, NOW + 500, NOW + 1000, NOW + 1500)
    assert marks == {"pace 4/2": Mark(NOW + 2000)}


def test_take_slots_goes_on_where_an_earlier_process_stopped() -> None:
    _, marks = take_slots({}, of([(4, 2)]), count=4, now=NOW)
    slots, _ = take_slots(marks, of([(4, 2)]), count=1, now=NOW + 100)
    assert slots.first_at == NOW + 2000


def test_take_slots_after_a_rest_saves_nothing_up() -> None:
    marks = {"pace 4/2": Mark(NOW - HOUR)}
    slots, _ = take_slots(marks, of([(4, 2)]), count=2, now=NOW)
    assert slots.moments() == (NOW, NOW + 500)


def test_take_slots_with_a_clock_set_back_does_not_wait_for_years() -> None:
    marks = {"pace 4/2": Mark(NOW + 400 * 24 * HOUR)}
    slots, _ = take_slots(marks, of([(4, 2)]), count=1, now=NOW)
    assert slots.first_at == NOW


def test_take_slots_of_a_longer_window_do_not_slow_down_until_it_is_full() -> None:
    limits = [(2000, 86400), (3600, 3600)]
    slots, _ = take_slots({}, of(limits), count=50, now=NOW)
    assert slots == Slots(NOW, pace_interval((3600, 3600)), 50)


def test_take_slots_of_a_full_longer_window_wait_until_its_first_part_is_over() -> None:
    quota = (10, 86400)
    marks = {"quota 10/86400 1": Mark(NOW, 6), "quota 10/86400 2": Mark(NOW + HOUR, 4)}
    slots, after = take_slots(marks, of([(60, 60), quota]), count=8, now=NOW + 2 * HOUR)
    assert slots.first_at == NOW + 25 * HOUR
    assert slots.count == 6
    assert sum(mark.used for mark in after.values()) == 6 + 4 + 6


def test_take_slots_of_a_nearly_full_window_are_fewer_than_asked_for() -> None:
    marks = {"quota 10/86400 1": Mark(NOW, 7)}
    slots, _ = take_slots(marks, of([(60, 60), (10, 86400)]), count=8, now=NOW + 1000)
    assert (slots.first_at, slots.count) == (NOW + 1000, 3)


def test_take_slots_of_tests_go_at_once_and_the_dispatch_pays() -> None:
    limits = [(200, 3600)]
    interval = pace_interval(limits[0])
    tests, marks = take_slots({}, of(limits), count=10, now=NOW, is_test=True)
    assert tests.moments() == (NOW,) * 10
    dispatch, _ = take_slots(marks, of(limits), count=1, now=NOW)
    assert dispatch.first_at == NOW + 10 * interval


def test_take_slots_of_tests_beyond_the_burst_wait() -> None:
    limits = [(200, 3600)]
    _, marks = take_slots({}, of(limits), count=10, now=NOW, is_test=True)
    again, _ = take_slots(marks, of(limits), count=3, now=NOW, is_test=True)
    assert again.moments() == (NOW + 3 * pace_interval(limits[0]),) * 3


@pytest.mark.parametrize(
    "limits",
    [
        [(3, 1)],
        [(200, 3600)],
        [(300, 3600), (500, 7200)],
        [(20, 60), (100, 3600), (150, 7200)],
    ],
)
def test_take_slots_never_exceed_any_window_whatever_asks(
    limits: list[tuple[int, int]],
) -> None:
    """Tests and dispatches at random moments, restarts between: only marks are kept."""
    random = Random(repr(limits))  # noqa: S311 - the same moments in each run
    marks: dict[str, Mark] = {}
    now, sent = NOW, list[int]()
    for _ in range(600):
        is_test = random.random() < 0.2
        count = random.randint(1, 10) if is_test else 50
        slots, marks = take_slots(
            marks, of(limits), count=count, now=now, is_test=is_test
        )
        sent.extend(slots.moments())
        now = max(now, slots.moments()[-1]) + random.choice([0, 0, 1, 500, 60_000])
    sent.sort()
    for messages, seconds in limits:
        for first, last in zip(sent, sent[messages:], strict=False):
            assert last - first >= seconds * 1000


def test_take_slots_marks_stay_few_over_a_long_time() -> None:
    limits = [(60, 60), (1000, 86400)]
    marks: dict[str, Mark] = {}
    for step in range(500):
        _, marks = take_slots(marks, of(limits), count=1, now=NOW + step * HOUR // 4)
    assert len(marks) <= 1 + 26


def test_take_near_slots_takes_about_a_second_at_once() -> None:
    def count(limits: list[tuple[int, int]]) -> int:
        slots, _ = take_near_slots({}, of(limits), now=NOW)
        assert isinstance(slots, Slots)
        return slots.count

    assert count([]) == 50
    assert count([(200, 3600)]) == 1
    assert count([(20, 1)]) == 18
    assert count([(100_000, 1)]) == 50


def test_take_near_slots_takes_nothing_that_is_far_ahead() -> None:
    marks = {"pace 4/20": Mark(NOW + 1001)}
    assert take_near_slots(marks, of([(4, 20)]), now=NOW) == (NotYet(NOW + 1001), marks)
    near, _ = take_near_slots(marks, of([(4, 20)]), now=NOW + 1)
    assert near == Slots(NOW + 1001, 5000, 1)


def test_take_slots_of_several_scopes_wait_for_the_slowest_and_count_for_all() -> None:
    server, lane = Scope("", [(10, 10)]), Scope("lane a ", [(2, 10)])
    slots, marks = take_slots({}, [server, lane], count=2, now=NOW)
    assert slots == Slots(NOW, 5000, 2)
    assert marks == {
        "pace 10/10": Mark(NOW + 2000),
        "lane a pace 2/10": Mark(NOW + 10_000),
    }
    others, _ = take_slots(marks, [server, Scope("lane b ")], count=1, now=NOW)
    assert others.first_at == NOW + 2000


def test_take_slots_with_a_brake_are_as_slow_as_it_says() -> None:
    marks = brake_marks(Brake(NOW, 500, 3600), "")
    slots, after = take_slots(marks, of([]), count=2, now=NOW)
    assert slots == Slots(NOW, 2000, 2)
    again, _ = take_slots(after, of([]), count=1, now=NOW)
    assert again.first_at == NOW + 4000
    limited, _ = take_slots(marks, of([(2, 60)]), count=1, now=NOW)
    assert limited.interval_ms == 30_000


def test_estimate_seconds_is_the_slowest_limit() -> None:
    assert estimate_seconds(1300, []) is None
    assert estimate_seconds(1300, [(300, 3600)]) == 16083
    assert estimate_seconds(2500, [(36000, 3600), (1000, 86400)]) == 2 * 86400
