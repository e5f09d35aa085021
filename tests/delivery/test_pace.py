import asyncio
import time
from collections.abc import Callable

from newsletter.delivery.limits import Slots
from newsletter.delivery.pace import Marks, Pace
from newsletter.delivery.stop import Stop


class Notebook:
    """Remembers marks, as the table does."""

    def __init__(self) -> None:
        self.marks: Marks = {}
        self.questions = 0

    async def change_marks(self, step: Callable[[Marks], tuple[Slots, Marks]]) -> Slots:
        self.questions += 1
        slots, self.marks = step(self.marks)
        return slots


def millis() -> int:
    return int(time.time() * 1000)


def test_wait_without_limits_asks_nobody() -> None:
    notebook = Notebook()
    pace = Pace((), store=notebook, clock=millis)
    assert asyncio.run(pace.wait(Stop()))
    assert notebook.questions == 0


def test_wait_spreads_messages_over_the_window() -> None:
    async def run() -> float:
        pace = Pace([(5, 1)], store=Notebook(), clock=millis)
        began = time.monotonic()
        for _ in range(3):
            assert await pace.wait(Stop())
        return time.monotonic() - began

    assert 0.35 < asyncio.run(run()) < 0.8


def test_wait_takes_a_slice_at_once_where_the_limit_is_high() -> None:
    async def run() -> int:
        notebook = Notebook()
        pace = Pace([(1000, 1)], store=notebook, clock=millis)
        for _ in range(50):
            assert await pace.wait(Stop())
        return notebook.questions

    assert asyncio.run(run()) == 1


def test_wait_ends_at_once_when_the_dispatch_is_to_stop() -> None:
    async def run() -> float:
        stop = Stop()
        pace = Pace([(1, 3600)], store=Notebook(), clock=millis)
        assert await pace.wait(stop)
        began = time.monotonic()
        asyncio.get_running_loop().call_later(0.05, stop.request, None)
        assert not await pace.wait(stop)
        assert not await pace.wait(stop)
        return time.monotonic() - began

    assert asyncio.run(run()) < 1
