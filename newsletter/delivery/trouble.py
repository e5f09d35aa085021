"""When a dispatch must stop: what the outcomes of all its connections say together."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.delivery.schedule import Patience
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.outcome import Outcome
from newsletter.replies import show_reply

#: So many different people refused one after the other are not all gone: it is us.
MAX_REFUSED = 20
#: After a fault that outlasted our patience: when to try again.
WAIT = timedelta(minutes=15)


@dataclass(slots=True)
class Trouble:
    """Counts what goes wrong without anything going well in between."""

    #: Connections that are used at once: each can lose one message to a broken network.
    connections: int
    patience: Patience = field(default_factory=Patience)
    has_succeeded: bool = False
    #: Seconds of the monotonic clock: last success, and first fault after it.
    succeeded_at: float = float("-inf")
    failing_since: float | None = None
    refused: int = 0
    unknown: int = 0

    def note(self, outcome: Outcome, *, at: float, now: datetime) -> Halt | None:
        """Take in an outcome; return why the dispatch must stop, if it must.

        Args:
            outcome: Of any connection.
            at: Seconds of the monotonic clock, which a sleeping computer stops.
            now: Aware.
        """
        if outcome.is_our_fault and not outcome.may_pass:
            return Halt(DispatchState.PAUSED, why(outcome))
        if outcome.state is DeliveryState.UNKNOWN:
            return self._note_unknown(outcome)
        if outcome.is_our_fault:
            return self._note_failure(outcome, at, now)
        self.failing_since, self.unknown = None, 0
        self.succeeded_at, self.has_succeeded = at, True
        return self._note_answer(outcome)

    def _note_failure(self, outcome: Outcome, at: float, now: datetime) -> Halt | None:
        if self.failing_since is None:
            self.failing_since = at
        limit = self.patience.later if self.has_succeeded else self.patience.at_start
        if at - self.failing_since < limit:
            return None
        return Halt(DispatchState.WAITING, why(outcome), now + WAIT)

    def _note_unknown(self, outcome: Outcome) -> Halt | None:
        """A server that never answers must not be given everybody's message."""
        self.unknown += 1
        if self.unknown <= self.connections + 1:
            return None
        return Halt(
            DispatchState.PAUSED,
            f"the mail server took {self.unknown} messages and answered none of them: "
            f"{why(outcome)}",
        )

    def _note_answer(self, outcome: Outcome) -> Halt | None:
        if outcome.state is not DeliveryState.REFUSED:
            self.refused = 0
            return None
        self.refused += 1
        if self.refused < MAX_REFUSED:
            return None
        return Halt(
            DispatchState.PAUSED,
            f"the mail server refused {self.refused} recipients one after the other, "
            f"the last one with: {why(outcome)}",
        )


def why(outcome: Outcome) -> str:
    """Return what the server said, or what happened instead."""
    if outcome.reply is not None:
        return f"the mail server said: {show_reply(outcome.reply)}"
    return outcome.reason
