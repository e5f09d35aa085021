from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select, update

from newsletter.addresses import address_key
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Order
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.store.tables import deliveries, dispatches, probes
from newsletter.tokens import address_hash
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.retention import Erased, erase_outdated
from newsletter.workflow.unsubscribe import open_desk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[retention]
deliveries = {days}
"""


def make_project(root: Path, days: int = 30) -> Project:
    (root / "newsletter.toml").write_text(SETTINGS.format(days=days))
    return open_project(root)


def fill(project: Project, count: int, *, finished_at: datetime) -> None:
    """Make a dispatch that was over at a moment."""
    with open_desk(project) as desk, desk.database.writing() as connection:
        keys = [address_key(f"p{number}@example.org") for number in range(count)]
        crowd = [Person(key, key, address_hash(desk.keyring, key)) for key in keys]
        insert_people(connection, crowd, now=NOW)
        set_status(
            connection,
            list(read_ids(connection, keys).values()),
            list_id=ensure_lists(connection, ["main"])["main"],
            status=SubscriptionStatus.ACTIVE,
            kind="imported",
            word=Word(NOW, "readers.csv"),
        )
        save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
        create_dispatch(connection, Order("i", "c0ffee", ("main",)), now=NOW)
        end = {"state": DispatchState.DONE, "finished_at": to_millis(finished_at)}
        connection.execute(update(dispatches).values(**end))
        old = {"nonce": "1", "received_at": to_millis(NOW - timedelta(hours=2))}
        connection.execute(insert(probes).values(**old))


def read_emails(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.scalars(select(deliveries.c.email)))


def test_erase_outdated_without_a_database_makes_none(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    assert erase_outdated(project, now=NOW) == Erased()
    assert not (tmp_path / "subscribers").exists()


def test_erase_outdated_erases_more_than_one_piece_and_then_nothing(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path)
    fill(project, 750, finished_at=NOW - timedelta(days=31))
    assert erase_outdated(project, now=NOW) == Erased(dispatches=1)
    with open_desk(project) as desk:
        assert read_emails(desk.database) == {""}
        with desk.database.reading() as connection:
            assert connection.execute(select(probes)).all() == []
    assert erase_outdated(project, now=NOW) == Erased()


def test_erase_outdated_with_zero_days_keeps_it_for_good(tmp_path: Path) -> None:
    project = make_project(tmp_path, days=0)
    fill(project, 1, finished_at=NOW - timedelta(days=999))
    assert erase_outdated(project, now=NOW) == Erased()
    with open_desk(project) as desk:
        assert read_emails(desk.database) == {"p0@example.org"}
