import asyncio
from collections.abc import Callable
from typing import Any

from newsletter.delivery.brake import FADED, RECOVERY_MS, STORM_MS
from newsletter.delivery.limits import NotYet, Scope, Slots
from newsletter.delivery.pace import Brakes, Marks, Meter, Pace

NOW = 1_700_000_000_000


class Notebook:
    """Remembers marks, as the table does; with a clock to put forward."""

    def __init__(self) -> None:
        self.marks: Marks = {}
        self.now = NOW

    def clock(self) -> int:
        return self.now

    async def change_marks(self, step: Callable[[Marks], tuple[Any, Marks]]) -> Any:
        answer, self.marks = step(self.marks)
        return answer

    def pace(self, *limits: tuple[int, int]) -> Pace:
        return Pace([Scope("", limits)], store=self, clock=self.clock)

    def brakes(self) -> Brakes:
        brakes = Brakes(self, self.clock)
        asyncio.run(brakes.load(["", "others "]))
        return brakes


def test_take_gives_moments_and_remembers_them() -> None:
    notebook = Notebook()
    assert asyncio.run(notebook.pace((4, 40)).take()) == Slots(NOW, 10_000, 1)
    assert asyncio.run(notebook.pace((4, 40)).take()) == NotYet(NOW + 10_000)
    assert notebook.marks == {"pace 4/40": (NOW + 10_000, 0)}


def test_take_for_test_takes_what_is_kept_free_for_tests() -> None:
    pace = Notebook().pace((200, 3600))
    asyncio.run(pace.take())
    assert asyncio.run(pace.take_for_test(4)) == Slots(NOW, 0, 4)


def test_most_hourly_is_the_tightest_of_the_limits() -> None:
    notebook = Notebook()
    assert notebook.pace().most_hourly == 0
    assert notebook.pace((300, 3600)).most_hourly == 290


def test_protest_halves_connections_at_once_and_a_restart_remembers() -> None:
    notebook = Notebook()
    brakes = notebook.brakes()
    brakes.protest("", 0)
    assert brakes.allowed("", 8) == 4
    assert brakes.allowed("others ", 8) == 8
    assert not brakes.slows("")
    asyncio.run(brakes.keep())
    assert notebook.brakes().allowed("", 8) == 4


def test_protest_of_all_connections_at_once_is_one() -> None:
    notebook = Notebook()
    brakes = notebook.brakes()
    for _ in range(8):
        brakes.protest("", 0)
    assert brakes.allowed("", 8) == 4
    notebook.now += STORM_MS
    brakes.protest("", 0)
    assert brakes.allowed("", 8) == 3


def test_protest_with_a_rate_slows_and_fades_evenly() -> None:
    notebook = Notebook()
    brakes = notebook.brakes()
    brakes.protest("", 3600)
    asyncio.run(brakes.keep())
    assert brakes.slows("")
    assert asyncio.run(notebook.pace().take()) == Slots(NOW, 2000, 1)
    notebook.now += RECOVERY_MS // 2
    assert asyncio.run(notebook.pace().take()) == Slots(notebook.now, 1000, 1)
    assert brakes.allowed("", 8) == 8
    notebook.now = NOW + RECOVERY_MS * FADED // 1000
    assert not brakes.slows("")
    assert asyncio.run(notebook.pace().take()) == Slots(notebook.now, 0, 50)


def test_allowed_is_at_least_one() -> None:
    notebook = Notebook()
    brakes = notebook.brakes()
    for _ in range(20):
        brakes.protest("", 0)
        notebook.now += STORM_MS
    assert brakes.allowed("", 8) == 1


def test_meter_knows_the_rate_of_late() -> None:
    meter = Meter()
    assert meter.hourly(100.0) == 0
    for second in range(200):
        meter.sample(float(second))
        meter.accepted += 2
    assert meter.hourly(200.0) == 7200


def test_meter_makes_no_rate_of_few() -> None:
    meter = Meter()
    meter.sample(0.0)
    meter.accepted = 49
    assert meter.hourly(4.0) == 0
    meter.accepted = 50
    assert meter.hourly(4.0) == 45_000


def test_meter_makes_no_rate_of_a_moment() -> None:
    meter = Meter()
    meter.sample(0.0)
    meter.accepted = 500
    assert meter.hourly(2.9) == 0


def test_meter_leaves_out_the_time_in_which_nothing_was_taken() -> None:
    meter = Meter()
    for second in range(50):
        meter.sample(float(second))
        meter.accepted += 100 * (second < 4)
    assert meter.hourly(50.0) == 360_000


def test_brake_is_gone_ten_minutes_after_the_last_protest() -> None:
    notebook = Notebook()
    brakes = notebook.brakes()
    for _ in range(30):
        brakes.protest("", 3600)
        notebook.now += STORM_MS
    asyncio.run(brakes.keep())
    notebook.now += 10 * 60_000
    assert not notebook.brakes().slows("")
    assert notebook.brakes().allowed("", 8) == 8
