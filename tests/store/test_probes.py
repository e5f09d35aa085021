from datetime import UTC, datetime, timedelta

from newsletter.store.database import Database
from newsletter.store.probes import receive_probe, take_probe

NOW = datetime(2023, 2, 14, tzinfo=UTC)


def test_probe_when_received_twice_is_taken_once(database: Database) -> None:
    with database.writing() as connection:
        receive_probe(connection, "nonce", now=NOW)
        receive_probe(connection, "nonce", now=NOW)
        assert take_probe(connection, "nonce")
        assert not take_probe(connection, "nonce")


def test_probe_when_another_came_is_not_taken(database: Database) -> None:
    with database.writing() as connection:
        receive_probe(connection, "nonce", now=NOW)
        assert not take_probe(connection, "other")


def test_probe_when_nobody_waits_any_more_is_thrown_away(database: Database) -> None:
    with database.writing() as connection:
        receive_probe(connection, "old", now=NOW)
        receive_probe(connection, "new", now=NOW + timedelta(hours=2))
        assert not take_probe(connection, "old")
        assert take_probe(connection, "new")
