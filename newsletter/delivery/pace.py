"""Gives messages their moments; the arithmetic is in `limits` and `brake`.

In: the limits of the server and of a lane, and the marks that the ledger keeps. Out:
moments at which messages may leave, or when there would be one.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from newsletter.delivery.brake import (
    Brake,
    Mark,
    allowed,
    brake_marks,
    halve,
    read_brake,
)
from newsletter.delivery.limits import (
    NotYet,
    Scope,
    Slots,
    pace_interval,
    shortest_limit,
    take_near_slots,
    take_slots,
)

#: Seconds whose rate counts when a server asks for less.
_SAMPLES = 60
#: Fewer messages, or less time, make no rate: a brake made of it would hold back far
#: more than the server asked for.
_FEW = 50
_SHORT_SECONDS = 3.0

Answer = TypeVar("Answer")
Marks = Mapping[str, tuple[int, int]]


class MarkStore(Protocol):
    """Keeps what the limits remember; the ledger does."""

    async def change_marks(
        self, step: Callable[[Marks], tuple[Answer, Marks]]
    ) -> Answer:
        """Let *step* see the marks and say what takes their place, durably."""


class Brakes:
    """The brakes of a server and its lanes: one sender, so one memory of them.

    Args:
        store: Where they are kept.
        clock: Milliseconds since 1970.
    """

    def __init__(self, store: MarkStore, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._brakes: dict[str, Brake] = {}
        self._unkept: set[str] = set()

    async def load(self, scopes: Sequence[str]) -> None:
        """Read what an earlier process left."""
        now = self._clock()

        def read(before: Marks) -> tuple[dict[str, Brake], Marks]:
            marks = _read(before)
            found = {scope: read_brake(marks, scope, now) for scope in scopes}
            return {key: brake for key, brake in found.items() if brake}, before

        self._brakes |= await self._store.change_marks(read)

    def protest(self, scope: str, hourly: int) -> None:
        """Halve the share of a scope at once; `keep` writes it down."""
        before = self._brakes.get(scope)
        after = halve(before, now=self._clock(), hourly=hourly)
        if after != before:
            self._brakes[scope] = after
            self._unkept.add(scope)

    async def keep(self) -> None:
        """Write down what changed."""
        if not self._unkept:
            return
        scopes, self._unkept = self._unkept, set()
        changed: dict[str, Mark] = {}
        for scope in scopes:
            changed |= brake_marks(self._brakes[scope], scope)

        def write(before: Marks) -> tuple[None, Marks]:
            return None, {**before, **_plain(changed)}

        await self._store.change_marks(write)

    def slows(self, scope: str) -> bool:
        """Tell whether the rate of a scope is held back."""
        brake = self._fresh(scope)
        return brake is not None and brake.hourly > 0

    def allowed(self, scope: str, connections: int) -> int:
        """Return how many of its connections a scope may use."""
        return allowed(connections, self._fresh(scope), self._clock())

    def _fresh(self, scope: str) -> Brake | None:
        brake = self._brakes.get(scope)
        if brake is None:
            return None
        kept = read_brake(brake_marks(brake, scope), scope, self._clock())
        if kept is None:
            del self._brakes[scope]
        return kept


class Pace:
    """Moments for the messages of one lane, or of a test.

    Args:
        scopes: Whose limits hold.
        store: Where the limits remember.
        clock: Milliseconds since 1970.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        *,
        store: MarkStore,
        clock: Callable[[], int],
    ) -> None:
        self.scopes = tuple(scopes)
        self.has_limits = any(scope.limits for scope in scopes)
        #: Messages an hour that the limits allow; 0: any number.
        self.most_hourly = 3_600_000 // slowest if (slowest := _slowest(scopes)) else 0
        self._store = store
        self._clock = clock

    async def take(self) -> Slots | NotYet:
        """Take the next moments, if there are any near."""
        now = self._clock()

        def step(before: Marks) -> tuple[Slots | NotYet, Marks]:
            taken, after = take_near_slots(_read(before), self.scopes, now=now)
            return taken, _plain(after)

        return await self._store.change_marks(step)

    async def take_for_test(self, count: int) -> Slots:
        """Take moments for *count* messages or fewer, however far ahead."""
        now = self._clock()

        def step(before: Marks) -> tuple[Slots, Marks]:
            taken, after = take_slots(
                _read(before), self.scopes, count=count, now=now, is_test=True
            )
            return taken, _plain(after)

        return await self._store.change_marks(step)


class Meter:
    """Counts what was taken, and knows how fast of late."""

    def __init__(self) -> None:
        self.accepted = 0
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)

    def sample(self, at: float) -> None:
        """Note how far it is, once a second at most."""
        if not self._samples or at - self._samples[-1][0] >= 1:
            self._samples.append((at, self.accepted))

    def hourly(self, at: float) -> int:
        """Return the messages an hour of the last minute; 0: too few to say.

        Only time in which something was taken counts: in the rest we waited.
        """
        samples = [*self._samples, (at, self.accepted)]
        busy = [
            (until - since, after - before)
            for (since, before), (until, after) in pairwise(samples)
            if after > before
        ]
        seconds, number = sum(one[0] for one in busy), sum(one[1] for one in busy)
        if number < _FEW or seconds < _SHORT_SECONDS:
            return 0
        return int(number * 3600 / seconds)


def _slowest(scopes: Sequence[Scope]) -> int:
    """Return the milliseconds between messages by the tightest of the limits."""
    paces = [shortest_limit(scope.limits) for scope in scopes if scope.limits]
    return max(map(pace_interval, paces), default=0)


def _read(marks: Marks) -> dict[str, Mark]:
    return {key: Mark(*values) for key, values in marks.items()}


def _plain(marks: Mapping[str, Mark]) -> dict[str, tuple[int, int]]:
    return {key: (mark.arrival_at, mark.used) for key, mark in marks.items()}
