"""A dispatch as its page shows it: a bar, numbers, reasons in groups. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import UNFINISHED, Dispatch
from newsletter.reasons import Reason
from newsletter.workflow.reached import Person
from newsletter.workflow.schedule import show_start
from newsletter.workflow.standing import going, numbers, show_clock
from newsletter.workflow.status import Overview

#: State -> heading of the page; what follows in the sentence below it is the reason.
_TITLES = {
    DispatchState.SCHEDULED: "Scheduled",
    DispatchState.RUNNING: "Sending",
    DispatchState.WAITING: "Waiting",
    DispatchState.PAUSED: "Paused",
    DispatchState.INTERRUPTED: "Interrupted",
    DispatchState.CANCELLED: "Cancelled",
    DispatchState.DONE: "Done",
}
#: These wait for the editor.
_ASKS = frozenset({DispatchState.PAUSED, DispatchState.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the bar, in per cent of it."""

    kind: str
    begin: float
    length: float


@dataclass(slots=True)
class ReasonGroup:
    """People who were not reached for one reason."""

    reason: Reason
    people: list[Person] = field(default_factory=list)


def title(dispatch: Dispatch) -> str:
    """Return the state as a heading: ``Paused``."""
    return _TITLES[dispatch.state]


def mood(dispatch: Dispatch) -> str:
    """Return "calm", "ask" where the editor has to act, "good" when all is well."""
    counts = dispatch.counts
    if dispatch.state in _ASKS:
        return "ask"
    is_clean = not counts[DeliveryState.REFUSED] and not counts[DeliveryState.UNKNOWN]
    return "good" if dispatch.state is DispatchState.DONE and is_clean else "calm"


def lead(overview: Overview, *, now: datetime, time_zone: str) -> str:
    """Return the sentence below the heading: why, until when, how fast."""
    dispatch = overview.dispatch
    if dispatch.state is DispatchState.RUNNING:
        pace = going(overview.rate, overview.seconds_left, now=now, time_zone=time_zone)
        return _sentence(", ".join(pace) or "the first mails are on their way")
    if dispatch.state is DispatchState.DONE:
        return _end(dispatch)
    until = _until(dispatch, now, time_zone)
    return _sentence(": ".join(filter(None, (until, dispatch.reason))))


def _until(dispatch: Dispatch, now: datetime, time_zone: str) -> str:
    if dispatch.next_at is None:
        return ""
    if dispatch.state is DispatchState.SCHEDULED:
        return f"it starts on {show_start(dispatch.next_at, time_zone)}"
    return f"until {show_clock(dispatch.next_at, time_zone, now=now)}"


def _end(dispatch: Dispatch) -> str:
    taken = dispatch.counts[DeliveryState.ACCEPTED]
    if taken == dispatch.total:
        return "Your mail server took the mail for everybody."
    return f"Your mail server took the mail for {taken:,} of {dispatch.total:,}."


def spoken(dispatch: Dispatch) -> str:
    """Return how far it is, for screen readers: another text only at each tenth."""
    tenth = 10 * dealt_with(dispatch) // dispatch.total if dispatch.total else 10
    least = "" if tenth in (0, 10) else "at least "
    return f"{title(dispatch)}, {least}{tenth * 10} per cent dealt with"


def dealt_with(dispatch: Dispatch) -> int:
    """Return how many are not to be tried any more, whatever became of them."""
    return dispatch.total - sum(dispatch.counts[state] for state in UNFINISHED)


def segments(dispatch: Dispatch) -> Iterator[Segment]:
    """Yield the stretches of the bar, in the order of the numbers."""
    begin = 0.0
    for number in numbers(dispatch):
        # Who was set aside is pending too: the bar is empty there.
        if number.kind in ("pending", "set_aside") or not number.people:
            continue
        length = 100 * number.people / dispatch.total
        yield Segment(number.kind, round(begin, 3), round(length, 3))
        begin += length


def group_by_reason(people: Iterable[Person], *, most: int) -> list[ReasonGroup]:
    """Return the first *most* people, those of one reason together, most first."""
    groups: dict[Reason, ReasonGroup] = {}
    for person, _ in zip(people, range(most), strict=False):
        groups.setdefault(person.reason, ReasonGroup(person.reason)).people.append(
            person
        )
    return sorted(groups.values(), key=lambda group: -len(group.people))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
