"""A new address: the old one is told, once, and then forgotten."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter.addresses import address_key
from newsletter.model.delivery import DeliveryState
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status, suppress
from newsletter.store.forget import forget_address, forget_person
from newsletter.store.instants import to_millis
from newsletter.store.people import Person, ensure_lists, insert_person
from newsletter.store.tables import address_changes
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.workflow.desk import open_desk
from newsletter.workflow.holdings import read_holdings
from newsletter.workflow.new_address import (
    Change,
    ask_for_address,
    confirm_change,
)
from newsletter.workflow.project import Project
from newsletter.workflow.retention import erase_outdated

from .test_notices import DAY, Office, body, make_settings, now

OLD, NEW = "anna@example.org", "anna@example.net"


class Mover(Office):
    """An office with a reader who takes other addresses."""

    reader: int = 0
    changes: int = 0

    def hash(self, email: str) -> bytes:
        return address_hash(self.desk.keyring, address_key(email))

    def arrive(self) -> None:
        with self.database.writing() as connection:
            anna = Person(OLD, OLD, self.hash(OLD))
            self.reader = insert_person(connection, anna, now=now())
            set_status(
                connection,
                [self.reader],
                list_id=ensure_lists(connection, ("main",))["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(now(), "readers.csv"),
            )

    def move(self, email: str) -> None:
        """Ask for another address, and confirm it there."""
        keyring = self.desk.keyring
        page = sign(keyring, Purpose.PREFERENCES, self.reader)
        with self.database.writing() as connection:
            ask_for_address(connection, keyring, page, email, language="nl", now=now())
            self.changes += 1
            link = sign(keyring, Purpose.CHANGE, self.changes)
            visit = confirm_change(connection, keyring, link, now=now())
        assert visit is not None
        assert visit.change is Change.DONE

    def told(self) -> list[str]:
        """Send what waits; return whom it went to."""
        before = len(self.server.messages)
        self.send()
        return [one.recipients[0] for one in self.server.messages[before:]]

    def stored(self) -> str:
        """Return all that stands in any table, as text."""
        with sqlite3.connect(self.database.path) as connection:
            text = "\n".join(connection.iterdump())
        connection.close()
        return text


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
def mover(tmp_path: Path, faults: list[Fault]) -> Iterator[Mover]:
    with SmtpServer(faults) as server:
        settings = make_settings(server.port, reply_to="office@example.org")
        project = Project(tmp_path, settings)
        with open_desk(project) as desk:
            mover = Mover(project, desk, server)
            mover.arrive()
            yield mover


def test_old_address_is_told_once_without_the_new_one(mover: Mover) -> None:
    mover.move(NEW)
    assert (mover.told(), mover.told()) == ([OLD], [])
    (mail,) = mover.mails()
    assert mail["Subject"] == "Uw adres is gewijzigd: Harbour Letter"
    assert body(mail).replace("\r\n", "\n") == (
        "Harbour Letter gaat vanaf nu naar een ander adres, en niet meer naar dit "
        "adres. Iemand, waarschijnlijk uzelf, heeft daarom gevraagd.\n\n"
        "Was u het? Dan hoeft u niets te doen.\n\n"
        "Was u het niet? Schrijf ons dan: office@example.org\n\n"
        "Harbour Letter\n"
    )
    assert NEW.encode() not in mover.server.messages[0].data


def test_old_address_is_forgotten_once_it_is_told(mover: Mover) -> None:
    mover.move(NEW)
    assert OLD in mover.stored()
    mover.told()
    assert OLD not in mover.stored()


@pytest.mark.parametrize(
    "faults", [[Fault("rcpt", recipient="anna", reply="550 5.1.1 No such user")]]
)
def test_old_address_that_is_dead_is_forgotten_too(mover: Mover) -> None:
    mover.move(NEW)
    mover.told()
    assert mover.states() == ["skipped", "refused"]
    assert OLD not in mover.stored()


def test_old_address_of_a_mail_that_a_crash_left_is_forgotten_too(
    mover: Mover,
) -> None:
    mover.move(NEW)
    mover.set_state(DeliveryState.ATTEMPTING)
    assert mover.told() == []
    assert mover.states() == ["unknown", "unknown"]
    assert OLD not in mover.stored()


@pytest.mark.parametrize("faults", [[Fault("rcpt", nth=1, reply="451 4.7.1 Later")]])
def test_old_address_that_is_put_off_is_told_later(mover: Mover) -> None:
    mover.move(NEW)
    assert mover.told() == []
    assert OLD in mover.stored()
    assert mover.send(now() + DAY) == 1
    assert OLD not in mover.stored()


def test_whoever_moves_on_and_back_is_told_each_time_at_the_address_left(
    mover: Mover,
) -> None:
    mover.move(NEW)
    assert mover.told() == [OLD]
    mover.move(OLD)
    assert mover.told() == [NEW]
    mover.move("anna@example.com")
    assert mover.told() == [OLD]


@pytest.mark.parametrize("reason", ["complained", "blocked"])
def test_mailbox_that_wants_no_mail_of_ours_gets_none(
    mover: Mover, reason: str
) -> None:
    with mover.database.writing() as connection:
        word = Word(now(), "mail")
        suppress(connection, [mover.hash(OLD)], scope="*", reason=reason, word=word)
    mover.move(NEW)
    assert mover.told() == []
    assert OLD not in mover.stored()


def test_old_address_that_is_yet_to_be_told_is_shown_to_who_asks(
    mover: Mover,
) -> None:
    mover.move(NEW)
    held = read_holdings(mover.project, NEW)
    assert f"{OLD} → {NEW}" in [note.about for note in held.requests]


def test_change_is_not_erased_before_the_old_address_is_told(mover: Mover) -> None:
    mover.move(NEW)
    with mover.database.writing() as connection:
        connection.execute(
            update(address_changes).values(at=to_millis(now() - 15 * DAY))
        )
    erase_outdated(mover.project, now=now())
    assert mover.told() == [OLD]
    assert erase_outdated(mover.project, now=now()).requests == 1


def test_old_address_that_nobody_could_tell_is_erased_with_the_rest(
    mover: Mover,
) -> None:
    mover.move(NEW)
    erase_outdated(mover.project, now=now() + 15 * DAY)
    assert OLD not in mover.stored()


def test_reader_who_is_forgotten_before_is_not_written_to(mover: Mover) -> None:
    mover.move(NEW)
    with mover.database.erasing() as connection:
        forget_person(connection, mover.reader, now=now())
    assert mover.told() == []
    assert OLD not in mover.stored()


def test_old_address_that_is_forgotten_before_is_not_written_to(
    mover: Mover,
) -> None:
    mover.move(NEW)
    with mover.database.erasing() as connection:
        hashed = mover.hash(OLD)
        forget_address(connection, hashed, is_completely=False, now=now())
    assert mover.told() == []
    assert OLD not in mover.stored()
    assert NEW in mover.stored()
