from datetime import UTC, datetime, timedelta

from newsletter.store.contents import (
    Content,
    last_tested_at,
    load_content,
    record_test,
    save_content,
)
from newsletter.store.database import Database

NOW = datetime(2023, 2, 14, 9, 30, 0, 123_000, tzinfo=UTC)
CONTENT = Content("ab12", "2023-02", "Petitie: teken nu", b"\x00compiled")


def test_content_when_saved_is_loaded_as_it_was(database: Database) -> None:
    with database.writing() as connection:
        save_content(connection, CONTENT, now=NOW)
    with database.reading() as connection:
        assert load_content(connection, "ab12") == CONTENT


def test_content_when_saved_again_stays_the_first(database: Database) -> None:
    with database.writing() as connection:
        save_content(connection, CONTENT, now=NOW)
        save_content(connection, Content("ab12", "x", "y", b"z"), now=NOW)
        assert load_content(connection, "ab12") == CONTENT


def test_content_when_unknown_is_none(database: Database) -> None:
    with database.reading() as connection:
        assert load_content(connection, "ab12") is None


def test_last_tested_at_is_of_exactly_this_content(database: Database) -> None:
    later = NOW + timedelta(hours=1)
    with database.writing() as connection:
        for content_hash, at in (("ab12", NOW), ("ab12", later), ("cd34", NOW)):
            record_test(
                connection,
                issue="2023-02",
                content_hash=content_hash,
                recipients=1,
                now=at,
            )
        assert last_tested_at(connection, "ab12") == later
        assert last_tested_at(connection, "cd34") == NOW
        assert last_tested_at(connection, "ef56") is None
