import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from newsletter.delivery.schedule import Patience, RetryPolicy
from newsletter.delivery.transports import Answer, Ending, Letter, Loss
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage
from newsletter.store.dispatches import pause_dispatch

YES = Answer(Stage.END, Reply(250, "ok"))
LATER = Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1"))
LOST = Loss("no route to host", is_message_out=False)
S = DeliveryState
HOUR = 3600.0


def pause(floor: Any, reason: str = "by hand") -> None:
    with floor.database.writing() as connection:
        pause_dispatch(connection, floor.dispatch.id, reason=reason)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - anything may change it
            await asyncio.sleep(0.01)


def test_run_asked_to_stop_ends_with_the_first_reason(make_floor: Any) -> None:
    floor = make_floor(count=1000)
    halt = Halt(DispatchState.INTERRUPTED, "Ctrl-C")
    kept: list[Message] = []

    async def ask(hall: Any) -> None:
        hall.desk.stop.request(halt)
        hall.desk.stop.request(Halt(DispatchState.PAUSED, "too late"))

    assert floor.run(lambda: MemoryTransport(kept), beside=ask) == halt
    assert floor.dispatch.state is DispatchState.INTERRUPTED
    assert len(kept) + floor.dispatch.unfinished == 1000
    assert floor.dispatch.counts[S.ATTEMPTING] == 0


def test_run_notices_a_pause_while_all_its_lines_wait(floor: Any) -> None:
    """No intent is asked for meanwhile: it has to look by itself."""

    class Busy(MemoryTransport):
        async def work(self, feed: Any) -> None:
            await gone
            await super().work(feed)

    gone: asyncio.Future[None]

    async def stop(hall: Any) -> None:
        pause(floor)
        began = time.monotonic()
        await until(lambda: hall.desk.stop.is_set)
        assert time.monotonic() - began < 1
        gone.set_result(None)

    def connect() -> Busy:
        nonlocal gone
        gone = asyncio.get_running_loop().create_future()
        return Busy()

    assert floor.run(connect, beside=stop) is None
    assert floor.dispatch.state is DispatchState.PAUSED
    assert set(floor.states().values()) == {"pending"}


def test_run_paused_midway_leaves_nobody_in_doubt(make_floor: Any) -> None:
    floor = make_floor(count=2000)
    kept: list[Message] = []

    async def stop(_: Any) -> None:
        await until(lambda: len(kept) > 100)
        pause(floor)

    assert floor.run(lambda: MemoryTransport(kept), connections=8, beside=stop) is None
    assert floor.dispatch.state is DispatchState.PAUSED
    assert floor.dispatch.counts[S.ACCEPTED] == len(kept) < 2000
    assert floor.dispatch.counts[S.PENDING] == 2000 - len(kept)


def test_run_closes_every_line(floor: Any) -> None:
    closed: list[int] = []

    class Closing(MemoryTransport):
        async def close(self) -> None:
            closed.append(1)

    floor.run(Closing, connections=3)
    assert closed == [1, 1, 1]


def test_run_of_a_canary_tries_the_first_and_pauses(make_floor: Any) -> None:
    floor = make_floor(count=20, canary=5)
    kept: list[Message] = []
    assert floor.run(lambda: MemoryTransport(kept), connections=3) is None
    assert len(kept) == 5
    assert floor.dispatch.state is DispatchState.PAUSED
    assert floor.dispatch.counts[S.PENDING] == 15
    floor.go_on()
    assert floor.run(lambda: MemoryTransport(kept), connections=3) is None
    assert len(kept) == floor.dispatch.counts[S.ACCEPTED] == 20


# --- waiting --------------------------------------------------------------------------


def greylisting() -> Any:
    """Return a way to connect to a server that wants to see bob twice."""
    seen: list[str] = []

    def answer(message: Message) -> Ending:
        name = message.envelope_recipient.partition("@")[0]
        seen.append(name)
        return LATER if name == "bob" and seen.count("bob") == 1 else YES

    return lambda: MemoryTransport([], answer)


def test_run_without_patience_ends_when_only_deferred_are_left(floor: Any) -> None:
    assert floor.run(greylisting()) is None
    assert floor.dispatch.state is DispatchState.WAITING
    assert floor.told.waits == []


@pytest.mark.parametrize("patience", [HOUR, None])
def test_run_with_patience_waits_for_the_deferred_and_goes_on(
    floor: Any, patience: float | None
) -> None:
    states: list[DispatchState] = []

    async def wait(hall: Any) -> None:
        await until(lambda: floor.told.waits)
        waiting = floor.look()
        states.append(waiting.state)
        assert waiting.reason == "the mail server asked to try some of them later"
        assert waiting.next_at == floor.told.waits[0][1].replace(
            microsecond=waiting.next_at.microsecond
        )
        hall.pass_by(15 * 60 + 1)

    kind = Patience(first=0.01, deferred=patience)
    assert floor.run(greylisting(), patience=kind, beside=wait) is None
    assert states == [DispatchState.WAITING]
    assert floor.dispatch.state is DispatchState.DONE
    assert [bool(reason) for reason, _ in floor.told.waits] == [True, False]
    assert floor.told.outcomes[-1] == (S.DEFERRED, S.ACCEPTED)


