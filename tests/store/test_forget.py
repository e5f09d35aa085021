import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Dispatch, Permission, Result
from newsletter.model.notice import NoticeKind
from newsletter.model.outcome import Reply
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.claims import claim_batch, read_due, release_batch
from newsletter.store.consent import (
    Suppression,
    Word,
    read_suppressions,
    suppress,
    unsubscribe,
)
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import (
    continue_dispatch,
    finish_dispatch,
    pause_dispatch,
)
from newsletter.store.forget import Erased, forget_address, forget_person
from newsletter.store.ledger import write_intent, write_result
from newsletter.store.ledger_groups import Groups, Record
from newsletter.store.people import insert_people, update_fields
from newsletter.store.tables import (
    address_changes,
    consent_events,
    courtesy_marks,
    deliveries,
    dispatches,
    joinings,
    metadata,
    notices,
    returned_mails,
    subscribers,
    subscriptions,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIVE = SubscriptionStatus.ACTIVE
S = DeliveryState
ANNA = "anna@example.org"


def forget(database: Database, number: int) -> Erased:
    with database.erasing() as connection:
        return forget_person(connection, number, now=NOW)


def forget_hash(
    database: Database, address_hash: bytes, *, is_completely: bool = False
) -> tuple[Suppression, ...]:
    with database.erasing() as connection:
        forget_address(connection, address_hash, is_completely=is_completely, now=NOW)
        return read_suppressions(connection, address_hash)


def count(database: Database, table: Any) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def delivery(database: Database, number: int) -> Any:
    with database.reading() as connection:
        return connection.execute(
            select(deliveries).where(deliveries.c.subscriber_id == number)
        ).one()


def end_as(dispatching: Any, dispatch: Dispatch, state: DeliveryState) -> None:
    """Bring everybody of a dispatch into *state*, and end its run."""

    def work(connection: Any) -> None:
        claim = claim_batch(connection, dispatch.id, owner="t", now=NOW)
        assert claim is not None
        for one in read_due(connection, claim, now=NOW):
            write_intent(connection, claim, one, now=NOW)
            said = Reply(450 if state is S.DEFERRED else 550, f"<{one.email}> says no")
            later = NOW if state is S.DEFERRED else None
            write_result(
                connection, claim, Result(one.seq, state, said, later), now=NOW
            )
        release_batch(connection, claim)
        finish_dispatch(connection, dispatch.id, None, now=NOW)

    dispatching.write(work)


# --- the person -----------------------------------------------------------------------


def test_forget_person_deletes_all_that_is_theirs_and_nobody_elses(
    database: Database, people: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE), first_name="Anna")
    people.add("bert@example.org", ("main", ACTIVE))
    with database.writing() as connection:
        joined: dict[str, Any] = {"address_hash": b"h", "lists": [], "at": 1}
        joined |= {"fields": {"city": "Utrecht"}}
        joined |= {"wording": "", "language": "nl", "source": "/join"}
        connection.execute(insert(joinings).values(subscriber_id=anna, **joined))
        change: dict[str, Any] = {
            "email": "a@new.org",
            "email_key": "a@new.org",
            "address_hash": b"n",
        }
        change |= {"language": "nl", "at": 1}
        connection.execute(insert(address_changes).values(subscriber_id=anna, **change))
        notice = {"kind": NoticeKind.LEAVE, "language": "nl", "created_at": 1}
        connection.execute(insert(notices).values(subscriber_id=anna, **notice))
        mail = {"key": b"k", "at": 1, "source": "imap", "kind": "bounce"}
        mail |= {"diagnostic": "a***@example.org is full"}
        connection.execute(insert(returned_mails).values(subscriber_id=anna, **mail))
    assert forget(database, anna) == Erased(deliveries=0, was_known=True)
    for table in (joinings, address_changes, notices):
        assert count(database, table) == 0
    for table in (subscribers, subscriptions, consent_events):
        assert count(database, table) == 1
    with database.reading() as connection:
        kept = connection.execute(select(returned_mails)).one()
    assert (kept.kind, kept.subscriber_id, kept.diagnostic) == ("bounce", None, "")


