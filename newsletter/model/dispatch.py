"""One issue on its way to its recipients: what was ordered, and how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.outcome import Reply
from newsletter.model.segment import Segment

#: Something is left to do.
OPEN_STATES = frozenset(
    {
        DispatchState.SCHEDULED,
        DispatchState.RUNNING,
        DispatchState.WAITING,
        DispatchState.PAUSED,
        DispatchState.INTERRUPTED,
    }
)
#: A delivery in one of these states may still lead to a mail.
UNFINISHED = frozenset(
    {DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED}
)


class Reach(StrEnum):
    """Who of an earlier dispatch is meant by ``send --only``."""

    #: Accepted, or unknown: they have it, or may have it.
    REACHED = "reached"
    #: Everybody else of it.
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Only:
    """``--only reached:12``: of the chosen lists, only these people."""

    reach: Reach
    dispatch_id: int


@dataclass(frozen=True, slots=True)
class Order:
    """What the editor confirmed."""

    #: Slug of the issue.
    issue: str
    content_hash: str
    #: Slugs of the lists, each once.
    lists: tuple[str, ...]
    #: What was waived, for the record: untested, skip_probe, accepted findings.
    waivers: tuple[str, ...] = ()
    #: Made with the plan, used up by the dispatch: one confirmation, one dispatch.
    token: str = ""
    only: Only | None = None
    #: Of the chosen lists, only who is in it.
    where: Segment | None = None
    #: Aware; None: now.
    starts_at: datetime | None = None
    #: So many first, then pause until the editor says resume; 0: all at once.
    canary: int = 0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A dispatch as the ledger knows it at one moment."""

    id: int
    issue: str
    content_hash: str
    lists: tuple[str, ...]
    state: DispatchState
    #: Why it is in that state, for people; may be empty.
    reason: str
    next_at: datetime | None
    total: int
    #: All seven states; they sum to *total*.
    counts: Mapping[DeliveryState, int]
    created_at: datetime
    finished_at: datetime | None = None
    waivers: tuple[str, ...] = ()
    #: So many of the skipped are so because it was cancelled; the others left.
    cancelled: int = 0
    #: While it is paused: so many of the pending were tried, and the server said no
    #: to them for a reason that is not theirs.
    set_aside: int = 0
    #: Aware; None: it was to start at once.
    starts_at: datetime | None = None
    only: Only | None = None
    #: Who of the lists was meant, as it was typed; empty: everybody.
    where: str = ""
    canary: int = 0
    #: Of the accepted: so many mails came back, and so many were called spam.
    bounced: int = 0
    complained: int = 0
    #: Its addresses are erased because of their age: nobody can be tried again.
    is_erased: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something is left to do."""
        return self.state in OPEN_STATES

    @property
    def unfinished(self) -> int:
        """How many may still get a mail."""
        return sum(self.counts[state] for state in UNFINISHED)

    @property
    def waits_for_word(self) -> bool:
        """Whether nobody but those in doubt is left: only the editor sends to them."""
        unknown = self.counts[DeliveryState.UNKNOWN]
        return self.is_open and not self.unfinished and unknown > 0


@dataclass(frozen=True, slots=True)
class PastDispatch:
    """A dispatch as a list of them names it."""

    id: int
    issue: str
    state: DispatchState


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one batch, until somebody else claims it."""

    dispatch_id: int
    batch_id: int
    #: Raised by each claim; older ones are worth nothing.
    epoch: int
    first_seq: int
    last_seq: int
    #: A key of ``[lanes]``; empty: everybody else.
    lane: str = ""


class Permission(Enum):
    """The ledger's answer to an intent."""

    #: Written down: the message may leave.
    GRANTED = "granted"
    #: Unsubscribed or suppressed meanwhile: skipped, written down too.
    SKIPPED = "skipped"
    #: Paused, cancelled or taken over by another process; nothing is changed.
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one delivery, to be written down."""

    seq: int
    state: DeliveryState
    reply: Reply | None = None
    #: For a deferred one: when to try again.
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a dispatch stops before everybody was tried."""

    #: `PAUSED`, `WAITING` or `INTERRUPTED`.
    state: DispatchState
    reason: str
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One delivery as a report shows it."""

    seq: int
    subscriber_id: int
    email: str
    state: DeliveryState
    #: Last change of state, None before the first.
    at: datetime | None
    reply: Reply | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
