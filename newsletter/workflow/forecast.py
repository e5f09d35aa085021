"""How long a dispatch will take, by the limits of the server and what has used them.

Law: it says the least: a server that says "later" makes it longer, never shorter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from newsletter.delivery.brake import Mark
from newsletter.delivery.limits import Scope, take_slots
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
    #: (messages, seconds) each, of the server.
    limits: tuple[tuple[int, int], ...] = ()
    #: Mails of other dispatches that leave first.
    ahead: int = 0
    #: Mails of tests and dispatches that the limits still count.
    used: int = 0

    @property
    def seconds(self) -> int | None:
        """From begin to end at the least; None: nothing limits it."""
        if self.ends_at is None:
            return None
        return round((self.ends_at - self.begins_at).total_seconds())


def forecast_end(
    connection: Connection, count: int, settings: Settings, *, starts_at: datetime
) -> Forecast:
    """Return when *count* more mails would be over that leave from *starts_at* on.

    Args:
        connection: For reading.
        count: 1 or more.
        settings: With a server.
        starts_at: Aware.
    """
    limits = settings.server.limits if settings.server else ()
    if not limits:
        return Forecast(starts_at, None)
    ahead = sum(
        one.unfinished
        for one in open_dispatches(connection)
        if _goes_first(one, starts_at)
    )
    marks = change_marks(connection, _look)
    end = _end_of_slots(marks, limits, count=ahead + count, now=to_millis(starts_at))
    ends_at = datetime.fromtimestamp(end / 1000, UTC)
    return Forecast(starts_at, ends_at, limits, ahead, _used(marks))


def _goes_first(dispatch: Dispatch, starts_at: datetime) -> bool:
    if dispatch.state not in _GO_FIRST:
        return False
    return dispatch.starts_at is None or dispatch.starts_at <= starts_at


def _look(marks: Marks) -> tuple[Marks, Marks]:
    return marks, marks


def _used(marks: Marks) -> int:
    return sum(used for key, (_, used) in marks.items() if key.startswith("quota "))


def _end_of_slots(
    marks: Marks, limits: Sequence[tuple[int, int]], *, count: int, now: int
) -> int:
    """Take slots as the sender will, without telling anybody; return their end."""
    known: Mapping[str, Mark] = {key: Mark(*mark) for key, mark in marks.items()}
    at = now
    while count > 0:
        slots, known = take_slots(known, [Scope(limits=limits)], count=count, now=at)
        at = slots.first_at + slots.count * slots.interval_ms
        count -= slots.count
    return at
