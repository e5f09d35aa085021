from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from newsletter.model.link import Fault, Hop, Observation, PageFacts, Verdict
from newsletter.store.database import Database
from newsletter.store.observations import (
    Remembered,
    Seen,
    forget_observations,
    read_observations,
    read_verdicts,
    save_observations,
)
from newsletter.store.tables import link_observations, link_verdicts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://a.example/page"

PAGE = PageFacts("text/html", "Besluit", anchors=("een", "twee"), is_whole=True)
FINE = Observation(URL, (Hop(301, "https://b.example/é"),), 200, page=PAGE)
BUSY = Observation(URL, fault=Fault.LEFT_ALONE, retry_after_seconds=3600)


def save(
    database: Database,
    *looks: Observation,
    verdict: Verdict = Verdict.OK,
    now: datetime = NOW,
    networks: str = "",
) -> None:
    with database.writing() as connection:
        seen = {URL: Seen(looks, verdict)}
        save_observations(connection, seen, now=now, networks=networks)


def remembered(database: Database, networks: str = "") -> dict[str, Remembered]:
    with database.reading() as connection:
        return read_observations(connection, [URL, "https://x/"], networks=networks)


def verdicts(database: Database) -> list[tuple[datetime, Verdict]]:
    with database.reading() as connection:
        return read_verdicts(connection, [URL]).get(URL, [])


def test_observations_come_back_as_they_were(database: Database) -> None:
    save(database, BUSY, FINE)
    assert remembered(database) == {URL: Remembered((BUSY, FINE), NOW)}


def test_last_observation_counts_and_every_verdict_is_kept(database: Database) -> None:
    save(database, BUSY, verdict=Verdict.RATE_LIMITED)
    save(database, FINE, now=NOW + DAY)
    assert remembered(database) == {URL: Remembered((FINE,), NOW + DAY)}
    newest, oldest = (NOW + DAY, Verdict.OK), (NOW, Verdict.RATE_LIMITED)
    assert verdicts(database) == [newest, oldest]


def test_what_was_seen_with_a_private_network_open_is_apart(database: Database) -> None:
    save(database, FINE, networks="10.0.0.0/8")
    assert remembered(database) == {}
    assert remembered(database, "10.0.0.0/8").keys() == {URL}


def test_facts_of_another_release_are_not_remembered(database: Database) -> None:
    save(database, FINE)
    with database.writing() as connection:
        strange = [{"url": URL, "fault": "a-new-kind-of-fault"}]
        connection.execute(update(link_observations).values(looks=strange))
    assert remembered(database) == {}


def test_facts_without_what_came_later_are_remembered(database: Database) -> None:
    save(database, FINE)
    with database.writing() as connection:
        early = [{"url": URL, "status": 200, "something": "dropped since"}]
        connection.execute(update(link_observations).values(looks=early))
    assert remembered(database)[URL].looks == (Observation(URL, status=200),)


def test_address_of_any_length_is_kept(database: Database) -> None:
    """PostgreSQL indexes no value above 2.7 KB."""
    long = f"https://a.example/?{'x' * 9000}"
    with database.writing() as connection:
        seen = {long: Seen((Observation(long, status=200),), Verdict.OK)}
        save_observations(connection, seen, now=NOW)
        assert len(connection.scalars(select(link_observations.c.key)).one()) == 64
        assert read_observations(connection, [long]).keys() == {long}


def test_thousands_of_addresses_are_read_at_once(database: Database) -> None:
    seen = {
        url: Seen((Observation(url, status=200),), Verdict.OK)
        for url in (f"https://a.example/{n}" for n in range(1700))
    }
    with database.writing() as connection:
        save_observations(connection, seen, now=NOW)
        assert read_observations(connection, seen).keys() == seen.keys()
        assert read_verdicts(connection, seen).keys() == seen.keys()


def test_what_is_older_than_a_moment_is_forgotten(database: Database) -> None:
    save(database, FINE, now=NOW - 400 * DAY)
    save(database, FINE, now=NOW, networks="10.0.0.0/8")
    with database.writing() as connection:
        forget_observations(connection, before=NOW - 365 * DAY)
        assert connection.scalars(select(link_observations.c.address)).all() == [URL]
        assert len(connection.execute(select(link_verdicts)).all()) == 1
    assert remembered(database) == {}
