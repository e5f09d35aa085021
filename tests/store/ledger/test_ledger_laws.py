"""Whatever happens in whatever order: the laws of the ledger hold after each step."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from newsletter.model.delivery import TRANSITIONS, Delivery, DeliveryState
from newsletter.model.delivery import DispatchState as D
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.store.claims import claim_batch, release_batch
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import load_dispatch
from newsletter.store.dispatches import (
    cancel_dispatch,
    continue_dispatch,
    count_unknown_as_accepted,
    finish_dispatch,
    pause_dispatch,
    recover,
)
from newsletter.store.ledger_groups import Groups, Intent, Record
from newsletter.store.tables import deliveries

S = DeliveryState
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = 6
#: In one step: a result and what the cancel makes of it; a fault and the next try.
HOPS = 2

ends = st.sampled_from([S.ACCEPTED, S.ACCEPTED, *S])
#: Number, how it ended or None for an intent, and whether under the oldest claim.
Wishes = list[tuple[int, DeliveryState | None, bool]]
orders: st.SearchStrategy[Wishes] = st.lists(
    st.tuples(
        st.integers(1, PEOPLE),
        st.none() | ends,
        st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=6,
)


def reachable(state: DeliveryState) -> set[DeliveryState]:
    """Return the states that some allowed changes lead to from *state*."""
    found = {state}
    for _ in range(HOPS):
        found |= {after for one in found for after in TRANSITIONS[one]}
    return found


class LedgerMachine(RuleBasedStateMachine):
    template: ClassVar[Path]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=self.template.parent))
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        url = "sqlite:///subscribers/newsletter.db"
        self.database: Database = open_database(url, root=self.folder)
        self.groups = Groups(self.database.engine.dialect)
        self.claims: list[Claim] = []
        #: Granted, and nobody has said since what became of it.
        self.open: set[int] = set()
        self.left: set[int] = set()
        self.state = D.RUNNING
        self.before = dict.fromkeys(range(1, PEOPLE + 1), S.PENDING)
        self.claim("")
        self.claim("even")

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def write(self, work: Any) -> Any:
        with self.database.writing() as connection:
            return work(connection)

    # --- the sender -------------------------------------------------------------------

    @rule(lane=st.sampled_from(["", "even"]))
    def claims_again(self, lane: str) -> None:
        self.claim(lane)

    def claim(self, lane: str) -> None:
        claim = self.write(lambda c: claim_batch(c, 1, owner="t", now=NOW, lane=lane))
        if claim is not None:
            self.claims.append(claim)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.claims:
            claim = data.draw(st.sampled_from(self.claims))
            self.write(lambda c: release_batch(c, claim))

    @rule(seqs=st.sets(st.integers(1, PEOPLE), min_size=1))
    def send(self, seqs: set[int]) -> None:
        """As in good times: all plain, so that much is written at once."""
        self.order([(seq, None, False) for seq in seqs])
        self.laws_hold()
        self.order([(seq, S.ACCEPTED, False) for seq in sorted(self.open)])

    @rule(wishes=orders)
    def try_anything(self, wishes: Wishes) -> None:
        self.order(wishes)

    def order(self, wishes: Wishes) -> None:
        rows: list[Intent | Record] = []
        for seq, end, is_stale in wishes:
            claims = [
                one for one in self.claims if one.first_seq <= seq <= one.last_seq
            ]
            if not claims:
                continue
            claim = claims[0] if is_stale else claims[-1]
            if end is None:
                rows.append(Intent(claim, self.delivery(seq)))
            else:
                rows.append(Record(claim, Result(seq, end, Reply(450), NOW)))
        if not rows:
            return
        self.state = self.write(lambda c: load_dispatch(c, 1).state)
        with self.database.connect_writer() as connection:
            self.groups.write(connection, rows, NOW)
        for row in rows:
            self.judge(row)

    def delivery(self, seq: int) -> Delivery:
        with self.database.reading() as connection:
            row = connection.execute(
                select(deliveries).where(deliveries.c.seq == seq)
            ).one()
        since = NOW if row.deferred_since is not None else None
        return Delivery(1, seq, row.subscriber_id, row.email, deferred_since=since)

    def judge(self, row: Intent | Record) -> None:
        if isinstance(row, Record):
            if row.is_kept:
                self.open.discard(row.result.seq)
        elif row.permission is Permission.GRANTED:
            assert row.delivery.seq not in self.open, "granted twice"
            assert row.delivery.subscriber_id not in self.left, "granted who left"
            assert self.state is D.RUNNING, "granted after a pause"
            newer = [one for one in self.claims if one.batch_id == row.claim.batch_id]
            assert row.claim is newer[-1], "granted under an old claim"
            self.open.add(row.delivery.seq)

    # --- the editor and the readers ---------------------------------------------------

    @rule(number=st.integers(1, PEOPLE))
    def leave(self, number: int) -> None:
        word = Word(NOW, "one-click")
        self.write(lambda c: unsubscribe(c, number, scope="*", word=word))
        self.left.add(number)

    @rule()
    def pause(self) -> None:
        """So short that a sender may not notice, or until it is resumed."""
        self.write(
            lambda c: load_dispatch(c, 1).is_open and pause_dispatch(c, 1, reason="x")
        )

    @rule(again=st.sets(st.sampled_from([S.REFUSED, S.UNKNOWN])))
    def resume(self, again: set[DeliveryState]) -> None:
        """A new process goes on; the old one has ended, or been killed."""
        self.write(lambda c: recover(c, now=NOW))
        state = self.write(lambda c: load_dispatch(c, 1).state)
        if state is not D.CANCELLED:
            self.write(lambda c: continue_dispatch(c, 1, now=NOW, again=again))
            if S.UNKNOWN in again:
                self.open.clear()

    @rule(again=st.sets(st.sampled_from([S.REFUSED, S.UNKNOWN])), data=st.data())
    def resume_and_claim(self, again: set[DeliveryState], data: st.DataObject) -> None:
        self.resume(again)
        self.claim(data.draw(st.sampled_from(["", "even"])))

    @rule()
    def count_as_accepted(self) -> None:
        self.write(lambda c: count_unknown_as_accepted(c, 1, now=NOW))

    @rule()
    def die(self) -> None:
        self.write(lambda c: recover(c, now=NOW))

    @rule()
    def finish(self) -> None:
        self.write(lambda c: finish_dispatch(c, 1, None, now=NOW))

    # Rarely: it is the end of everything.
    @rule(is_meant=st.integers(0, 19))
    def cancel(self, is_meant: int) -> None:
        if is_meant == 13:
            self.write(
                lambda c: load_dispatch(c, 1).is_open and cancel_dispatch(c, 1, now=NOW)
            )

    # --- the laws ---------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        with self.database.reading() as connection:
            rows = connection.execute(select(deliveries.c.seq, deliveries.c.state))
            now = {row.seq: S(row.state) for row in rows}
            found = load_dispatch(connection, 1)
        counted = {state: list(now.values()).count(state) for state in S}
        assert found.counts == counted
        assert sum(counted.values()) == found.total
        for seq, state in now.items():
            assert state in reachable(self.before[seq]), (self.before[seq], state)
        in_doubt = {seq for seq, state in now.items() if state is S.ATTEMPTING}
        assert in_doubt <= self.open, "attempted without a grant"
        if found.state is D.DONE:
            assert not found.unfinished
        self.before = now


@pytest.fixture
def template(tmp_path: Path, people: Any, dispatching: Any) -> Path:
    """A project with a dispatch of two lanes and a canary, to be copied."""
    people.add_many(PEOPLE)
    lanes = {"even": [f"even{n}.org" for n in range(PEOPLE)]}
    for number in range(0, PEOPLE, 2):
        dispatching.write(
            lambda c, n=number: c.exec_driver_sql(
                "UPDATE subscribers SET email = ? WHERE id = ?",
                (f"p@even{n}.org", n + 1),
            )
        )
    dispatching.make(lanes=lanes, canary=3)
    dispatching.database.close()
    return tmp_path


def test_the_laws_hold_in_any_order_of_events(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LedgerMachine, "template", template, raising=False)
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