def test_forget_person_twice_finds_nobody_the_second_time(
    database: Database, people: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    forget(database, anna)
    assert forget(database, anna) == Erased(deliveries=0, was_known=False)


@pytest.fixture
def careless_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite leave deleted bytes where they are, as it does unless told.

    Debian builds it so that it overwrites anyway.
    """
    connect = sqlite3.dbapi2.connect

    def connect_carelessly(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute("PRAGMA secure_delete=OFF")
        return connection

    monkeypatch.setattr("sqlite3.dbapi2.connect", connect_carelessly)


@pytest.mark.usefixtures("careless_driver")
@pytest.mark.parametrize("was_changed", [False, True])
def test_forget_leaves_no_byte_of_the_address_in_the_files(
    database: Database, people: Any, dispatching: Any, was_changed: bool
) -> None:
    database.engine.dispose()
    anna = people.add("find-me@example.org", ("main", ACTIVE), first_name="Findme")
    people.add_many(20)
    dispatching.make()
    if was_changed:
        with database.writing() as connection:
            # Longer, so that it does not fit where the old one stood.
            update_fields(connection, {anna: {"first_name": "A" * 80}})
    forget(database, anna)
    assert database.empty_wal()
    kept = b"".join(
        file.read_bytes().lower()
        for file in database.path.parent.iterdir()
        if file.is_file()
    )
    assert b"find-me" not in kept
    assert b"findme" not in kept


def test_rewrite_leaves_no_row_of_before_in_the_files(
    database: Database, people: Any
) -> None:
    """Where SQLite divides a page among others, it leaves copies of what stood there.

    It is seldom: of these 300 people it is one, with SQLite 3.40.
    """
    random = Random(3)  # noqa: S311 - the same each time
    crowd = [people.person(f"find-me-{number}@example.org") for number in range(1200)]
    random.shuffle(crowd)
    with database.writing() as connection:
        insert_people(connection, crowd, now=NOW)
        rows = connection.execute(select(subscribers.c.email, subscribers.c.id))
        ids = {row.email: row.id for row in rows}
        for _ in range(30):
            for number in random.sample(list(ids.values()), 60):
                longer = {"first_name": "A" * random.randint(0, 200)}
                update_fields(connection, {number: longer})
    gone = random.sample(list(ids), 300)
    with database.erasing() as connection:
        for email in gone:
            forget_person(connection, ids[email], now=NOW)
    assert database.rewrite()
    kept = b"".join(
        file.read_bytes() for file in database.path.parent.iterdir() if file.is_file()
    )
    assert [email for email in gone if email.encode() in kept] == []


def test_rewrite_while_another_writes_says_so(tmp_path: Path) -> None:
    url = "sqlite:///newsletter.db"
    with (
        open_database(url, root=tmp_path) as other,
        open_database(url, root=tmp_path, patience_seconds=0.01) as database,
        other.writing(),
        pytest.raises(OperationError, match="is in use: another command"),
    ):
        database.rewrite()


def test_empty_wal_while_somebody_reads_it_says_that_it_could_not(
    database: Database, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.sqlite._WAL_PATIENCE_MILLIS", 1)
    with database.reading() as reader:
        reader.execute(select(subscribers)).all()
        people.add(ANNA)
        assert not database.empty_wal()
    assert database.empty_wal()


# --- deliveries -----------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.PENDING, S.DEFERRED])
def test_forget_of_who_waits_in_an_open_dispatch_skips_them(
    database: Database, people: Any, dispatching: Any, state: DeliveryState
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE), first_name="Anna")
    people.add("bert@example.org", ("main", ACTIVE))
    dispatch = dispatching.make()
    if state is S.DEFERRED:
        end_as(dispatching, dispatch, state)
    assert forget(database, anna).deliveries == 1
    assert dispatching.counts(dispatch) == {S.SKIPPED: 1, state: 1}
    row = delivery(database, anna)
    assert (row.email, row.fields, row.reply_text) == ("", {}, "left meanwhile")


def test_forget_binds_the_recipients_of_a_paused_dispatch_anew(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    people.add("bert@example.org", ("main", ACTIVE))
    dispatch = dispatching.make()
    dispatching.write(lambda connection: pause_dispatch(connection, dispatch.id))
    forget(database, anna)
    dispatching.write(lambda c: continue_dispatch(c, dispatch.id, now=NOW))
    assert dispatching.counts(dispatch) == {S.SKIPPED: 1, S.PENDING: 1}


def test_forget_never_blesses_recipients_that_somebody_changed(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    bert = people.add("bert@example.org", ("main", ACTIVE))
    dispatch = dispatching.make()
    changed = update(deliveries).where(deliveries.c.subscriber_id == bert)
    dispatching.write(lambda c: c.execute(changed.values(email="eve@example.org")))
    forget(database, anna)
    with pytest.raises(OperationError, match="are not those that were confirmed"):
        dispatching.write(lambda c: continue_dispatch(c, dispatch.id, now=NOW))


def test_forget_of_who_was_refused_keeps_the_dispatch_fit_to_go_on(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    people.add("bert@example.org", ("main", ACTIVE))
    dispatch = dispatching.make()
    end_as(dispatching, dispatch, S.REFUSED)
    forget(database, anna)
    row = delivery(database, anna)
    assert (row.email, row.reply_code, row.reply_text) == ("", 550, None)
    dispatching.write(
        lambda c: continue_dispatch(c, dispatch.id, now=NOW, again=[S.REFUSED])
    )
    claim = dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="t", now=NOW))
    due = dispatching.write(lambda c: read_due(c, claim, now=NOW))
    assert [one.email for one in due] == ["bert@example.org"]


def test_forget_in_a_dispatch_that_is_over_leaves_its_bond_alone(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    dispatch = dispatching.make()
    end_as(dispatching, dispatch, S.ACCEPTED)
    bond = select(dispatches.c.recipients_hash)
    before = dispatching.write(lambda c: c.scalar(bond))
    forget(database, anna)
    assert dispatching.write(lambda c: c.scalar(bond)) == before
    assert dispatching.counts(dispatch) == {S.ACCEPTED: 1}


def test_letter_in_the_hands_of_a_sender_is_denied_after_forget(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    people.add("bert@example.org", ("main", ACTIVE))
    dispatch = dispatching.make()
    claim = dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="t", now=NOW))
    letters = dispatching.write(lambda c: read_due(c, claim, now=NOW))
    forget(database, anna)
    permissions = [
        dispatching.write(lambda c, one=one: write_intent(c, claim, one, now=NOW))
        for one in letters
    ]
    assert permissions == [Permission.SKIPPED, Permission.GRANTED]
    assert dispatching.counts(dispatch) == {S.SKIPPED: 1, S.ATTEMPTING: 1}


def test_refusal_of_a_letter_in_the_hands_of_a_sender_is_kept_after_forget(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    dispatch = dispatching.make()
    claim = dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="t", now=NOW))
    forget(database, anna)
    refused = Result(1, S.REFUSED, Reply(550, "no such user"))
    assert dispatching.write(lambda c: write_result(c, claim, refused, now=NOW))
    assert dispatching.counts(dispatch) == {S.REFUSED: 1}


def test_result_of_a_letter_under_way_is_still_written_after_forget(
    database: Database, people: Any, dispatching: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))
    dispatch = dispatching.make()
    claim = dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="t", now=NOW))
    (letter,) = dispatching.write(lambda c: read_due(c, claim, now=NOW))
    dispatching.write(lambda c: write_intent(c, claim, letter, now=NOW))
    forget(database, anna)
    accepted = Result(1, S.ACCEPTED, Reply(250, "queued"))
    assert dispatching.write(lambda c: write_result(c, claim, accepted, now=NOW))
    assert dispatching.counts(dispatch) == {S.ACCEPTED: 1}


@pytest.mark.parametrize("state", [S.ACCEPTED, S.REFUSED])
def test_words_of_a_server_are_not_kept_when_they_come_after_forget(
    database: Database, people: Any, dispatching: Any, state: DeliveryState
) -> None:
    """They may say the address once more, in a row that was erased."""
    anna = people.add(ANNA, ("main", ACTIVE))
    dispatch = dispatching.make()
    claim = dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="t", now=NOW))
    (letter,) = dispatching.write(lambda c: read_due(c, claim, now=NOW))
    dispatching.write(lambda c: write_intent(c, claim, letter, now=NOW))
    forget(database, anna)
    record = Record(claim, Result(1, state, Reply(550, f"<{ANNA}>: no anna here")))
    with database.connect_writer() as connection:
        Groups(connection.dialect).write(connection, [record], NOW)
    row = delivery(database, anna)
    assert record.is_kept
    assert (row.state, row.reply_code, row.reply_text) == (state, 550, None)


# --- the address ----------------------------------------------------------------------


def test_forget_address_leaves_one_keyed_hash_and_nothing_of_lists(
    database: Database, people: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE), ("events", ACTIVE))
    with database.writing() as connection:
        unsubscribe(connection, anna, scope="events", word=Word(NOW, "page"))
    left = forget_hash(database, people.person(ANNA).hash)
    assert left == (Suppression("*", "forgotten", NOW, "command"),)


@pytest.mark.parametrize("reason", ["complained", "blocked"])
def test_forget_address_keeps_that_it_wants_no_mail_of_ours_at_all(
    database: Database, people: Any, reason: str
) -> None:
    address_hash = people.person(ANNA).hash
    with database.writing() as connection:
        word = Word(NOW, "page")
        suppress(connection, [address_hash], scope="*", reason=reason, word=word)
    left = forget_hash(database, address_hash)
    assert left == (Suppression("*", reason, NOW, "page"),)


def test_forget_address_completely_leaves_nothing(
    database: Database, people: Any
) -> None:
    address_hash = people.person(ANNA).hash
    with database.writing() as connection:
        word = Word(NOW, "page")
        suppress(connection, [address_hash], scope="main", reason="bounced", word=word)
        mark = {"address_hash": address_hash, "kind": NoticeKind.CONFIRM}
        connection.execute(insert(courtesy_marks).values(last_at=1, used=1, **mark))
    assert forget_hash(database, address_hash, is_completely=True) == ()
    assert count(database, courtesy_marks) == 0


def test_forget_address_deletes_what_others_typed_about_it(
    database: Database, people: Any
) -> None:
    bert = people.add("bert@example.org", ("main", ACTIVE))
    address_hash = people.person(ANNA).hash
    with database.writing() as connection:
        change: dict[str, Any] = {
            "email": ANNA,
            "email_key": ANNA,
            "address_hash": address_hash,
        }
        change |= {"language": "nl", "at": 1}
        asked = insert(address_changes).values(subscriber_id=bert, **change)
        number = connection.scalar(asked.returning(address_changes.c.id))
        of_it = {"kind": NoticeKind.CHANGE, "about_id": number}
        other = {"kind": NoticeKind.CONFIRM, "about_id": number}
        for about in (of_it, other):
            notice = {"language": "nl", "created_at": 1, "subscriber_id": bert}
            connection.execute(insert(notices).values(**notice, **about))
    forget_hash(database, address_hash)
    assert count(database, address_changes) == 0
    with database.reading() as connection:
        assert list(connection.scalars(select(notices.c.kind))) == ["confirm"]


def test_erasing_after_a_failure_keeps_everything(
    database: Database, people: Any
) -> None:
    anna = people.add(ANNA, ("main", ACTIVE))

    def forget_and_fail() -> None:
        with database.erasing() as connection:
            forget_person(connection, anna, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        forget_and_fail()
    assert count(database, subscribers) == 1


def test_every_table_about_people_is_known_to_forget() -> None:
    """A new one goes here once `forget`, retention and `export --person` know it."""
    theirs = {"subscriber_id", "address_hash", "email", "email_key"}
    assert {
        table.name
        for table in metadata.tables.values()
        if theirs & set(table.columns.keys())
    } == {
        "address_changes",
        "consent_events",
        "courtesy_marks",
        "deliveries",
        "import_changes",
        "joinings",
        "notices",
        "returned_mails",
        "subscribers",
        "subscriptions",
        "suppressions",
    }
