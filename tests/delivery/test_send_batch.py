import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.delivery.schedule import RetryPolicy
from newsletter.delivery.transports import Answer, Ending, Letter, Loss, Misfit
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.delivery.waits import Wait
from newsletter.errors import OperationError, RecipientError
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Halt, Permission
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.dispatches import cancel_dispatch
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.store.people import find_by_key
from newsletter.store.tables import deliveries

YES = Answer(Stage.END, Reply(250, "ok"))
BUSY = Answer(Stage.RCPT, Reply(421, "4.7.0 too much", "4.7.0"))
POLICY = Answer(Stage.END, Reply(554, "spam", "5.7.1"))
S = DeliveryState
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Connect = Callable[[], MemoryTransport]


def name_of(message: Message) -> str:
    return message.envelope_recipient.partition("@")[0]


def answering(kept: list[Message] | None = None, **endings: Any) -> Connect:
    """Return a way to connect to a server that answers these names like that.

    A list is used up, one for each try; then all is well.
    """

    def answer(message: Message) -> Ending:
        found = endings.get(name_of(message), YES)
        if isinstance(found, list):
            return found.pop(0) if found else YES
        ending: Ending = found
        return ending

    return lambda: MemoryTransport(kept, answer)


def leave(floor: Any, name: str) -> None:
    with floor.database.writing() as connection:
        person = find_by_key(connection, f"{name}@example.org")
        assert person is not None
        unsubscribe(connection, person.id, scope="*", word=Word(NOW, "page"))


def test_send_batch_gives_each_delivery_its_outcome(floor: Any) -> None:
    halt = floor.run(
        answering(
            bob=Answer(Stage.RCPT, Reply(550, "gone", "5.1.1")),
            carl=Answer(Stage.END, Reply(451, "later")),
        )
    )
    assert halt is None
    assert floor.states() == {
        "anna": "accepted",
        "bob": "refused",
        "carl": "deferred",
        "dora": "accepted",
    }
    assert sorted(floor.told.outcomes) == [
        (S.PENDING, S.ACCEPTED),
        (S.PENDING, S.ACCEPTED),
        (S.PENDING, S.DEFERRED),
        (S.PENDING, S.REFUSED),
    ]
    assert floor.dispatch.state is DispatchState.WAITING
    later = floor.dispatch.next_at - NOW
    assert timedelta(minutes=15) <= later < timedelta(minutes=15, seconds=10)


def test_send_batch_lets_nothing_leave_before_the_ledger_has_it(floor: Any) -> None:
    states: list[int] = []

    class Looking(MemoryTransport):
        def __init__(self) -> None:
            super().__init__([], self.look)

        async def hand_over(self, letter: Letter) -> Ending:
            self.permission = letter.ask()
            assert await self.permission
            return self.look(letter.message)

        def look(self, message: Message) -> Ending:
            query = select(deliveries.c.state).where(
                deliveries.c.email == message.envelope_recipient
            )
            with floor.database.reading() as connection:
                states.append(connection.execute(query).scalar_one())
            return YES

    floor.run(Looking, connections=2)
    assert states == [S.ATTEMPTING] * 4


def test_send_batch_past_the_deadline_gives_up(floor: Any) -> None:
    later = Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1"))
    policy = RetryPolicy(give_up_seconds=3600, least_tries=2)
    floor.run(answering(bob=later), retry=policy)
    floor.go_on()
    floor.time.pass_by(3601)
    floor.run(answering(bob=later), retry=policy)
    assert floor.states()["bob"] == "refused"
    assert floor.said("bob") == "gave up after 1 h 00: greylisted"
    assert floor.told.outcomes[-1] == (S.DEFERRED, S.REFUSED)
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_past_the_deadline_tries_a_third_time_all_the_same(
    floor: Any,
) -> None:
    """The computer was off for three days: that is not the reader's fault."""
    later = Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1"))
    floor.run(answering(bob=later))
    floor.go_on()
    floor.time.pass_by(4 * 24 * 3600)
    floor.run(answering(bob=later))
    assert floor.states()["bob"] == "deferred"


def test_send_batch_refuses_only_the_recipient_that_cannot_be_written_to(
    floor: Any,
) -> None:
    def write(delivery: Delivery) -> Message:
        if delivery.email.startswith("bob"):
            raise RecipientError("this recipient cannot be mailed: no.")
        return Message(b"a\r\n", "n@example.org", delivery.email, "<1@x>")

    assert floor.run(answering(), write=write) is None
    assert floor.said("bob") == "this recipient cannot be mailed: no."
    assert list(floor.states().values()).count("accepted") == 3
    assert floor.dispatch.state is DispatchState.DONE


