"""The time of one run, which nobody can set while it lasts.

The wall's clock is read once; from then on the time since the computer was switched on
counts, its sleep included. So a wall clock that is set hours ahead or back in between
neither lets a limit wait for hours nor fall due at once.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

if sys.platform == "linux":

    def seconds_since_boot() -> float:
        """Return the seconds since the computer was switched on, asleep or not."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:

    def seconds_since_boot() -> float:
        """Return the seconds since the computer was switched on, asleep or not.

        CLOCK_MONOTONIC of macOS goes on in its sleep, and so does what Windows has.
        """
        if sys.platform == "darwin":
            return time.clock_gettime(time.CLOCK_MONOTONIC)
        return time.monotonic()


class RunClock:
    """The present, aware and in UTC, from one reading of the wall's clock."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._began_after = seconds_since_boot()

    def now(self) -> datetime:
        """Return the present."""
        passed = seconds_since_boot() - self._began_after
        return self._began + timedelta(seconds=passed)
