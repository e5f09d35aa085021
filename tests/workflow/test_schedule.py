from datetime import UTC, datetime, timedelta

import pytest

from newsletter.errors import UsageError
from newsletter.workflow.schedule import is_missed, read_start, show_start

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = "Europe/Amsterdam"


def start(text: str, now: datetime = NOW) -> datetime:
    return read_start(text, time_zone=ZONE, now=now)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01 09:00", "2026-12-01T08:00:00Z"),
        (" 2026-12-01T9:00 ", "2026-12-01T08:00:00Z"),
        ("2026-07-01 09:00", "2026-07-01T07:00:00Z"),
        ("2026-03-01 13:00:20", "2026-03-01T12:00:20Z"),
        ("2026-12-01 09:00 Europe/Amsterdam", "2026-12-01T08:00:00Z"),
        ("2026-12-01 09:00 America/New_York", "2026-12-01T14:00:00Z"),
        ("2026-12-01 09:00 Etc/GMT+3", "2026-12-01T12:00:00Z"),
        ("2026-12-01 09:00 UTC", "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00Z", "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00+05:30", "2026-12-01T03:30:00Z"),
        ("2026-12-01 09:00 -0300", "2026-12-01T12:00:00Z"),
        # Both hours of the night the clocks go back.
        ("2026-10-25 02:30+02:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00Z"),
    ],
)
def test_read_start_of_a_clear_moment_is_that_instant(text: str, instant: str) -> None:
    assert start(text) == datetime.fromisoformat(instant)
    assert start(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow 9:00",
        "09:00",
        "2026-12-01",
        "1-12-2026 09:00",
        "2026-12-01 9am",
        "2026-12-01 09:00 in the morning",
        "",
    ],
)
def test_read_start_of_anything_vague_says_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        start(text)
    assert str(caught.value) == (
        f'"{text}" is not a start we can be sure of. '
        'Write day and time: --at "2026-03-02 09:00".'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2026-03-29 02:30",
            "02:30 on Sunday 29 March 2026 does not exist in Europe/Amsterdam: the "
            'clocks go forward then. Choose another time: --at "2026-03-29 03:30".',
        ),
        (
            "2026-10-25 02:30",
            "02:30 on Sunday 25 October 2026 comes twice in Europe/Amsterdam: the "
            'clocks go back then. Say which one: --at "2026-10-25 02:30+02:00" or '
            '"2026-10-25 02:30+01:00".',
        ),
        (
            "2026-03-01 12:59",
            "Sunday 1 March 2026, 12:59 CET is past: it is Sunday 1 March 2026, 13:00 "
            "CET now. Leave --at out to send now, or choose a later moment.",
        ),
        (
            "2206-03-02 09:00",
            "Sunday 2 March 2206, 09:00 CET is more than a year away. "
            "Look at the year.",
        ),
        (
            "2026-12-01 09:00 Amsterdam",
            'there is no time zone "Amsterdam". Write one as Europe/Amsterdam, or '
            "leave it out: the one of newsletter.toml counts then.",
        ),
        (
            "2026-12-01 09:00 Europe",
            'there is no time zone "Europe". Write one as Europe/Amsterdam, or '
            "leave it out: the one of newsletter.toml counts then.",
        ),
        ("2026-02-30 09:00", '"2026-02-30 09:00": there is no such day or time.'),
        ("2026-12-01 24:00", '"2026-12-01 24:00": there is no such day or time.'),
        (
            "2026-12-01 09:00+99:00",
            '"2026-12-01 09:00+99:00": +99:00 is no distance from UTC.',
        ),
    ],
)
def test_read_start_of_a_moment_that_cannot_be_says_why(
    text: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        start(text)
    assert str(caught.value) == message


def test_show_start_has_weekday_day_time_and_zone() -> None:
    at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert show_start(at, ZONE) == "Tuesday 1 December 2026, 09:00 CET"
    assert show_start(at, "UTC") == "Tuesday 1 December 2026, 08:00 UTC"


def test_a_start_is_missed_after_half_an_hour() -> None:
    assert not is_missed(NOW, NOW + timedelta(minutes=30))
    assert is_missed(NOW, NOW + timedelta(minutes=30, seconds=1))
