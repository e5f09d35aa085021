"""Where the messages of a dispatch are written: here, in threads, or in processes.

In: who signs, and how many mails there are to send. Out: `pens.Pens`, or None where
writing is quicker than handing it to somebody.

Signing a mail takes longer than sending it. Threads sign beside the event loop, but
each of them needs the interpreter's lock several times for each mail: four of them sign
1,500 mails a second, whatever the cores could do. Three processes sign 4,000, which is
worth their start only where many mails go as fast as they can.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from newsletter.delivery.pens import Pens, ThreadPens, Written
from newsletter.messages.personalise import join
from newsletter.model.delivery import Delivery
from newsletter.model.message import CompiledMessage, Filling, Message
from newsletter.workflow.clerk import (
    LENGTH,
    ClerkError,
    Filled,
    Instruction,
    pack,
    plain_copy,
    unpack,
)
from newsletter.workflow.letters import Seal

#: More threads or processes than cores sign no faster; the loop needs a core as well.
_MAX_THREADS = 4
_MAX_CLERKS = 3
#: Fewer mails are signed by threads before a process has begun.
MANY = 2000
#: A clerk ends within milliseconds of its last message.
_END_SECONDS = 5.0

#: Not as a module that is run: its classes would then be those of `__main__`.
_PROGRAM = "from newsletter.workflow.clerk import main; main()"


@asynccontextmanager
async def open_pens(
    write: Callable[[Delivery], Message],
    seal: Seal,
    instruct: Callable[[], Instruction] | None,
) -> AsyncIterator[Pens | None]:
    """Give what writes the messages of a dispatch; None: *write* is quick enough.

    Args:
        write: Makes a message; safe in any thread.
        seal: Who signs.
        instruct: What processes have to know; None: they are not worth it.

    Raises:
        NewsletterError: As *instruct*.
    """
    if not seal.signers:
        yield None
        return
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MAX_THREADS), "sign") as threads:
        pens = ThreadPens(write, threads)
        if instruct is None:
            yield pens
            return
        async with open_clerks(instruct(), spare=pens) as clerks:
            yield clerks


def are_worth_it(count: int, *, has_limits: bool) -> bool:
    """Tell whether processes pay for *count* mails."""
    return (
        count >= MANY
        and not has_limits
        and (os.cpu_count() or 1) > 2
        and sys.platform != "win32"
    )


@asynccontextmanager
async def open_clerks(
    instruction: Instruction, *, spare: Pens, count: int = 0
) -> AsyncIterator[Pens]:
    """Give pens in processes; what happens to these, each message is written.

    Args:
        instruction: What the processes have to know.
        spare: Writes what they cannot.
        count: How many; 0: as many as this computer has use for.
    """
    number = count or min((os.cpu_count() or 1) - 1, _MAX_CLERKS)
    clerks = Clerks(instruction.compiled, spare)
    try:
        await clerks.hire(instruction, number)
        yield clerks
    finally:
        await clerks.close()


class Clerks:
    """Processes that write messages (`pens.Pens`).

    Args:
        compiled: What they fill in.
        spare: Writes when there is no process left.
    """

    #: To wake a process takes as long as to send a letter.
    chunk = 16

    def __init__(self, compiled: CompiledMessage, spare: Pens) -> None:
        self._compiled = compiled
        self._spare = spare
        self._clerks: list[_Clerk] = []

    async def hire(self, instruction: Instruction, number: int) -> None:
        """Start so many; one that cannot start is done without."""
        bare = plain_copy(instruction.keyring)
        data = pack(replace(instruction, keyring=bare))
        for _ in range(number):
            try:
                self._clerks.append(await _start(data, self._join, self._replace))
            except OSError:
                return

    def write(self, deliveries: Sequence[Delivery]) -> "asyncio.Future[list[Written]]":
        """See `pens.Pens`."""
        present = [clerk for clerk in self._clerks if clerk.is_present]
        if not present:
            return self._spare.write(deliveries)
        return min(present, key=lambda clerk: clerk.load).write(deliveries)

    async def close(self) -> None:
        """Let them go."""
        for clerk in self._clerks:
            clerk.hang_up()
        for clerk in self._clerks:
            await asyncio.to_thread(clerk.end)

    def _join(self, filled: Sequence[Filled]) -> list[Written]:
        compiled = self._compiled
        return [
            join(compiled, one) if isinstance(one, Filling) else one for one in filled
        ]

    def _replace(self, orders: Sequence["_Order"]) -> None:
        """Have somebody else write what a clerk left undone."""
        for order in orders:
            again = self.write(order.deliveries)
            again.add_done_callback(order.take_over)


@dataclass(slots=True)
class _Order:
    """Messages that a clerk is to write."""

    deliveries: Sequence[Delivery]
    messages: "asyncio.Future[list[Written]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, answer: "list[Written] | ClerkError") -> None:
        if self.messages.done():
            return
        if isinstance(answer, ClerkError):
            self.messages.set_exception(answer)
        else:
            self.messages.set_result(answer)

    def take_over(self, other: "asyncio.Future[list[Written]]") -> None:
        """End as *other* did."""
        error = other.exception()
        if error is None:
            self.settle(other.result())
        elif not self.messages.done():
            self.messages.set_exception(error)


class _Clerk(asyncio.BufferedProtocol):
    """One process, and what it was asked for."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        join_all: Callable[[Sequence[Filled]], list[Written]],
        on_lost: Callable[[Sequence[_Order]], None],
    ) -> None:
        self._process = process
        self._join_all = join_all
        self._on_lost = on_lost
        self._orders: deque[_Order] = deque()
        self._transport: asyncio.WriteTransport | None = None
        #: Where the length of an answer comes in, then the answer; filled so far.
        self._head = memoryview(bytearray(LENGTH.size))
        self._buffer, self._filled = self._head, 0

    @property
    def is_present(self) -> bool:
        """Whether it can be asked for more."""
        return self._transport is not None

    @property
    def load(self) -> int:
        """How much it has to do."""
        return len(self._orders)

    def write(self, deliveries: Sequence[Delivery]) -> "asyncio.Future[list[Written]]":
        order = _Order(deliveries)
        self._orders.append(order)
        self.send(pack(deliveries))
        return order.messages

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def hang_up(self) -> None:
        """Tell it to end; the loop does so soon."""
        if self._transport is not None:
            self._transport.abort()

    def end(self) -> None:
        """Wait until it has ended."""
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # --- asyncio.BufferedProtocol -----------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not by isinstance: uvloop's transports are none of asyncio's (0.22).
        self._transport = cast(asyncio.WriteTransport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if self._filled < len(self._buffer):
            return
        self._filled = 0
        if self._buffer is self._head:
            (length,) = LENGTH.unpack(self._head)
            self._buffer = memoryview(bytearray(length))
            return
        answer, self._buffer = unpack(self._buffer), self._head
        if not isinstance(answer, ClerkError):
            answer = self._join_all(answer)
        self._orders.popleft().settle(answer)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        orders = [order for order in self._orders if not order.messages.done()]
        self._orders.clear()
        self._on_lost(orders)


async def _start(
    instruction: bytes,
    join_all: Callable[[Sequence[Filled]], list[Written]],
    on_lost: Callable[[Sequence[_Order]], None],
) -> _Clerk:
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = _run(theirs.fileno())
    except OSError:
        ours.close()
        raise
    clerk = _Clerk(process, join_all, on_lost)
    await asyncio.get_running_loop().create_connection(lambda: clerk, sock=ours)
    clerk.send(instruction)
    return clerk


def _run(descriptor: int) -> "subprocess.Popen[bytes]":
    # -P: a file in the working folder must not take the place of a module.
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-P", "-c", _PROGRAM, str(descriptor)],
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # A traceback of its own reaches us as an answer, or as its silence.
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the dispatch.
        start_new_session=True,
    )
