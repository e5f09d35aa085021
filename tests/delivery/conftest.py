import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery.dispatcher import run
from newsletter.delivery.pace import Pace
from newsletter.delivery.schedule import Patience
from newsletter.delivery.send_batch import Desk
from newsletter.delivery.stop import Stop
from newsletter.delivery.transports import Transport
from newsletter.delivery.trouble import Trouble
from newsletter.model.delivery import Delivery, DeliveryState
from newsletter.model.dispatch import Dispatch, Halt, Order
from newsletter.model.message import Message
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import read_records
from newsletter.store.dispatches import create_dispatch, finish_dispatch
from newsletter.store.ledger_thread import LedgerThread
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("anna", "bob", "carl", "dora")
QUICK = Patience(at_start=0.2, later=0.2, first=0.01, longest=0.05)


def write(delivery: Delivery) -> Message:
    return Message(b"a\r\n", "n@example.org", delivery.email, f"<{delivery.seq}@x>")


class Floor:
    """A dispatch to four people, a real ledger, and a dispatcher to run."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dispatch = self._make()
        self.outcomes: list[DeliveryState] = []

    def _make(self) -> Dispatch:
        keys = [f"{name}@example.org" for name in NAMES]
        people = [Person(key, key, key.encode()) for key in keys]
        with self.database.writing() as connection:
            insert_people(connection, people, now=NOW)
            set_status(
                connection,
                list(read_ids(connection, keys).values()),
                list_id=ensure_lists(connection, ["main"])["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "test"),
            )
            save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
            order = Order("i", "c0ffee", ("main",))
            return create_dispatch(connection, order, now=NOW)

    def run(
        self,
        connect: Callable[[], Transport],
        *,
        connections: int = 1,
        beside: Callable[[Desk], Coroutine[Any, Any, None]] | None = None,
        **changes: Any,
    ) -> Halt | None:
        """Run the dispatch to its end; *beside* runs along with it."""

        async def work() -> Halt | None:
            clock = changes.get("clock", lambda: NOW)
            ledger = LedgerThread(self.database, owner="test", clock=clock)
            values: dict[str, Any] = {
                "ledger": ledger,
                "write": write,
                "pace": Pace((), store=ledger, clock=lambda: 0),
                "stop": Stop(),
                "trouble": Trouble(connections, QUICK),
                "clock": clock,
                "on_outcome": lambda _, after: self.outcomes.append(after),
            }
            desk = Desk(**(values | changes))
            try:
                also = asyncio.ensure_future(beside(desk)) if beside else None
                halt = await run(
                    self.dispatch.id,
                    desk=desk,
                    connect=connect,
                    connections=connections,
                )
                if also is not None:
                    await also
                return halt
            finally:
                ledger.close()

        halt = asyncio.run(work())
        with self.database.writing() as connection:
            self.dispatch = finish_dispatch(connection, self.dispatch.id, halt, now=NOW)
        assert sum(self.dispatch.counts.values()) == self.dispatch.total
        return halt

    def states(self) -> dict[str, str]:
        with self.database.reading() as connection:
            records = read_records(connection, self.dispatch.id, list(DeliveryState))
            return {r.email.partition("@")[0]: r.state.name.lower() for r in records}

    def said(self, name: str) -> str:
        with self.database.reading() as connection:
            records = read_records(connection, self.dispatch.id, list(DeliveryState))
            found = next(r for r in records if r.email.startswith(name))
        return found.reply.text if found.reply else ""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with open_database("sqlite:///x.db", root=tmp_path) as database:
        yield Floor(database)
