"""How a dispatch stands, in words that all faces share. Pure.

Law: the numbers add up to the total; those that are zero are left out; each state that
somebody can act on says how.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from newsletter.delivery.limits import estimate_seconds
from newsletter.delivery.schedule import show_duration
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.due import STOPPED_BY_HAND
from newsletter.workflow.schedule import show_start

#: State -> what a reader of a report understands, in the order in which it is told.
STATE_WORDS = {
    DeliveryState.ACCEPTED: "taken by your mail server",
    DeliveryState.DEFERRED: "to be tried again",
    DeliveryState.REFUSED: "refused",
    DeliveryState.UNKNOWN: "unknown: the mail left, and no answer came",
    DeliveryState.SKIPPED: "skipped: left meanwhile",
    DeliveryState.ATTEMPTING: "under way",
    DeliveryState.PENDING: "not tried yet",
}
#: Of one mail in doubt.
UNKNOWN_WORDS = f"{STATE_WORDS[DeliveryState.UNKNOWN]}; it may have arrived"
#: RFC 4954 section 6: a reply to AUTH alone.
_LOGIN_REFUSED = "the mail server said: 535 "
_CANCELLED = "skipped: cancelled"
_SET_ASIDE = "tried, not sent: left for now"
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Number:
    """How many, of what."""

    #: Name of the state in lower case; "cancelled" for those skipped by a cancel.
    kind: str
    people: int
    words: str


@dataclass(frozen=True, slots=True)
class Care:
    """What a dispatch itself does not tell."""

    #: While it waits: a live process goes on with it by itself.
    is_seen_to: bool = True
    #: As in the settings of its server: "", "keyring", "env:NAME" or "file:PATH".
    password: str = ""
    #: It was handed over: another copy of the newsletter goes on with it.
    is_elsewhere: bool = False
    #: A live worker goes on by itself with what was not halted by hand.
    has_worker: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What is next: words that end in a colon, and what to type; or a sentence."""

    words: str
    #: Empty: there is nothing to type.
    command: str = ""


def headline(dispatch: Dispatch, time_zone: str, *, now: datetime) -> str:
    """Return ``Dispatch 7 of 2026-03 is waiting until 14:35: 300 an hour``."""
    until = ""
    if dispatch.next_at is not None and dispatch.is_open:
        until = f" until {show_clock(dispatch.next_at, time_zone, now=now)}"
        if dispatch.state is DispatchState.SCHEDULED:
            until = f" for {show_start(dispatch.next_at, time_zone)}"
    because = f": {dispatch.reason}" if dispatch.reason else ""
    name = f"Dispatch {dispatch.id} of {dispatch.issue}"
    return f"{name} is {dispatch.state}{until}{because}"


