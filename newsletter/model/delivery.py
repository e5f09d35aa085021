"""The duty to hand one message over, and the states it passes through.

pending -> attempting -> accepted | deferred | refused | unknown; or pending -> skipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class DeliveryState(IntEnum):
    """Where one delivery stands; the seven states of a dispatch sum to its total."""

    #: Nothing has left; safe to send.
    PENDING = 0
    #: The intent is written, the message may be on its way.
    ATTEMPTING = 1
    #: Taken by your mail server.
    ACCEPTED = 2
    #: The server said "later".
    DEFERRED = 3
    #: The server said "no".
    REFUSED = 4
    #: The message left and no reply came: only the editor may send it again.
    UNKNOWN = 5
    #: Unsubscribed or suppressed meanwhile, or the dispatch was cancelled.
    SKIPPED = 6


#: Which state may follow which; everything else is a bug. The store enforces it in SQL.
TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset(
        {
            DeliveryState.ATTEMPTING,
            DeliveryState.DEFERRED,
            DeliveryState.REFUSED,
            DeliveryState.SKIPPED,
        }
    ),
    DeliveryState.ATTEMPTING: frozenset(
        {
            DeliveryState.ACCEPTED,
            DeliveryState.DEFERRED,
            DeliveryState.REFUSED,
            DeliveryState.UNKNOWN,
            DeliveryState.PENDING,  # a fault of ours before the first body byte
        }
    ),
    DeliveryState.DEFERRED: frozenset(
        {
            DeliveryState.ATTEMPTING,
            DeliveryState.PENDING,
            DeliveryState.REFUSED,
            DeliveryState.SKIPPED,
        }
    ),
    DeliveryState.REFUSED: frozenset({DeliveryState.PENDING}),  # resume --refused
    DeliveryState.UNKNOWN: frozenset(
        {
            DeliveryState.ACCEPTED,
            DeliveryState.PENDING,
        }  # a late reply; resume --unknown
    ),
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.SKIPPED: frozenset(),
}


class DispatchState(StrEnum):
    """Where a dispatch stands as a whole."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    #: Nothing to do until *next_at*: deferred deliveries, a limit.
    WAITING = "waiting"
    PAUSED = "paused"
    #: It was running when its process died.
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient of one dispatch, frozen when the dispatch was confirmed."""

    dispatch_id: int
    #: Position in the dispatch, from 1.
    seq: int
    subscriber_id: int
    email: str
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Tries so far.
    attempts: int = 0
    #: When the server first said "later", aware; None when it never did.
    deferred_since: datetime | None = None