def test_run_whose_patience_ends_before_they_are_due_ends_at_once(floor: Any) -> None:
    began = time.monotonic()
    assert floor.run(greylisting(), patience=Patience(deferred=10 * 60)) is None
    assert time.monotonic() - began < 5
    assert floor.dispatch.state is DispatchState.WAITING
    assert floor.dispatch.next_at is not None


def test_run_that_waits_can_be_paused_from_elsewhere(floor: Any) -> None:
    async def stop(_: Any) -> None:
        await until(lambda: floor.told.waits)
        pause(floor)

    kind = Patience(deferred=None)
    assert floor.run(greylisting(), patience=kind, beside=stop) is None
    assert floor.dispatch.state is DispatchState.PAUSED
    assert floor.dispatch.reason == "by hand"


def test_run_that_waits_can_be_stopped(floor: Any) -> None:
    halt = Halt(DispatchState.INTERRUPTED, "Ctrl-C")

    async def stop(hall: Any) -> None:
        await until(lambda: floor.told.waits)
        hall.desk.stop.request(halt)

    assert floor.run(greylisting(), patience=Patience(deferred=None), beside=stop)
    assert floor.dispatch.state is DispatchState.INTERRUPTED


def test_run_limited_to_a_few_an_hour_waits_as_a_state_and_goes_on(floor: Any) -> None:
    async def wait(hall: Any) -> None:
        for _ in range(3):
            # `until` fails when it never waits.
            await until(lambda: floor.look().state is DispatchState.WAITING)
            # The next waiting may have begun before anybody looks.
            before = hall.desk.waits.now
            hall.pass_by(20 * 60)
            await until(lambda before=before: hall.desk.waits.now is not before)

    assert floor.run(MemoryTransport, limits=[(3, 3600)], beside=wait) is None
    assert floor.dispatch.state is DispatchState.DONE
    reasons = [reason for reason, _ in floor.told.waits if reason]
    assert set(reasons) == {"the limits in newsletter.toml allow no more for now"}
    first = floor.told.waits[0][1] - floor.began_at
    assert timedelta(minutes=19) < first <= timedelta(minutes=20, seconds=5)


def test_run_tries_the_deferred_of_one_lane_while_another_waits_for_its_limit(
    make_floor: Any,
) -> None:
    names = ["bob@example.org", "a1@big.example", "a2@big.example"]
    floor = make_floor(emails=names, lanes={"big": ["big.example"]})

    async def wait(hall: Any) -> None:
        await until(lambda: floor.told.waits)
        assert floor.told.waits[0][1] > floor.began_at + timedelta(minutes=50)
        hall.pass_by(15 * 60 + 1)
        await until(lambda: floor.states()["bob"] == "accepted")
        assert floor.states()["a2"] == "pending"
        hall.pass_by(HOUR)

    kinds = {"big": floor.lane(limits=[(1, 3600)])}
    kind = Patience(deferred=None)
    floor.run(greylisting(), lanes=kinds, patience=kind, beside=wait)
    assert floor.dispatch.state is DispatchState.DONE


