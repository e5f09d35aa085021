"""How far a running dispatch is, as its sender tells it, and in words. Draws nothing.

The sender calls `Live.note` up to ten thousand times a second, so it counts and nothing
else; whoever shows it asks now and then, with a clock of their own.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.standing import going, seconds_left, show_clock

#: The rate is that of the last minute.
_WINDOW_SECONDS = 60.0
#: Of a shorter time no rate is told: it would jump.
_LEAST_SECONDS = 3.0
#: What the pace of a limit makes us wait is no news.
_NEWS_SECONDS = 60

STOPPING = (
    "Stopping: the mails under way are answered first. Ctrl-C again hangs up on them."
)

#: State -> how it is called beside a bar, shortest words that are clear.
_SHORT_WORDS = {
    DeliveryState.ACCEPTED: "taken by your mail server",
    DeliveryState.DEFERRED: "to be tried again",
    DeliveryState.REFUSED: "refused",
    DeliveryState.UNKNOWN: "unknown",
    DeliveryState.SKIPPED: "left meanwhile",
}


@dataclass(slots=True)
class Live:
    """Counts of a dispatch, kept up to date by `note`, and what it waits for."""

    time_zone: str = "UTC"
    #: (messages, seconds) each.
    limits: Sequence[tuple[int, int]] = ()
    issue: str = ""
    total: int = 0
    #: How many may still get a mail when it begins.
    unfinished: int = 0
    #: How many were served before.
    begun_with: int = 0
    #: How many stay behind a canary in this run.
    held: int = 0
    #: By `DeliveryState`; changed in place.
    counts: list[int] = field(default_factory=lambda: [0] * len(DeliveryState))
    #: Why it waits, or empty; and until when, if that is known.
    waiting: str = ""
    until: datetime | None = None
    #: What hinders it; over as soon as somebody is served.
    trouble: str = ""
    #: Why it is slower than it could be, or empty.
    slowed: str = ""
    is_stopping: bool = False
    #: (seconds of a clock that only goes forward, people tried) of the last minute.
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _tried_before_trouble: int = 0

    def begin(self, dispatch: Dispatch) -> None:
        """Take in how a dispatch stands before its first mail."""
        self.issue, self.total = dispatch.issue, dispatch.total
        self.counts[:] = [dispatch.counts[state] for state in DeliveryState]
        canary_left = dispatch.canary - self._tried
        self.held = self._untried - canary_left if canary_left > 0 else 0
        self.unfinished = dispatch.unfinished - self.held
        self.begun_with = self.served

    @property
    def note(self) -> Callable[[DeliveryState, DeliveryState], None]:
        """Return the function that counts a delivery which changed its state."""
        counts = self.counts

        def count(before: DeliveryState, after: DeliveryState) -> None:
            counts[before] -= 1
            counts[after] += 1

        return count

    @property
    def left(self) -> int:
        """How many are still to be served now; deferred ones come later."""
        return max(0, self._untried - self.held)

    @property
    def served(self) -> int:
        """How many are not to be tried any more."""
        return self._tried - self.counts[DeliveryState.DEFERRED]

    @property
    def _tried(self) -> int:
        return self.total - self._untried

    @property
    def _untried(self) -> int:
        pending = self.counts[DeliveryState.PENDING]
        return max(0, pending + self.counts[DeliveryState.ATTEMPTING])

    def wait(self, reason: str, until: datetime | None) -> None:
        """Take in that the dispatch waits; without a reason, that it goes on."""
        self.waiting, self.until = reason, until if reason else None

    def hinder(self, reason: str) -> None:
        """Take in what hinders the dispatch; it tries again by itself."""
        self.trouble, self._tried_before_trouble = reason, self._tried

    def slow(self, reason: str) -> None:
        """Take in why it is slower than it could be; empty: it is so no more."""
        self.slowed = reason

    def stop(self) -> None:
        """Take in that somebody asked it to stop."""
        self.is_stopping = True

    def sample(self, at: float) -> None:
        """Remember how far it is, for the rate; to be called at every look."""
        samples = self._samples
        samples.append((at, self._tried))
        while at - samples[0][0] > _WINDOW_SECONDS and len(samples) > 2:
            samples.popleft()
        if self.trouble and self._tried > self._tried_before_trouble:
            self.trouble = ""

    @property
    def rate(self) -> float | None:
        """People served in a second over the last minute; None: not known yet."""
        if len(self._samples) < 2:
            return None
        (since, before), (until, after) = self._samples[0], self._samples[-1]
        if until - since < _LEAST_SECONDS or after <= before:
            return None
        return (after - before) / (until - since)

    @property
    def seconds_left(self) -> int | None:
        """How long it takes still: by the limits, else by the rate."""
        return seconds_left(self.left, self.rate, self.limits)


# --- in words -------------------------------------------------------------------------


def begin_line(live: Live) -> str:
    """Return what is said before the first mail."""
    noun = "subscriber" if live.unfinished == 1 else "subscribers"
    return f"Sending {live.issue} to {live.unfinished:,} {noun}."


def count_words(live: Live) -> Iterator[str]:
    """Yield ``208 taken by your mail server``, ``2 refused``, …; no zeros."""
    for state, words in _SHORT_WORDS.items():
        people = live.counts[state]
        if people or state is DeliveryState.ACCEPTED:
            yield f"{people:,} {words}"


def state_line(live: Live, now: datetime) -> str:
    """Return the one thing that is worth knowing now: why it waits, or when it ends."""
    if live.is_stopping:
        return STOPPING
    if is_news(live, now):
        return wait_line(live, now)
    if live.trouble:
        return trouble_line(live)
    return " · ".join(pace_words(live, now)) or (
        "Sending." if live.served > live.begun_with else "Beginning."
    )


def wait_line(live: Live, now: datetime) -> str:
    """Return ``Waiting until 14:35: 300 an hour.``."""
    until = ""
    if live.until is not None:
        until = f" until {show_clock(live.until, live.time_zone, now=now)}"
    return f"Waiting{until}: {live.waiting.rstrip('.')}."


def trouble_line(live: Live) -> str:
    """Return what hinders it, and that nobody has to do anything."""
    trouble = live.trouble.rstrip(".")
    return f"{trouble[:1].upper()}{trouble[1:]}. Trying again."


def is_news(live: Live, now: datetime) -> bool:
    """Tell whether the dispatch waits for longer than from one mail to the next."""
    if not live.waiting:
        return False
    return live.until is None or live.until - now >= timedelta(seconds=_NEWS_SECONDS)


def pace_words(live: Live, now: datetime) -> Iterator[str]:
    """Yield ``52 a second``, ``about 40 min left, until 18:20``, as far as known."""
    seconds = live.seconds_left if live.left else None
    yield from going(live.rate or 0.0, seconds, now=now, time_zone=live.time_zone)
    if live.slowed:
        yield live.slowed
