"""The computer that sends: clock, disk, database, keys -> diagnoses. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from newsletter.model.diagnosis import Diagnosis, Health, Subject

#: A mail whose Date is further off looks forged to filters, and tokens go by the clock.
_CLOCK_OFF = timedelta(minutes=2)
_CLOCK_WRONG = timedelta(minutes=30)
#: Migration and backup copy the database; below this a full disk is near.
_LITTLE_BYTES = 500_000_000
_NO_BYTES = 50_000_000

_diagnosis = partial(Diagnosis, Subject.COMPUTER)


@dataclass(frozen=True, slots=True)
class ComputerFacts:
    """What was found here."""

    #: Of the newsletter; aware.
    local_time: datetime
    time_zone: str
    free_bytes: int
    #: Whether there is a database yet.
    has_database: bool = False
    #: What failed with database or keys: sentence and what to do.
    faults: tuple[tuple[str, str], ...] = ()
    #: Sentences on what lets addresses out: readable files, git, cloud folders.
    leaks: tuple[str, ...] = ()
    #: Whether another process holds the sender's lock.
    is_sending: bool = False


def judge_computer(facts: ComputerFacts) -> list[Diagnosis]:
    """Return what is to be said of this computer, but for its clock."""
    return [
        *_database(facts),
        *_disk(facts.free_bytes),
        *(_leak(leak) for leak in facts.leaks),
        _local_time(facts),
    ]


def judge_clock(date: datetime | None, *, now: datetime) -> Diagnosis:
    """Return whether the clock is right, by what a web server said it is.

    Args:
        date: By the server, to the second; None when there was no answer.
        now: By this computer, at the moment of the answer.
    """
    if date is None:
        return _diagnosis(
            Health.INFO,
            "whether the clock is right is not checkable from here: no public page "
            "answered with its time.",
            "Compare the time above with that of a telephone.",
        )
    off = abs(now - date)
    if off <= _CLOCK_OFF:
        return _diagnosis(Health.OK, "the clock agrees with that of the public pages.")
    direction = "ahead of" if now > date else "behind"
    return _diagnosis(
        Health.ERROR if off > _CLOCK_WRONG else Health.WARNING,
        f"the clock is {_shown(off)} {direction} that of the public pages.",
        "Switch on the setting of the clock by network: timedatectl set-ntp true",
    )


def _database(facts: ComputerFacts) -> list[Diagnosis]:
    if facts.faults:
        return [_diagnosis(Health.ERROR, what, advice) for what, advice in facts.faults]
    if not facts.has_database:
        return [
            _diagnosis(
                Health.INFO,
                "there is no database yet; the first import makes it.",
                "newsletter subscribers import FILE.csv",
            )
        ]
    state = "; a process is sending right now" if facts.is_sending else ""
    return [
        _diagnosis(
            Health.OK,
            f"database and secret keys are there, private and in order{state}.",
        )
    ]


def _disk(free: int) -> list[Diagnosis]:
    shown = f"{free / 1_000_000_000:.1f} GB"
    if free >= _LITTLE_BYTES:
        return [_diagnosis(Health.OK, f"the disk of the database has {shown} free.")]
    shown = f"{free // 1_000_000} MB"
    return [
        _diagnosis(
            Health.ERROR if free < _NO_BYTES else Health.WARNING,
            f"the disk of the database has only {shown} free; with a full disk no "
            "dispatch can go on.",
            "Make room on it.",
        )
    ]


def _leak(sentence: str) -> Diagnosis:
    what, dot, advice = sentence.partition(". ")
    return _diagnosis(Health.WARNING, f"{what}." if dot else what, advice)


def _local_time(facts: ComputerFacts) -> Diagnosis:
    at = facts.local_time
    return _diagnosis(
        Health.OK, f"it is {at:%H:%M} on {at.day} {at:%B} {at.year}, {facts.time_zone}."
    )


def _shown(off: timedelta) -> str:
    minutes = round(off.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} h {rest:02} min"
    return f"{minutes} minutes"
