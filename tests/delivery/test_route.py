"""Several mail servers: the next one when one stays away, and nobody twice."""

import asyncio
from typing import Any

from newsletter.delivery.route import Route
from newsletter.delivery.schedule import Patience
from newsletter.delivery.transports import Answer, Ending, Letter, Loss
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage

YES = Answer(Stage.END, Reply(250, "ok"))
LOST = Loss("no route to host", is_message_out=False)
OUT = Loss("reset", is_message_out=True)
S = DeliveryState
QUICK = Patience(at_start=0.3, later=0.3, first=0.01, longest=0.05)


class Server:
    """Takes so many, then is away."""

    def __init__(self, good: int) -> None:
        self.left = good
        self.kept: list[Message] = []
        self.connections = 0

    def connect(self) -> MemoryTransport:
        self.connections += 1
        return MemoryTransport(self.kept, self.answer)

    def answer(self, _: Message) -> Ending:
        self.left -= 1
        return YES if self.left >= 0 else LOST


def test_turn_goes_round_and_knows_when_it_is_hopeless() -> None:
    route = Route(2)
    assert not route.is_last
    route.turn()
    assert (route.now, route.is_last, route.is_hopeless) == (1, True, False)
    route.turn()
    assert (route.now, route.is_hopeless) == (0, True)


def test_run_with_a_server_that_goes_away_uses_the_next_one(make_floor: Any) -> None:
    floor = make_floor(count=60)
    first, second = Server(20), Server(1000)
    halt = floor.run(
        first.connect, spares=[second.connect], connections=3, patience=QUICK
    )
    assert halt is None
    assert floor.dispatch.state is DispatchState.DONE
    assert (len(first.kept), len(second.kept)) == (20, 40)
    recipients = [one.envelope_recipient for one in first.kept + second.kept]
    assert len(set(recipients)) == 60
    assert floor.told.waits == []


def test_run_with_a_server_that_was_never_there_uses_the_next_one(
    make_floor: Any,
) -> None:
    floor = make_floor(count=10)
    second = Server(1000)
    halt = floor.run(Server(0).connect, spares=[second.connect], patience=QUICK)
    assert halt is None
    assert len(second.kept) == 10


def test_run_gives_no_other_server_what_the_first_may_have_taken(
    make_floor: Any,
) -> None:
    floor = make_floor(count=30)
    out: list[str] = []
    second = Server(1000)

    class Breaking(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            await asyncio.sleep(0.01)
            if out:
                return LOST
            out.append(letter.message.envelope_recipient)
            assert await letter.ask()
            return OUT

    assert floor.run(Breaking, spares=[second.connect], patience=QUICK) is None
    assert floor.dispatch.counts[S.UNKNOWN] == 1
    assert floor.dispatch.counts[S.ACCEPTED] == 29
    assert out[0] not in [one.envelope_recipient for one in second.kept]


def test_run_with_all_servers_away_waits_and_takes_whichever_comes_back(
    make_floor: Any,
) -> None:
    floor = make_floor(count=20)
    first, second = Server(5), Server(0)

    async def mend(_: Any) -> None:
        while not floor.told.waits:  # noqa: ASYNC110 - anything may change it
            await asyncio.sleep(0.01)
        assert floor.look().state is DispatchState.WAITING
        second.left = 1000

    assert (
        floor.run(first.connect, spares=[second.connect], patience=QUICK, beside=mend)
        is None
    )
    assert len(second.kept) == 15
    assert floor.dispatch.state is DispatchState.DONE
