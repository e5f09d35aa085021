"""A line's place in its lane: when it may take a letter, and what becomes of it."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import select

from newsletter.delivery.pens import ThreadPens
from newsletter.delivery.schedule import Patience
from newsletter.delivery.transports import Answer, Ending, Letter, Loss
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage
from newsletter.store.tables import batches

YES = Answer(Stage.END, Reply(250, "ok"))
LATER = Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1"))
OUT = Loss("reset", is_message_out=True)
LOST = Loss("no route to host", is_message_out=False)
S = DeliveryState


def write_slowly(delivery: Delivery) -> Message:
    time.sleep(0.02)
    return Message(b"a\r\n", "n@example.org", delivery.email, f"<{delivery.seq}@x>")


def test_seat_that_found_the_server_again_keeps_nobody_waiting_later(
    make_floor: Any,
) -> None:
    """Its lane may be over when the server goes away once more."""
    floor = make_floor(count=30)
    calls = iter(range(1000))
    lost = frozenset((*range(5, 15), *range(20, 25)))

    async def look(hall: Any) -> None:
        async with asyncio.timeout(5):
            while not hall.desk.trouble.prober:  # noqa: ASYNC110 - lines work
                await asyncio.sleep(0.001)
            while hall.desk.trouble.failing_since is not None:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert hall.desk.trouble.prober is None

    halt = floor.run(
        lambda: MemoryTransport([], lambda _: LOST if next(calls) in lost else YES),
        connections=2,
        patience=Patience(at_start=30, later=30, first=0.01, longest=0.05),
        beside=look,
    )
    assert halt is None
    assert floor.dispatch.counts[S.ACCEPTED] == 30


def test_seat_sends_one_letter_for_each_moment_also_when_threads_write(
    make_floor: Any,
) -> None:
    floor = make_floor(count=8)
    kept: list[Message] = []

    async def look(hall: Any) -> None:
        for _ in range(6):
            before = len(kept)
            await asyncio.sleep(0.5)
            # Time that jumps looks like sleep, which may cost a moment, and gives none.
            assert len(kept) <= before + 1
            hall.pass_by(20 * 60)
        assert len(kept) > 2
        hall.desk.stop.request(None)

    with ThreadPoolExecutor(4) as pool:
        floor.run(
            lambda: MemoryTransport(kept),
            connections=4,
            limits=[(3, 3600)],
            beside=look,
            pens=ThreadPens(write_slowly, pool),
        )
    assert floor.dispatch.counts[S.ATTEMPTING] == 0


def test_seat_that_rests_gives_its_letter_to_others_at_once(make_floor: Any) -> None:
    """One line is broken for good: the last letter does not wait for its rest."""
    floor = make_floor(count=9)
    kept: list[Message] = []
    lines: list[MemoryTransport] = []

    class Broken(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            if self is lines[0]:
                await asyncio.sleep(0.3)
                await letter.ask()
                return OUT
            return await super().hand_over(letter)

    def connect() -> MemoryTransport:
        lines.append(Broken(kept))
        return lines[-1]

    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        halt = floor.run(
            connect,
            connections=2,
            patience=Patience(first=8),
            pens=ThreadPens(write_slowly, pool),
        )
    assert halt is None
    assert len(kept) == 8
    assert floor.dispatch.counts[S.UNKNOWN] == 1
    assert time.monotonic() - began < 4


def test_seat_left_before_the_intent_was_written_keeps_what_the_server_said(
    make_floor: Any,
) -> None:
    """Another command writes; Ctrl-C comes while the ledger waits for it."""
    floor = make_floor(count=2)
    halt = Halt(DispatchState.INTERRUPTED, "Ctrl-C")
    gate = threading.Event()

    class Greylisting(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            while not gate.is_set():  # noqa: ASYNC110 - the test sets it
                await asyncio.sleep(0.001)
            letter.ask()
            return LATER

    async def stop(hall: Any) -> None:
        # The lane has learned that there is no other batch.
        await asyncio.sleep(1.3)
        with floor.database.writing():
            gate.set()
            await asyncio.sleep(0.05)
            hall.desk.stop.request(halt)
            await asyncio.sleep(0.05)

    assert floor.run(Greylisting, connections=2, beside=stop) == halt
    assert floor.dispatch.counts[S.DEFERRED] == 2
    assert floor.told.outcomes == [(S.PENDING, S.DEFERRED)] * 2
    with floor.database.reading() as connection:
        [(owner, next_at)] = connection.execute(
            select(batches.c.owner, batches.c.next_at)
        ).all()
    assert owner is None
    assert next_at is not None


def test_seat_whose_connection_ends_with_many_letters_has_failed_once(
    make_floor: Any,
) -> None:
    """Else a line that had four on their way would rest for ten minutes."""
    floor = make_floor(count=9)
    kept: list[Message] = []
    failures: list[int] = []

    class Wide(MemoryTransport):
        async def work(self, feed: Any) -> None:
            letters = [await feed.take()]
            while len(letters) < 4 and (letter := feed.take_ready()) is not None:
                letters.append(letter)
            for letter in letters:
                await letter.ask()
            for letter in letters:
                letter.settle(OUT)
            failures.append(feed.failures)
            await super().work(feed)

    assert floor.run(lambda: Wide(kept), window=4) is None
    assert failures == [1]
    assert floor.dispatch.counts[S.UNKNOWN] == 4
    assert len(kept) == 5
