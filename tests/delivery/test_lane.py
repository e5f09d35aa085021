import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.delivery.brake import RECOVERY_MS
from newsletter.delivery.pens import ThreadPens
from newsletter.delivery.schedule import Patience
from newsletter.delivery.transports import Answer, Ending, Letter, Loss
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.errors import RecipientError
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage
from newsletter.store.tables import batches

YES = Answer(Stage.END, Reply(250, "ok"))
QUICK = Patience(at_start=0.2, later=0.2, first=0.01, longest=0.05)
SLOWER = Answer(Stage.RCPT, Reply(451, "exceeded the rate", "4.7.28"))
TOO_MANY = Answer(Stage.CONNECT, Reply(421, "too many connections", "4.7.0"))
S = DeliveryState


class Holding(MemoryTransport):
    """Holds the letters of some until they are let go."""

    def __init__(self, kept: list[Message], names: set[str]) -> None:
        super().__init__(kept)
        self.names = names
        self.gate = asyncio.Event()

    async def hand_over(self, letter: Letter) -> Ending:
        if letter.message.envelope_recipient.partition("@")[0] in self.names:
            self.names.clear()
            await letter.ask()
            await self.gate.wait()
            self.kept.append(letter.message)
            return YES
        return await super().hand_over(letter)


def batch_states(floor: Any) -> list[str]:
    with floor.database.reading() as connection:
        query = select(batches.c.state).order_by(batches.c.id)
        return list(connection.execute(query).scalars())


def test_lane_goes_on_to_the_next_batches_while_one_letter_is_under_way(
    make_floor: Any,
) -> None:
    floor = make_floor(count=1200)
    kept: list[Message] = []
    lines: list[Holding] = []
    names = {"p00499"}

    def connect() -> Holding:
        lines.append(Holding(kept, names))
        return lines[-1]

    async def let_go(_: Any) -> None:
        while len(kept) < 1199:  # noqa: ASYNC110 - lines work meanwhile
            await asyncio.sleep(0.01)
        assert batch_states(floor)[0] == "open"
        for line in lines:
            line.gate.set()

    assert floor.run(connect, connections=3, beside=let_go) is None
    assert len(kept) == 1200
    assert set(batch_states(floor)) == {"done"}


LANES = {"big": ("big.example",)}


def test_lanes_work_side_by_side_with_limits_of_their_own(make_floor: Any) -> None:
    emails = [f"a{number}@big.example" for number in range(6)]
    floor = make_floor(emails=emails, count=60, lanes=LANES)
    at: dict[str, float] = {}

    def note(message: Message) -> Ending:
        at[message.envelope_recipient] = time.monotonic()
        return YES

    began = time.monotonic()
    kinds = {"big": floor.lane(limits=[(5, 1)])}
    assert floor.run(lambda: MemoryTransport([], note), lanes=kinds) is None
    slow = [when - began for email, when in at.items() if "big" in email]
    quick = [when - began for email, when in at.items() if "big" not in email]
    assert max(slow) - min(slow) > 0.9
    assert len(quick) == 60
    assert max(quick) < max(slow)
    assert floor.marks().keys() == {"lane big pace 5/1"}


def test_lanes_share_the_limits_of_the_server(make_floor: Any) -> None:
    floor = make_floor(
        emails=[f"a{number}@big.example" for number in range(4)], count=4, lanes=LANES
    )
    began = time.monotonic()
    kinds = {"big": floor.lane()}
    assert floor.run(MemoryTransport, lanes=kinds, limits=[(10, 1)]) is None
    assert 0.65 < time.monotonic() - began < 3


def test_lane_keeps_a_limit_over_restarts(make_floor: Any) -> None:
    floor = make_floor(count=4)
    floor.run(MemoryTransport, limits=[(4, 2)])
    more = floor.marks()["pace 4/2"][0]
    assert more >= int(floor.began_at.timestamp() * 1000) + 2000


def test_lane_told_to_be_slower_halves_and_a_restart_remembers(
    make_floor: Any,
) -> None:
    floor = make_floor(count=90)
    answers = iter([YES] * 40 + [SLOWER])

    async def stop(hall: Any) -> None:
        lane = hall.lanes[""]
        while lane.allowed == 4:  # noqa: ASYNC110 - lines work meanwhile
            await asyncio.sleep(0.01)
        assert lane.allowed == 2
        assert lane.is_braked
        await asyncio.sleep(0.1)
        hall.desk.stop.request(None)

    floor.run(
        lambda: MemoryTransport([], lambda _: next(answers, YES)),
        connections=4,
        # Too few and too quick to measure: the limit is the rate.
        limits=[(1000, 10)],
        beside=stop,
    )
    assert floor.dispatch.counts[S.ACCEPTED] < 90
    assert floor.dispatch.counts[S.REFUSED] == 0
    _at, share = floor.marks()["others brake"]
    assert share == 500
    assert floor.marks()["others brake rate"][1] > 0

    floor.go_on()

    async def look(hall: Any) -> None:
        await asyncio.sleep(0.1)
        assert hall.lanes[""].is_paced
        hall.pass_by(4 * RECOVERY_MS / 1000)

    assert floor.run(MemoryTransport, connections=4, beside=look) is None
    assert floor.dispatch.counts[S.ACCEPTED] == 90


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Stage.END, Reply(452, "Insufficient system storage", "4.3.1")),
        Answer(Stage.MAIL, Reply(421, "shutting down", "4.3.2")),
        Answer(Stage.RCPT, Reply(450, "hourly sending limit exceeded", "4.7.1")),
        Loss("the connection was cut", is_message_out=False),
    ],
)
def test_lane_hindered_by_what_is_not_about_speed_gets_no_slower(
    make_floor: Any, answer: Ending
) -> None:
    floor = make_floor(count=90)
    answers = iter([YES] * 40 + [answer])
    floor.run(lambda: MemoryTransport([], lambda _: next(answers, YES)), connections=4)
    assert floor.dispatch.counts[S.ACCEPTED] == 90
    assert not [key for key in floor.marks() if "brake" in key]


