import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from newsletter.errors import OperationError
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Dispatch, Permission, Result
from newsletter.model.outcome import Reply
from newsletter.store import ledger_writer
from newsletter.store.claims import claim_batch
from newsletter.store.database import Database
from newsletter.store.dispatches import cancel_dispatch, pause_dispatch, recover
from newsletter.store.ledger_groups import Groups
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.store.tables import deliveries

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


def use(database: Database, dispatch: Dispatch, work: Work) -> Desk:
    """Let *work* use a ledger that has claimed the only batch; then close it."""

    async def main() -> Desk:
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

    return asyncio.run(main())


def think(seconds: float) -> None:
    """Keep the loop, and let other threads work."""
    time.sleep(seconds)


# --- the plain way --------------------------------------------------------------------


def test_intend_answers_when_it_is_on_the_disk(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        assert await desk.intend(0, 1, 2) == [GRANTED] * 3
        assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 3, S.ATTEMPTING: 3}

    use(database, dispatch, work)


def test_what_is_ordered_upon_an_answer_is_written_together(
    database: Database, dispatch: Dispatch
) -> None:
    lines = 20
    begun: list[object] = []
    event.listen(database.engine, "begin", begun.append)

    async def work(desk: Desk) -> None:
        begun.clear()

        async def line(first: int) -> None:
            for number in range(first, PEOPLE, lines):
                answer = desk.ledger.intend(desk.claim, desk.due[number])
                assert await answer is GRANTED
                # Meanwhile the writer could begin with the orders of other lines.
                think(0.001)
                desk.record(number)

        await asyncio.gather(*map(line, range(lines)))
        await desk.ledger.flush()

    use(database, dispatch, work)
    # Three rounds of intents, the last results, and who was first of all.
    assert len(begun) <= 5, len(begun)


def test_flush_returns_when_every_result_is_on_the_disk(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(*range(PEOPLE))
        for number in range(PEOPLE):
            desk.record(number)
        await desk.ledger.flush()
        assert dispatching.counts(dispatch) == {S.ACCEPTED: PEOPLE}

    assert use(database, dispatch, work).lost == []


def test_close_writes_what_was_ordered(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0)
        desk.record(0)

    use(database, dispatch, work)
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 1, S.ACCEPTED: 1}


