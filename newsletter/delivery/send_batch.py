"""The only sender: works through one claimed batch on several connections.

In: a claim, and open lines. Out: a ledger in which each delivery of the batch has its
outcome, or is pending because the dispatch stopped.

Law: nothing leaves without a granted intent, and each granted intent gets a result
before its line takes the next delivery. A line is never cancelled, only asked to stop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from newsletter.delivery.pace import Pace
from newsletter.delivery.schedule import RetryPolicy, retry_at, show_duration
from newsletter.delivery.stop import Stop
from newsletter.delivery.transports import (
    ConnectionBrokenError,
    Permit,
    SetupError,
    Transport,
)
from newsletter.delivery.trouble import Trouble
from newsletter.errors import RecipientError
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.model.message import Message
from newsletter.model.outcome import Outcome, Reply
from newsletter.replies import classify_reply

#: A line that fails so often in a row while others get through is one too many for the
#: server, and is given up.
MAX_LINE_FAILURES = 3


class Ledger(Protocol):
    """What a sender asks of the ledger; each answer is durable."""

    async def claim(self, dispatch_id: int) -> Claim | None:
        """Claim a batch with something due."""

    async def read_due(self, claim: Claim) -> Sequence[Delivery]:
        """Return what is due in it."""

    async def intend(self, claim: Claim, delivery: Delivery) -> Permission:
        """Write down that the message is about to leave."""

    async def record(self, claim: Claim, result: Result) -> bool:
        """Write down what came of it; False when that is not ours to say any more."""

    async def release(self, claim: Claim) -> None:
        """Give the batch back."""

    async def state(self, dispatch_id: int) -> DispatchState:
        """Return the state of a dispatch."""


@dataclass(slots=True)
class Line:
    """A transport and how it is doing."""

    transport: Transport
    #: In a row.
    failures: int = 0
    failing_since: float = 0.0
    is_given_up: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a sender needs besides the batch."""

    ledger: Ledger
    #: The message for one recipient, made now.
    write: Callable[[Delivery], Message]
    pace: Pace
    stop: Stop
    trouble: Trouble
    #: Aware, UTC.
    clock: Callable[[], datetime]
    #: Told each change of state, for the progress display.
    on_outcome: Callable[[DeliveryState, DeliveryState], None] = lambda *_: None
    #: Told why we wait.
    on_trouble: Callable[[Outcome], None] = lambda _: None
    retry: RetryPolicy = field(default_factory=RetryPolicy)