def moments(dispatch: Dispatch, *, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield when it was confirmed, begun or is to start, and ended, by name."""
    start, end = dispatch.starts_at, dispatch.finished_at
    if start is None:
        yield "Begun", dispatch.created_at
    else:
        yield "Confirmed", dispatch.created_at
        if dispatch.state is DispatchState.SCHEDULED:
            yield "Starts", start
        # Called off, or begun by hand, before its time: it did not begin then.
        elif start < (end or now):
            yield "Begun", start
    if end is not None:
        yield "Ended", end


def numbers(dispatch: Dispatch) -> Iterator[Number]:
    """Yield how many are where, without zeros but of those taken; they sum to all."""
    for state, words in STATE_WORDS.items():
        people = dispatch.counts[state]
        if state is DeliveryState.SKIPPED:
            people -= dispatch.cancelled
        if state is DeliveryState.PENDING and dispatch.set_aside:
            yield Number("set_aside", dispatch.set_aside, _SET_ASIDE)
            people -= dispatch.set_aside
        if people or state is DeliveryState.ACCEPTED:
            yield Number(state.name.lower(), people, words)
    if dispatch.cancelled:
        yield Number("cancelled", dispatch.cancelled, _CANCELLED)


def next_steps(dispatch: Dispatch, care: Care = Care()) -> Iterator[Step]:
    """Yield what somebody can do now, the most useful first."""
    number, counts = dispatch.id, dispatch.counts
    if care.is_elsewhere:
        return
    if dispatch.state is DispatchState.RUNNING:
        yield Step("Halt it with:", f"newsletter pause {number}")
    elif dispatch.state is DispatchState.SCHEDULED:
        yield Step("Start it now with:", f"newsletter resume {number} --now")
        yield Step("Call it off with:", f"newsletter cancel {number}")
    elif dispatch.is_open and not dispatch.waits_for_word:
        yield from _ways_on(dispatch, care)
    if counts[DeliveryState.UNKNOWN]:
        yield Step(
            "Who may have got it or not:", f"newsletter status {number} --unknown"
        )
        if not dispatch.is_erased:
            yield Step(
                "To send it to the unknown again:",
                f"newsletter resume {number} --unknown",
            )
        yield Step(
            "To count the unknown as having it:",
            f"newsletter resume {number} --unknown-accepted",
        )
    is_left = dispatch.set_aside == counts[DeliveryState.PENDING] > 0
    is_set_aside = is_left and _LOGIN_REFUSED not in dispatch.reason
    if is_set_aside:
        yield Step("To end it without them:", f"newsletter cancel {number}")
    if counts[DeliveryState.REFUSED] or is_set_aside:
        words = "" if dispatch.is_erased else ", why, and what to do"
        yield Step(
            f"Who was refused{words}:", f"newsletter status {number} --not-reached"
        )
    elif dispatch.bounced:
        yield Step(
            "Whose mail came back later, and why:",
            f"newsletter status {number} --not-reached",
        )


def _ways_on(dispatch: Dispatch, care: Care) -> Iterator[Step]:
    command = f"newsletter resume {dispatch.id}"
    if _LOGIN_REFUSED in dispatch.reason:
        if care.password in ("", "keyring"):
            yield Step("Store the right password with:", "newsletter login")
            yield Step("Then go on with:", command)
        else:
            yield Step(
                f"Put the password right ({care.password}), then go on with:", command
            )
    elif care.has_worker and not _is_halted(dispatch):
        yield Step("newsletter worker goes on with it.")
    elif care.is_seen_to:
        yield Step("Go on with:", command)
    else:
        when = "then" if dispatch.next_at else "later"
        yield Step(
            f"Nobody sees to it now: leave newsletter worker running, or give {when}:",
            command,
        )


def _is_halted(dispatch: Dispatch) -> bool:
    is_paused = dispatch.state is DispatchState.PAUSED
    return is_paused or dispatch.reason in STOPPED_BY_HAND


def seconds_left(
    left: int, rate: float | None, limits: Sequence[tuple[int, int]]
) -> int | None:
    """Return how long *left* more people take; None when nothing tells.

    Args:
        left: People to be served.
        rate: People a second; 0 or None: not known.
        limits: (messages, seconds) each, of the server.
    """
    by_limits = estimate_seconds(left, limits) if left else 0
    by_rate = ceil(left / rate) if rate else None
    known = [one for one in (by_limits, by_rate) if one is not None]
    return max(known) if known else None


def going(
    rate: float, seconds: int | None, *, now: datetime, time_zone: str
) -> Iterator[str]:
    """Yield ``52 a second``, ``about 40 min left, until 18:20``, as far as known.

    Args:
        rate: People a second; 0: not known.
        seconds: Until it is over; None: not known.
        now: Aware.
        time_zone: IANA name of the clock that is shown.
    """
    if rate:
        yield show_rate(rate)
    if seconds is not None:
        end = show_clock(now + timedelta(seconds=seconds), time_zone, now=now)
        yield f"about {show_duration(max(1, seconds))} left, until {end}"


def show_rate(per_second: float) -> str:
    """Return a rate in the unit in which it is a number of people."""
    if per_second >= 1:
        return f"{per_second:,.0f} a second"
    if per_second * 60 >= 1:
        return f"{per_second * 60:.0f} a minute"
    return f"{per_second * 3600:.0f} an hour"


def show_clock(at: datetime, time_zone: str, *, now: datetime) -> str:
    """Return ``18:20``, by the clock of *time_zone*; with the day if it is another."""
    there, here = (one.astimezone(ZoneInfo(time_zone)) for one in (at, now))
    days = abs((there.date() - here.date()).days)
    if not days:
        return f"{there:%H:%M}"
    # A weekday alone would be taken for the next one.
    date = f" {there.day} {there:%B}" if days >= _WEEK else ""
    return f"{there:%A}{date} {there:%H:%M}"
