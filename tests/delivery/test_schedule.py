from datetime import UTC, datetime, timedelta

import pytest

from newsletter.delivery.schedule import (
    Patience,
    RetryPolicy,
    retry_at,
    show_duration,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = RetryPolicy(delays=(60, 600), give_up_seconds=3600)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (2, 600), (9, 600)])
def test_retry_at_waits_longer_each_time(attempts: int, seconds: int) -> None:
    again = retry_at(attempts, last=NOW, since=NOW, policy=POLICY)
    assert again == NOW + timedelta(seconds=seconds)


def test_retry_at_past_the_deadline_gives_up() -> None:
    since = NOW - timedelta(hours=1)
    assert retry_at(3, last=NOW, since=since, policy=POLICY) is None


def test_retry_at_past_the_deadline_tries_again_who_was_hardly_tried() -> None:
    since = NOW - timedelta(days=9)
    again = retry_at(2, last=NOW, since=since, policy=POLICY)
    assert again == NOW + timedelta(seconds=600)


def test_retry_at_before_the_deadline_tries_however_often_it_was_tried() -> None:
    since = NOW - timedelta(minutes=59)
    assert retry_at(99, last=NOW, since=since, policy=POLICY) is not None


def test_patience_doubles_its_pauses_up_to_the_longest() -> None:
    patience = Patience(first=0.5, longest=60)
    pauses = [patience.pause(failures) for failures in (1, 2, 3, 8, 10_000)]
    assert pauses == [0.5, 1, 2, 60, 60]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3599, "1 h 00"),
        (15600, "4 h 20"),
        (3 * 86400, "3 days"),
    ],
)
def test_show_duration_as_people_say_it(seconds: int, shown: str) -> None:
    assert show_duration(seconds) == shown
