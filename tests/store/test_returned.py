"""What a returned mail does to people and dispatches."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import ColumnElement, select, update

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass, MailKind
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, read_history, read_suppressions, set_status
from newsletter.store.database import Database
from newsletter.store.dispatches import pause_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.people import read_list_ids, read_subscriptions
from newsletter.store.refusals import dispatches_with_refusals
from newsletter.store.returned import (
    ReturnedMail,
    find_sent,
    note_returned,
    pause_if_blocked,
    stop_complained,
    stop_if_dead,
)
from newsletter.store.returned_counts import count_returned
from newsletter.store.tables import batches, deliveries, returned_mails, subscribers
from newsletter.workflow.refusals import settle_refusals_of

NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
ACTIVE = SubscriptionStatus.ACTIVE


class Letters:
    """Dispatches to the people of a database, and what came back of them."""

    def __init__(self, database: Database, people: Any, dispatching: Any) -> None:
        self.database = database
        self.people = people
        self.dispatching = dispatching

    def send(
        self,
        issue: str,
        *,
        at: datetime = NOON,
        state: DeliveryState = DeliveryState.ACCEPTED,
        reply: Reply | None = None,
    ) -> Dispatch:
        """Make a dispatch to everybody, all of it in that state."""
        dispatch: Dispatch = self.dispatching.make(issue=issue)
        with self.database.writing() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.dispatch_id == dispatch.id)
                .values(
                    state=state,
                    at=to_millis(at),
                    reply_code=reply.code if reply else None,
                    reply_text=f"{reply.enhanced} {reply.text}" if reply else None,
                )
            )
            counter = {f"n_{state.name.lower()}": batches.c.n_pending}
            connection.execute(
                update(batches)
                .where(batches.c.dispatch_id == dispatch.id)
                .values(counter | {"n_pending": 0})
            )
        return dispatch

    def mail(
        self,
        dispatch: Dispatch,
        person: int = 1,
        bounce_class: BounceClass = BounceClass.SOFT,
        *,
        at: datetime = NOON,
    ) -> ReturnedMail:
        return ReturnedMail(
            key=sha256(f"{dispatch.id} {person} {bounce_class}".encode()).digest(),
            at=at,
            source="imap",
            kind=MailKind.BOUNCE,
            bounce_class=bounce_class,
            dispatch_id=dispatch.id,
            subscriber_id=person,
            status="5.1.1",
            diagnostic="no such user",
        )

    def bounce(
        self,
        dispatch: Dispatch,
        person: int = 1,
        bounce_class: BounceClass = BounceClass.SOFT,
        *,
        at: datetime = NOON,
    ) -> bool:
        """Note a bounce, and tell whether the address is dead."""
        mail = self.mail(dispatch, person, bounce_class, at=at)
        with self.database.writing() as connection:
            assert note_returned(connection, mail)
            return stop_if_dead(connection, mail)

    def statuses(self, person: int = 1) -> dict[str, str]:
        with self.database.reading() as connection:
            found = read_subscriptions(connection, person)
        return {one.list: one.status.name.lower() for one in found}

    def reasons(self, person: int = 1) -> list[tuple[str, str, str]]:
        with self.database.reading() as connection:
            address_hash = connection.execute(
                select(subscribers.c.address_hash).where(subscribers.c.id == person)
            ).scalar_one()
            found = read_suppressions(connection, address_hash)
        return [(one.scope, one.reason, one.source) for one in found]

    def history(self, person: int = 1) -> list[tuple[str, str, str]]:
        with self.database.reading() as connection:
            found = read_history(connection, person)
        return [(one.list, one.kind, one.evidence) for one in found]


@pytest.fixture
def letters(database: Database, people: Any, dispatching: Any) -> Letters:
    return Letters(database, people, dispatching)


def test_dead_address_is_suppressed_for_every_list(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE), ("events", ACTIVE))
    dispatch = letters.send("a")
    assert letters.bounce(dispatch, bounce_class=BounceClass.HARD)
    assert letters.statuses() == {"events": "bounced", "main": "bounced"}
    assert letters.reasons() == [("*", "bounced", "imap")]
    assert letters.history()[-1] == (
        "events",
        "bounced",
        f"dispatch {dispatch.id}: 5.1.1 no such user",
    )


def test_who_left_before_a_bounce_has_left_still(letters: Letters) -> None:
    ann = letters.people.add("ann@example.org", ("main", ACTIVE), ("events", ACTIVE))
    dispatch = letters.send("a")
    letters.people.leave(ann, "main")
    letters.bounce(dispatch, bounce_class=BounceClass.HARD)
    assert letters.statuses() == {"events": "bounced", "main": "unsubscribed"}


def test_complaint_is_graver_than_leaving(letters: Letters) -> None:
    ann = letters.people.add("ann@example.org", ("main", ACTIVE))
    dispatch = letters.send("a")
    letters.people.leave(ann)
    with letters.database.writing() as connection:
        stop_complained(connection, letters.mail(dispatch))
    assert letters.statuses() == {"main": "unsubscribed"}
    assert letters.reasons() == [("*", "complained", "imap")]


def test_same_mail_counts_once(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    mail = letters.mail(letters.send("a"))
    with letters.database.writing() as connection:
        assert note_returned(connection, mail)
        assert not note_returned(connection, mail)


def test_diagnostic_is_kept_short_and_without_addresses(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    mail = ReturnedMail(
        b"k" * 32, NOON, "imap", MailKind.BOUNCE, diagnostic="<ann@example.org> " * 40
    )
    with letters.database.writing() as connection:
        note_returned(connection, mail)
        kept = connection.execute(select(returned_mails.c.diagnostic)).scalar_one()
    assert kept.startswith("<a***@example.org> ")
    assert len(kept) <= 200


# --- soft bounces ---------------------------------------------------------------------


def soft_series(
    letters: Letters, days: list[int], *, success_on: int | None = None
) -> list[bool]:
    """Send and bounce on those days; tell for each whether it was the last."""
    letters.people.add("ann@example.org", ("main", ACTIVE))
    found = []
    for day in sorted([*days, *([] if success_on is None else [success_on])]):
        at = NOON + timedelta(days=day)
        dispatch = letters.send(f"i{day}", at=at)
        if day != success_on:
            found.append(letters.bounce(dispatch, at=at))
    return found


def test_five_soft_bounces_over_two_weeks_are_the_end(letters: Letters) -> None:
    assert soft_series(letters, [0, 4, 8, 12, 16]) == [False] * 4 + [True]
    assert letters.statuses() == {"main": "bounced"}


@pytest.mark.parametrize(
    "days", [[0, 5, 10, 20], [0, 1, 2, 3, 4], [0, 3, 6, 9, 13]], ids=str
)
def test_fewer_or_quicker_soft_bounces_do_nothing(
    letters: Letters, days: list[int]
) -> None:
    assert not any(soft_series(letters, days))
    assert letters.statuses() == {"main": "active"}


def test_a_mail_that_arrived_between_begins_the_count_anew(letters: Letters) -> None:
    assert not any(soft_series(letters, [0, 4, 8, 12, 20], success_on=10))


def test_the_last_mail_is_no_success_while_it_may_come_back(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    dispatches = [
        letters.send(f"i{day}", at=NOON + timedelta(days=day))
        for day in (0, 4, 8, 12, 16)
    ]
    letters.send("fresh", at=NOON + timedelta(days=17))
    now = NOON + timedelta(days=18)
    found = [letters.bounce(one, at=now) for one in dispatches]
    assert found == [False] * 4 + [True]


def test_soft_bounces_before_their_own_word_are_forgiven(letters: Letters) -> None:
    ann = letters.people.add("ann@example.org", ("main", ACTIVE))
    for day in (0, 4, 8, 12):
        at = NOON + timedelta(days=day)
        letters.bounce(letters.send(f"i{day}", at=at), at=at)
    with letters.database.writing() as connection:
        set_status(
            connection,
            [ann],
            list_id=read_list_ids(connection)["main"],
            status=ACTIVE,
            kind="confirmed",
            word=Word(NOON + timedelta(days=13), "page"),
        )
    at = NOON + timedelta(days=16)
    assert not letters.bounce(letters.send("last", at=at), at=at)


# --- which mail it was ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "days", "is_found"),
    [
        (DeliveryState.ACCEPTED, 29, True),
        (DeliveryState.UNKNOWN, 1, True),
        (DeliveryState.ACCEPTED, 31, False),
        (DeliveryState.PENDING, 1, False),
        (DeliveryState.SKIPPED, 1, False),
    ],
)
def test_only_a_mail_that_left_lately_can_come_back(
    letters: Letters, state: DeliveryState, days: int, is_found: bool
) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    dispatch = letters.send("a", state=state)
    now = NOON + timedelta(days=days)
    with letters.database.reading() as connection:
        found = find_sent(connection, dispatch.id, 1, now=now)
    assert (found is not None) == is_found


def test_mail_to_an_earlier_address_says_nothing_of_the_present(
    letters: Letters,
) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    dispatch = letters.send("a")
    with letters.database.writing() as connection:
        connection.execute(
            update(subscribers).values(email="new@a.org", email_key="new@a.org")
        )
        found = find_sent(connection, dispatch.id, 1, now=NOON)
    assert found is not None
    assert (found.email, found.is_current) == ("new@a.org", False)


def test_mail_that_came_back_before_their_own_word_is_forgiven(
    letters: Letters,
) -> None:
    ann = letters.people.add("ann@example.org", ("main", ACTIVE))
    dispatch = letters.send("a")
    later = NOON + timedelta(minutes=1)
    with letters.database.writing() as connection:
        set_status(
            connection,
            [ann],
            list_id=read_list_ids(connection)["main"],
            status=ACTIVE,
            kind="confirmed",
            word=Word(later, "preferences"),
        )
        found = find_sent(connection, dispatch.id, ann, now=later)
    assert found is not None
    assert not found.is_current


def test_word_of_a_clock_that_ran_ahead_forgives_nothing(letters: Letters) -> None:
    ann = letters.people.add("ann@example.org", ("main", ACTIVE))
    with letters.database.writing() as connection:
        set_status(
            connection,
            [ann],
            list_id=read_list_ids(connection)["main"],
            status=ACTIVE,
            kind="confirmed",
            word=Word(NOON + timedelta(days=3650), "preferences"),
        )
    dispatch = letters.send("a")
    with letters.database.reading() as connection:
        found = find_sent(connection, dispatch.id, ann, now=NOON)
    assert found is not None
    assert found.is_current


# --- blocked --------------------------------------------------------------------------


def block(letters: Letters, dispatch: Dispatch, people: range) -> list[int]:
    """Let mails of these people come back blocked; who of them paused it."""
    paused = []
    for person in people:
        mail = letters.mail(dispatch, person, BounceClass.BLOCKED)
        with letters.database.writing() as connection:
            note_returned(connection, mail)
            if pause_if_blocked(connection, dispatch.id):
                paused.append(person)
    return paused


def test_twenty_blocked_mails_pause_an_open_dispatch(letters: Letters) -> None:
    letters.people.add_many(100)
    dispatch = letters.send("a")
    assert block(letters, dispatch, range(1, 21)) == [20]
    found = letters.dispatching.load(dispatch)
    assert (found.state, found.reason) == (
        DispatchState.PAUSED,
        "20 of 100 mails came back blocked: the receiving side turns away your mails, "
        "not single readers. newsletter doctor may say why",
    )
    assert letters.statuses() == {"main": "active"}


def test_few_blocked_of_many_pause_nothing(letters: Letters) -> None:
    letters.people.add_many(500)
    assert block(letters, letters.send("a"), range(1, 25)) == []


def test_editor_who_goes_on_is_asked_again_after_twenty_more(letters: Letters) -> None:
    letters.people.add_many(100)
    dispatch = letters.send("a")
    block(letters, dispatch, range(1, 21))
    letters.dispatching.write(
        lambda connection: connection.exec_driver_sql(
            "UPDATE dispatches SET state = 'running', reason = ''"
        )
    )
    assert block(letters, dispatch, range(21, 50)) == [40]


def test_blocked_mails_leave_a_paused_dispatch_its_reason(letters: Letters) -> None:
    letters.people.add_many(20)
    dispatch = letters.send("a")
    letters.dispatching.write(
        lambda connection: pause_dispatch(connection, dispatch.id, reason="by hand")
    )
    assert block(letters, dispatch, range(1, 21)) == []
    assert letters.dispatching.load(dispatch).reason == "by hand"


# --- counts ---------------------------------------------------------------------------


def test_people_are_counted_once_and_delays_never(letters: Letters) -> None:
    letters.people.add_many(4)
    dispatch = letters.send("a")
    classes = [
        (1, BounceClass.SOFT),
        (1, BounceClass.HARD),
        (2, BounceClass.BLOCKED),
        (3, BounceClass.DELAY),
    ]
    for person, bounce_class in classes:
        letters.bounce(dispatch, person, bounce_class)
    with letters.database.writing() as connection:
        complaint = ReturnedMail(
            b"c" * 32, NOON, "imap", MailKind.COMPLAINT, None, dispatch.id, 4
        )
        note_returned(connection, complaint)
        assert count_returned(connection, dispatch.id) == (2, 1)
    found = letters.dispatching.load(dispatch)
    assert (found.bounced, found.complained) == (2, 1)


# --- refused while sending ------------------------------------------------------------


def refuse(letters: Letters, reply: Reply) -> Dispatch:
    dispatch = letters.send("a", state=DeliveryState.REFUSED, reply=reply)
    settle_refusals_of(letters.database, dispatch.id, now=NOON)
    return dispatch


def test_unknown_mailbox_in_the_dialogue_is_dead_at_once(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    dispatch = refuse(letters, Reply(550, "no such user here", "5.1.1"))
    assert letters.statuses() == {"main": "bounced"}
    assert letters.reasons() == [("*", "bounced", "smtp")]
    assert letters.dispatching.load(dispatch).bounced == 0


def test_full_mailbox_in_the_dialogue_is_only_counted(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    refuse(letters, Reply(552, "mailbox full", "5.2.2"))
    assert letters.statuses() == {"main": "active"}


def test_given_up_after_days_is_no_refusal(letters: Letters) -> None:
    letters.people.add("ann@example.org", ("main", ACTIVE))
    refuse(letters, Reply(450, "no such user here", "4.1.1"))
    with letters.database.reading() as connection:
        assert connection.execute(select(returned_mails)).all() == []


def accept(letters: Letters, dispatch: Dispatch, *seqs: ColumnElement[bool]) -> None:
    """Let some of the refused be taken after all."""
    with letters.database.writing() as connection:
        taken = connection.execute(
            update(deliveries)
            .where(deliveries.c.dispatch_id == dispatch.id, *seqs)
            .values(state=DeliveryState.ACCEPTED)
        ).rowcount
        accepted, refused = batches.c.n_accepted, batches.c.n_refused
        connection.execute(
            update(batches)
            .where(batches.c.dispatch_id == dispatch.id, batches.c.first_seq == 1)
            .values(n_accepted=accepted + taken, n_refused=refused - taken)
        )


def settle(letters: Letters, dispatch: Dispatch) -> int:
    """Settle it twice; return how many were mailed no more."""
    for _ in range(2):
        settle_refusals_of(letters.database, dispatch.id, now=NOON)
    with letters.database.reading() as connection:
        return len(connection.execute(select(returned_mails.c.id)).all())


def refused_dispatch(letters: Letters, count: int) -> Dispatch:
    letters.people.add_many(count)
    reply = Reply(550, "no such user here", "5.1.1")
    return letters.send("a", state=DeliveryState.REFUSED, reply=reply)


def test_refusals_of_many_are_applied_in_parts_and_once(letters: Letters) -> None:
    dispatch = refused_dispatch(letters, 900)
    accept(letters, dispatch, deliveries.c.seq % 3 > 0)
    assert unsettled(letters) == [dispatch.id]
    assert settle(letters, dispatch) == 300
    assert unsettled(letters) == []


def unsettled(letters: Letters) -> list[int]:
    with letters.database.reading() as connection:
        return dispatches_with_refusals(connection, now=NOON)


def test_server_that_refuses_nearly_everybody_stops_nobody(letters: Letters) -> None:
    dispatch = refused_dispatch(letters, 25)
    accept(letters, dispatch, deliveries.c.seq <= 12)
    assert settle(letters, dispatch) == 0
    accept(letters, dispatch, deliveries.c.seq == 13)
    assert settle(letters, dispatch) == 12


def test_twenty_next_to_one_another_stop_nobody(letters: Letters) -> None:
    dispatch = refused_dispatch(letters, 100)
    accept(letters, dispatch, ~deliveries.c.seq.between(41, 60), deliveries.c.seq > 1)
    assert settle(letters, dispatch) == 1


def test_paused_dispatch_stops_nobody_before_it_goes_on(letters: Letters) -> None:
    dispatch = refused_dispatch(letters, 1)
    letters.dispatching.write(
        lambda connection: pause_dispatch(connection, dispatch.id, reason="see")
    )
    assert settle(letters, dispatch) == 0
