"""Wait for work that blocks, without being held up by work that never ends."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_side_thread(work: Callable[[], T]) -> T:
    """Return what *work* returns, done in a thread of its own.

    Unlike those of `asyncio.to_thread`, the thread is not waited for when the program
    ends: whoever gives up waiting is really done with it.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            tell(partial(done.set_exception, error))
        else:
            tell(partial(done.set_result, result))

    def tell(finish: Callable[[], object]) -> None:
        # The loop may be closed: too late, and nobody waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if done.done() else finish())

    threading.Thread(target=run, daemon=True).start()
    return await done
