from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Timezone

from newsletter.assembly.timezones import describe_zone


def zone_of(key: str) -> Timezone:
    first = datetime(2023, 3, 26, 3, 30, tzinfo=ZoneInfo(key))
    return describe_zone(ZoneInfo(key), first, first + timedelta(hours=2))


@pytest.mark.parametrize(
    "key",
    [
        "Europe/Amsterdam",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Asia/Dubai",
    ],
)
def test_described_zone_has_the_offset_of_every_hour_of_the_year(key: str) -> None:
    read_back = Timezone.from_ical(zone_of(key).to_ical())
    assert isinstance(read_back, Timezone)
    described = read_back.to_tz()
    hours = (
        datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(8700)
    )
    wrong = [
        moment
        for moment in hours
        if moment.astimezone(described).utcoffset()
        != moment.astimezone(ZoneInfo(key)).utcoffset()
    ]
    assert wrong == []


def test_described_zone_says_when_summer_time_begins_by_the_time_before() -> None:
    text = zone_of("Europe/Amsterdam").to_ical().decode().replace("\r\n", " ")
    assert (
        "BEGIN:DAYLIGHT DTSTART:20230326T020000 TZNAME:CEST "
        "TZOFFSETFROM:+0100 TZOFFSETTO:+0200 END:DAYLIGHT"
    ) in text
    assert (
        "BEGIN:STANDARD DTSTART:20231029T030000 TZNAME:CET "
        "TZOFFSETFROM:+0200 TZOFFSETTO:+0100 END:STANDARD"
    ) in text


def test_described_zone_without_changes_has_one_rule() -> None:
    assert len(zone_of("Asia/Dubai").subcomponents) == 1
