import time
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.delivery import clock
from newsletter.delivery.clock import RunClock, seconds_since_boot


@pytest.mark.parametrize("hours", [-5, 5])
def test_run_clock_goes_on_evenly_when_the_clock_of_the_wall_is_set(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    run = RunClock()
    before = run.now()

    class Wall(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Wall":
            return cls(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours)

    monkeypatch.setattr(clock, "datetime", Wall)
    assert timedelta(0) <= run.now() - before < timedelta(seconds=5)


def test_run_clock_begins_with_the_present() -> None:
    assert abs((RunClock().now() - datetime.now(UTC)).total_seconds()) < 5


def test_seconds_since_boot_go_on() -> None:
    before = seconds_since_boot()
    time.sleep(0.01)
    assert 0.009 < seconds_since_boot() - before < 5
