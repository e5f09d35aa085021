import asyncio
import threading
import time

import pytest

from newsletter.workflow.side_thread import in_side_thread


def test_result_and_error_come_back() -> None:
    async def run() -> int:
        with pytest.raises(ZeroDivisionError):
            await in_side_thread(lambda: 1 // 0)
        return await in_side_thread(lambda: 7)

    assert asyncio.run(run()) == 7


def test_work_that_does_not_end_holds_nobody_up() -> None:
    release = threading.Event()

    async def run() -> None:
        async with asyncio.timeout(0.1):
            await in_side_thread(lambda: release.wait(20))

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert time.monotonic() - began < 5
    # It comes to its end after the loop is closed, without a word.
    release.set()
    time.sleep(0.05)
