"""How many messages may leave when: the limits a mail provider sets. Pure.

The limit with the shortest window is the *pace*: messages are spread evenly over it
(a generic cell rate algorithm: one stored instant, the next free moment). Longer
windows are *quotas*: they do not slow us down until they are used up, and are counted
in parts of a 24th of their length, so that no window of that length ever holds more.

Where several scopes hold (the server's and a lane's), a message waits for all of them,
and each one's `brake` holds it back besides.

Law: what was taken and then not used is lost: slower, never faster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from newsletter.delivery.brake import (
    FADED,
    RECOVERY_MS,
    WHOLE,
    Mark,
    brake_interval,
    is_brake_key,
)

#: A test mail to all the addresses `newsletter test` allows need not wait for the pace,
TEST_BURST = 10
#: unless that were more than this part of a window.
TEST_SHARE = 10
#: The parts in which a quota is counted.
PARTS = 24
#: Moments are taken so far ahead, that none is lost between two questions.
NEAR_MS = 1000
#: However many a limit allows: the marks are written once for so many.
MOST_AT_ONCE = 50
#: The mark of a pace that only a brake sets.
_BRAKE_PACE = "pace"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose limits these are: the mail server's, or those of one lane."""

    #: What its marks begin with; empty: the first server.
    key: str = ""
    #: (messages, seconds) each; none: no waiting.
    limits: Sequence[tuple[int, int]] = ()


def lane_key(name: str) -> str:
    """Return the key of a lane's scope; the nameless one is everybody else's."""
    return f"lane {name} " if name else "others "


@dataclass(frozen=True, slots=True)
class Slots:
    """Moments at which messages may leave: the first, and the time between two."""

    #: Milliseconds since 1970.
    first_at: int
    interval_ms: int
    count: int

    def moments(self) -> tuple[int, ...]:
        """Return the moment of each message."""
        return tuple(
            self.first_at + number * self.interval_ms for number in range(self.count)
        )


@dataclass(frozen=True, slots=True)
class NotYet:
    """No moment is near; nothing was taken."""

    #: Milliseconds since 1970: the first one there would be.
    at: int


def take_slots(
    marks: Mapping[str, Mark],
    scopes: Sequence[Scope],
    *,
    count: int,
    now: int,
    is_test: bool = False,
) -> tuple[Slots, dict[str, Mark]]:
    """Return the moments of the next messages, and all that is to be remembered.

    Args:
        marks: All that is remembered.
        scopes: Whose limits hold, all of them together.
        count: Messages wanted, 1 or more; fewer may be given, ask again then.
        now: Milliseconds since 1970.
        is_test: May use the burst that is kept free for tests.
    """
    found = [_Offer(marks, scope, count, now, is_test=is_test) for scope in scopes]
    binding = [offer for offer in found if offer.is_binding]
    if not binding:
        return Slots(now, 0, count), dict(marks)
    first_at = max(offer.first_at for offer in binding)
    granted = min(offer.granted for offer in binding)
    kept = {key: mark for key, mark in marks.items() if _is_alive(key, mark, now)}
    for offer in binding:
        kept |= offer.taken(first_at, granted)
    return Slots(first_at, max(offer.step_ms for offer in binding), granted), kept