@pytest.mark.parametrize(
    "ending",
    [
        Loss("gone", is_message_out=False),
        Answer(Stage.CONNECT, Reply(421, "too many connections", "4.7.0")),
        Answer(Stage.MAIL, Reply(451, "try again", "4.3.0")),
        Answer(Stage.RCPT, Reply(421, "closing", "4.7.0")),
        Answer(Stage.END, Reply(421, "timeout", "4.4.2")),
        Answer(Stage.MAIL, Reply(421, "maximum message count per session")),
    ],
)
def test_send_batch_after_a_fault_of_ours_tries_again(
    floor: Any, ending: Ending
) -> None:
    kept: list[Message] = []
    assert floor.run(answering(kept, bob=[ending, ending])) is None
    assert set(floor.states().values()) == {"accepted"}
    assert sorted(map(name_of, kept)) == ["anna", "bob", "carl", "dora"]
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_records_a_refusal_once_that_ends_its_line_s_work(
    floor: Any,
) -> None:
    """Its intent is not written yet when the line is through with all its letters."""
    no = Answer(Stage.RCPT, Reply(550, "gone", "5.1.1"))
    assert floor.run(lambda: MemoryTransport([], lambda _: no)) is None
    assert floor.told.outcomes == [(S.PENDING, S.REFUSED)] * 4
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_says_nothing_of_the_end_of_a_session(floor: Any) -> None:
    over = Answer(Stage.MAIL, Reply(421, "maximum message count per session"))
    floor.run(answering(bob=[over]))
    assert floor.told.troubles == []


def test_send_batch_tries_those_last_that_come_back(floor: Any) -> None:
    kept: list[Message] = []
    lost = Loss("gone", is_message_out=False)
    floor.run(answering(kept, anna=[lost]))
    assert [name_of(message) for message in kept] == ["bob", "carl", "dora", "anna"]


def test_send_batch_with_settings_that_cannot_work_pauses(floor: Any) -> None:
    halt = floor.run(answering(anna=Misfit("no STARTTLS")))
    assert halt == Halt(DispatchState.PAUSED, "no STARTTLS")
    assert set(floor.states().values()) == {"pending"}


@pytest.mark.parametrize(
    ("stage", "code", "text", "enhanced"),
    [
        (Stage.LOGIN, 535, "authentication failed", "5.7.8"),
        (Stage.MAIL, 553, "sender rejected", "5.7.1"),
        (Stage.RCPT, 550, "Daily user sending limit exceeded", "5.4.5"),
        (Stage.END, 550, "unauthenticated mail", "5.7.26"),
    ],
)
def test_send_batch_told_that_it_is_our_fault_pauses_and_says_so(
    floor: Any, stage: Stage, code: int, text: str, enhanced: str
) -> None:
    kept: list[Message] = []
    no = Answer(stage, Reply(code, text, enhanced))
    halt = floor.run(answering(kept, bob=no))
    assert halt == Halt(
        DispatchState.PAUSED, f"the mail server said: {code} {enhanced} {text}"
    )
    assert [name_of(message) for message in kept] == ["anna"]
    assert list(floor.states().values()).count("pending") == 3


def test_send_batch_with_an_answer_lost_after_the_message_is_unknown_for_good(
    floor: Any,
) -> None:
    kept: list[Message] = []
    assert floor.run(answering(kept, bob=Loss("reset", is_message_out=True))) is None
    assert floor.states()["bob"] == "unknown"
    assert floor.said("bob") == "reset"
    assert len(kept) == 3
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_with_a_server_that_never_answers_does_not_lose_the_list(
    make_floor: Any,
) -> None:
    floor = make_floor(count=20)
    lost = Loss("reset", is_message_out=True)
    halt = floor.run(lambda: MemoryTransport([], lambda _: lost), connections=2)
    assert halt == Halt(
        DispatchState.PAUSED,
        "the mail server took 4 messages and answered none of them: reset",
    )
    assert 4 <= floor.dispatch.counts[S.UNKNOWN] <= 5


