import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from newsletter.delivery.pens import ThreadPens
from newsletter.delivery.scribe import FRESH_SECONDS, Scribe
from newsletter.errors import RecipientError
from newsletter.model.delivery import Delivery
from newsletter.model.message import Message


class Duty:
    """What a scribe sees of a letter."""

    def __init__(self, seq: int) -> None:
        self.delivery = Delivery(1, seq, seq, f"p{seq}@example.org")


class Study:
    """A scribe with a queue, and a clock to put forward."""

    def __init__(self, count: int, pool: ThreadPoolExecutor) -> None:
        #: Writing breaks down at this one.
        self.bug = 0
        self.queue: Any = deque(Duty(seq) for seq in range(1, count + 1))
        self.now = 0.0
        self.told: list[int] = []
        self.written: list[int] = []
        self.scribe = Scribe(
            self.queue,
            pens=ThreadPens(self.write, pool),
            steady=lambda: self.now,
            on_written=self.told.append,
        )

    def write(self, delivery: Delivery) -> Message:
        self.written.append(delivery.seq)
        if delivery.seq == 3:
            raise RecipientError("no.")
        if delivery.seq == self.bug:
            raise ZeroDivisionError("a bug")
        return Message(b"a\r\n", "n@example.org", delivery.email, "<1@x>")


def use(count: int, work: Callable[[Study], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        with ThreadPoolExecutor(2) as pool:
            await work(Study(count, pool))

    asyncio.run(run())


def test_scribe_writes_as_many_as_are_wanted_and_no_more() -> None:
    async def work(study: Study) -> None:
        study.scribe.refill(2)
        assert study.scribe.count == 2
        assert study.scribe.take() is None
        await study.scribe.close()
        assert study.told == [2]
        found = [study.scribe.take(), study.scribe.take(), study.scribe.take()]
        assert [one and one[0].delivery.seq for one in found] == [1, 2, None]
        assert len(study.queue) == 2

    use(4, work)


def test_letters_are_ordered_by_whole_chunks() -> None:
    async def work(study: Study) -> None:
        counts = []
        study.scribe.refill(8)
        await study.scribe.close()
        for _ in range(4):
            study.scribe.take()
            study.scribe.refill(8)
            counts.append(study.scribe.count)
        await study.scribe.close()
        assert counts == [7, 6, 5, 8]
        assert study.told == [4, 4, 4]

    use(20, work)


def test_scribe_says_of_whom_it_cannot_write_to() -> None:
    async def work(study: Study) -> None:
        study.scribe.refill(4)
        await study.scribe.close()
        found = [study.scribe.take() for _ in range(4)]
        assert [type(one[1]) for one in found if one] == [
            Message,
            Message,
            RecipientError,
            Message,
        ]

    use(4, work)


def test_scribe_writes_again_what_waited_too_long() -> None:
    async def work(study: Study) -> None:
        study.scribe.refill(1)
        await study.scribe.close()
        study.now = FRESH_SECONDS + 1
        assert study.scribe.take() is None
        assert len(study.queue) == 2
        study.scribe.refill(1)
        await study.scribe.close()
        assert study.scribe.take() is not None
        assert study.written == [1, 1]

    use(2, work)


def test_scribe_with_a_bug_raises_it_where_a_letter_is_taken() -> None:
    async def work(study: Study) -> None:
        study.bug = 5
        study.scribe.refill(8)
        await study.scribe.close()
        with pytest.raises(ZeroDivisionError):
            study.scribe.take()

    use(6, work)
