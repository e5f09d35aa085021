"""A ledger in use, on a real database."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.errors import OperationError
from newsletter.model.delivery import Delivery, DeliveryState
from newsletter.model.dispatch import Claim, Dispatch, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.store.database import Database
from newsletter.store.ledger_writer import LedgerWriter

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PEOPLE = 60
S = DeliveryState
GRANTED, SKIPPED, HALTED = Permission.GRANTED, Permission.SKIPPED, Permission.HALTED


@pytest.fixture
def dispatch(people: Any, dispatching: Any) -> Dispatch:
    people.add_many(PEOPLE)
    made: Dispatch = dispatching.make()
    return made


@dataclass
class Desk:
    """A ledger in use, and what it told."""

    ledger: LedgerWriter
    claim: Claim
    due: list[Delivery]
    lost: list[OperationError | None]
    busy: list[bool] = field(default_factory=list)

    def intend(self, *numbers: int) -> "asyncio.Future[list[Permission]]":
        answers = [
            self.ledger.intend(self.claim, self.due[number]) for number in numbers
        ]
        return asyncio.gather(*answers)

    def record(self, number: int, state: DeliveryState = S.ACCEPTED) -> None:
        again = LATER if state is S.DEFERRED else None
        seq = self.due[number].seq
        self.ledger.record(self.claim, Result(seq, state, Reply(250, "said"), again))


Work = Callable[[Desk], Awaitable[None]]


@pytest.fixture
def use(database: Database, dispatch: Dispatch) -> Callable[[Work], Desk]:
    """Let *work* use a ledger that has claimed the only batch; then close it."""

    def run(work: Work) -> Desk:
        return asyncio.run(_use(database, dispatch, work))

    return run


async def _use(database: Database, dispatch: Dispatch, work: Work) -> Desk:
    lost: list[OperationError | None] = []
    busy: list[bool] = []
    ledger = LedgerWriter(
        database,
        owner="test",
        clock=lambda: NOW,
        on_lost=lost.append,
        on_busy=busy.append,
    )
    claim = await ledger.claim(dispatch.id, "")
    assert claim is not None
    desk = Desk(ledger, claim, await ledger.read_due(claim), lost, busy)
    try:
        await work(desk)
    finally:
        await ledger.close()
    return desk


@pytest.fixture
def blocked(database: Database) -> Callable[[], AbstractContextManager[None]]:
    """Write from elsewhere meanwhile, so that nobody else can."""

    @contextmanager
    def block() -> Iterator[None]:
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                other.execute("ROLLBACK")

    return block
