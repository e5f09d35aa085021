"""How long what was seen of a link counts, and how long it has been so. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from newsletter.model.link import History, Verdict

_NEVER = timedelta(0)

#: Verdict -> how old an observation may be and still stand for a new one. Sites that
#: answer stay; what fails may be mended by tomorrow, and a site that was busy is asked
#: anew each time.
LIFETIMES: Mapping[Verdict, timedelta] = {
    Verdict.OK: timedelta(days=7),
    Verdict.MOVED: timedelta(days=7),
    Verdict.SUSPECT: timedelta(days=1),
    Verdict.BROKEN: timedelta(days=1),
    Verdict.INVALID: timedelta(days=1),
    Verdict.UNSAFE: timedelta(days=1),
    Verdict.BLOCKED: timedelta(days=3),
    Verdict.RATE_LIMITED: _NEVER,
    Verdict.TIMEOUT: _NEVER,
}

#: After this nothing is known of a link any more.
KEPT = timedelta(days=365)

#: They say nothing of a page: neither that it is there, nor that it is gone.
_SILENT = frozenset({Verdict.RATE_LIMITED, Verdict.TIMEOUT})


def is_fresh(verdict: Verdict, age: timedelta, max_age: timedelta | None) -> bool:
    """Whether an observation may stand for a new one.

    Args:
        verdict: What is made of it today.
        age: Below zero when a clock was set back.
        max_age: What the editor allows at the most, if she says so.
    """
    longest = LIFETIMES[verdict]
    if max_age is not None:
        longest = min(longest, max_age)
    return _NEVER <= age < longest


def says_something(verdict: Verdict) -> bool:
    """Whether *verdict* tells how a page is; "no answer today" does not."""
    return verdict not in _SILENT


def history_of(past: Sequence[tuple[datetime, Verdict]]) -> History | None:
    """Return how often in a row an address was found as it was last.

    Checks without an answer in between neither count nor interrupt.

    Args:
        past: When it was judged, and how; newest first.
    """
    if not past:
        return None
    since, verdict = past[0]
    checks = 0
    for at, earlier in past:
        if earlier is verdict:
            since, checks = at, checks + 1
        elif says_something(earlier):
            break
    return History(verdict, checks, since)