def test_send_batch_when_the_disk_fails_at_an_intent_sends_nothing_more(
    floor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LedgerWriter.intend

    def intend(
        self: LedgerWriter, claim: Claim, delivery: Delivery
    ) -> "asyncio.Future[Permission]":
        if delivery.email.startswith("bob"):
            failed: asyncio.Future[Permission] = asyncio.Future()
            failed.set_exception(OperationError("the disk is full."))
            return failed
        return real(self, claim, delivery)

    monkeypatch.setattr(LedgerWriter, "intend", intend)
    kept: list[Message] = []
    with pytest.raises(OperationError, match=r"^the disk is full\.$"):
        floor.run(answering(kept), connections=2)
    assert "bob" not in map(name_of, kept)
    assert "attempting" not in floor.states().values()
    assert floor.states()["bob"] == "pending"


def test_send_batch_whose_dispatch_was_cancelled_asks_no_further(floor: Any) -> None:
    asked: list[str] = []

    def answer(message: Message) -> Ending:
        if not asked:
            with floor.database.writing() as connection:
                cancel_dispatch(connection, floor.dispatch.id, now=NOW)
        asked.append(name_of(message))
        return YES

    assert floor.run(lambda: MemoryTransport([], answer)) is None
    assert asked == ["anna"]
    assert floor.told.outcomes == []
    assert set(floor.states().values()) == {"skipped"}


def test_send_batch_skips_whoever_left_before_the_claim(floor: Any) -> None:
    leave(floor, "bob")
    kept: list[Message] = []
    assert floor.run(answering(kept)) is None
    assert floor.states()["bob"] == "skipped"
    assert len(kept) == 3
    assert floor.dispatch.state is DispatchState.DONE


@pytest.mark.parametrize(
    "ending", [YES, Answer(Stage.RCPT, Reply(550, "gone", "5.1.1"))]
)
def test_send_batch_skips_whoever_leaves_midway_whatever_the_server_says(
    floor: Any, ending: Ending
) -> None:
    """Refused before the intent was written: the person left, and nothing else."""

    def answer(message: Message) -> Ending:
        if name_of(message) == "anna":
            leave(floor, "carl")
        return ending if name_of(message) == "carl" else YES

    kept: list[Message] = []
    assert floor.run(lambda: MemoryTransport(kept, answer)) is None
    assert [name_of(message) for message in kept] == ["anna", "bob", "dora"]
    assert floor.states()["carl"] == "skipped"
    assert (S.PENDING, S.SKIPPED) in floor.told.outcomes
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_puts_off_whom_the_server_balks_at_while_it_takes_others(
    make_floor: Any,
) -> None:
    floor = make_floor(emails=["bob@example.org"], count=600)
    asked: list[str] = []

    def answer(message: Message) -> Ending:
        asked.append(name_of(message))
        return BUSY if name_of(message) == "bob" else YES

    assert floor.run(lambda: MemoryTransport([], answer), connections=2) is None
    assert floor.states()["bob"] == "deferred"
    assert asked.count("bob") == 3
    assert floor.dispatch.counts[S.ACCEPTED] == 600


def test_send_batch_with_a_policy_against_one_mails_all_others_and_asks(
    floor: Any,
) -> None:
    kept: list[Message] = []
    said = "the mail server said: 554 5.7.1 spam"
    halt = floor.run(answering(kept, bob=POLICY))
    assert halt == Halt(
        DispatchState.PAUSED, f"{said} (of 1 recipient; all others were tried)"
    )
    assert len(kept) == 3
    assert floor.states()["bob"] == "pending"
    assert floor.told.troubles == [said]


def test_send_batch_with_a_policy_against_everybody_pauses(make_floor: Any) -> None:
    floor = make_floor(count=50)
    halt = floor.run(lambda: MemoryTransport([], lambda _: POLICY), connections=2)
    assert halt == Halt(DispatchState.PAUSED, "the mail server said: 554 5.7.1 spam")
    assert floor.dispatch.counts[S.PENDING] == 50


def test_send_batch_with_many_refused_one_after_the_other_pauses(
    make_floor: Any,
) -> None:
    floor = make_floor(count=60)
    no = Answer(Stage.RCPT, Reply(550, "no such user", "5.1.1"))
    halt = floor.run(lambda: MemoryTransport([], lambda _: no), connections=3)
    assert halt is not None
    assert halt.state is DispatchState.PAUSED
    assert 20 <= floor.dispatch.counts[S.REFUSED] <= 23


def test_send_batch_that_ends_a_waiting_is_not_overtaken_by_the_next_one(
    make_floor: Any,
) -> None:
    """The dispatcher sees the server still away while a letter gets through."""
    floor = make_floor(count=20)

    class Slow(MemoryTransport):
        async def hand_over(self, letter: Letter) -> Ending:
            await asyncio.sleep(0.02)
            return await super().hand_over(letter)

    async def wait_twice(hall: Any) -> None:
        waits = hall.desk.waits
        while not floor.told.outcomes:  # noqa: ASYNC110 - lines work meanwhile
            await asyncio.sleep(0.001)
        await waits.begin(Wait("away"))
        while waits.now is not None:  # noqa: ASYNC110 - a letter ends it
            await asyncio.sleep(0)
        await waits.begin(Wait("still away"))

    assert floor.run(Slow, beside=wait_twice) is None
    assert floor.dispatch.counts[S.ACCEPTED] == 20
