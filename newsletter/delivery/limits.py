"""How many messages may leave when: the limits a mail provider sets. Pure.

The limit with the shortest window is the *pace*: messages are spread evenly over it
(a generic cell rate algorithm: one stored instant, the next free moment). Longer
windows are *quotas*: they do not slow us down until they are used up, and are counted
in parts of a 24th of their length, so that no window of that length ever holds more.

Law: what was taken and then not used is lost: slower, never faster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

#: A test mail to all the addresses `newsletter test` allows need not wait for the pace,
TEST_BURST = 10
#: unless that were more than this part of a window.
TEST_SHARE = 10
#: The parts in which a quota is counted.
PARTS = 24


@dataclass(frozen=True, slots=True)
class Mark:
    """What is remembered under one key, over restarts."""

    #: Milliseconds since 1970: the next free moment, or the start of a part.
    arrival_at: int
    #: Messages of that part; 0 for a pace.
    used: int = 0


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


def take_slots(
    marks: Mapping[str, Mark],
    limits: Sequence[tuple[int, int]],
    *,
    count: int,
    now: int,
    is_test: bool = False,
) -> tuple[Slots, dict[str, Mark]]:
    """Return the moments of the next messages, and what is to be remembered.

    Args:
        marks: All that is remembered.
        limits: (messages, seconds) each; none: no waiting.
        count: Messages wanted, 1 or more; fewer may be given, ask again then.
        now: Milliseconds since 1970.
        is_test: May use the burst that is kept free for tests.
    """
    if not limits:
        return Slots(now, 0, count), {}
    pace = shortest_limit(limits)
    quotas = [limit for limit in limits if limit != pace]
    first_at, granted = now, min(count, _burst(pace)) if is_test else count
    for quota in quotas:
        free_at, room = _room(marks, quota, now)
        first_at, granted = max(first_at, free_at), min(granted, room)
    interval = pace_interval(pace)
    next_free = _next_free(marks.get(_pace_key(pace)), pace, now)
    # Tests go together, once the last of them may: the pace pays for them afterwards.
    ahead = (_burst(pace) - granted) * interval if is_test else 0
    first_at = max(first_at, next_free - ahead)
    step = 0 if is_test else interval
    kept = {_pace_key(pace): Mark(max(next_free, first_at) + granted * interval)}
    for quota in quotas:
        kept |= _counted(marks, quota, first_at, granted)
    return Slots(first_at, step, granted), kept


def shortest_limit(limits: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the limit with the shortest window: the pace."""
    return min(limits, key=lambda limit: (limit[1], limit[0]))


def pace_interval(pace: tuple[int, int]) -> int:
    """Return the milliseconds between messages; a burst of tests has room beside."""
    messages, seconds = pace
    return -(-seconds * 1000 // (messages - _burst(pace) + 1))


def slice_size(limits: Sequence[tuple[int, int]]) -> int:
    """Return how many slots to take at once: those of a second, at most 50."""
    if not limits:
        return 50
    return max(1, min(50, 1000 // pace_interval(shortest_limit(limits))))


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


def _next_free(mark: Mark | None, pace: tuple[int, int], now: int) -> int:
    """Return the next free moment; one beyond the window comes of a clock set back."""
    if mark is None or mark.arrival_at > now + (pace[1] + 60) * 1000:
        return now
    return max(now, mark.arrival_at)


def _part_ms(quota: tuple[int, int]) -> int:
    return max(1, quota[1] * 1000 // PARTS)


def _part_key(quota: tuple[int, int], start: int) -> str:
    return f"quota {quota[0]}/{quota[1]} {start}"


def _parts(marks: Mapping[str, Mark], quota: tuple[int, int], at: int) -> list[Mark]:
    """Return the parts of the window that ends at *at*, oldest first.

    A part counts until its last message has left the window. Those of a clock that ran
    ahead, which lie in the future, do not count.
    """
    prefix = f"quota {quota[0]}/{quota[1]} "
    since = at - quota[1] * 1000 - _part_ms(quota)
    found = [mark for key, mark in marks.items() if key.startswith(prefix)]
    return sorted(
        (mark for mark in found if since < mark.arrival_at <= at + quota[1] * 1000),
        key=lambda mark: mark.arrival_at,
    )


def _room(
    marks: Mapping[str, Mark], quota: tuple[int, int], now: int
) -> tuple[int, int]:
    """Return when the quota has room again, and how much then."""
    parts = _parts(marks, quota, now)
    used = sum(part.used for part in parts)
    if used < quota[0]:
        return now, quota[0] - used
    gone = quota[1] * 1000 + _part_ms(quota)
    for part, left in zip(parts, accumulate(part.used for part in parts), strict=True):
        if used - left < quota[0]:
            return part.arrival_at + gone, quota[0] - (used - left)
    return now, quota[0]


def _counted(
    marks: Mapping[str, Mark], quota: tuple[int, int], at: int, count: int
) -> dict[str, Mark]:
    """Return the parts worth remembering, with *count* more in the one of *at*."""
    start = at - at % _part_ms(quota)
    kept = {
        _part_key(quota, part.arrival_at): part for part in _parts(marks, quota, at)
    }
    key = _part_key(quota, start)
    before = kept[key].used if key in kept else 0
    return kept | {key: Mark(start, before + count)}
