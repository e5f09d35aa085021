import asyncio
import time
from dataclasses import dataclass

from newsletter.studio.glance import Glance


@dataclass
class Watch:
    is_stopping: bool = False


def test_glance_rises_with_each_change_and_with_nothing_else() -> None:
    seen = ["a"]

    async def run() -> list[int]:
        glance = Glance(lambda: seen[0], Watch())
        versions = []
        for value in ("a", "a", "b"):
            seen[0] = value
            glance._next_at = 0.0
            await glance.newer_than(glance.version, seconds=0)
            versions.append(glance.version)
        return versions

    assert asyncio.run(run()) == [2, 2, 3]


def test_glance_is_made_once_for_all_who_wait() -> None:
    looks = []

    async def run() -> None:
        glance = Glance(lambda: looks.append(1), Watch())
        waiting = [glance.newer_than(9, seconds=0.01) for _ in range(8)]
        assert await asyncio.gather(*waiting) == [False] * 8

    asyncio.run(run())
    assert len(looks) == 1


def test_glance_that_takes_long_is_made_seldom() -> None:
    async def run() -> float:
        glance = Glance(lambda: time.sleep(0.2), Watch())
        await glance.newer_than(1, seconds=0)
        return glance._next_at - time.monotonic()

    assert asyncio.run(run()) > 3.5


def test_glance_stops_with_the_preview_beside_it() -> None:
    watch = Watch()

    async def run() -> list[bool]:
        glance = Glance(lambda: None, watch)
        before = glance.is_stopping
        watch.is_stopping = True
        return [before, glance.is_stopping]

    assert asyncio.run(run()) == [False, True]
