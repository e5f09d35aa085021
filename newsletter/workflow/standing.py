"""How a dispatch stands, in words that all faces share. Pure.

Law: the numbers add up to the total; those that are zero are left out; each state that
somebody can act on says how.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch

#: State -> what a reader of a report understands, in the order in which it is told.
STATE_WORDS = {
    DeliveryState.ACCEPTED: "taken by your mail server",
    DeliveryState.ATTEMPTING: "under way",
    DeliveryState.PENDING: "not tried yet",
    DeliveryState.DEFERRED: "to be tried again",
    DeliveryState.REFUSED: "refused",
    DeliveryState.UNKNOWN: "unknown: the mail left, and no answer came",
    DeliveryState.SKIPPED: "skipped: left meanwhile",
}
_CANCELLED = "skipped: the dispatch was cancelled"


@dataclass(frozen=True, slots=True)
class Number:
    """How many, of what."""

    #: Name of the state in lower case; "cancelled" for those skipped by a cancel.
    kind: str
    people: int
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next: words that end in a colon, and what to type."""

    words: str
    command: str


def headline(dispatch: Dispatch, time_zone: str) -> str:
    """Return ``Dispatch 7 of 2026-03 is waiting until 14:35: 300 an hour``."""
    until = ""
    if dispatch.next_at is not None and dispatch.is_open:
        day = dispatch.next_at.astimezone(ZoneInfo(time_zone))
        until = f" until {day:%H:%M}"
        if dispatch.state is DispatchState.SCHEDULED:
            until = f" for {day:%A %Y-%m-%d %H:%M %Z}"
    because = f": {dispatch.reason}" if dispatch.reason else ""
    name = f"Dispatch {dispatch.id} of {dispatch.issue}"
    return f"{name} is {dispatch.state}{until}{because}"


def numbers(dispatch: Dispatch) -> Iterator[Number]:
    """Yield how many are where, without zeros but of those taken; they sum to all."""
    for state, words in STATE_WORDS.items():
        people = dispatch.counts[state]
        if state is DeliveryState.SKIPPED:
            people -= dispatch.cancelled
        if people or state is DeliveryState.ACCEPTED:
            yield Number(state.name.lower(), people, words)
    if dispatch.cancelled:
        yield Number("cancelled", dispatch.cancelled, _CANCELLED)


def next_steps(dispatch: Dispatch) -> Iterator[Step]:
    """Yield what somebody can do now, the most useful first."""
    number, counts = dispatch.id, dispatch.counts
    if dispatch.state is DispatchState.RUNNING:
        yield Step("Halt it with:", f"newsletter pause {number}")
    elif dispatch.state is DispatchState.SCHEDULED:
        yield Step("Start it now with:", f"newsletter resume {number}")
        yield Step("Call it off with:", f"newsletter cancel {number}")
    elif dispatch.is_open:
        yield Step("Go on with:", f"newsletter resume {number}")
    if counts[DeliveryState.UNKNOWN]:
        yield Step(
            "Who may have got it or not:", f"newsletter status {number} --unknown"
        )
        yield Step("To send it to them again:", f"newsletter resume {number} --unknown")
    if counts[DeliveryState.REFUSED]:
        yield Step(
            "Who was refused, why, and what to do:",
            f"newsletter status {number} --not-reached",
        )
