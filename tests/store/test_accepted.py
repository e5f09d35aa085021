from datetime import UTC, datetime

from newsletter.store.accepted import Accepted, accept_finding, read_accepted
from newsletter.store.database import Database

NOW = datetime(2023, 2, 14, tzinfo=UTC)


def accept(database: Database, issue: str, line_hash: str, reason: str) -> None:
    with database.writing() as connection:
        accept_finding(
            connection,
            issue=issue,
            rule="past-event",
            line_hash=line_hash,
            reason=reason,
            now=NOW,
        )


def test_accepted_when_accepted_again_has_the_last_reason(database: Database) -> None:
    accept(database, "2023-02", "ab", "it is a report")
    accept(database, "2023-02", "ab", "it is a report of the day")
    with database.reading() as connection:
        assert read_accepted(connection, "2023-02") == {
            ("past-event", "ab"): Accepted("it is a report of the day", NOW)
        }


def test_accepted_is_of_one_issue(database: Database) -> None:
    accept(database, "2023-02", "ab", "it is a report")
    with database.reading() as connection:
        assert read_accepted(connection, "2023-03") == {}