def test_lane_slowed_after_few_mails_goes_at_full_speed_again(make_floor: Any) -> None:
    """Of 40 mails in a moment no rate is known: only connections are held back."""
    floor = make_floor(count=90)
    answers = iter([YES] * 40 + [SLOWER])
    floor.run(lambda: MemoryTransport([], lambda _: next(answers, YES)), connections=4)
    assert floor.dispatch.counts[S.ACCEPTED] == 90
    assert floor.marks()["others brake rate"][1] == 0


def test_lane_told_of_too_many_connections_uses_fewer_and_is_not_slower(
    make_floor: Any,
) -> None:
    """A server that takes two connections: the others are no reason to wait."""
    floor = make_floor(count=200)
    working = threading.local()
    working.number = 0

    class Two(MemoryTransport):
        async def work(self, feed: Any) -> None:
            working.number += 1
            self.is_one_too_many = working.number > 2
            await super().work(feed)

        async def hand_over(self, letter: Letter) -> Ending:
            await asyncio.sleep(0.001)
            if self.is_one_too_many:
                return TOO_MANY
            return await super().hand_over(letter)

    began = time.monotonic()
    assert floor.run(Two, connections=4) is None
    assert floor.dispatch.counts[S.ACCEPTED] == 200
    assert time.monotonic() - began < 5
    assert floor.marks()["brake rate"] == (0, 0) or not floor.marks()["brake rate"][1]


def test_lane_in_a_storm_of_421_mails_everybody_in_the_end(make_floor: Any) -> None:
    floor = make_floor(count=40)
    calls = iter(range(10_000))
    busy = Answer(Stage.END, Reply(421, "4.7.0 try again later", "4.7.0"))

    def answer(_: Message) -> Ending:
        return busy if 5 <= next(calls) < 25 else YES

    async def hurry(hall: Any) -> None:
        while not hall.desk.stop.is_set and floor.look().counts[S.ACCEPTED] < 40:
            await asyncio.sleep(0.02)
            hall.pass_by(30)

    kept: list[Message] = []
    floor.run(lambda: MemoryTransport(kept, answer), connections=4, beside=hurry)
    assert floor.dispatch.counts[S.ACCEPTED] == 40
    assert len(kept) == 40


def test_lane_whose_network_goes_and_comes_back_goes_on(make_floor: Any) -> None:
    """A failed name look-up: nobody's fault, and nobody is tried in its place."""
    floor = make_floor(count=30)
    calls = iter(range(10_000))
    lost = Loss("the mail server mx.example was not found", is_message_out=False)
    asked: list[float] = []

    def answer(_: Message) -> Ending:
        if 5 <= next(calls) < 25:
            asked.append(time.monotonic())
            return lost
        return YES

    assert floor.run(lambda: MemoryTransport([], answer), connections=4) is None
    assert floor.dispatch.state is DispatchState.DONE
    assert floor.dispatch.counts[S.ACCEPTED] == 30
    assert len(asked) == 20
    # After two waves one line tries, and the others wait for what comes of it.
    assert asked[-1] - asked[8] > 6 * QUICK.longest


def test_lane_writes_in_threads_a_letter_ahead_of_its_turn(make_floor: Any) -> None:
    floor = make_floor(count=40)
    threads: set[str] = set()

    def write(delivery: Delivery) -> Message:
        threads.add(threading.current_thread().name)
        if delivery.seq == 7:
            raise RecipientError("no.")
        time.sleep(0.01)
        return Message(b"a\r\n", "n@example.org", delivery.email, "<1@x>")

    class Slow(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            await asyncio.sleep(0.01)
            return await super().hand_over(letter)

    began = time.monotonic()
    with ThreadPoolExecutor(4, "sign") as pool:
        assert floor.run(Slow, connections=4, pens=ThreadPens(write, pool)) is None
    assert all(name.startswith("sign") for name in threads)
    assert floor.dispatch.counts[S.ACCEPTED] == 39
    assert floor.dispatch.counts[S.REFUSED] == 1
    assert time.monotonic() - began < 5


def test_lane_whose_writer_has_a_bug_stops_in_good_order(make_floor: Any) -> None:
    floor = make_floor(count=40)

    def write(delivery: Delivery) -> Message:
        if delivery.seq == 7:
            raise ZeroDivisionError("a bug")
        return Message(b"a\r\n", "n@example.org", delivery.email, "<1@x>")

    with pytest.raises(ZeroDivisionError):
        floor.run(MemoryTransport, connections=2, write=write)
    assert "attempting" not in floor.states().values()
