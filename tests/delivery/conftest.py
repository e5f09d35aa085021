import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery.bell import Bell
from newsletter.delivery.desk import Desk
from newsletter.delivery.dispatcher import run
from newsletter.delivery.lane import Lane, Outlet
from newsletter.delivery.limits import Scope, lane_key
from newsletter.delivery.pace import Brakes, Pace
from newsletter.delivery.pulse import Pulse
from newsletter.delivery.route import Route
from newsletter.delivery.schedule import Patience, RetryPolicy
from newsletter.delivery.stop import Stop
from newsletter.delivery.transports import Transport
from newsletter.delivery.trouble import Trouble
from newsletter.delivery.waits import Waits
from newsletter.model.delivery import Delivery, DeliveryState
from newsletter.model.dispatch import Dispatch, Halt, Order
from newsletter.model.message import Message
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import load_dispatch, read_records
from newsletter.store.dispatches import (
    continue_dispatch,
    create_dispatch,
    finish_dispatch,
)
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.store.rate_limits import change_marks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("anna", "bob", "carl", "dora")
QUICK = Patience(at_start=0.2, later=0.2, first=0.01, longest=0.05)
Limits = Sequence[tuple[int, int]]


def write(delivery: Delivery) -> Message:
    return Message(b"a\r\n", "n@example.org", delivery.email, f"<{delivery.seq}@x>")


class Time:
    """Clocks that a test may put forward: all of them, or those that sleep does."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._jumped = self._slept = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed() - self._began)

    def steady(self) -> float:
        return self.elapsed() - self._slept

    def elapsed(self) -> float:
        return time.monotonic() + self._jumped

    def pass_by(self, seconds: float) -> None:
        """Let time pass, for every clock."""
        self._jumped += seconds

    def sleep(self, seconds: float) -> None:
        """Let the computer sleep: some clocks stand still."""
        self._jumped += seconds
        self._slept += seconds


@dataclass
class Told:
    """What a face was told."""

    outcomes: list[tuple[DeliveryState, DeliveryState]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    waits: list[tuple[str, datetime | None]] = field(default_factory=list)


@dataclass(frozen=True)
class LaneKind:
    """How a lane of a test is set up."""

    connections: int = 1
    limits: Limits = ()


@dataclass
class Hall:
    """A running dispatch, for who acts beside it."""

    desk: Desk
    lanes: dict[str, Lane]
    time: Time

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and everybody who waits see it."""
        self.time.pass_by(seconds)
        for lane in self.lanes.values():
            lane.wake()


