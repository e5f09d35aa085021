"""`newsletter subscribers forget` by an address that its reader moved away from."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.errors import RefusedError
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Claim, Order, Permission
from newsletter.store.claims import claim_batch, read_due
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import (
    continue_dispatch,
    create_dispatch,
    pause_dispatch,
)
from newsletter.store.ledger import write_intent
from newsletter.store.people import find_by_key
from newsletter.store.tables import address_changes, deliveries, notices
from newsletter.tokens import Purpose, sign
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.forget import forget_subscriber
from newsletter.workflow.new_address import ask_for_address, confirm_change
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.subscribers import Newcomer, add_subscriber

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
OLD, NEW = "Oldanna@example.org", "newanna@example.net"
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """She and Bert are in a dispatch that runs."""
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    project = open_project(tmp_path)
    for address in (OLD, "bert@example.org"):
        add_subscriber(project, Newcomer(address), now=NOW)
    with open_desk(project) as desk, desk.database.writing() as connection:
        save_content(connection, Content("c0ffee", "may", "Hi", b"x"), now=NOW)
        create_dispatch(connection, Order("may", "c0ffee", ("main",)), now=NOW)
    return project


def move(project: Project, before: str = OLD, after: str = NEW) -> None:
    """Have her ask for another address on her page, and confirm it."""
    with open_desk(project) as desk, desk.database.writing() as connection:
        anna = find_by_key(connection, before.lower())
        assert anna is not None
        token = sign(desk.keyring, Purpose.PREFERENCES, anna.id)
        ask_for_address(connection, desk.keyring, token, after, language="en", now=NOW)
        newest = select(address_changes.c.id).order_by(address_changes.c.id.desc())
        number = connection.scalars(newest).first() or 0
        token = sign(desk.keyring, Purpose.CHANGE, number)
        confirm_change(connection, desk.keyring, token, now=NOW)


def claim(desk: Desk) -> Claim:
    with desk.database.writing() as connection:
        found = claim_batch(connection, 1, owner="t", now=NOW)
    assert found is not None
    return found


def test_forget_of_an_address_of_before_erases_it_wherever_it_stands(
    project: Project,
) -> None:
    move(project)
    done = forget_subscriber(project, OLD.upper(), now=NOW)
    assert (done.deliveries, done.was_known, done.moved_to) == (1, True, (NEW,))
    kept = b"".join(
        path.read_bytes() for path in (project.root / "subscribers").iterdir()
    )
    assert OLD.lower().encode() not in kept.lower()
    with open_desk(project) as desk, desk.database.reading() as connection:
        assert find_by_key(connection, NEW) is not None
        emails = connection.scalars(select(deliveries.c.email)).all()
        assert sorted(emails) == ["", "bert@example.org"]


def test_forget_of_an_address_between_two_moves_names_who_had_it(
    project: Project,
) -> None:
    """No mail ever went there."""
    move(project)
    move(project, NEW, "third@example.com")
    done = forget_subscriber(project, NEW, now=NOW)
    assert (done.deliveries, done.moved_to) == (0, ("third@example.com",))


def test_forget_of_an_address_that_somebody_else_has_now_erases_it_for_both(
    project: Project,
) -> None:
    move(project)
    consent = "on the phone"
    add_subscriber(project, Newcomer(OLD, consent=consent), now=NOW)
    done = forget_subscriber(project, OLD, now=NOW)
    assert (done.deliveries, done.was_known, done.moved_to) == (1, True, (NEW,))
    with open_desk(project) as desk, desk.database.reading() as connection:
        assert find_by_key(connection, OLD.lower()) is None


def test_forget_of_an_address_that_nobody_ever_had_names_nobody(
    project: Project,
) -> None:
    move(project)
    done = forget_subscriber(project, "zoe@example.org", now=NOW)
    assert (done.deliveries, done.was_known, done.moved_to) == (0, False, ())


def test_forget_completely_of_an_address_of_before_leaves_only_its_reader(
    project: Project,
) -> None:
    move(project)
    done = forget_subscriber(project, OLD, is_completely=True, now=NOW)
    assert (done.deliveries, done.moved_to) == (1, (NEW,))
    with pytest.raises(RefusedError, match=r"nothing is kept of this address\."):
        forget_subscriber(project, OLD, is_completely=True, now=NOW)


def test_dispatch_that_is_paused_skips_an_address_of_before_after_forget(
    project: Project,
) -> None:
    with open_desk(project) as desk, desk.database.writing() as connection:
        pause_dispatch(connection, 1)
    move(project)
    forget_subscriber(project, OLD, now=NOW)
    with open_desk(project) as desk, desk.database.writing() as connection:
        continue_dispatch(connection, 1, now=NOW)
        counts = load_dispatch(connection, 1).counts
    assert (counts[DeliveryState.SKIPPED], counts[DeliveryState.PENDING]) == (1, 1)


def test_letter_in_hand_to_an_address_of_before_is_denied_after_forget(
    project: Project,
) -> None:
    """Its reader is there, and may be mailed; that address may not."""
    with open_desk(project) as desk:
        held = claim(desk)
        with desk.database.writing() as connection:
            letters = read_due(connection, held, now=NOW)
        move(project)
        forget_subscriber(project, OLD, now=NOW)
        with desk.database.writing() as connection:
            answers = [write_intent(connection, held, one, now=NOW) for one in letters]
    assert answers == [Permission.SKIPPED, Permission.GRANTED]


def test_notice_to_an_address_of_before_is_not_sent_after_forget(
    project: Project,
) -> None:
    move(project)
    forget_subscriber(project, OLD, now=NOW)
    with open_desk(project) as desk, desk.database.reading() as connection:
        assert connection.scalars(select(address_changes.c.old_email)).all() == [None]
        kinds = connection.scalars(select(notices.c.kind)).all()
    assert sorted(kinds) == ["change", "moved"]
