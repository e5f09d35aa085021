from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.store.chores import last_done, mark_done
from newsletter.store.database import open_database

AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)


def test_last_done_is_the_last_time_of_that_chore(tmp_path: Path) -> None:
    with (
        open_database("sqlite:///news.db", root=tmp_path) as database,
        database.writing() as connection,
    ):
        mark_done(connection, "retention", AT)
        mark_done(connection, "retention", AT + timedelta(days=1))
        assert last_done(connection, "retention") == AT + timedelta(days=1)
        assert last_done(connection, "inbox") is None
