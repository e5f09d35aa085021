"""The moments at which the letters of one lane may leave, taken a second ahead.

Law: a moment that passed unused is lost, so that nothing is made up for in a rush.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf

from newsletter.delivery.limits import NEAR_MS, NotYet
from newsletter.delivery.pace import Pace

#: A moment that passed so long ago was taken in vain.
STALE_SECONDS = 2.0


class Moments:
    """Moments of the present server and lane.

    Args:
        steady: Seconds of a clock that a sleeping computer stops.
        millis: Milliseconds since 1970.
    """

    def __init__(self, steady: Callable[[], float], millis: Callable[[], int]) -> None:
        self._steady = steady
        self._millis = millis
        self._moments: deque[float] = deque()
        #: It is known that there is none before.
        self._none_before = 0.0

    def seconds_to_next(self) -> float:
        """Return the seconds to the next one; infinite: none is known."""
        now, moments = self._steady(), self._moments
        while moments and moments[0] < now - STALE_SECONDS:
            moments.popleft()
        return max(0.0, moments[0] - now) if moments else inf

    def take(self) -> float | None:
        """Take the next one, if its time has come."""
        return None if self.seconds_to_next() else self._moments.popleft()

    def put_back(self, moment: float) -> None:
        """Give back one that was taken for nothing."""
        self._moments.appendleft(moment)

    def forget(self) -> None:
        """Ask anew: the computer slept, or another server's limits count."""
        self._moments.clear()
        self._none_before = 0.0

    async def refill(self, pace: Pace) -> float:
        """Take more if there are none; return the seconds until there may be some."""
        now, millis = self._steady(), self._millis()
        if self._moments or now < self._none_before:
            return max(0.0, self._none_before - now)
        taken = await pace.take()
        if isinstance(taken, NotYet):
            ahead = max(0.0, (taken.at - millis - NEAR_MS) / 1000)
            self._none_before = now + ahead
            return ahead
        self._none_before = 0.0
        moments = taken.moments()
        self._moments.extend(now + (moment - millis) / 1000 for moment in moments)
        return 0.0

    def far(self, seconds: float) -> datetime | None:
        """Return when the next one is, aware, if that is further than *seconds*."""
        ahead = self._none_before - self._steady()
        if self._moments or ahead < seconds:
            return None
        return datetime.fromtimestamp(round(self._millis() / 1000 + ahead), UTC)
