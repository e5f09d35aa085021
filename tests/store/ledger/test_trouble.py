import asyncio
import resource
import signal
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Permission
from newsletter.store import ledger_writer
from newsletter.store.database import Database
from newsletter.store.dispatches import recover
from newsletter.store.ledger_groups import Groups
from newsletter.store.tables import deliveries

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PEOPLE = 60
S = DeliveryState
GRANTED, SKIPPED, HALTED = Permission.GRANTED, Permission.SKIPPED, Permission.HALTED


# --- other writers --------------------------------------------------------------------


HOLD = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_that_writes_for_long_is_waited_for(
    use: Any,
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_writer, "_ASK_SECONDS", 0.05)

    async def work(desk: Any) -> None:
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

    desk = use(work)
    assert (desk.busy, desk.lost) == ([True, False], [])
    assert dispatching.counts(dispatch)[S.ACCEPTED] == 1


def test_a_writer_that_does_not_end_is_given_up(
    use: Any, blocked: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_writer, "_ASK_SECONDS", 0.05)

    async def work(desk: Any) -> None:
        monkeypatch.setattr(ledger_writer, "BUSY_SECONDS", 0.2)
        with blocked():
            answer: tuple[Any, ...] = await asyncio.gather(
                desk.intend(0), return_exceptions=True
            )
        assert isinstance(answer[0], OperationError)
        assert str(answer[0]) == (
            f"the database {database.path} is in use: another command has been writing "
            "for 0.2 seconds. Wait until it is ready and try again."
        )

    use(work)


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
    use: Any, dispatching: Any, dispatch: Dispatch, tmp_path: Path
) -> None:
    leavers = [str(number) for number in range(PEOPLE - 9, PEOPLE + 1)]

    async def work(desk: Any) -> None:
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

    use(work)
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
    use: Any, database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0)
        with broken_disk():
            answers = [desk.ledger.intend(desk.claim, desk.due[n]) for n in (1, 2)]
            assert await failures(*answers) == {said(database)}
        # The disk works again; but who knows what else it forgot.
        assert await failures(desk.intend(3)) == {said(database)}

    assert use(work).lost == []
    assert dispatching.counts(dispatch) == {S.PENDING: PEOPLE - 1, S.ATTEMPTING: 1}


@pytest.mark.usefixtures("hasty")
def test_a_result_is_tried_again_until_the_disk_works(
    use: Any,
    database: Database,
    dispatching: Any,
    dispatch: Dispatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_writer, "DISK_SECONDS", 20.0)

    async def work(desk: Any) -> None:
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

    assert use(work).lost == []
    assert dispatching.counts(dispatch)[S.ACCEPTED] == 10


@pytest.mark.usefixtures("hasty")
def test_a_result_that_cannot_be_kept_is_told(
    use: Any, database: Database, dispatching: Any, dispatch: Dispatch
) -> None:
    async def work(desk: Any) -> None:
        await desk.intend(0, 1)
        with broken_disk():
            desk.record(0)
            assert await failures(desk.ledger.flush()) == {said(database)}
        desk.record(1)
        assert await failures(desk.ledger.flush()) == {said(database)}
        assert await failures(desk.ledger.state(dispatch.id)) == {said(database)}

    assert [str(error) for error in use(work).lost] == [said(database)]
    # So they are unknown when the next process looks.
    assert dispatching.counts(dispatch)[S.ATTEMPTING] == 2


def test_a_bug_reaches_everybody_who_waits(
    use: Any, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    async def work(desk: Any) -> None:
        monkeypatch.setattr(Groups, "write", write)
        for order in (desk.intend(0), desk.intend(1), desk.ledger.flush()):
            with pytest.raises(ZeroDivisionError, match="a bug"):
                await order

    with pytest.raises(ZeroDivisionError, match="a bug"):
        # Closing is asked last: a dispatch must not end as if all were well.
        use(work)


# --- the clock ------------------------------------------------------------------------


def test_a_clock_that_jumps_changes_no_decision(
    use: Any, dispatching: Any, dispatch: Dispatch
) -> None:
    jumps = iter([timedelta(days=-400), timedelta(days=400)] * 100)

    async def work(desk: Any) -> None:
        desk.ledger._pen._clock = lambda: NOW + next(jumps)
        for number in range(10):
            assert await desk.intend(number) == [GRANTED]
            desk.record(number)

    assert use(work).lost == []
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
