"""When an event is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import PydanticCustomError

from newsletter.definition.times import parse_when

_ZONE = ZoneInfo("Europe/Amsterdam")


def _at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=_ZONE)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023-02-15", date(2023, 2, 15), None),
        ("2023-02-15 16:00", _at(2023, 2, 15, 16), None),
        ("2023-02-15T9:05", _at(2023, 2, 15, 9, 5), None),
        ("2023-02-15 16.00", _at(2023, 2, 15, 16), None),
        ("2023-02-15 16:00-18:30", _at(2023, 2, 15, 16), _at(2023, 2, 15, 18, 30)),
        ("2023-02-15 16:00 – 18:30", _at(2023, 2, 15, 16), _at(2023, 2, 15, 18, 30)),
        ("2023-02-15 - 2023-02-17", date(2023, 2, 15), date(2023, 2, 17)),
        ("2023-02-15-2023-02-15", date(2023, 2, 15), date(2023, 2, 15)),
        (
            "2023-02-15 22:00 - 2023-02-16 01:00",
            _at(2023, 2, 15, 22),
            _at(2023, 2, 16, 1),
        ),
    ],
)
def test_when_gives_start_and_end(text: str, start: date, end: date | None) -> None:
    assert parse_when(text, _ZONE) == (start, end)


_HOW = (
    'Write it as "2025-04-02 19:00", "2025-04-02 19:00-21:30" '
    'or "2025-04-02 - 2025-04-04".'
)
_MIDNIGHT = (
    'After midnight the end needs its own date: "2025-04-02 22:00 - 2025-04-03 01:00".'
)
_CLOCK = "Write hours from 00 to 23 and minutes from 00 to 59."


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("volgende week", 'cannot be read: "volgende week".', _HOW),
        ("15-02-2023 16:00", 'cannot be read: "15-02-2023 16:00".', _HOW),
        ("2023-02-15 16u", 'cannot be read: "2023-02-15 16u".', _HOW),
        ("2023-02-15 -", 'cannot be read: "2023-02-15 -".', _HOW),
        ("٢٠٢٣-02-15", 'cannot be read: "٢٠٢٣-02-15".', _HOW),
        (
            "2023-02-15 - 2023-02-16 12:00",
            'has a time on one side only: "2023-02-15 - 2023-02-16 12:00".',
            _HOW,
        ),
        ("2023-02-15 25:00", "names a time that does not exist: 25:00.", _CLOCK),
        ("2023-02-15 12:60", "names a time that does not exist: 12:60.", _CLOCK),
        ("2023-02-15 12:00-24:00", "names a time that does not exist: 24:00.", _CLOCK),
        (
            "2023-02-29",
            "names a day that does not exist: 2023-02-29.",
            "Check month and day.",
        ),
        (
            "9999-12-31 23:00",
            "names a year that cannot be meant: 9999-12-31.",
            "Check the year.",
        ),
        (
            "2023-03-26 02:30",
            "names a time that does not exist: on 2023-03-26 the clock skips 02:30.",
            "Summer time begins that night; choose another time.",
        ),
        ("2023-02-15 22:00-01:00", "ends before it starts.", _MIDNIGHT),
        ("2023-02-15 22:00-22:00", "ends before it starts.", _MIDNIGHT),
        (
            "2023-02-15 - 2023-02-14",
            "ends before it starts.",
            "Write the earlier moment first.",
        ),
    ],
)
def test_impossible_when_is_explained(text: str, message: str, advice: str) -> None:
    with pytest.raises(PydanticCustomError) as error:
        parse_when(text, _ZONE)
    context = error.value.context or {}
    assert (context["message"], context["advice"]) == (message, advice)


def test_end_in_the_hour_that_comes_twice_is_not_before_the_start() -> None:
    start, end = parse_when("2023-10-29 01:30-02:30", _ZONE)
    assert (start, end) == (_at(2023, 10, 29, 1, 30), _at(2023, 10, 29, 2, 30))
