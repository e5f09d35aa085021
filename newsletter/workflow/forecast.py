"""How long a dispatch will take, by the limits of the server and what has used them.

Law: it says the least: a server that says "later" makes it longer, never shorter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from newsletter.delivery.brake import Brake, Mark, read_brake
from newsletter.delivery.limits import MOST_AT_ONCE, Scope, lane_key, take_slots
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.model.settings import Settings
from newsletter.store.dispatch_records import open_dispatches
from newsletter.store.instants import to_millis
from newsletter.store.rate_limits import Marks, change_marks

#: These go on by themselves and use up the same limits; paused ones may never.
_GO_FIRST = frozenset(
    {DispatchState.SCHEDULED, DispatchState.RUNNING, DispatchState.WAITING}
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a dispatch begins, and when it is over at the earliest."""

    #: Aware.
    begins_at: datetime
    #: Aware; None: no limit, as fast as the mail server takes it.
    ends_at: datetime | None
    #: (messages, seconds) each, of the server, or of the lane that takes longest.
    limits: tuple[tuple[int, int], ...] = ()
    #: Key of ``[lanes]`` if a lane's own limits are what takes longest.
    lane: str = ""
    #: Mails of other dispatches that leave first.
    ahead: int = 0
    #: Mails of tests and dispatches that the longest of several limits counts then.
    used: int = 0
    #: Aware; when the mail server asked us to go slower, if that holds us back still.
    slowed_at: datetime | None = None

    @property
    def seconds(self) -> int | None:
        """From begin to end at the least; None: nothing limits it."""
        if self.ends_at is None:
            return None
        return round((self.ends_at - self.begins_at).total_seconds())


def forecast_end(
    connection: Connection,
    counts: Mapping[str, int],
    settings: Settings,
    *,
    starts_at: datetime,
) -> Forecast:
    """Return when so many more mails would be over that leave from *starts_at* on.

    Args:
        connection: For reading.
        counts: Lane -> mails; in the empty one those of no lane.
        settings: With a server.
        starts_at: Aware.
    """
    ahead = sum(
        one.unfinished
        for one in open_dispatches(connection)
        if _goes_first(one, starts_at)
    )
    marks, now = change_marks(connection, _look), to_millis(starts_at)
    ends = [
        (_end_of_slots(marks, scope, count=count, now=now), scope)
        for scope, count in _scopes(counts, settings, ahead)
        if count and (scope.limits or _brake(marks, scope, now))
    ]
    if not ends:
        return Forecast(starts_at, None, ahead=ahead)
    end, scope = max(ends, key=lambda one: one[0])
    lanes = {lane_key(name): name for name in settings.lanes}
    brake = _brake(marks, scope, now)
    return Forecast(
        starts_at,
        datetime.fromtimestamp(end / 1000, UTC),
        tuple(scope.limits),
        lanes.get(scope.key, ""),
        ahead,
        _used(marks, scope, now),
        datetime.fromtimestamp(brake.at / 1000, UTC) if brake else None,
    )


def _scopes(
    counts: Mapping[str, int], settings: Settings, ahead: int
) -> Iterator[tuple[Scope, int]]:
    """Yield whose limits hold, for how many mails."""
    if settings.server is not None:
        yield Scope(limits=settings.server.limits), ahead + sum(counts.values())
    # Without limits of its own; the server may have asked it to go slower.
    yield Scope(lane_key("")), counts.get("", 0)
    for name, lane in settings.lanes.items():
        yield Scope(lane_key(name), lane.limits), counts.get(name, 0)


def _goes_first(dispatch: Dispatch, starts_at: datetime) -> bool:
    if dispatch.state not in _GO_FIRST:
        return False
    return dispatch.starts_at is None or dispatch.starts_at <= starts_at


def _look(marks: Marks) -> tuple[Marks, Marks]:
    return marks, marks


def _brake(marks: Marks, scope: Scope, now: int) -> Brake | None:
    """Return what holds the rate of a scope back, None when nothing does."""
    brake = read_brake(_known(marks), scope.key, now)
    return brake if brake and brake.hourly else None


def _known(marks: Marks) -> dict[str, Mark]:
    return {key: Mark(*mark) for key, mark in marks.items()}


def _used(marks: Marks, scope: Scope, now: int) -> int:
    """Return how much of its longest limit is used up."""
    if len(scope.limits) < 2:
        return 0
    messages, seconds = max(scope.limits, key=lambda limit: limit[1])
    prefix = f"{scope.key}quota {messages}/{seconds} "
    return sum(
        used
        for key, (at, used) in marks.items()
        if key.startswith(prefix) and at > now - seconds * 1000
    )


def _end_of_slots(marks: Marks, scope: Scope, *, count: int, now: int) -> int:
    """Take slots as the sender will, without telling anybody; return their end."""
    known: Mapping[str, Mark] = _known(marks)
    at = now
    while count > 0:
        # A brake eases meanwhile; without one a limit is the same all the time.
        is_braked = read_brake(known, scope.key, at) is not None
        wanted = min(count, MOST_AT_ONCE) if is_braked else count
        slots, known = take_slots(known, [scope], count=wanted, now=at)
        at = slots.first_at + slots.count * slots.interval_ms
        count -= slots.count
    return at
