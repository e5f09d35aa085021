from datetime import UTC, datetime, timedelta

from newsletter.model.link import Verdict
from newsletter.store.accepted import Accepted
from newsletter.store.confirmed import confirm_link, lapse_confirmed, read_confirmed
from newsletter.store.database import Database

NOW = datetime(2026, 2, 14, tzinfo=UTC)
URL, OTHER = "https://a.example/#x", "https://b.example/"


def confirm(database: Database, url: str, reason: str, now: datetime = NOW) -> None:
    with database.writing() as connection:
        confirm_link(connection, url, Verdict.BLOCKED, reason=reason, now=now)


def confirmed(database: Database) -> dict[tuple[str, Verdict], Accepted]:
    with database.reading() as connection:
        return read_confirmed(connection, [URL, OTHER])


def test_confirmed_again_has_the_last_reason_and_day(database: Database) -> None:
    later = NOW + timedelta(days=3)
    confirm(database, URL, "it works")
    confirm(database, URL, "it still works", later)
    expected = Accepted("it still works", later)
    assert confirmed(database) == {(URL, Verdict.BLOCKED): expected}


def test_confirmed_of_other_addresses_is_not_read(database: Database) -> None:
    confirm(database, "https://a.example/#y", "it works")
    assert confirmed(database) == {}


def test_confirmed_lapses_when_the_verdict_is_another(database: Database) -> None:
    confirm(database, URL, "it works")
    confirm(database, OTHER, "it works")
    with database.writing() as connection:
        found = {URL: Verdict.OK, OTHER: Verdict.BLOCKED}
        lapse_confirmed(connection, found)
    assert confirmed(database).keys() == {(OTHER, Verdict.BLOCKED)}