def test_run_that_learns_of_an_earlier_second_try_waits_no_longer_than_that(
    make_floor: Any,
) -> None:
    """One lane's second try is in hours; the other one's, put off later, in minutes."""
    names = ["x@big.example", "bob@example.org"]
    floor = make_floor(emails=names, lanes={"big": ["big.example"]})

    class Away(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            await letter.ask()
            if letter.message.envelope_recipient == "x@big.example":
                return LATER
            # Until the dispatch waits for the server.
            if not floor.told.waits:
                return LOST
            await asyncio.sleep(0.6)
            return LATER

    async def wait(hall: Any) -> None:
        await until(lambda: any(when for _, when in floor.told.waits))
        hall.desk.stop.request(None)

    floor.run(
        Away,
        lanes={"big": floor.lane()},
        retry=RetryPolicy(delays=(4 * 3600, 600)),
        patience=Patience(first=0.01, longest=0.05, later=0.5, deferred=None),
        beside=wait,
    )
    [second_try] = [when for _, when in floor.told.waits if when]
    assert second_try < floor.began_at + timedelta(minutes=11)


# --- the network, and sleep -----------------------------------------------------------


class Network:
    """A server that can be lost and found again."""

    def __init__(self, good: int) -> None:
        self.left = good
        self.kept: list[Message] = []

    def connect(self) -> MemoryTransport:
        return MemoryTransport(self.kept, self.answer)

    def answer(self, _: Message) -> Ending:
        self.left -= 1
        return YES if self.left >= 0 else LOST


def test_run_with_a_server_that_never_answered_ends_soon(floor: Any) -> None:
    halt = floor.run(Network(0).connect)
    assert halt is not None
    assert (halt.state, halt.reason) == (DispatchState.WAITING, "no route to host")
    assert halt.next_at is not None
    assert set(floor.states().values()) == {"pending"}
    assert floor.dispatch.state is DispatchState.WAITING


def test_run_that_loses_the_network_waits_as_a_state_and_goes_on(floor: Any) -> None:
    network = Network(2)

    async def wait(_: Any) -> None:
        await until(lambda: floor.told.waits)
        assert floor.told.waits == [("no route to host", None)]
        assert floor.look().state is DispatchState.WAITING
        network.left = 100

    assert floor.run(network.connect, connections=2, beside=wait) is None
    assert floor.dispatch.state is DispatchState.DONE
    assert len(network.kept) == 4
    assert floor.told.waits[-1] == ("", None)


def test_run_without_a_network_for_twelve_hours_asks(floor: Any) -> None:
    network = Network(2)

    async def wait(hall: Any) -> None:
        await until(lambda: floor.told.waits)
        for _ in range(13):
            hall.pass_by(HOUR)
            await asyncio.sleep(0.5)

    halt = floor.run(network.connect, beside=wait)
    assert halt == Halt(
        DispatchState.PAUSED,
        "nothing could be sent for 12 h 00 (no route to host); "
        "look whether the mail is still to go out",
    )
    assert floor.dispatch.counts[S.PENDING] == 2


class Sleepy(MemoryTransport):
    """Takes its time, so that the computer can fall asleep meanwhile."""

    async def hand_over(self, letter: Letter) -> Ending:
        await asyncio.sleep(0.02)
        return await super().hand_over(letter)


def test_run_that_sleeps_an_hour_goes_on(make_floor: Any) -> None:
    floor = make_floor(count=30)

    async def sleep(hall: Any) -> None:
        await asyncio.sleep(0.2)
        hall.time.sleep(HOUR)

    assert floor.run(Sleepy, beside=sleep) is None
    assert floor.dispatch.state is DispatchState.DONE


def test_run_that_wakes_up_looks_at_its_limits_anew(floor: Any) -> None:
    """The hour it waits for has passed in its sleep."""

    async def sleep(hall: Any) -> None:
        for _ in range(3):
            await until(lambda: floor.look().state is DispatchState.WAITING)
            hall.time.sleep(HOUR)
            await until(lambda: not hall.desk.waits.now)

    assert floor.run(MemoryTransport, limits=[(1, 3000)], beside=sleep) is None
    assert floor.dispatch.state is DispatchState.DONE


def test_run_that_sleeps_thirteen_hours_asks_before_anything_else_leaves(
    make_floor: Any,
) -> None:
    floor = make_floor(count=300)
    kept: list[Message] = []
    number: list[int] = []

    async def sleep(hall: Any) -> None:
        await asyncio.sleep(0.2)
        hall.time.sleep(13 * HOUR)
        number.append(len(kept))

    halt = floor.run(lambda: Sleepy(kept), connections=2, beside=sleep)
    assert halt == Halt(
        DispatchState.PAUSED,
        "this computer stood still for 13 h 00; "
        "look whether the mail is still to go out",
    )
    # What was permitted before may be under way.
    assert len(kept) <= number[0] + 2
    assert floor.dispatch.counts[S.ATTEMPTING] == 0


def test_run_that_loses_its_quota_midway_pauses_and_blames_nobody(
    make_floor: Any,
) -> None:
    floor = make_floor(count=100)
    calls = iter(range(1000))
    full = Answer(Stage.RCPT, Reply(550, "Daily sending quota exceeded", "5.4.5"))

    halt = floor.run(
        lambda: MemoryTransport([], lambda _: YES if next(calls) < 50 else full),
        connections=4,
    )
    assert halt == Halt(
        DispatchState.PAUSED,
        "the mail server said: 550 5.4.5 Daily sending quota exceeded",
    )
    # What was permitted and had not left yet is taken back.
    assert 46 <= floor.dispatch.counts[S.ACCEPTED] <= 50
    assert floor.dispatch.unfinished == floor.dispatch.counts[S.PENDING]
    assert floor.dispatch.counts[S.REFUSED] == 0


def test_run_in_trouble_tells_other_processes_why_and_takes_it_back(
    make_floor: Any,
) -> None:
    floor = make_floor(count=3)
    full = Answer(Stage.END, Reply(452, "no room", "4.3.1"))
    is_full, seen = [True], []

    async def look(hall: Any) -> None:
        await until(lambda: floor.told.troubles)
        hall.time.pass_by(4)
        await until(lambda: floor.look().reason)
        seen.append((floor.look().state, floor.look().reason))
        is_full[0] = False
        await until(lambda: not floor.look().reason)

    floor.run(
        lambda: MemoryTransport([], lambda _: full if is_full[0] else YES),
        patience=Patience(at_start=60, later=60, first=0.01, longest=0.5),
        beside=look,
    )
    assert seen == [
        (DispatchState.RUNNING, "the mail server said: 452 4.3.1 no room"),
    ]
    assert (floor.dispatch.state, floor.dispatch.reason) == (DispatchState.DONE, "")
