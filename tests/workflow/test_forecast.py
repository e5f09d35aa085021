from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from newsletter.model.delivery import DispatchState
from newsletter.model.settings import (
    LaneSettings,
    NewsletterSettings,
    ServerSettings,
    Settings,
)
from newsletter.store.database import open_database
from newsletter.store.instants import to_millis
from newsletter.store.tables import batches, contents, dispatches, rate_limits
from newsletter.workflow.forecast import Forecast, forecast_end

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3600


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with (
        open_database("sqlite:///letter.db", root=tmp_path) as database,
        database.writing() as opened,
    ):
        yield opened


def settings(*limits: tuple[int, int], **lanes: LaneSettings) -> Settings:
    return Settings(
        NewsletterSettings("Doorways", "letter@example.org"),
        server=ServerSettings("smtp.example.org", 465, limits=limits),
        lanes=lanes,
    )


def forecast(
    connection: Connection, found: Settings, *, start: datetime = NOW, **counts: int
) -> Forecast:
    return forecast_end(
        connection,
        {name.removeprefix("all"): count for name, count in counts.items()},
        found,
        starts_at=start,
    )


def about(found: Forecast) -> float:
    """Return its hours."""
    assert found.seconds is not None
    return round(found.seconds / HOUR, 1)


def test_forecast_without_limits_has_no_end(connection: Connection) -> None:
    found = forecast(connection, settings(), all=312)
    assert (found.ends_at, found.seconds) == (None, None)


def test_forecast_of_a_pace_is_that_of_its_window(connection: Connection) -> None:
    found = forecast(connection, settings((300, HOUR)), all=1300)
    assert 4.3 <= about(found) <= 4.6
    assert found.begins_at == NOW
    assert found.limits == ((300, HOUR),)


def test_forecast_of_a_start_to_come_counts_from_there(connection: Connection) -> None:
    start = NOW + timedelta(days=3)
    found = forecast(connection, settings((300, HOUR)), start=start, all=300)
    assert found.begins_at == start
    assert found.ends_at is not None
    assert timedelta(minutes=55) < found.ends_at - start < timedelta(minutes=65)


def test_forecast_waits_for_what_tests_used_of_a_quota(connection: Connection) -> None:
    limits = settings((300, HOUR), (1000, 24 * HOUR))
    fresh = forecast(connection, limits, all=900)
    connection.execute(
        insert(rate_limits).values(
            key=f"quota 1000/86400 {to_millis(NOW) - HOUR * 1000}",
            arrival_at=to_millis(NOW) - HOUR * 1000,
            used=400,
        )
    )
    used = forecast(connection, limits, all=900)
    assert about(fresh) < 4
    assert fresh.used == 0
    assert about(used) > 23
    assert used.used == 400


def test_forecast_of_a_lane_that_takes_longest_names_it(connection: Connection) -> None:
    slow = LaneSettings(("gmail.com",), limits=((50, HOUR),))
    found = forecast(connection, settings((600, HOUR), slow=slow), all=300, slow=200)
    assert 3.9 <= about(found) <= 4.6
    assert (found.lane, found.limits) == ("slow", ((50, HOUR),))
    found = forecast(connection, settings((600, HOUR), slow=slow), all=3000, slow=1)
    assert (found.lane, found.limits) == ("", ((600, HOUR),))


def put(connection: Connection, state: DispatchState, left: int, **more: Any) -> None:
    """Write a dispatch with so many left down."""
    if not connection.scalar(contents.select().limit(1)):
        connection.execute(
            insert(contents).values(
                hash="c", issue="i", subject="s", compiled=b"", created_at=0
            )
        )
    made = connection.execute(
        insert(dispatches)
        .values(
            issue="i",
            content_hash="c",
            lists=["main"],
            state=state,
            total=left,
            created_at=0,
            waivers=[],
            **more,
        )
        .returning(dispatches.c.id)
    ).scalar_one()
    connection.execute(
        insert(batches).values(
            dispatch_id=made, first_seq=1, last_seq=left, state="open", n_pending=left
        )
    )


def test_forecast_lets_dispatches_go_first_that_go_on_by_themselves(
    connection: Connection,
) -> None:
    put(connection, DispatchState.WAITING, 300)
    put(connection, DispatchState.PAUSED, 5000)
    put(
        connection,
        DispatchState.SCHEDULED,
        7000,
        starts_at=to_millis(NOW + timedelta(hours=1)),
    )
    found = forecast(connection, settings((300, HOUR)), all=300)
    assert found.ahead == 300
    assert 1.9 <= about(found) <= 2.2


def test_forecast_of_a_server_that_asked_for_less_says_when_it_did(
    connection: Connection,
) -> None:
    at = to_millis(NOW)
    rows = [
        {"key": "others brake", "arrival_at": at, "used": 500},
        {"key": "others brake rate", "arrival_at": at, "used": 36_000},
    ]
    connection.execute(insert(rate_limits), rows)
    found = forecast(connection, settings(), all=60)
    assert found.slowed_at == NOW
    assert found.seconds is not None
    assert 10 <= found.seconds <= 12
    later = forecast(connection, settings(), start=NOW + timedelta(minutes=10), all=60)
    assert (later.slowed_at, later.ends_at) == (None, None)
