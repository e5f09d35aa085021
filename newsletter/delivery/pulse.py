"""Tells that the computer slept or stood still: the dispatcher looks up all the time.

After a night the editor is asked: what was to go out yesterday evening may be stale.
"""

from collections.abc import Callable

from newsletter.delivery.schedule import show_duration
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Halt

#: After a gap this long nothing leaves by itself any more.
ASK_SECONDS = 12 * 3600


class Pulse:
    """When the dispatcher looked up last.

    Args:
        elapsed: Seconds of a clock that goes on while the computer sleeps.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._at = self._good_at = elapsed()

    def beat(self, *, is_well: bool) -> float:
        """Look up; return the seconds since the last time.

        Args:
            is_well: The mail server answers, as far as we know.
        """
        before, self._at = self._at, self._elapsed()
        if is_well:
            self._good_at = self._at
        return self._at - before

    def asleep(self) -> Halt | None:
        """Return why to ask the editor if nobody looked up for long."""
        gap = self._elapsed() - self._at
        if gap < ASK_SECONDS:
            return None
        return Halt(
            DispatchState.PAUSED,
            f"this computer stood still for {show_duration(int(gap))}; "
            "look whether the mail is still to go out",
        )

    def away(self, reason: str) -> Halt | None:
        """Return why to ask the editor if the mail server did not answer for long."""
        gap = self._elapsed() - self._good_at
        if gap < ASK_SECONDS:
            return None
        return Halt(
            DispatchState.PAUSED,
            f"nothing could be sent for {show_duration(int(gap))} ({reason}); "
            "look whether the mail is still to go out",
        )
