import asyncio
import time

import pytest

from newsletter.web.even_time import in_even_time


async def work(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


async def fail() -> str:
    raise KeyError("broken")


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02])
def test_quick_work_takes_as_long_whatever_it_was(seconds: float) -> None:
    started = time.monotonic()
    assert asyncio.run(in_even_time(work(seconds))) == "done"
    assert 0.05 <= time.monotonic() - started < 0.5


def test_long_work_waits_for_nothing() -> None:
    started = time.monotonic()
    assert asyncio.run(in_even_time(work(0.2))) == "done"
    assert time.monotonic() - started < 0.25


def test_what_fails_fails() -> None:
    with pytest.raises(KeyError):
        asyncio.run(in_even_time(fail()))
