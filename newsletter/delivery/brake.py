"""Slower after a mail server said so, and slowly faster again. Pure.

Each "slower" halves the share of the connections and of the rate that is used; what was
lost comes back evenly within minutes, whether or not the program runs meanwhile. The
share goes on growing beyond the whole, until nothing of the brake is left: where no
limit is set, the rate at which a server protested is one to come near to carefully.

Law: a brake is kept with the limits, so that a restart does not begin at full speed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

#: The whole, in thousandths.
WHOLE = 1000
#: In this time one whole comes back.
RECOVERY_MS = 5 * 60_000
#: One storm of protests from all connections is one protest.
STORM_MS = 10_000
#: A 64th: 5 an hour of 300.
LEAST = WHOLE // 64
#: At twice the rate of the protest nothing is braked any more: after ten minutes.
FADED = 2 * WHOLE

_SHARE = "brake"
_RATE = "brake rate"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is remembered under one key, over restarts."""

    #: Milliseconds since 1970: the next free moment, the start of a part, a protest.
    arrival_at: int
    #: Messages of that part, the share or rate of a brake; 0 for a pace.
    used: int = 0


@dataclass(frozen=True, slots=True)
class Brake:
    """How one lane, or the server, is held back."""

    #: Milliseconds since 1970: when the last protest came.
    at: int
    #: Thousandths of the whole, at that moment.
    share: int
    #: Messages an hour that were the whole; 0: only connections are held back.
    hourly: int = 0


def read_brake(marks: Mapping[str, Mark], scope: str, now: int) -> Brake | None:
    """Return the brake of a scope, None when there is none or it faded."""
    mark = marks.get(scope + _SHARE)
    # One of the future comes of a clock set back.
    if mark is None or mark.arrival_at > now + RECOVERY_MS:
        return None
    rate = marks.get(scope + _RATE, Mark(0))
    brake = Brake(mark.arrival_at, mark.used, rate.used)
    return None if share_of(brake, now) >= FADED else brake


def brake_marks(brake: Brake, scope: str) -> dict[str, Mark]:
    """Return what is to be remembered of a brake."""
    return {
        scope + _SHARE: Mark(brake.at, brake.share),
        scope + _RATE: Mark(brake.at, brake.hourly),
    }


def is_brake_key(key: str) -> bool:
    """Tell whether a mark is one of a brake."""
    return key.endswith((_SHARE, _RATE))


def halve(brake: Brake | None, *, now: int, hourly: int) -> Brake:
    """Return what follows from a protest.

    Args:
        brake: As it is.
        now: Milliseconds since 1970.
        hourly: Messages an hour of late; 0: they are not what it is about.
    """
    if brake is None:
        return Brake(now, WHOLE // 2, hourly)
    brake = replace(brake, hourly=brake.hourly or hourly)
    if now - brake.at < STORM_MS:
        return brake
    share = min(WHOLE, share_of(brake, now)) // 2
    return replace(brake, at=now, share=max(LEAST, share))


def share_of(brake: Brake | None, now: int) -> int:
    """Return the thousandths of the whole that may be used now."""
    if brake is None:
        return FADED
    return brake.share + WHOLE * max(0, now - brake.at) // RECOVERY_MS


def brake_interval(marks: Mapping[str, Mark], scope: str, now: int) -> int:
    """Return the least milliseconds between messages; 0: as many as you like."""
    brake = read_brake(marks, scope, now)
    if brake is None or not brake.hourly:
        return 0
    return 3_600_000 * WHOLE // (brake.hourly * share_of(brake, now))


def allowed(connections: int, brake: Brake | None, now: int) -> int:
    """Return how many of so many connections may be used; at least one."""
    share = min(WHOLE, share_of(brake, now))
    return max(1, -(-connections * share // WHOLE))
