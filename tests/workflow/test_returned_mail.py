"""One mail: whose matter it is, and what it does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from newsletter.addresses import address_key
from newsletter.inbound.reading import read_mail
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Order
from newsletter.model.notice import NoticeKind
from newsletter.model.returned import BounceClass, MailKind, Reading, Report
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, read_suppressions, set_status
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.forget import forget_person
from newsletter.store.instants import to_millis
from newsletter.store.keys import open_keyring
from newsletter.store.notices import may_notify
from newsletter.store.people import (
    Person,
    ensure_lists,
    insert_people,
    read_ids,
    read_subscriptions,
)
from newsletter.store.tables import (
    address_changes,
    deliveries,
    notices,
    returned_mails,
    subscribers,
    subscriptions,
)
from newsletter.tokens import Keyring, Purpose, address_hash, sign
from newsletter.workflow.hard_returns import weigh_at_once
from newsletter.workflow.returned_mail import Handled, after_weighing, handle_mail

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "sqlite:///subscribers/newsletter.db"
ANN, BOB = "ann@example.org", "bob@example.org"


class Office:
    """Two readers who got dispatch 1, and the mails that come to us."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring
        people = [Person(one, one, self.hash(one)) for one in (ANN, BOB)]
        with database.writing() as connection:
            insert_people(connection, people, now=NOW)
            self.ids = read_ids(connection, [ANN, BOB])
            set_status(
                connection,
                list(self.ids.values()),
                list_id=ensure_lists(connection, ["main"])["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "readers.csv"),
            )
            save_content(connection, Content("c0ffee", "a", "Hi", b"x"), now=NOW)
            create_dispatch(connection, Order("a", "c0ffee", ("main",)), now=NOW)
            connection.execute(
                update(deliveries).values(
                    state=DeliveryState.ACCEPTED, at=to_millis(NOW)
                )
            )

    def hash(self, email: str) -> bytes:
        return address_hash(self.keyring, address_key(email))

    def token(self, email: str = ANN) -> str:
        return sign(self.keyring, Purpose.MESSAGE, 1, self.ids[email])

    def take(self, reading: Reading, *, now: datetime = NOW) -> Handled:
        with self.database.writing() as connection:
            handled = handle_mail(
                connection, self.keyring, reading, source="imap", name="here", now=now
            )
            return after_weighing(handled, weigh_at_once(connection, now=now))

    def bounce(self, *reports: Report, token: str = "", **more: Any) -> Handled:
        kind = more.pop("kind", MailKind.BOUNCE)
        key = sha256(repr((reports, token, more)).encode()).digest()
        tokens = (token or self.token(),)
        return self.take(
            Reading(kind, key, reports=reports, message_tokens=tokens), **more
        )

    def statuses(self) -> list[str]:
        query = select(subscriptions.c.status).order_by(subscriptions.c.subscriber_id)
        with self.database.reading() as connection:
            return [
                SubscriptionStatus(status).name.lower()
                for status in connection.scalars(query)
            ]

    def reasons(self, email: str = ANN) -> list[tuple[str, str]]:
        with self.database.reading() as connection:
            found = read_suppressions(connection, self.hash(email))
        return [(one.scope, one.reason) for one in found]

    def queue(self, kind: NoticeKind, *, about_id: int = 0) -> str:
        """Note a notice to Ann that was taken; return its token."""
        with self.database.writing() as connection:
            row = connection.execute(
                insert(notices)
                .values(
                    kind=kind,
                    subscriber_id=self.ids[ANN],
                    about_id=about_id,
                    language="en",
                    created_at=to_millis(NOW),
                    state=DeliveryState.ACCEPTED,
                    at=to_millis(NOW),
                )
                .returning(notices.c.id)
            ).scalar_one()
        return sign(self.keyring, Purpose.MESSAGE, 0, row)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_database(URL, root=tmp_path) as database:
        yield Office(database, open_keyring(database, root=tmp_path))


def hard(email: str = ANN) -> Report:
    return Report(email, BounceClass.HARD, "5.1.1", "550 5.1.1 user unknown")


def soft(email: str = ANN) -> Report:
    return Report(email, BounceClass.SOFT, "4.2.2", "mailbox full")


def test_of_several_recipients_only_ours_counts(office: Office) -> None:
    # A list of hers sends on to two people, one of whom is gone.
    found = office.bounce(soft("x@example.net"), hard("y@example.net"))
    assert (found.bounce_class, found.is_applied) == (BounceClass.SOFT, False)
    found = office.bounce(soft("x@example.net"), hard("Ann@Example.org"))
    assert (found.bounce_class, found.is_applied) == (BounceClass.HARD, True)
    assert office.statuses() == ["bounced", "active"]


def test_bounce_that_names_nobody_is_soft(office: Office) -> None:
    found = office.bounce()
    assert (found.bounce_class, found.recipient) == (BounceClass.SOFT, ANN)
    assert office.statuses() == ["active", "active"]


def test_token_for_another_purpose_is_worth_nothing(office: Office) -> None:
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.CONFIRM):
        found = office.bounce(hard(), token=sign(office.keyring, purpose, 1, 1))
        assert (found.is_ours, found.is_applied) == (False, False)
    assert office.statuses() == ["active", "active"]


