from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.doctor.computer import ComputerFacts, judge_clock, judge_computer
from newsletter.model.diagnosis import Diagnosis

Told = Callable[[list[Diagnosis]], list[str]]
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
FINE = ComputerFacts(
    local_time=NOW.astimezone(ZoneInfo("Europe/Amsterdam")),
    time_zone="Europe/Amsterdam",
    free_bytes=83_200_000_000,
    has_database=True,
)
DATABASE = "ok: database and secret keys are there, private and in order."
DISK = "ok: the disk of the database has 83.2 GB free."
TIME = "ok: it is 13:30 on 22 November 2026, Europe/Amsterdam."


def test_computer_in_order_is_told_in_three_lines(told: Told) -> None:
    assert told(judge_computer(FINE)) == [DATABASE, DISK, TIME]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            replace(FINE, is_sending=True),
            [f"{DATABASE[:-1]}; a process is sending right now.", DISK],
        ),
        (
            replace(FINE, has_database=False),
            ["info: there is no database yet; the first import makes it.", DISK],
        ),
        (
            replace(FINE, faults=(("the key file is missing.", "Put it back."),)),
            ["error: the key file is missing.", DISK],
        ),
        (
            replace(FINE, free_bytes=320_000_000),
            [
                DATABASE,
                "warning: the disk of the database has only 320 MB free; with a full "
                "disk no dispatch can go on.",
            ],
        ),
        (
            replace(FINE, free_bytes=2_000_000),
            [
                DATABASE,
                "error: the disk of the database has only 2 MB free; with a full disk "
                "no dispatch can go on.",
            ],
        ),
        (
            replace(FINE, leaks=("a.csv is tracked by git. Take it out.",)),
            [DATABASE, DISK, "warning: a.csv is tracked by git."],
        ),
    ],
)
def test_what_is_not_in_order_is_told(
    told: Told, facts: ComputerFacts, expected: list[str]
) -> None:
    assert told(judge_computer(facts)) == [*expected, TIME]


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (timedelta(seconds=100), "ok: the clock agrees with that of the public pages."),
        (
            timedelta(minutes=12),
            "warning: the clock is 12 minutes ahead of that of the public pages.",
        ),
        (
            -timedelta(hours=1, minutes=2),
            "error: the clock is 1 h 02 min behind that of the public pages.",
        ),
        (
            timedelta(days=400),
            "error: the clock is 400 days ahead of that of the public pages.",
        ),
    ],
)
def test_clock_is_compared_with_the_pages(
    told: Told, off: timedelta, expected: str
) -> None:
    assert told([judge_clock(NOW, now=NOW + off)]) == [expected]


def test_clock_without_an_answer_is_not_checkable(told: Told) -> None:
    assert told([judge_clock(None, now=NOW)]) == [
        "info: whether the clock is right is not checkable from here: no public page "
        "answered with its time."
    ]
