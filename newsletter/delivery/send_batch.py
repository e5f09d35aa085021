"""The only sender: turns a claimed batch into letters, and what came of them into rows.

In: a claim, and lines that take its letters. Out: a ledger in which each delivery of
the batch has its outcome, or is pending because the dispatch stopped. A batch is over
when its last letter is settled; lines take letters of the next one meanwhile.

Law: nothing leaves without a granted intent; each granted intent gets a result; what
the ledger did not grant gets none. Only a letter that cannot have left goes again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from newsletter.delivery.desk import Desk
from newsletter.delivery.schedule import retry_at, show_duration
from newsletter.delivery.transports import Answer, Denial, Ending, Loss, Misfit
from newsletter.errors import RecipientError
from newsletter.model.delivery import Delivery, DeliveryState
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.model.message import Message
from newsletter.model.outcome import Outcome, Reply
from newsletter.replies import Stage, Verdict, judge_reply, outcome_of

#: A server that says "slower" to the same letter so often, and takes others meanwhile,
#: speaks of its recipient.
MAX_BALKS = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and what we make of it."""

    ending: Answer | Loss | Misfit
    verdict: Verdict
    outcome: Outcome


#: The intent was granted, and then the dispatch was halted: nothing of it left.
_TAKEN_BACK = Ended(
    Loss("halted before the message left", is_message_out=False),
    Verdict.AGAIN,
    Outcome(DeliveryState.PENDING, is_our_fault=True, may_pass=True),
)


class Place(Protocol):
    """Where a letter is handed over: a line's place in its lane."""

    def note_accepted(self, letter: "BatchLetter") -> None:
        """The mail server took it."""

    def note_ended(self, letter: "BatchLetter", ended: Ended) -> None:
        """It ended otherwise; the ledger is told as soon as it can be."""

    def note_closed(self, letter: "BatchLetter", *, is_again: bool) -> None:
        """This attempt is over for the ledger too; it may be for another one."""


class Batch:
    """One claimed batch while lines work on it."""

    def __init__(
        self, claim: Claim, desk: Desk, *, on_over: "Callable[[Batch], None]"
    ) -> None:
        self.claim = claim
        self.desk = desk
        #: Letters that are not settled for good.
        self.left = 0
        #: Positions of those a policy spoke against: not tried again in this run.
        self.set_aside: set[int] = set()
        self._on_over = on_over

    @property
    def is_kept(self) -> bool:
        """Whether it is over but not given back: it would be claimed again at once."""
        return bool(self.set_aside) and not self.left

    def letters(self, deliveries: Sequence[Delivery]) -> "list[BatchLetter]":
        """Return a letter for each delivery that is due."""
        due = [one for one in deliveries if one.seq not in self.set_aside]
        self.left += len(due)
        return [BatchLetter(self, delivery) for delivery in due]

    def close(self) -> None:
        """Count a letter that is settled for good."""
        self.left -= 1
        if not self.left:
            self._on_over(self)