def test_mail_of_31_days_ago_changes_nothing(office: Office) -> None:
    found = office.bounce(hard(), now=NOW + timedelta(days=31))
    assert (found.is_ours, found.is_applied, found.is_done) == (True, False, True)


def test_returned_test_mail_changes_nothing(office: Office) -> None:
    token = sign(office.keyring, Purpose.TEST, 1772366400000)
    found = office.bounce(hard(), token=token)
    assert (found.is_test, found.is_applied) == (True, False)
    leaving = Reading(MailKind.UNSUBSCRIBE, b"k" * 32, leave_tokens=(token,))
    found = office.take(leaving)
    assert (found.is_test, found.kind) == (True, MailKind.UNSUBSCRIBE)
    assert office.statuses() == ["active", "active"]


def test_forgotten_reader_is_not_known_again_by_a_bounce(office: Office) -> None:
    with office.database.writing() as connection:
        forget_person(connection, office.ids[ANN], now=NOW)
    found = office.bounce(Report("", BounceClass.HARD))
    assert (found.recipient, found.is_applied, found.is_done) == ("", False, True)
    with office.database.reading() as connection:
        kept = connection.execute(select(returned_mails.c.subscriber_id)).scalars()
        assert list(kept) == [None]


def test_bounce_of_an_earlier_address_stops_nothing(office: Office) -> None:
    with office.database.writing() as connection:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == office.ids[ANN])
            .values(email="new@a.org", email_key="new@a.org")
        )
    assert not office.bounce(hard()).is_applied
    assert office.bounce(kind=MailKind.COMPLAINT).is_applied
    assert office.statuses() == ["unsubscribed", "active"]


def test_letter_whose_subject_was_changed_leaves_by_its_token(office: Office) -> None:
    token = sign(office.keyring, Purpose.UNSUBSCRIBE, office.ids[ANN], 0)
    reading = Reading(MailKind.AUTO_REPLY, b"k" * 32, leave_tokens=(token,), sender=BOB)
    found = office.take(reading)
    assert (found.kind, found.recipient) == (MailKind.UNSUBSCRIBE, ANN)
    assert office.statuses() == ["unsubscribed", "active"]


@pytest.mark.parametrize(
    "head",
    [
        "To: letter@example.org\r\nSubject: unsubscribe {token}\r\n",
        "To: leave+{token}@example.org\r\nSubject: unsubscribe\r\n",
        "To: letter@example.org\r\nSubject: unsubscribe {token}\r\n"
        "X-Apple-Unsubscribe: true\r\nAuto-Submitted: auto-replied\r\n",
    ],
    ids=["subject", "address", "Apple"],
)
def test_leaving_by_mail_takes_the_lists_of_that_mail_alone(
    office: Office, head: str
) -> None:
    ann = office.ids[ANN]
    with office.database.writing() as connection:
        ids = ensure_lists(connection, ["main", "events", "board"])
        for slug in ("events", "board"):
            set_status(
                connection,
                [ann],
                list_id=ids[slug],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "sample.csv"),
            )
    numbers = ids["main"], ids["events"]
    token = sign(office.keyring, Purpose.UNSUBSCRIBE, ann, *numbers)
    found = office.take(read_mail(f"{head.format(token=token)}\r\n".encode()))
    assert (found.kind, found.is_applied) == (MailKind.UNSUBSCRIBE, True)
    with office.database.reading() as connection:
        standing = read_subscriptions(connection, ann)
    assert {one.list: one.status.name for one in standing} == {
        "board": "ACTIVE",
        "events": "UNSUBSCRIBED",
        "main": "UNSUBSCRIBED",
    }


def test_bounce_that_quotes_a_leaving_token_lets_nobody_leave(office: Office) -> None:
    token = sign(office.keyring, Purpose.UNSUBSCRIBE, office.ids[ANN], 0)
    office.take(Reading(MailKind.BOUNCE, b"k" * 32, leave_tokens=(token,)))
    assert office.statuses() == ["active", "active"]