class Floor:
    """A dispatch to a few people, a real ledger, and a dispatcher to run."""

    def __init__(
        self,
        database: Database,
        emails: Sequence[str],
        lanes: Mapping[str, Sequence[str]],
        canary: int = 0,
    ) -> None:
        self.database = database
        self.dispatch = self._make(emails, lanes, canary)
        self.began_at = NOW
        self.told = Told()
        self.time = Time()

    def _make(
        self, keys: Sequence[str], lanes: Mapping[str, Sequence[str]], canary: int
    ) -> Dispatch:
        people = [Person(key, key, key.encode()) for key in keys]
        with self.database.writing() as connection:
            insert_people(connection, people, now=NOW)
            set_status(
                connection,
                list(read_ids(connection, keys).values()),
                list_id=ensure_lists(connection, ["main"])["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "test"),
            )
            save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
            order = Order("i", "c0ffee", ("main",), canary=canary)
            return create_dispatch(connection, order, now=NOW, lanes=lanes)

    def run(
        self,
        connect: Callable[[], Transport],
        *,
        connections: int = 1,
        window: int = 1,
        limits: Limits = (),
        lanes: Mapping[str, LaneKind] | None = None,
        spares: Sequence[Callable[[], Transport]] = (),
        patience: Patience = QUICK,
        beside: Callable[[Hall], Coroutine[Any, Any, None]] | None = None,
        **changes: Any,
    ) -> Halt | None:
        """Run the dispatch to its end; *beside* runs along with it."""
        kinds = {"": LaneKind(connections)} | dict(lanes or {})
        opened: dict[str, Lane] = {}

        def open_lane(name: str, desk: Desk, changed: Bell) -> Lane:
            kind = kinds[name]
            make = connect
            scopes = (Scope("", limits), Scope(lane_key(name), kind.limits))
            pace = Pace(scopes, store=desk.ledger, clock=desk.millis)
            outlets = [
                Outlet(connector, kind.connections, pace, window)
                for connector in (make, *spares)
            ]
            opened[name] = Lane(name, desk=desk, outlets=outlets, changed=changed)
            return opened[name]

        async def work() -> Halt | None:
            stop = Stop()
            ledger = LedgerWriter(
                self.database,
                owner="test",
                clock=self.time.now,
                on_lost=lambda error: stop.fail(error) if error else stop.request(None),
            )
            desk = await self._desk(
                ledger, stop, patience, changes, servers=1 + len(spares)
            )
            beside_it = None
            if beside is not None:
                hall = Hall(desk, opened, self.time)
                beside_it = asyncio.ensure_future(_when_open(hall, beside))
            try:
                async with asyncio.timeout(20):
                    halt = await run(self.dispatch.id, desk=desk, open_lane=open_lane)
                    if beside_it is not None:
                        await beside_it
                return halt
            finally:
                await ledger.close()

        halt = asyncio.run(work())
        with self.database.writing() as connection:
            self.dispatch = finish_dispatch(connection, self.dispatch.id, halt, now=NOW)
        assert sum(self.dispatch.counts.values()) == self.dispatch.total
        return halt

    async def _desk(
        self,
        ledger: LedgerWriter,
        stop: Stop,
        patience: Patience,
        changes: Mapping[str, Any],
        servers: int,
    ) -> Desk:
        def millis() -> int:
            return int(self.time.now().timestamp() * 1000)

        told, brakes = self.told, Brakes(ledger, millis)
        await brakes.load(["", "others "])
        values: dict[str, Any] = {
            "dispatch_id": self.dispatch.id,
            "ledger": ledger,
            "write": write,
            "stop": stop,
            "trouble": Trouble(patience),
            "brakes": brakes,
            "waits": Waits(
                self.dispatch.id, ledger, lambda *wait: told.waits.append(wait)
            ),
            "pulse": Pulse(self.time.elapsed),
            "route": Route(servers),
            "clock": self.time.now,
            "steady": self.time.steady,
            "on_outcome": lambda *states: told.outcomes.append(states),
            "on_trouble": told.troubles.append,
            "retry": RetryPolicy(),
        }
        return Desk(**(values | dict(changes)))

    def go_on(self) -> None:
        with self.database.writing() as connection:
            continue_dispatch(connection, self.dispatch.id, now=NOW)

    @staticmethod
    def lane(connections: int = 1, limits: Limits = ()) -> LaneKind:
        return LaneKind(connections, limits)

    def look(self) -> Dispatch:
        """Return the dispatch as another process sees it."""
        with self.database.reading() as connection:
            return load_dispatch(connection, self.dispatch.id)

    def states(self) -> dict[str, str]:
        with self.database.reading() as connection:
            records = read_records(connection, self.dispatch.id, list(DeliveryState))
            return {r.email.partition("@")[0]: r.state.name.lower() for r in records}

    def said(self, name: str) -> str:
        with self.database.reading() as connection:
            records = read_records(connection, self.dispatch.id, list(DeliveryState))
            found = next(r for r in records if r.email.startswith(name))
        return found.reply.text if found.reply else ""

    def marks(self) -> dict[str, tuple[int, int]]:
        with self.database.writing() as connection:
            return dict(change_marks(connection, lambda marks: (marks, marks)))


async def _when_open(
    hall: Hall, beside: Callable[[Hall], Coroutine[Any, Any, None]]
) -> None:
    while not hall.lanes:  # noqa: ASYNC110 - they come without a word
        await asyncio.sleep(0.001)
    try:
        await beside(hall)
    except BaseException:
        hall.desk.stop.request(None)
        raise


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database("sqlite:///x.db", root=tmp_path) as opened:
        yield opened


@pytest.fixture
def make_floor(database: Database) -> Callable[..., Floor]:
    def make(
        *,
        count: int = 0,
        emails: Sequence[str] = (),
        lanes: Mapping[str, Sequence[str]] | None = None,
        canary: int = 0,
    ) -> Floor:
        many = [f"p{number:05}@example.org" for number in range(count)]
        return Floor(database, [*emails, *many], lanes or {}, canary)

    return make


@pytest.fixture
def floor(make_floor: Callable[..., Floor]) -> Floor:
    return make_floor(emails=[f"{name}@example.org" for name in NAMES])