def test_orders_that_wait_together_are_one_transaction_of_so_many_at_most(
    database: Database, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = Groups.write

    def counted(self: Groups, connection: Any, orders: Any, now: Any) -> None:
        sizes.append(len(orders))
        write(self, connection, orders, now)

    async def work(desk: Desk) -> None:
        with blocked(database):
            answers = desk.intend(*range(PEOPLE))
            await asyncio.sleep(0.1)
        await answers

    monkeypatch.setattr(Groups, "write", counted)
    monkeypatch.setattr(ledger_writer, "MOST_ROWS", 50)
    use(database, dispatch, work)
    # The first one was on its way alone, or with those that were quick enough.
    assert sum(sizes) - sizes[0] <= PEOPLE
    assert max(sizes) == 50


def test_a_result_ordered_before_an_intent_is_on_the_disk_with_it(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        for number in range(PEOPLE - 1):
            await desk.intend(number)
            desk.record(number)
            await desk.intend(number + 1)
            counts = dispatching.counts(dispatch)
            assert counts[S.ACCEPTED] == number + 1
            desk.record(number + 1, S.PENDING)

    use(database, dispatch, work)


@pytest.mark.parametrize("end", [S.DEFERRED, S.REFUSED, S.UNKNOWN, S.PENDING])
def test_record_writes_every_other_end_too(
    database: Database, dispatching: Any, dispatch: Dispatch, end: DeliveryState
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0, 1)
        desk.record(0, end)
        desk.record(1)

    assert use(database, dispatch, work).lost == []
    counts = dispatching.counts(dispatch)
    assert counts[S.ACCEPTED] == 1
    assert counts.get(end, 0) == (PEOPLE - 1 if end is S.PENDING else 1)


# --- what is not plain ----------------------------------------------------------------


def test_an_intent_and_its_refusal_in_one_transaction_keep_their_order(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    """The envelope was refused while its intent was still on the way to the disk."""

    async def work(desk: Desk) -> None:
        with blocked(database):
            answers = desk.intend(0, 1)
            desk.record(0, S.REFUSED)
            again = desk.intend(0)
        assert await answers == [GRANTED, GRANTED]
        assert await again == [HALTED]

    assert use(database, dispatch, work).lost == []
    assert dispatching.counts(dispatch) == {
        S.PENDING: PEOPLE - 2,
        S.ATTEMPTING: 1,
        S.REFUSED: 1,
    }


def test_a_fault_of_ours_and_the_next_try_in_one_transaction_are_granted(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0)
        with blocked(database):
            desk.record(0, S.PENDING)
            again = desk.intend(0)
            desk.record(1, S.REFUSED)
        assert await again == [GRANTED]

    assert use(database, dispatch, work).lost == []
    assert dispatching.counts(dispatch) == {
        S.PENDING: PEOPLE - 2,
        S.ATTEMPTING: 1,
        S.REFUSED: 1,
    }


def test_intend_skips_only_who_left_in_between(
    database: Database, people: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        people.leave(desk.due[1].subscriber_id)
        assert await desk.intend(0, 1, 2) == [GRANTED, SKIPPED, GRANTED]

    use(database, dispatch, work)
    assert dispatching.counts(dispatch)[S.SKIPPED] == 1


@pytest.mark.parametrize("halt", [pause_dispatch, cancel_dispatch])
def test_intend_is_halted_by_a_pause_or_cancel_and_results_are_still_kept(
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    halt: Callable[..., Dispatch],
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0)
        now = {"now": NOW} if halt is cancel_dispatch else {}
        dispatching.write(lambda c: halt(c, dispatch.id, **now))
        desk.record(0)
        assert await desk.intend(1, 2) == [HALTED, HALTED]

    assert use(database, dispatch, work).lost == []
    counts = dispatching.counts(dispatch)
    assert (counts[S.ACCEPTED], counts.get(S.ATTEMPTING)) == (1, None)


def test_an_intent_twice_is_granted_once(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        assert sorted((await desk.intend(0, 0)), key=str) == [GRANTED, HALTED]
        assert await desk.intend(0) == [HALTED]

    use(database, dispatch, work)
    assert dispatching.counts(dispatch)[S.ATTEMPTING] == 1


def test_who_lost_the_claim_gets_nothing_and_spoils_nothing(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0)
        dispatching.write(lambda c: claim_batch(c, dispatch.id, owner="other", now=NOW))
        assert await desk.intend(1, 2) == [HALTED, HALTED]
        desk.record(1, S.REFUSED)
        desk.record(0)
        await desk.ledger.flush()

    # The attempt was ours, the refusal of somebody else's delivery was not.
    assert use(database, dispatch, work).lost == [None]
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 1, S.ACCEPTED: 1}


@pytest.mark.parametrize(
    ("late", "state", "lost"),
    [
        (S.ACCEPTED, S.ACCEPTED, []),
        (S.PENDING, S.UNKNOWN, [None]),
        (S.REFUSED, S.UNKNOWN, [None]),
        (S.DEFERRED, S.UNKNOWN, [None]),
    ],
)
def test_a_late_result_makes_of_an_unknown_one_nothing_but_an_accepted_one(
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    late: DeliveryState,
    state: DeliveryState,
    lost: list[None],
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0)
        dispatching.write(lambda c: recover(c, now=NOW))
        desk.record(0, late)

    assert use(database, dispatch, work).lost == lost
    assert dispatching.counts(dispatch)[state] == 1


def test_deferred_ones_are_granted_when_they_are_due(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0, 1)
        for number in range(PEOPLE):
            desk.record(number, S.DEFERRED)
        await desk.ledger.release(desk.claim)
        assert await desk.ledger.claim(dispatch.id, "") is None
        assert await desk.ledger.next_due(dispatch.id) == LATER
        desk.ledger._clock = lambda: LATER
        claim = await desk.ledger.claim(dispatch.id, "")
        assert claim is not None
        due = await desk.ledger.read_due(claim)
        assert {one.deferred_since for one in due} == {NOW}
        answers = [desk.ledger.intend(claim, one) for one in due]
        assert await asyncio.gather(*answers) == [GRANTED] * PEOPLE

    use(database, dispatch, work)
    assert dispatching.counts(dispatch) == {S.ATTEMPTING: PEOPLE}


# --- claims ---------------------------------------------------------------------------


def test_claim_gives_each_batch_once_until_it_is_released(
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.store.snapshots.BATCH_SIZE", 40)
    second = dispatching.make(issue="2")

    async def work(desk: Desk) -> None:
        ledger = desk.ledger
        assert await ledger.claim(dispatch.id, "") is None
        one, two = [await ledger.claim(second.id, "") for _ in range(2)]
        assert one is not None
        assert two is not None
        assert one.batch_id != two.batch_id
        assert await ledger.claim(second.id, "") is None
        await ledger.release(one)
        again = await ledger.claim(second.id, "")
        assert again is not None
        assert (again.batch_id, again.epoch) == (one.batch_id, one.epoch + 1)

    use(database, dispatch, work)


def test_claim_skips_everybody_who_left_at_once(
    database: Database, people: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    for number in range(1, PEOPLE):
        people.leave(number)

    async def work(desk: Desk) -> None:
        assert [one.seq for one in desk.due] == [PEOPLE]

    use(database, dispatch, work)
    assert dispatching.counts(dispatch) == {S.PENDING: 1, S.SKIPPED: PEOPLE - 1}


def test_begin_and_end_waiting_are_for_who_runs_and_who_waits(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        ledger = desk.ledger
        assert not await ledger.end_waiting(dispatch.id)
        waits: dict[str, Any] = {"reason": "the limit of 300 an hour", "until": LATER}
        assert await ledger.begin_waiting(dispatch.id, **waits)
        assert not await ledger.begin_waiting(dispatch.id, **waits)
        found = dispatching.load(dispatch)
        assert found.state is DispatchState.WAITING
        assert (found.reason, found.next_at) == (waits["reason"], LATER)
        assert await desk.intend(0) == [HALTED]
        assert await ledger.end_waiting(dispatch.id)
        assert await ledger.state(dispatch.id) is DispatchState.RUNNING
        assert dispatching.load(dispatch).reason == ""
        assert await desk.intend(0) == [GRANTED]

    use(database, dispatch, work)


def test_change_marks_hands_back_what_its_step_raises(
    database: Database, dispatch: Dispatch
) -> None:
    def step(marks: Any) -> Any:
        raise LookupError("half way")

    async def work(desk: Desk) -> None:
        with pytest.raises(LookupError, match="half way"):
            await desk.ledger.change_marks(step)
        marks = {"pace": (1, 2)}
        assert await desk.ledger.change_marks(lambda _: ("done", marks)) == "done"
        assert await desk.ledger.change_marks(lambda old: (dict(old), old)) == marks

    use(database, dispatch, work)


# --- other writers --------------------------------------------------------------------


@contextmanager
def blocked(database: Database) -> Iterator[None]:
    """Write from elsewhere meanwhile, so that nobody else can."""
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


HOLD = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_that_writes_for_long_is_waited_for(
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_writer, "_ASK_SECONDS", 0.05)

    async def work(desk: Desk) -> None:
        await desk.intend(0)
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOLD, str(database.path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        desk.record(0)
        answers = desk.intend(1, 2)
        await asyncio.sleep(0.5)
        assert desk.busy == [True]
        assert not answers.done()
        holder.kill()
        assert await answers == [GRANTED, GRANTED]
        await holder.wait()

    desk = use(database, dispatch, work)
    assert (desk.busy, desk.lost) == ([True, False], [])
    assert dispatching.counts(dispatch)[S.ACCEPTED] == 1


def test_a_writer_that_does_not_end_is_given_up(
    database: Database, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_writer, "_ASK_SECONDS", 0.05)

    async def work(desk: Desk) -> None:
        monkeypatch.setattr(ledger_writer, "BUSY_SECONDS", 0.2)
        with blocked(database):
            (answer,) = await asyncio.gather(
                desk.ledger.intend(desk.claim, desk.due[0]), return_exceptions=True
            )
        assert isinstance(answer, OperationError)
        assert str(answer) == (
            f"the database {database.path} is in use: another command has been writing "
            "for 0.2 seconds. Wait until it is ready and try again."
        )

    use(database, dispatch, work)


LEAVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.database import open_database
word = Word(datetime.now(UTC), "one-click")
with open_database("sqlite:///subscribers/newsletter.db", root=Path(sys.argv[1])) as db:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in map(int, sys.argv[2:]):
        with db.writing() as connection:
            unsubscribe(connection, number, scope="*", word=word)
"""


def test_leaving_by_another_process_goes_on_while_a_dispatch_is_busy(
    database: Database, dispatching: Any, dispatch: Dispatch, tmp_path: Path
) -> None:
    leavers = [str(number) for number in range(PEOPLE - 9, PEOPLE + 1)]

    async def work(desk: Desk) -> None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LEAVE, str(tmp_path), *leavers),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        await child.stdout.readline()
        gone = asyncio.create_task(child.communicate(b"\n"))
        while not gone.done():
            # As busy as can be: one transaction after the other.
            await desk.intend(*range(10))
            for number in range(10):
                desk.record(number, S.PENDING)
        assert child.returncode == 0
        await desk.ledger.flush()
        last = range(PEOPLE - 10, PEOPLE)
        assert await desk.intend(*last) == [SKIPPED] * 10

    use(database, dispatch, work)
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 10, S.SKIPPED: 10}


# --- a disk that fails ----------------------------------------------------------------


@contextmanager
def broken_disk() -> Iterator[None]:
    """Let every write to a file fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again sooner, and give up sooner."""
    monkeypatch.setattr(ledger_writer, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(ledger_writer, "DISK_SECONDS", 0.3)


async def failures(*answers: Awaitable[Any]) -> set[str]:
    """Return what each of *answers* raises."""
    found = await asyncio.gather(*answers, return_exceptions=True)
    assert all(isinstance(one, OperationError) for one in found)
    return {str(one) for one in found}


def said(database: Database) -> str:
    return (
        f"the database {database.path} could not be read or written: the disk answered "
        "with an error. Nothing of this step was kept. Check the disk before you go on."
    )


@pytest.mark.usefixtures("hasty")
def test_an_intent_that_cannot_be_written_fails_at_once_and_so_do_all_later_ones(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0)
        with broken_disk():
            answers = [desk.ledger.intend(desk.claim, desk.due[n]) for n in (1, 2)]
            assert await failures(*answers) == {said(database)}
        # The disk works again; but who knows what else it forgot.
        assert await failures(desk.intend(3)) == {said(database)}

    assert use(database, dispatch, work).lost == []
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 1, S.ATTEMPTING: 1}


@pytest.mark.usefixtures("hasty")
def test_a_result_is_tried_again_until_the_disk_works(
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_writer, "DISK_SECONDS", 20.0)

    async def work(desk: Desk) -> None:
        await desk.intend(*range(20))
        with broken_disk():
            for number in range(10):
                desk.record(number)
            flushed = asyncio.create_task(desk.ledger.flush())
            await asyncio.sleep(0.1)
            for number in range(10, 20):
                desk.record(number, S.REFUSED)
            # It does not wait behind the results.
            assert await failures(desk.intend(30)) == {said(database)}
            assert not flushed.done()
        await flushed
        await desk.ledger.flush()
        assert dispatching.counts(dispatch)[S.REFUSED] == 10

    assert use(database, dispatch, work).lost == []
    assert dispatching.counts(dispatch)[S.ACCEPTED] == 10


@pytest.mark.usefixtures("hasty")
def test_a_result_that_cannot_be_kept_is_told(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Desk) -> None:
        await desk.intend(0, 1)
        with broken_disk():
            desk.record(0)
            assert await failures(desk.ledger.flush()) == {said(database)}
        desk.record(1)
        assert await failures(desk.ledger.flush()) == {said(database)}
        assert await failures(desk.ledger.state(dispatch.id)) == {said(database)}

    assert [str(error) for error in use(database, dispatch, work).lost] == [
        said(database)
    ]
    # So they are unknown when the next process looks.
    assert dispatching.counts(dispatch)[S.ATTEMPTING] == 2


def test_a_bug_reaches_everybody_who_waits(
    database: Database, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    async def work(desk: Desk) -> None:
        monkeypatch.setattr(Groups, "write", write)
        for order in (desk.intend(0), desk.intend(1), desk.ledger.flush()):
            with pytest.raises(ZeroDivisionError, match="a bug"):
                await order

    with pytest.raises(ZeroDivisionError, match="a bug"):
        # Closing is asked last: a dispatch must not end as if all were well.
        use(database, dispatch, work)


# --- the clock ------------------------------------------------------------------------


def test_a_clock_that_jumps_changes_no_decision(
    database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    jumps = iter([timedelta(days=-400), timedelta(days=400)] * 100)

    async def work(desk: Desk) -> None:
        desk.ledger._pen._clock = lambda: NOW + next(jumps)
        for number in range(10):
            assert await desk.intend(number) == [GRANTED]
            desk.record(number)

    assert use(database, dispatch, work).lost == []
    assert dispatching.counts(dispatch)[S.ACCEPTED] == 10


# --- killed ---------------------------------------------------------------------------

SEND = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Permission, Result
from newsletter.model.outcome import Reply
from newsletter.store.database import open_database
from newsletter.store.ledger_writer import LedgerWriter

async def main(database):
    clock = lambda: datetime.now(UTC)
    ledger = LedgerWriter(database, owner="x", clock=clock, on_lost=lambda _: None)
    claim = await ledger.claim(1, "")
    due = iter(await ledger.read_due(claim))

    async def line():
        for delivery in due:
            granted = await ledger.intend(claim, delivery)
            assert granted is Permission.GRANTED
            # What a mail server would remember.
            print(delivery.seq, flush=True)
            # Long enough for whoever reads this to kill us before the end.
            await asyncio.sleep(0.02)
            result = Result(delivery.seq, DeliveryState.ACCEPTED, Reply(250))
            ledger.record(claim, result)

    await asyncio.gather(*(line() for _ in range(4)))
    await ledger.close()

with open_database("sqlite:///subscribers/newsletter.db", root=Path(sys.argv[1])) as db:
    asyncio.run(main(db))
"""


@pytest.mark.parametrize("number", [1, 7, 20, 45])
def test_a_process_that_is_killed_leaves_nobody_out_and_nobody_twice(
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    tmp_path: Path,
    number: int,
) -> None:
    command = [sys.executable, "-c", SEND, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        sent = [int(sender.stdout.readline()) for _ in range(number)]
        sender.send_signal(signal.SIGKILL)
        sent += map(int, sender.stdout.read().split())
    dispatching.write(lambda c: recover(c, now=NOW))
    found = dispatching.load(dispatch)
    assert found.state is DispatchState.INTERRUPTED
    with database.reading() as connection:
        rows = connection.execute(select(deliveries.c.seq, deliveries.c.state)).all()
    states = {row.seq: row.state for row in rows}
    # Whoever was sent to is accepted or in doubt; of those in doubt, two a line.
    assert {states[seq] for seq in sent} <= {S.ACCEPTED, S.UNKNOWN}
    assert found.counts[S.UNKNOWN] <= 8
    touched = {seq for seq, state in states.items() if state != S.PENDING}
    assert len(touched - set(sent)) <= 4
    assert len(sent) == len(set(sent))


def test_a_result_is_found_by_its_key_however_large_the_dispatch_is(
    database: Database, dispatch: Dispatch
) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        asked.append(sql)

    async def work(desk: Desk) -> None:
        await desk.intend(0)
        desk.record(0)
        await desk.ledger.flush()

    event.listen(database.engine, "before_cursor_execute", note)
    use(database, dispatch, work)
    [accept] = [sql for sql in asked if sql.startswith("UPDATE") and "said" in sql]
    with database.reading() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {accept}", (None,) * 6)
        plan = [row.detail for row in rows]
    assert plan[0].startswith("SCAN said VIRTUAL TABLE")
    assert plan[1:] == ["SEARCH deliveries USING PRIMARY KEY (dispatch_id=? AND seq=?)"]
