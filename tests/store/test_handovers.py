from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.errors import RefusedError
from newsletter.store.database import Database, open_database
from newsletter.store.handovers import note_handover, refuse_handed_over, take_over

AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database("sqlite:///news.db", root=tmp_path) as opened:
        yield opened


def test_refusal_without_a_handover_is_none(database: Database) -> None:
    with database.reading() as connection:
        refuse_handed_over(connection)


def test_refusal_after_a_handover_names_moment_and_file(database: Database) -> None:
    with database.writing() as connection:
        note_handover(connection, file="news.tar", now=AT)
    moment = AT.astimezone()
    with database.reading() as connection, pytest.raises(RefusedError) as refused:
        refuse_handed_over(connection)
    assert str(refused.value) == (
        "this newsletter was handed over to another computer on "
        f"{moment.day} {moment:%B %Y} (news.tar): this copy changes and sends "
        "nothing any more. Go on over there. If that came to nothing, put it back "
        "here: move this folder away, then newsletter db restore news.tar; where that "
        "file is lost: newsletter db take-back"
    )


def test_refusal_after_taking_over_is_none(database: Database) -> None:
    with database.writing() as connection:
        note_handover(connection, file="news.tar", now=AT)
        take_over(connection)
        refuse_handed_over(connection)
