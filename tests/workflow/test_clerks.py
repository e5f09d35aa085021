"""Processes that write messages: real ones, ended in every way."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dkim
import pytest

from newsletter.delivery.pens import Pens, ThreadPens, Written
from newsletter.errors import RecipientError
from newsletter.messages.compile import compile_message
from newsletter.model.assembled import Assembled
from newsletter.model.delivery import Delivery
from newsletter.model.issue import Issue
from newsletter.model.message import CompiledMessage, Identity, Message
from newsletter.model.settings import DkimSettings, NewsletterSettings, Settings
from newsletter.testing.processes import children_of, is_running, wait_until
from newsletter.tokens import Keyring, Purpose, verify
from newsletter.workflow.clerk import ClerkError, Instruction
from newsletter.workflow.clerks import are_worth_it, open_clerks, open_pens
from newsletter.workflow.dkim_keys import make_key, read_keys, read_record
from newsletter.workflow.letters import (
    Seal,
    dispatch_filler,
    dispatch_writer,
    open_seal,
)
from newsletter.workflow.project import Project

KEYRING = Keyring({1: bytes(range(32))}, 1)
TABLE = DkimSettings("example.org", "news", "subscribers/dkim-news.key")
SPARE = Message(b"spare\r\n", "n@example.org", "s@example.org", "<1@x>")


@pytest.fixture(scope="module")
def compiled() -> CompiledMessage:
    issue = Issue("issues/1.md", "1", (), (), date(2026, 3, 2), "en")
    assembled = Assembled(
        issue=issue, subject="Hello", html="<p>x</p>", text="x\n", slots=(), links=()
    )
    return compile_message(assembled, Identity("post@example.org", "main.example.org"))


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    newsletter = NewsletterSettings("N", "post@example.org")
    project = Project(
        tmp_path_factory.mktemp("signing"), Settings(newsletter, dkim=(TABLE,))
    )
    make_key(project, "news")
    return project


@pytest.fixture
def instruction(compiled: CompiledMessage, signing: Project) -> Instruction:
    bounces = "news+{token}@example.org"
    return Instruction(compiled, KEYRING, (1, 2), bounces, read_keys(signing))


def deliveries(count: int, first: int = 1) -> list[Delivery]:
    numbers = range(first, first + count)
    return [Delivery(12, one, one, f"p{one}@example.net") for one in numbers]


def processes() -> list[int]:
    """Return the clerks of this process."""
    return [
        process
        for process in children_of(os.getpid())
        if b"newsletter.workflow.clerk" in Path(f"/proc/{process}/cmdline").read_bytes()
    ]


def use(
    instruction: Instruction, work: Callable[[Pens], Awaitable[None]], count: int = 2
) -> None:
    """Let *work* use clerks, whose spare pens write something else."""

    async def run() -> None:
        with ThreadPoolExecutor(1) as threads:
            spare = ThreadPens(lambda _: SPARE, threads)
            async with open_clerks(instruction, spare=spare, count=count) as pens:
                await work(pens)
        assert processes() == []

    asyncio.run(run())


def test_clerks_write_what_is_written_here(
    instruction: Instruction, signing: Project
) -> None:
    name, value = read_record(signing, TABLE)
    written: list[Written] = []

    async def work(pens: Pens) -> None:
        jobs = [pens.write(deliveries(3, first)) for first in range(1, 31, 3)]
        for job in jobs:
            written.extend(await job)

    use(instruction, work)
    assert len(written) == 30
    records = {f"{name}.".encode(): value.encode()}
    for number, message in enumerate(written, 1):
        assert isinstance(message, Message)
        assert message.envelope_recipient == f"p{number}@example.net"
        token = message.envelope_sender.removeprefix("news+").partition("@")[0]
        assert verify(KEYRING, Purpose.MESSAGE, token) == (12, number)
        (leave,) = re.findall(rb"subject=unsubscribe%20(\w+)>", message.data)
        numbers = verify(KEYRING, Purpose.UNSUBSCRIBE, leave.decode())
        assert numbers == (number, 1, 2)
        assert dkim.verify(message.data, dnsfunc=lambda key, timeout=5: records[key])


def test_clerk_says_of_whom_it_cannot_write_to(instruction: Instruction) -> None:
    async def work(pens: Pens) -> None:
        found = await pens.write([Delivery(12, 1, 1, "no address")])
        (error,) = found
        assert isinstance(error, RecipientError)
        assert error.message.startswith("this recipient cannot be mailed: ")

    use(instruction, work)


def test_bug_of_a_clerk_is_raised_where_the_messages_are_awaited(
    instruction: Instruction,
) -> None:
    async def work(pens: Pens) -> None:
        with pytest.raises(ClerkError, match="cannot stand in a token"):
            await pens.write([Delivery(12, 1, -1, "p@example.net")])
        assert len(await pens.write(deliveries(1))) == 1

    use(instruction, work)


def test_clerk_that_dies_leaves_its_work_to_the_others(
    instruction: Instruction,
) -> None:
    async def work(pens: Pens) -> None:
        await pens.write(deliveries(1))
        jobs = [pens.write(deliveries(2, first)) for first in range(1, 401, 2)]
        os.kill(processes()[0], signal.SIGKILL)
        written = [message for job in jobs for message in await job]
        assert SPARE not in written
        emails = [one.envelope_recipient for one in written if isinstance(one, Message)]
        assert emails == [one.email for one in deliveries(400)]

    use(instruction, work)


def test_without_any_clerk_the_spare_pens_write(instruction: Instruction) -> None:
    async def work(pens: Pens) -> None:
        await pens.write(deliveries(1))
        for process in processes():
            os.kill(process, signal.SIGKILL)
        assert await pens.write(deliveries(1)) == [SPARE]

    use(instruction, work, count=1)


def test_clerk_that_cannot_begin_is_done_without(instruction: Instruction) -> None:
    broken = replace(instruction, keys=((TABLE, b"no key"),))

    async def work(pens: Pens) -> None:
        assert await pens.write(deliveries(2)) == [SPARE, SPARE]

    use(broken, work)


def test_clerks_are_deaf_to_ctrl_c(instruction: Instruction) -> None:
    async def work(pens: Pens) -> None:
        await pens.write(deliveries(1))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(processes()[0], number)
        assert SPARE not in await pens.write(deliveries(8))

    use(instruction, work, count=1)


def test_no_key_stands_in_arguments_or_environment(instruction: Instruction) -> None:
    secrets = [KEYRING.keys[1], instruction.keys[0][1][40:80]]

    async def work(pens: Pens) -> None:
        await pens.write(deliveries(1))
        folder = Path(f"/proc/{processes()[0]}")
        shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        assert b"newsletter.workflow.clerk" in shown
        assert not any(secret in shown for secret in secrets)

    use(instruction, work, count=1)
    assert not any(str(secret) in repr(instruction) for secret in secrets)


_FORSAKEN = """
import asyncio, sys
from newsletter.workflow.clerks import Clerks
from newsletter.workflow.clerk import Instruction
from newsletter.model.message import CompiledMessage
from newsletter.tokens import Keyring

