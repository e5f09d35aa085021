"""Answers that take as long, whoever they are about.

Law: an address that is new to us is more work than one that we know, by a millisecond
or two. Nobody may learn from that who our readers are.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

#: Longer than a write takes but for a busy disk. Who types an address does not notice.
_SECONDS = 0.05


async def in_even_time(work: Awaitable[T]) -> T:
    """Do some work, and return what it returns after a fixed time, or later."""
    rest = asyncio.create_task(asyncio.sleep(_SECONDS))
    try:
        done = await work
        await rest
    finally:
        rest.cancel()
    return done
