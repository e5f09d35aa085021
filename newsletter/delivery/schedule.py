"""When a delivery is tried again, and when a dispatch will be over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a deferred delivery is tried again."""

    #: Seconds after the first, second, … try; the last one repeats.
    delays: Sequence[int] = (15 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600)
    #: Greylisting and full disks are over by then; a newsletter is stale.
    give_up_seconds: int = 3 * 24 * 3600
    #: So often at least, if the computer was off in the meantime.
    least_tries: int = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds is waited for what may pass."""

    #: Before any message was answered in this run: a mistyped host should show at once,
    #: so the run ends then.
    at_start: float = 10.0
    #: Afterwards, a lost network or a server that restarts: then the dispatch is said
    #: to wait (and goes on waiting), and the next of several servers is tried.
    later: float = 60.0
    #: First pause before a new connection; it doubles each time up to *longest*.
    first: float = 0.25
    longest: float = 60.0
    #: For those whom the server asked to try later, when nobody else is left; None: as
    #: long as it takes.
    deferred: float | None = 0.0

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row, 1 or more."""
        # Beyond 2^16 the pause is the longest anyway.
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 16))


def retry_at(
    attempts: int, *, last: datetime, since: datetime, policy: RetryPolicy
) -> datetime | None:
    """Return when to try a deferred delivery again, or None to give up.

    Args:
        attempts: Tries so far, 1 or more.
        last: When the server said "later" last, aware.
        since: When it said so first, aware.
        policy: Delays and deadline.

    Source: RFC 5321, section 4.5.4.1.
    """
    is_late = last - since >= timedelta(seconds=policy.give_up_seconds)
    if is_late and attempts >= policy.least_tries:
        return None
    delay = policy.delays[min(attempts, len(policy.delays)) - 1]
    return last + timedelta(seconds=delay)


def show_duration(seconds: int) -> str:
    """Return a length of time as people say it: ``4 h 20``, ``12 min``, ``30 s``."""
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02}"
    return f"{round(hours / 24)} days"
