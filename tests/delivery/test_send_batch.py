import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.delivery.schedule import RetryPolicy
from newsletter.delivery.transports import (
    Answer,
    ConnectionBrokenError,
    SetupError,
    Transport,
)
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.errors import OperationError, RecipientError
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Halt, Permission, Result
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.dispatches import cancel_dispatch, continue_dispatch
from newsletter.store.ledger_thread import LedgerThread
from newsletter.store.people import find_by_key

YES = Answer(Stage.END, Reply(250, "ok"))
S = DeliveryState
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def answering(
    kept: list[Message], **answers: Answer | Exception
) -> Callable[[], Transport]:
    """Return a way to connect to a server that answers these names like that."""

    def answer(message: Message) -> Answer:
        name = message.envelope_recipient.partition("@")[0]
        found = answers.get(name, YES)
        if isinstance(found, Exception):
            raise found
        return found

    return lambda: MemoryTransport(kept, answer)


def test_send_batch_gives_each_delivery_its_outcome(floor: Any) -> None:
    kept: list[Message] = []
    halt = floor.run(
        answering(
            kept,
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
    assert floor.outcomes == [S.ACCEPTED, S.REFUSED, S.DEFERRED, S.ACCEPTED]
    assert floor.dispatch.state is DispatchState.WAITING
    assert floor.dispatch.next_at == datetime(2026, 3, 1, 12, 15, tzinfo=UTC)


def test_send_batch_past_the_deadline_gives_up(floor: Any) -> None:
    later = Answer(Stage.RCPT, Reply(450, "greylisted", "4.7.1"))
    policy = RetryPolicy(give_up_seconds=3600)
    clock = floor.dispatch.created_at
    floor.run(answering([], bob=later), retry=policy)
    with floor.database.writing() as connection:
        continue_dispatch(connection, floor.dispatch.id, now=clock)
    much_later = clock + timedelta(hours=1)
    floor.run(answering([], bob=later), retry=policy, clock=lambda: much_later)
    assert floor.states()["bob"] == "refused"
    assert floor.said("bob") == "4.7.1 gave up after 1 h 00: greylisted"[6:]
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_refuses_only_the_recipient_that_cannot_be_written_to(
    floor: Any,
) -> None:
    def write(delivery: Delivery) -> Message:
        if delivery.email.startswith("bob"):
            raise RecipientError("this recipient cannot be mailed: no.")
        return Message(b"a\r\n", "n@example.org", delivery.email, "<1@x>")

    assert floor.run(answering([]), write=write) is None
    assert floor.states()["bob"] == "refused"
    assert floor.said("bob") == "this recipient cannot be mailed: no."
    assert list(floor.states().values()).count("accepted") == 3


def test_send_batch_with_a_connection_lost_before_the_message_tries_again(
    floor: Any,
) -> None:
    kept: list[Message] = []
    lost = iter([ConnectionBrokenError("gone", is_message_out=False)] * 2)

    def answer(message: Message) -> Answer:
        if message.envelope_recipient.startswith("bob"):
            for error in lost:
                raise error
        return YES

    assert floor.run(lambda: MemoryTransport(kept, answer)) is None
    assert set(floor.states().values()) == {"accepted"}
    assert len(kept) == 4


def test_send_batch_with_a_network_that_stays_away_waits(floor: Any) -> None:
    away = ConnectionBrokenError("no route to host", is_message_out=False)
    names = dict.fromkeys(("anna", "bob", "carl", "dora"), away)
    halt = floor.run(answering([], **names))
    assert halt == Halt(
        DispatchState.WAITING,
        "no route to host",
        datetime(2026, 3, 1, 12, 15, tzinfo=UTC),
    )
    assert set(floor.states().values()) == {"pending"}


def test_send_batch_with_settings_that_cannot_work_pauses(floor: Any) -> None:
    wrong = SetupError("no STARTTLS")
    halt = floor.run(answering([], anna=wrong))
    assert halt == Halt(DispatchState.PAUSED, "no STARTTLS")
    assert set(floor.states().values()) == {"pending"}


def test_send_batch_with_an_answer_lost_after_the_message_is_unknown_for_good(
    floor: Any,
) -> None:
    class Lost(MemoryTransport):
        async def send(self, message: Message, permit: Any) -> Answer | None:
            if message.envelope_recipient.startswith("bob"):
                assert await permit()
                raise ConnectionBrokenError("reset", is_message_out=True)
            return await super().send(message, permit)

    kept: list[Message] = []
    assert floor.run(lambda: Lost(kept)) is None
    assert floor.states()["bob"] == "unknown"
    assert floor.said("bob") == "reset"
    assert len(kept) == 3
    assert floor.dispatch.state is DispatchState.DONE


def test_send_batch_when_the_disk_fails_at_an_intent_sends_nothing_more(
    floor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LedgerThread.intend

    async def intend(
        self: LedgerThread, claim: Claim, delivery: Delivery
    ) -> Permission:
        if delivery.email.startswith("bob"):
            raise OperationError("the disk is full.")
        return await real(self, claim, delivery)

    monkeypatch.setattr(LedgerThread, "intend", intend)
    kept: list[Message] = []
    with pytest.raises(OperationError, match=r"^the disk is full\.$"):
        floor.run(answering(kept), connections=2)
    assert "bob@example.org" not in [one.envelope_recipient for one in kept]
    assert "attempting" not in floor.states().values()
    assert floor.states()["bob"] == "pending"


def test_send_batch_whose_result_nobody_wants_any_more_asks_no_further(
    floor: Any,
) -> None:
    asked: list[str] = []

    def answer(message: Message) -> Answer:
        asked.append(message.envelope_recipient)
        with floor.database.writing() as connection:
            cancel_dispatch(connection, floor.dispatch.id, now=NOW)
        return Answer(Stage.RCPT, Reply(550, "gone", "5.1.1"))

    assert floor.run(lambda: MemoryTransport([], answer)) is None
    assert asked == ["anna@example.org"]
    assert floor.outcomes == []
    assert set(floor.states().values()) == {"skipped"}


def test_send_batch_gives_nobody_to_another_line_before_the_result_is_written(
    floor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the second line would ask for an intent that is still the first one's."""
    real = LedgerThread.record
    is_first = iter([True])

    async def record(self: LedgerThread, claim: Claim, result: Result) -> bool:
        if result.state is S.PENDING:
            await asyncio.sleep(0.2)
        return await real(self, claim, result)

    class Lost(MemoryTransport):
        async def send(self, message: Message, permit: Any) -> Answer | None:
            await asyncio.sleep(0.02)
            if next(is_first, False):
                assert await permit()
                raise ConnectionBrokenError("reset", is_message_out=False)
            return await super().send(message, permit)

    monkeypatch.setattr(LedgerThread, "record", record)
    kept: list[Message] = []
    assert floor.run(lambda: Lost(kept), connections=2) is None
    assert len(kept) == 4
    assert set(floor.states().values()) == {"accepted"}


def test_send_batch_skips_whoever_left_and_goes_on(floor: Any) -> None:
    with floor.database.writing() as connection:
        bob = find_by_key(connection, "bob@example.org")
        assert bob is not None
        word = Word(floor.dispatch.created_at, "page")
        unsubscribe(connection, bob.id, scope="*", word=word)
    assert floor.run(answering([])) is None
    assert floor.states()["bob"] == "skipped"
    assert floor.outcomes.count(S.SKIPPED) == 1
    assert floor.dispatch.state is DispatchState.DONE
