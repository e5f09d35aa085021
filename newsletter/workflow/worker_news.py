"""What a worker tells: one event for each thing that happens, with the numbers then."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.schedule import show_start
from newsletter.workflow.sender import Watch

#: A line on how far a dispatch is, at most so often.
PROGRESS_SECONDS = 60.0
#: What the pace of a limit makes us wait is no news.
_NEWS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a worker tells."""

    #: Aware, UTC.
    at: datetime
    #: "ready", "sending", "progress", "waiting", "trouble", "ended", "missed",
    #: "stopping" or "stopped"; or the name of a chore (`upkeep.CHORES`).
    kind: str
    #: A sentence for people; no address in it.
    text: str
    #: As it stands; None where it is about none.
    dispatch: Dispatch | None = None


Tell = Callable[[Event], None]


class DispatchNews:
    """Turns what the sender of one dispatch tells into events.

    Args:
        dispatch: As it is before the first mail.
        tell: Given each event.
        time_zone: Its clock is shown.
    """

    def __init__(self, dispatch: Dispatch, tell: Tell, time_zone: str) -> None:
        self._dispatch = dispatch
        self._tell = tell
        self._zone = time_zone
        self._counts = dict(dispatch.counts)
        self._told_at = time.monotonic()
        self._wait = ""

    @property
    def watch(self) -> Watch:
        """What the sender is to call."""
        return Watch(
            on_begin=self.begin,
            on_outcome=self.count,
            on_trouble=lambda reason: self._say(
                "trouble", f"{self._name}: {reason}. Trying again."
            ),
            on_wait=self.wait,
            on_stop=lambda: self._say(
                "stopping", "Stopping when the mails under way are answered."
            ),
        )

    def begin(self, dispatch: Dispatch) -> None:
        """Tell that it is sent."""
        name = f"dispatch {dispatch.id} of {dispatch.issue}"
        self._say("sending", f"Sending {name}: {dispatch.unfinished} to go.")

    def count(self, before: DeliveryState, after: DeliveryState) -> None:
        """Count somebody, and tell now and then how far it is."""
        self._counts[before] -= 1
        self._counts[after] += 1
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_SECONDS:
            self._told_at = now
            self._say("progress", f"{self._name}: {self._how_far()}.")

    def wait(self, reason: str, until: datetime | None) -> None:
        """Tell a wait that is longer than from one mail to the next."""
        is_long = until is None or until - datetime.now(UTC) >= _NEWS
        if reason and reason != self._wait and is_long:
            self._wait = reason
            then = "" if until is None else f", until {show_start(until, self._zone)}"
            self._say(
                "waiting",
                f"{self._name} waits: {reason}{then}.",
                replace(
                    self._now(),
                    state=DispatchState.WAITING,
                    reason=reason,
                    next_at=until,
                ),
            )

    def end(self, dispatch: Dispatch) -> None:
        """Tell how it stands at the end."""
        because = f": {dispatch.reason}" if dispatch.reason else ""
        again = ""
        if dispatch.state is DispatchState.WAITING and dispatch.next_at is not None:
            again = f" Next try: {show_start(dispatch.next_at, self._zone)}."
        self._counts = dict(dispatch.counts)
        self._say(
            "ended",
            f"{self._name} is {dispatch.state}{because}. {self._how_far()}.{again}",
            dispatch,
        )

    @property
    def _name(self) -> str:
        return f"Dispatch {self._dispatch.id} of {self._dispatch.issue}"

    def _how_far(self) -> str:
        accepted = self._counts[DeliveryState.ACCEPTED]
        return f"{accepted} of {self._dispatch.total} taken by your mail server"

    def _now(self) -> Dispatch:
        return replace(self._dispatch, counts=dict(self._counts))

    def _say(self, kind: str, text: str, dispatch: Dispatch | None = None) -> None:
        self._tell(Event(datetime.now(UTC), kind, text, dispatch or self._now()))
