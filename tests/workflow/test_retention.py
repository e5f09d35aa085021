from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from newsletter.addresses import address_key
from newsletter.errors import RefusedError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Order
from newsletter.model.notice import NoticeKind
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.forget import forget_person
from newsletter.store.instants import to_millis
from newsletter.store.notices import exhaust_marks
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.store.tables import (
    batches,
    courtesy_marks,
    deliveries,
    dispatches,
    import_changes,
    probes,
)
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.workflow.desk import open_desk
from newsletter.workflow.imports import import_subscribers, order_import
from newsletter.workflow.inbox import read_inbox
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.reached import NOT_REACHED, reading_people
from newsletter.workflow.resume import Again, resume
from newsletter.workflow.retention import Erased, erase_outdated
from newsletter.workflow.status import read_dispatch
from newsletter.workflow.subscribers import (
    Newcomer,
    add_subscriber,
    list_subscribers,
)

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


def refuse_all(project: Project) -> None:
    """Let the mail server have refused everybody, and one of them be forgotten."""
    with open_desk(project) as desk, desk.database.writing() as connection:
        refused = {"state": DeliveryState.REFUSED, "reply_code": 550}
        connection.execute(update(deliveries).values(reply_text="no", **refused))
        counts = {"n_pending": 0, "n_refused": batches.c.n_pending, "state": "done"}
        connection.execute(update(batches).values(**counts))
        forget_person(connection, 1, now=NOW)


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


def test_erase_outdated_that_is_stopped_goes_on_the_next_time(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, 750, finished_at=NOW - timedelta(days=31))
    answers = iter([False, False, True])
    stopped = erase_outdated(project, now=NOW, is_over=lambda: next(answers, True))
    assert stopped == Erased()
    with open_desk(project) as desk:
        assert "" in read_emails(desk.database)
        assert "p749@example.org" in read_emails(desk.database)
    assert erase_outdated(project, now=NOW) == Erased(dispatches=1)


@pytest.mark.parametrize(("days", "changes"), [(14, 0), (15, 750)])
def test_erase_outdated_erases_what_people_were_before_an_import_that_is_old(
    tmp_path: Path, days: int, changes: int
) -> None:
    project = make_project(tmp_path)
    for word in ("nl", "fr"):
        (tmp_path / "readers.csv").write_text(
            "email,language\n" + "".join(f"p{n}@x.org,{word}\n" for n in range(750))
        )
        order = order_import(project, tmp_path / "readers.csv")
        import_subscribers(project, order, now=NOW)
    erased = erase_outdated(project, now=NOW + timedelta(days=days))
    assert erased == Erased(changes=changes)
    with open_desk(project) as desk, desk.database.reading() as connection:
        left = connection.execute(select(import_changes)).all()
    assert len(left) == 750 - changes


def test_erase_outdated_erases_how_often_an_address_was_written_to_after_a_year(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path)
    settings = f"{SETTINGS.format(days=0)}pending = 0\n"
    (tmp_path / "newsletter.toml").write_text(settings)
    with open_desk(project) as desk, desk.database.writing() as connection:
        for kind, days in ((NoticeKind.CONFIRM, 366), (NoticeKind.LEAVE, 364)):
            exhaust_marks(connection, kind, b"a", now=NOW - timedelta(days=days))
    erase_outdated(open_project(tmp_path), now=NOW)
    with open_desk(project) as desk, desk.database.reading() as connection:
        left = connection.scalars(select(courtesy_marks.c.kind)).all()
    assert left == [NoticeKind.LEAVE]


def test_erase_outdated_with_zero_days_keeps_it_for_good(tmp_path: Path) -> None:
    project = make_project(tmp_path, days=0)
    fill(project, 1, finished_at=NOW - timedelta(days=999))
    assert erase_outdated(project, now=NOW) == Erased()
    with open_desk(project) as desk:
        assert read_emails(desk.database) == {"p0@example.org"}


def test_report_of_an_erased_dispatch_takes_addresses_from_the_subscribers(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path)
    fill(project, 3, finished_at=NOW - timedelta(days=31))
    refuse_all(project)
    erase_outdated(project, now=NOW)
    dispatch = read_dispatch(project, None)
    with reading_people(project, dispatch, NOT_REACHED) as people:
        assert [one.email for one in people] == ["", "p1@example.org", "p2@example.org"]


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        (
            DeliveryState.REFUSED,
            "Send the issue again: newsletter send i (who has it already is left out).",
        ),
        (DeliveryState.UNKNOWN, "See who they are: newsletter status 1 --unknown"),
    ],
)
def test_resume_of_an_erased_dispatch_is_refused(
    tmp_path: Path, state: DeliveryState, advice: str
) -> None:
    project = make_project(tmp_path)
    fill(project, 3, finished_at=NOW - timedelta(days=31))
    refuse_all(project)
    if state is DeliveryState.UNKNOWN:
        with open_desk(project) as desk, desk.database.writing() as connection:
            moved = {"n_unknown": batches.c.n_refused, "n_refused": 0}
            connection.execute(update(batches).values(**moved))
            connection.execute(update(deliveries).values(state=state))
    erase_outdated(project, now=NOW)
    with pytest.raises(RefusedError) as refused:
        resume(project, 1, Again(states=(state,)), environment={})
    assert str(refused.value) == (
        "dispatch 1 of i is long over, and its addresses are erased ([retention] "
        f"deliveries): none of them can be tried again. {advice}"
    )


def test_mail_of_an_mbox_counts_once_though_what_was_kept_of_it_is_erased(
    tmp_path: Path,
) -> None:
    """Nobody empties an mbox: she came back since, and its mail must not act again."""
    project, anna = make_project(tmp_path), "anna@example.org"
    add_subscriber(project, Newcomer(anna), now=NOW)
    with open_desk(project) as desk:
        token = sign(desk.keyring, Purpose.UNSUBSCRIBE, 1, 0)
    (tmp_path / "box").write_text(
        f"From x Mon Jan  1 00:00:00 2026\nFrom: {anna}\nSubject: {token}\n\n"
    )

    def look(now: datetime) -> tuple[bool, str]:
        source = f"mbox:{tmp_path / 'box'}"
        (mail,) = read_inbox(project, source, environment={}, now=now)
        ((_, standing),) = list_subscribers(project)
        return mail.is_known, standing.status.name

    assert look(NOW) == (False, "UNSUBSCRIBED")
    returns = Newcomer(anna, consent="paper form")
    add_subscriber(project, returns, now=NOW + timedelta(days=1))
    later = NOW + timedelta(days=999)
    erase_outdated(project, now=later)
    assert look(later) == (True, "ACTIVE")