def test_who_answers_is_known_by_the_mail_answered_not_by_from(office: Office) -> None:
    reading = Reading(
        MailKind.ASKS_TO_LEAVE,
        b"k" * 32,
        message_tokens=(office.token(),),
        sender="ann@work.example",
    )
    found = office.take(reading)
    assert (found.recipient, found.advice, found.is_done) == (
        ANN,
        "newsletter subscribers unsubscribe ann@example.org",
        False,
    )
    assert office.statuses() == ["active", "active"]


def test_advice_is_safe_in_a_shell(office: Office) -> None:
    with office.database.writing() as connection:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == office.ids[ANN])
            .values(email="a$b&c@x.org", email_key="a$b&c@x.org")
        )
    reading = Reading(MailKind.ASKS_TO_LEAVE, b"k" * 32, sender="a$b&c@x.org")
    assert office.take(reading).advice == (
        "newsletter subscribers unsubscribe 'a$b&c@x.org'"
    )


# --- notices --------------------------------------------------------------------------


def test_dead_address_is_not_asked_to_confirm_again(office: Office) -> None:
    token = office.queue(NoticeKind.CONFIRM)
    assert office.bounce(hard(), token=token).is_applied
    with office.database.reading() as connection:
        row = connection.execute(select(notices)).one()
        assert (row.state, row.reply_text) == (4, "550 5.1.1 user unknown")
        later = NOW + timedelta(days=5)
        kind, whom = NoticeKind.CONFIRM, office.hash(ANN)
        assert not may_notify(connection, kind, whom, now=later)
    # Who typed it may have mistyped it: the address itself stays as it is.
    assert office.reasons() == []


def test_notice_called_spam_is_the_last_one(office: Office) -> None:
    token = office.queue(NoticeKind.CONFIRM)
    assert office.bounce(kind=MailKind.COMPLAINT, token=token).is_applied
    assert office.reasons() == [("*", "complained")]


def test_complaint_about_a_change_is_of_the_new_address(office: Office) -> None:
    new = "new@example.net"
    with office.database.writing() as connection:
        about_id = connection.execute(
            insert(address_changes)
            .values(
                subscriber_id=office.ids[ANN],
                email=new,
                email_key=new,
                address_hash=office.hash(new),
                language="en",
                at=to_millis(NOW),
            )
            .returning(address_changes.c.id)
        ).scalar_one()
    token = office.queue(NoticeKind.CHANGE, about_id=about_id)
    found = office.bounce(kind=MailKind.COMPLAINT, token=token)
    assert found.recipient == new
    assert office.reasons(new) == [("*", "complained")]
    assert office.statuses() == ["active", "active"]


def test_complaint_of_an_old_address_stops_nobody_who_moved(office: Office) -> None:
    old = "old@example.net"
    with office.database.writing() as connection:
        about_id = connection.execute(
            insert(address_changes)
            .values(
                subscriber_id=office.ids[ANN],
                email=ANN,
                email_key=ANN,
                address_hash=office.hash(ANN),
                language="en",
                at=to_millis(NOW),
                old_hash=office.hash(old),
            )
            .returning(address_changes.c.id)
        ).scalar_one()
    token = office.queue(NoticeKind.MOVED, about_id=about_id)
    office.bounce(kind=MailKind.COMPLAINT, token=token)
    assert office.reasons(old) == [("*", "complained")]
    assert office.reasons() == []
    assert office.statuses() == ["active", "active"]


# --- whatever comes -------------------------------------------------------------------


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(max_size=3000))
def test_no_bytes_change_anything(office: Office, data: bytes) -> None:
    office.take(read_mail(data))
    assert office.statuses() == ["active", "active"]


@pytest.mark.parametrize(
    "mail",
    [
        b"From: =?utf-7?q?+2AA-?=x@example.org\n\nPlease remove me.\n",
        b"From: MAILER-DAEMON@a.org\nContent-Type: message/delivery-status; "
        b"charset=utf-7\n\nReporting-MTA: dns; a\n\nFinal-Recipient: rfc822; "
        b"+2AA-x@example.org\nAction: failed\nStatus: 5.1.1\n",
        b"From: a@a.org\nContent-Type: message/feedback-report; charset=utf-7\n\n"
        b"Feedback-Type: abuse\nOriginal-Rcpt-To: +2AA-x@example.org\n",
    ],
    ids=["asks", "bounce", "complaint"],
)
def test_no_mail_that_a_stranger_writes_ends_the_reading(
    office: Office, mail: bytes
) -> None:
    handled = office.take(read_mail(mail))
    assert handled.recipient == "?x@example.org"
    assert not handled.advice
