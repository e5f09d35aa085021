import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from newsletter.delivery.limits import Scope
from newsletter.delivery.moments import Moments
from newsletter.delivery.pace import Marks, Pace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Watch:
    """Clocks that a test turns, and a notebook for marks."""

    def __init__(self) -> None:
        self.steady_at = 100.0
        self.marks: Marks = {}

    def steady(self) -> float:
        return self.steady_at

    def millis(self) -> int:
        return int((NOW.timestamp() + self.steady_at - 100) * 1000)

    async def change_marks(self, step: Callable[[Marks], tuple[Any, Marks]]) -> Any:
        answer, self.marks = step(self.marks)
        return answer

    def open(self, *limits: tuple[int, int]) -> tuple[Moments, Pace]:
        pace = Pace([Scope("", limits)], store=self, clock=self.millis)
        return Moments(self.steady, self.millis), pace


def test_moments_are_taken_a_second_ahead_and_used_one_by_one() -> None:
    watch = Watch()
    moments, pace = watch.open((4, 2))
    assert moments.seconds_to_next() == inf
    assert asyncio.run(moments.refill(pace)) == 0.0
    assert moments.take() == 100.0
    assert moments.take() is None
    assert moments.seconds_to_next() == 0.5
    watch.steady_at += 0.5
    assert moments.take() == 100.5


def test_moment_put_back_is_the_next_one_again() -> None:
    moments, pace = Watch().open((4, 2))
    asyncio.run(moments.refill(pace))
    moment = moments.take()
    assert moment is not None
    moments.put_back(moment)
    assert moments.take() == moment


def test_moment_that_passed_unused_is_lost() -> None:
    watch = Watch()
    moments, pace = watch.open((4, 2))
    asyncio.run(moments.refill(pace))
    watch.steady_at += 60
    assert moments.take() is None
    assert asyncio.run(moments.refill(pace)) == 0.0
    assert moments.take() == 160.0


def test_moments_far_ahead_are_told_and_not_asked_for_again() -> None:
    watch = Watch()
    moments, pace = watch.open((3, 3600))
    asyncio.run(moments.refill(pace))
    assert moments.take() is not None
    assert asyncio.run(moments.refill(pace)) == 1199.0
    assert moments.far(30.0) == NOW + timedelta(seconds=1199)
    assert moments.far(1200.0) is None
    watch.marks = {}
    assert asyncio.run(moments.refill(pace)) == 1199.0
    moments.forget()
    assert asyncio.run(moments.refill(pace)) == 0.0