class BatchLetter:
    """The duty to hand one message over, from its first try to the last of this run."""

    __slots__ = (
        "_balked_at",
        "_balks",
        "_message",
        "batch",
        "delivery",
        "is_settled",
        "permission",
        "place",
    )

    def __init__(self, batch: Batch, delivery: Delivery) -> None:
        self.batch = batch
        self.delivery = delivery
        self.place: Place | None = None
        self.permission: asyncio.Future[Permission] | None = None
        #: The line is through with this attempt.
        self.is_settled = False
        self._message: Message | None = None
        self._balks = 0
        self._balked_at = 0.0

    # --- for the line -----------------------------------------------------------------

    @property
    def message(self) -> Message:
        """The finished bytes and their envelope."""
        if self._message is None:
            raise AssertionError("a letter is written before a line takes it")
        return self._message

    def ask(self) -> Awaitable[bool]:
        """Order the intent; a dispatch that waits goes on first."""
        desk = self.batch.desk
        asleep = desk.pulse.asleep()
        if asleep is not None:
            desk.stop.request(asleep)
            self.permission = asyncio.get_running_loop().create_future()
            self.permission.set_result(Permission.HALTED)
        elif desk.waits.now is None:
            self.permission = desk.ledger.intend(self.batch.claim, self.delivery)
        else:
            self.permission = asyncio.ensure_future(self._end_waiting_and_ask())
        return self

    def __await__(self) -> Generator[Any, None, bool]:
        """Wait for the answer to `ask`."""
        if self.permission is None:
            raise AssertionError("nobody asked")
        permission = yield from self.permission
        # It may be minutes old: the server thought about the message before this one.
        # Whoever halted the dispatch meanwhile wants nothing more to leave.
        return permission is Permission.GRANTED and not self.batch.desk.stop.is_set

    def settle(self, ending: Ending) -> None:
        """Take down how it ended."""
        self.is_settled = True
        if (
            type(ending) is Answer
            and ending.stage is Stage.END
            and 200 <= ending.reply.code < 300
        ):
            self._accept(ending.reply)
        elif isinstance(ending, Denial):
            self._end_asked(None)
        elif self.batch.desk.stop.is_set and _is_nothing_out(ending):
            # Whatever cut the line: it is over because the dispatch stops.
            self._end(_TAKEN_BACK)
        else:
            self._end(self._balked(judge_ending(ending)))

    # --- for its place ----------------------------------------------------------------

    def begin(self, place: Place, message: Message) -> None:
        """Make it ready for one attempt."""
        self.place = place
        self.permission = None
        self.is_settled = False
        self._message = message

    def refuse(self, error: RecipientError) -> None:
        """Write down that this recipient cannot be written to."""
        outcome = Outcome(DeliveryState.REFUSED, reason=error.message)
        self._record(outcome)
        self._tell(DeliveryState.REFUSED)
        self.batch.close()

    # --- endings ----------------------------------------------------------------------

    def _accept(self, reply: Reply) -> None:
        batch, place = self.batch, self.place
        result = Result(self.delivery.seq, DeliveryState.ACCEPTED, reply)
        batch.desk.ledger.record(batch.claim, result)
        self._message = None
        if place is not None:
            place.note_accepted(self)
        self._tell(DeliveryState.ACCEPTED)
        batch.close()

    def _end(self, ended: Ended) -> None:
        """Learn from an ending now, and write it down when the intent is."""
        if self.place is not None:
            self.place.note_ended(self, ended)
        if self.permission is None:
            self._write_down(ended)
        elif self.permission.done():
            self._end_asked(ended)
        else:
            # Refused before the intent was written: what comes of that decides whether
            # there is anything to take back.
            self.permission.add_done_callback(lambda _: self._end_asked(ended))

    def _end_asked(self, ended: Ended | None) -> None:
        """Write an attempt down whose permission is known.

        Args:
            ended: How it ended; None: it was denied, or taken back by a stop.
        """
        assert self.permission is not None  # noqa: S101 - for the type checker
        stop, error = self.batch.desk.stop, self.permission.exception()
        if isinstance(error, Exception):
            stop.fail(error)
            self._close()
        elif self.permission.result() is Permission.HALTED:
            stop.request(None)
            self._close()
        elif self.permission.result() is Permission.SKIPPED:
            self._close()
            self._tell(DeliveryState.SKIPPED)
            self.batch.close()
        else:
            tries = self.delivery.attempts + 1
            self.delivery = replace(self.delivery, attempts=tries)
            self._write_down(ended or _TAKEN_BACK)

    def _write_down(self, ended: Ended) -> None:
        state = ended.outcome.state
        # Who was not asked for and stays pending is so in the ledger already.
        if self.permission is not None or state is not DeliveryState.PENDING:
            state = self._record(ended.outcome)
        if state is DeliveryState.PENDING:
            is_again = ended.verdict is not Verdict.POLICY
            self._close(is_again=is_again)
            if not is_again:
                # Left pending, and not tried again in this run.
                self.batch.set_aside.add(self.delivery.seq)
                self.batch.close()
            return
        self._close()
        self._tell(state)
        self.batch.close()

    def _close(self, *, is_again: bool = False) -> None:
        self._message = None
        if self.place is not None:
            self.place.note_closed(self, is_again=is_again)

    def _balked(self, ended: Ended) -> Ended:
        """Put off whom the server balks at again and again, while it takes others."""
        if ended.verdict is not Verdict.SLOWER or not is_about_message(ended.ending):
            return ended
        desk = self.batch.desk
        self._balks += 1
        if self._balks == 1:
            self._balked_at = desk.steady()
        if self._balks < MAX_BALKS or desk.trouble.succeeded_at <= self._balked_at:
            return ended
        outcome = Outcome(DeliveryState.DEFERRED, ended.outcome.reply)
        return Ended(ended.ending, Verdict.LATER, outcome)

    def _record(self, outcome: Outcome) -> DeliveryState:
        """Write an outcome down; return the state that it comes to."""
        result = self._result(outcome)
        self.batch.desk.ledger.record(self.batch.claim, result)
        return result.state

    def _result(self, outcome: Outcome) -> Result:
        seq, reply = self.delivery.seq, outcome.reply or Reply(0, outcome.reason)
        if outcome.state is not DeliveryState.DEFERRED:
            return Result(seq, outcome.state, reply)
        desk, delivery = self.batch.desk, self.delivery
        now = desk.clock()
        tries = delivery.attempts + (self.permission is None)
        since = delivery.deferred_since or now
        again = retry_at(tries, last=now, since=since, policy=desk.retry)
        if again is not None:
            return Result(seq, outcome.state, reply, next_at=again)
        waited = show_duration(desk.retry.give_up_seconds)
        gave_up = replace(reply, text=f"gave up after {waited}: {reply.text}")
        return Result(seq, DeliveryState.REFUSED, gave_up)

    def _tell(self, after: DeliveryState) -> None:
        is_deferred = self.delivery.deferred_since is not None
        before = DeliveryState.DEFERRED if is_deferred else DeliveryState.PENDING
        self.batch.desk.on_outcome(before, after)

    async def _end_waiting_and_ask(self) -> Permission:
        desk = self.batch.desk
        while desk.waits.now is not None:
            # The dispatcher may begin another waiting before this one is over.
            await desk.waits.end()
        return await desk.ledger.intend(self.batch.claim, self.delivery)


def judge_ending(ending: Answer | Loss | Misfit) -> Ended:
    """Return what an ending means."""
    match ending:
        case Answer(stage, reply):
            verdict = judge_reply(stage, reply)
            return Ended(ending, verdict, outcome_of(verdict, reply))
        case Loss(reason, is_message_out):
            state = DeliveryState.UNKNOWN if is_message_out else DeliveryState.PENDING
            lost = Outcome(state, is_our_fault=True, may_pass=True, reason=reason)
            return Ended(ending, Verdict.AGAIN, lost)
        case Misfit(reason):
            misfit = Outcome(DeliveryState.PENDING, is_our_fault=True, reason=reason)
            return Ended(ending, Verdict.OURS, misfit)


def _is_nothing_out(ending: Ending) -> bool:
    return isinstance(ending, Loss) and not ending.is_message_out


def is_about_message(ending: Ending) -> bool:
    """Tell whether an answer came after the recipient was named."""
    if not isinstance(ending, Answer):
        return False
    return ending.stage in (Stage.RCPT, Stage.DATA, Stage.END)