def take_near_slots(
    marks: Mapping[str, Mark], scopes: Sequence[Scope], *, now: int
) -> tuple[Slots | NotYet, dict[str, Mark]]:
    """Take what lies within `NEAR_MS`, or nothing.

    Who waits for one limit must not use up the moments of another one, which others
    could have meanwhile.
    """
    slots, after = take_slots(marks, scopes, count=MOST_AT_ONCE, now=now)
    if slots.first_at > now + NEAR_MS:
        return NotYet(slots.first_at), dict(marks)
    near = max(1, NEAR_MS // slots.interval_ms) if slots.interval_ms else slots.count
    if near < slots.count:
        return take_slots(marks, scopes, count=near, now=now)
    return slots, after


class _Offer:
    """What the limits of one scope would give."""

    def __init__(
        self,
        marks: Mapping[str, Mark],
        scope: Scope,
        count: int,
        now: int,
        *,
        is_test: bool,
    ) -> None:
        self.marks, self.key = marks, scope.key
        self.pace = shortest_limit(scope.limits) if scope.limits else None
        self.quotas = [limit for limit in scope.limits if limit != self.pace]
        least = pace_interval(self.pace) if self.pace else 0
        self.interval = max(least, brake_interval(marks, scope.key, now))
        self.is_binding = self.interval > 0
        burst = _burst(self.pace) if self.pace else count
        rooms = [_room(marks, scope.key, quota, now) for quota in self.quotas]
        self.granted = min(
            [min(count, burst) if is_test else count, *(room for _, room in rooms)]
        )
        self.next_free = self._next_free(now)
        # Tests go together, once the last of them may: the pace pays for them later.
        ahead = (burst - self.granted) * self.interval if is_test else 0
        self.first_at = max([self.next_free - ahead, now, *(at for at, _ in rooms)])
        self.step_ms = 0 if is_test else self.interval

    @property
    def pace_key(self) -> str:
        return self.key + (_pace_key(self.pace) if self.pace else _BRAKE_PACE)

    def _next_free(self, now: int) -> int:
        """Return the next free moment of the pace, or now.

        One beyond the window comes of a clock set back.
        """
        mark = self.marks.get(self.pace_key)
        window = self.pace[1] * 1000 if self.pace else 0
        furthest = now + max(window, 2 * self.interval) + 60_000
        if mark is None or mark.arrival_at > furthest:
            return now
        return max(now, mark.arrival_at)

    def taken(self, first_at: int, count: int) -> dict[str, Mark]:
        """Return what is to be remembered when so many are taken."""
        arrival = max(self.next_free, first_at) + count * self.interval
        kept = {self.pace_key: Mark(arrival)}
        for quota in self.quotas:
            kept |= _counted(self.marks, self.key, quota, first_at, count)
        return kept


def _is_alive(key: str, mark: Mark, now: int) -> bool:
    """Tell whether a mark may still say something."""
    if is_brake_key(key):
        return mark.arrival_at > now - RECOVERY_MS * FADED // WHOLE
    kind, _, start = key.rpartition(" ")
    if not start.isdigit():
        return mark.arrival_at > now
    messages, seconds = map(int, kind.rpartition(" ")[2].split("/"))
    quota = (messages, seconds)
    return mark.arrival_at > now - seconds * 1000 - _part_ms(quota)


def shortest_limit(limits: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the limit with the shortest window: the pace."""
    return min(limits, key=lambda limit: (limit[1], limit[0]))


def pace_interval(pace: tuple[int, int]) -> int:
    """Return the milliseconds between messages; a burst of tests has room beside."""
    messages, seconds = pace
    return -(-seconds * 1000 // (messages - _burst(pace) + 1))


def estimate_seconds(count: int, limits: Sequence[tuple[int, int]]) -> int | None:
    """Return how long *count* messages take at the least, None without limits."""
    if not limits:
        return None
    pace = shortest_limit(limits)
    quotas = [limit for limit in limits if limit != pace]
    longest = count * pace_interval(pace) // 1000
    for messages, seconds in quotas:
        longest = max(longest, (count - 1) // messages * seconds)
    return longest


def _burst(pace: tuple[int, int]) -> int:
    """Return how many messages of a window are kept for tests that go at once."""
    return max(1, min(TEST_BURST, pace[0] // TEST_SHARE))


def _pace_key(pace: tuple[int, int]) -> str:
    return f"pace {pace[0]}/{pace[1]}"


def _part_ms(quota: tuple[int, int]) -> int:
    return max(1, quota[1] * 1000 // PARTS)


def _parts(
    marks: Mapping[str, Mark], scope: str, quota: tuple[int, int], at: int
) -> list[Mark]:
    """Return the parts of the window that ends at *at*, oldest first.

    A part counts until its last message has left the window. Those of a clock that ran
    ahead, which lie in the future, do not count.
    """
    prefix = f"{scope}quota {quota[0]}/{quota[1]} "
    since = at - quota[1] * 1000 - _part_ms(quota)
    found = [mark for key, mark in marks.items() if key.startswith(prefix)]
    return sorted(
        (mark for mark in found if since < mark.arrival_at <= at + quota[1] * 1000),
        key=lambda mark: mark.arrival_at,
    )


def _room(
    marks: Mapping[str, Mark], scope: str, quota: tuple[int, int], now: int
) -> tuple[int, int]:
    """Return when the quota has room again, and how much then."""
    parts = _parts(marks, scope, quota, now)
    used = sum(part.used for part in parts)
    if used < quota[0]:
        return now, quota[0] - used
    gone = quota[1] * 1000 + _part_ms(quota)
    for part, left in zip(parts, accumulate(part.used for part in parts), strict=True):
        if used - left < quota[0]:
            return part.arrival_at + gone, quota[0] - (used - left)
    return now, quota[0]


def _counted(
    marks: Mapping[str, Mark],
    scope: str,
    quota: tuple[int, int],
    at: int,
    count: int,
) -> dict[str, Mark]:
    """Return the part of the window that *at* is in, with *count* more."""
    start = at - at % _part_ms(quota)
    key = f"{scope}quota {quota[0]}/{quota[1]} {start}"
    before = marks[key].used if key in marks else 0
    return {key: Mark(start, before + count)}