async def main():
    compiled = CompiledMessage((b"",), (), (), (), "", "", "")
    clerks = Clerks(compiled, None)
    await clerks.hire(Instruction(compiled, Keyring({1: bytes(32)}, 1), 1, "", ()), 2)
    print("here", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_clerks_of_a_sender_that_was_killed_end_by_themselves() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _FORSAKEN], stdout=subprocess.PIPE
    ) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == b"here\n"
        forsaken = children_of(sender.pid)
        assert len(forsaken) == 2
        sender.kill()
    wait_until(lambda: not any(map(is_running, forsaken)))


# --- which pens -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "has_limits", "cores", "expected"),
    [
        (2000, False, 4, True),
        (1999, False, 4, False),
        (9000, True, 4, False),
        (9000, False, 2, False),
        (9000, False, 3, True),
    ],
)
def test_processes_are_for_many_mails_as_fast_as_they_go(
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    has_limits: bool,
    cores: int,
    expected: bool,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert are_worth_it(count, has_limits=has_limits) is expected


def test_pens_are_for_signing_alone(
    compiled: CompiledMessage, signing: Project, instruction: Instruction
) -> None:
    seal = open_seal(signing)
    clock = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    fill = dispatch_filler(
        compiled, KEYRING, list_ids=(1,), clock=lambda: clock, seal=seal
    )
    write = dispatch_writer(compiled, fill)

    async def run() -> list[str]:
        kinds = []
        for each, instruct in (
            (Seal(), lambda: instruction),
            (seal, None),
            (seal, lambda: instruction),
        ):
            async with open_pens(write, each, instruct) as pens:
                kinds.append(type(pens).__name__)
                if pens is not None:
                    (message,) = await pens.write(deliveries(1))
                    assert isinstance(message, Message)
                    assert message.data.startswith(b"DKIM-Signature: ")
        return kinds

    assert asyncio.run(run()) == ["NoneType", "ThreadPens", "Clerks"]
