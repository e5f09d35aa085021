from datetime import UTC, datetime, timedelta, timezone

import pytest

from newsletter.store.instants import from_millis, to_millis


@pytest.mark.parametrize("millis", [0, 1, 1_676_367_000_123, 253_402_300_799_999])
def test_instants_when_turned_there_and_back_are_the_same(millis: int) -> None:
    assert to_millis(from_millis(millis)) == millis


def test_to_millis_when_in_another_zone_is_the_same_instant() -> None:
    zone = timezone(timedelta(hours=1))
    assert to_millis(datetime(1970, 1, 1, 1, 0, 1, 999, tzinfo=zone)) == 1000


def test_to_millis_when_naive_is_refused() -> None:
    naive = datetime(2023, 2, 14, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="an instant needs its time zone"):
        to_millis(naive)
