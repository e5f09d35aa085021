"""When a dispatch must wait or stop: what the outcomes say together. Pure.

`Trouble` knows whether the mail server answers at all, whichever lane asks it; `Streak`
knows what the answers of one lane have in common.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.delivery.schedule import Patience
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.outcome import Outcome
from newsletter.replies import show_reply

#: So many different people refused one after the other are not all gone: it is us.
MAX_REFUSED = 20
#: One policy that says no may be one recipient's own; so many in a row are about us,
MAX_POLICY = 3
#: and so are so many in a run, whoever else gets through.
MAX_SET_ASIDE = 20
#: After a server that never answered: when to try again.
WAIT = timedelta(minutes=15)


@dataclass(slots=True)
class Trouble:
    """Whether the mail server answers; one for all lanes."""

    patience: Patience = field(default_factory=Patience)
    has_succeeded: bool = False
    #: Seconds of a clock that a sleeping computer stops: the last success.
    succeeded_at: float = float("-inf")
    #: The first fault since then; None: all is well.
    failing_since: float | None = None
    reason: str = ""
    #: Faults in a row, those of the same moment counted once.
    failures: int = 0
    #: No line tries before that.
    next_try_at: float = 0.0
    #: Who tries alone while all others wait for what comes of it.
    prober: object | None = None

    def note_success(self, at: float) -> None:
        """Take in that the server answered for a message."""
        self.has_succeeded = True
        self.succeeded_at = at
        self.failing_since, self.failures, self.prober = None, 0, None

    def note_failure(self, reason: str, at: float, now: datetime) -> Halt | None:
        """Take in a fault that may pass; return why the run must end, if it must.

        Args:
            reason: For people.
            at: Seconds of the same clock.
            now: Aware.
        """
        self.reason = reason
        if self.failing_since is None:
            self.failing_since = at
        if at >= self.next_try_at:
            self.failures += 1
            self.next_try_at = at + self.patience.pause(self.failures)
        if self.has_succeeded or at - self.failing_since < self.patience.at_start:
            return None
        return Halt(DispatchState.WAITING, reason, now + WAIT)

    @property
    def is_failing(self) -> bool:
        """Whether it is more than one line's bad luck."""
        return self.failures > 1

    def begin_anew(self) -> None:
        """Forget what failed: another server is tried."""
        self.failing_since, self.failures, self.next_try_at = None, 0, 0.0
        self.prober = None

    def is_away(self, at: float) -> bool:
        """Tell whether the fault lasts so long that the dispatch waits."""
        since = self.failing_since
        return since is not None and at - since >= self.patience.later


@dataclass(slots=True)
class Streak:
    """What came one after the other in a lane without anything going well between."""

    #: So many messages can be out at once, and be lost to a broken network.
    most_out: int
    refused: int = 0
    unknown: int = 0
    policy: int = 0

    def note_accepted(self) -> None:
        """Take in that all is well."""
        self.refused = self.unknown = self.policy = 0

    def note_deferred(self) -> None:
        """Take in that somebody is to be tried later: the server answers."""
        self.refused = self.unknown = 0

    def note_refused(self, outcome: Outcome) -> Halt | None:
        """Take in a refused recipient; return why to stop."""
        self.unknown = 0
        self.refused += 1
        if self.refused < MAX_REFUSED:
            return None
        return Halt(
            DispatchState.PAUSED,
            f"the mail server refused {self.refused} recipients one after the other, "
            f"the last one with: {why(outcome)}",
        )

    def note_policy(self, outcome: Outcome, set_aside: int) -> Halt | None:
        """Take in a policy that said no; return why to stop.

        Args:
            outcome: With what the server said.
            set_aside: How many were so in this run.
        """
        self.unknown = 0
        self.policy += 1
        if self.policy < MAX_POLICY and set_aside < MAX_SET_ASIDE:
            return None
        return pause_for(outcome)

    def note_unknown(self, outcome: Outcome) -> Halt | None:
        """Take in a message that was never answered; return why to stop.

        A server that never answers must not be given everybody's message.
        """
        self.unknown += 1
        if self.unknown <= self.most_out + 1:
            return None
        return Halt(
            DispatchState.PAUSED,
            f"the mail server took {self.unknown} messages and answered none of them: "
            f"{why(outcome)}",
        )


def pause_for(outcome: Outcome) -> Halt:
    """Return the pause that somebody has to end, with what the server said."""
    return Halt(DispatchState.PAUSED, why(outcome))


def why(outcome: Outcome) -> str:
    """Return what the server said, or what happened instead."""
    if outcome.reply is not None:
        return f"the mail server said: {show_reply(outcome.reply)}"
    return outcome.reason
