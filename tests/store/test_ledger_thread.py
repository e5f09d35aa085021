import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Dispatch, Order, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import create_dispatch
from newsletter.store.ledger_thread import LedgerThread

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def dispatch(database: Database, people: Any) -> Dispatch:
    people.add("anna@example.org", ("main", SubscriptionStatus.ACTIVE))
    with database.writing() as connection:
        save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
        return create_dispatch(connection, Order("i", "c0ffee", ("main",)), now=NOW)


async def claim_and_intend(ledger: LedgerThread, dispatch: Dispatch) -> Claim:
    claim = await ledger.claim(dispatch.id)
    assert claim is not None
    (delivery,) = await ledger.read_due(claim)
    assert await ledger.intend(claim, delivery) is Permission.GRANTED
    return claim


def test_an_answer_is_committed_before_it_is_given(
    database: Database, dispatch: Dispatch
) -> None:
    async def run() -> None:
        await claim_and_intend(ledger, dispatch)
        with database.reading() as connection:
            found = load_dispatch(connection, dispatch.id)
        assert found.counts[DeliveryState.ATTEMPTING] == 1
        assert await ledger.state(dispatch.id) is DispatchState.RUNNING

    ledger = LedgerThread(database, owner="test", clock=lambda: NOW)
    asyncio.run(run())
    ledger.close()


def test_record_is_tried_again_while_the_disk_fails(
    database: Database, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.ledger_thread._RESULT_PAUSE_SECONDS", 0)
    real = ledger_commit = LedgerThread._commit
    failures = iter([True, True, False])

    def commit(self: LedgerThread, work: Any) -> Any:
        if next(failures):
            raise OperationError("disk full")
        return ledger_commit(self, work)

    async def run() -> None:
        claim = await claim_and_intend(ledger, dispatch)
        monkeypatch.setattr(LedgerThread, "_commit", commit)
        result = Result(1, DeliveryState.ACCEPTED, Reply(250))
        assert await ledger.record(claim, result)
        monkeypatch.setattr(LedgerThread, "_commit", real)

    ledger = LedgerThread(database, owner="test", clock=lambda: NOW)
    asyncio.run(run())
    ledger.close()
    with database.reading() as connection:
        found = load_dispatch(connection, dispatch.id)
    assert found.counts[DeliveryState.ACCEPTED] == 1


def test_an_intent_is_never_tried_again_by_itself(
    database: Database, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def commit(self: LedgerThread, work: Any) -> Any:
        calls.append(1)
        raise OperationError("disk full")

    async def run() -> None:
        claim = await ledger.claim(dispatch.id)
        assert claim is not None
        (delivery,) = await ledger.read_due(claim)
        monkeypatch.setattr(LedgerThread, "_commit", commit)
        with pytest.raises(OperationError, match=r"^disk full$"):
            await ledger.intend(claim, delivery)

    ledger = LedgerThread(database, owner="test", clock=lambda: NOW)
    asyncio.run(run())
    ledger.close()
    assert calls == [1]
