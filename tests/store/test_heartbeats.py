from datetime import UTC, datetime, timedelta

from newsletter.store.database import Database
from newsletter.store.heartbeats import beat, stop_beating, worker_seen_at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def test_worker_seen_at_is_the_last_beat_of_any_worker(database: Database) -> None:
    with database.writing() as connection:
        assert worker_seen_at(connection) is None
        beat(connection, "one:1", now=NOW)
        beat(connection, "two:2", now=LATER)
        beat(connection, "one:1", now=NOW)
        assert worker_seen_at(connection) == LATER


def test_stop_beating_forgets_one_worker(database: Database) -> None:
    with database.writing() as connection:
        beat(connection, "one:1", now=NOW)
        beat(connection, "two:2", now=LATER)
        stop_beating(connection, "two:2")
        assert worker_seen_at(connection) == NOW
        stop_beating(connection, "one:1")
        assert worker_seen_at(connection) is None