async def send_batch(claim: Claim, *, desk: Desk, lines: Sequence[Line]) -> None:
    """Try everybody who is due in a claimed batch, then give it back."""
    batch = _Batch(claim, deque(await desk.ledger.read_due(claim)), desk)
    usable = [line for line in lines if not line.is_given_up]
    results = await asyncio.gather(
        *(batch.work(line, usable) for line in usable), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    await desk.ledger.release(claim)


class _Batch:
    """One batch while lines work on it."""

    def __init__(self, claim: Claim, queue: deque[Delivery], desk: Desk) -> None:
        self.claim = claim
        self.queue = queue
        self.desk = desk
        #: Set when a resting line need not come back.
        self.is_over = asyncio.Event()
        self.busy = 0
        self.turn = asyncio.Lock()

    async def work(self, line: Line, lines: Sequence[Line]) -> None:
        """Take one delivery after the other until there is none, or a stop."""
        stop = self.desk.stop
        try:
            while self.queue and not line.is_given_up:
                # One line waits and the others queue: a stop wastes one moment of the
                # pace, and nobody waits for a moment that nobody needs.
                async with self.turn:
                    if not self.queue or not await self.desk.pace.wait(stop):
                        break
                    delivery = self.queue.popleft()
                    self.busy += 1
                try:
                    outcome = await self.attempt(line, delivery)
                finally:
                    self.busy -= 1
                await self._after(line, lines, outcome)
        except BaseException:
            # A bug or a broken disk: the other lines finish what they have begun.
            stop.request(None)
            raise
        finally:
            if not self.queue and not self.busy:
                self.is_over.set()

    async def attempt(self, line: Line, delivery: Delivery) -> Outcome | None:
        """Try one delivery and write down what came of it; None when it may not be."""
        permission: Permission | None = None

        async def permit() -> bool:
            nonlocal permission
            permission = await self.desk.ledger.intend(self.claim, delivery)
            return permission is Permission.GRANTED

        outcome = await self._send(line, delivery, permit)
        if outcome is None:
            if permission is Permission.SKIPPED:
                self.desk.on_outcome(_before(delivery), DeliveryState.SKIPPED)
            else:
                self.desk.stop.request(None)
            return None
        tries = delivery.attempts + (permission is Permission.GRANTED)
        result = self._result(delivery, outcome)
        if not await self.desk.ledger.record(self.claim, result):
            # Cancelled, or taken over: to go on would be to ask the server in vain.
            self.desk.stop.request(None)
            return None
        if result.state is DeliveryState.PENDING:
            self.queue.append(replace(delivery, attempts=tries))
        else:
            self.desk.on_outcome(_before(delivery), result.state)
        return outcome

    async def _send(
        self,
        line: Line,
        delivery: Delivery,
        permit: Permit,
    ) -> Outcome | None:
        try:
            message = self.desk.write(delivery)
            answer = await line.transport.send(message, permit)
        except RecipientError as error:
            return Outcome(DeliveryState.REFUSED, reason=error.message)
        except SetupError as error:
            return Outcome(
                DeliveryState.PENDING, is_our_fault=True, reason=error.reason
            )
        except ConnectionBrokenError as error:
            return _broken(error)
        return None if answer is None else classify_reply(answer.stage, answer.reply)

    def _result(self, delivery: Delivery, outcome: Outcome) -> Result:
        reply = outcome.reply or Reply(0, outcome.reason)
        if outcome.state is not DeliveryState.DEFERRED:
            return Result(delivery.seq, outcome.state, reply)
        now, policy = self.desk.clock(), self.desk.retry
        since = delivery.deferred_since or now
        again = retry_at(delivery.attempts + 1, last=now, since=since, policy=policy)
        if again is not None:
            return Result(delivery.seq, outcome.state, reply, next_at=again)
        waited = show_duration(policy.give_up_seconds)
        gave_up = replace(reply, text=f"gave up after {waited}: {reply.text}")
        return Result(delivery.seq, DeliveryState.REFUSED, gave_up)

    async def _after(
        self, line: Line, lines: Sequence[Line], outcome: Outcome | None
    ) -> None:
        """Learn from an outcome: go on, rest, give the line up, or stop everybody."""
        if outcome is None:
            return
        desk, at = self.desk, asyncio.get_running_loop().time()
        halt = desk.trouble.note(outcome, at=at, now=desk.clock())
        if halt is not None:
            desk.stop.request(halt)
            return
        if not outcome.is_our_fault:
            line.failures = 0
            return
        line.failures += 1
        if line.failures == 1:
            line.failing_since = at
        desk.on_trouble(outcome)
        others = any(not other.is_given_up for other in lines if other is not line)
        does_work = desk.trouble.succeeded_at > line.failing_since
        if line.failures >= MAX_LINE_FAILURES and others and does_work:
            line.is_given_up = True
            return
        await self._rest(desk.trouble.patience.pause(line.failures))

    async def _rest(self, seconds: float) -> None:
        """Wait, unless the batch ends or the dispatch is to stop."""
        waits = [
            asyncio.ensure_future(self.desk.stop.sleep(seconds)),
            asyncio.ensure_future(self.is_over.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


def _before(delivery: Delivery) -> DeliveryState:
    """Return where a delivery came from; what is under way counts nowhere else."""
    is_deferred = delivery.deferred_since is not None
    return DeliveryState.DEFERRED if is_deferred else DeliveryState.PENDING


def _broken(error: ConnectionBrokenError) -> Outcome:
    if error.is_message_out:
        return Outcome(
            DeliveryState.UNKNOWN, is_our_fault=True, may_pass=True, reason=error.reason
        )
    return Outcome(
        DeliveryState.PENDING, is_our_fault=True, may_pass=True, reason=error.reason
    )
