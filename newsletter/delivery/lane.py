"""One lane of a dispatch: its lines, and the queue they take their letters from.

In: claimed batches of one lane, and the moments its limits give. Out: letters, as fast
as the lines take them: the next batch is claimed before the last is over.

Law: a line takes no letter before its moment, none while it rests after a fault, and
none at all after a stop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from newsletter.delivery.bell import Bell
from newsletter.delivery.desk import Desk
from newsletter.delivery.moments import Moments
from newsletter.delivery.pace import Meter, Pace
from newsletter.delivery.pens import Written, write_letter
from newsletter.delivery.scribe import Scribe
from newsletter.delivery.seat import Seat
from newsletter.delivery.send_batch import Batch, BatchLetter, Ended, is_about_message
from newsletter.delivery.transports import Answer, Ending, Transport
from newsletter.delivery.trouble import Streak, pause_for, why
from newsletter.delivery.waits import Wait
from newsletter.model.delivery import Delivery, DeliveryState
from newsletter.model.dispatch import Halt
from newsletter.model.message import Message
from newsletter.replies import Stage, Verdict, asks_for_less

#: With so few letters left the next batch is claimed: a claim takes some 10 ms, in
#: which the quickest server takes a hundred.
LOW_WATER = 200
#: How often a lane with nothing to do looks whether something is due.
LOOK_AGAIN_SECONDS = 30.0
#: How often rates are measured, and brakes looked at.
TICK_SECONDS = 1.0
#: Shorter waits are no news.
WAIT_SECONDS = 30.0

LIMITED = "the limits in newsletter.toml allow no more for now"
BRAKED = "the mail server asked us to go slower"


@dataclass(frozen=True, slots=True)
class Outlet:
    """One mail server as a lane uses it."""

    #: Makes a line; it connects when it has a letter.
    connect: Callable[[], Transport]
    connections: int
    #: Moments by the limits of this server and of the lane.
    pace: Pace
    #: So many letters a line may have on their way.
    window: int = 1


class Lane:
    """The lines of one lane at work.

    Args:
        name: Its key in the settings; empty: everybody else.
        desk: What all lanes share.
        outlets: For each mail server, in the order of `Desk.route`.
        changed: Rings when it has nothing to do.
    """

    def __init__(
        self,
        name: str,
        *,
        desk: Desk,
        outlets: Sequence[Outlet],
        changed: Bell,
    ) -> None:
        self.name = name
        self.desk = desk
        self.meter = Meter()
        self.queue: deque[BatchLetter] = deque()
        self.is_over = False
        #: Its letters wait for moments.
        self.is_paced = outlets[0].pace.has_limits
        #: So many of its lines may be used.
        self.allowed = outlets[0].connections
        #: How many a policy spoke against in this run, and what it said last.
        self.set_aside = 0
        self.policy = ""
        #: How many times somebody was put off in this run.
        self.deferred = 0
        #: Whether nothing was due when it last asked for a batch.
        self._is_exhausted = False
        self._lines: set[Transport] = set()
        self._outlets = tuple(outlets)
        self._seats = max(outlet.connections for outlet in outlets)
        #: So many letters can be out at once.
        self._most_out = max(one.connections * one.window for one in outlets)
        self._streak = Streak(self._most_out)
        self._changed = changed
        self._bell = Bell()
        #: Rings when there is a letter.
        self.hungry = Bell()
        desk.bell.link(self.hungry)
        #: Letters that lines took.
        self._under_way = 0
        self._scribe = self._open_scribe()
        self._batches: set[Batch] = set()
        self._over: list[Batch] = []
        self.moments = Moments(desk.steady, desk.millis)
        #: Seconds of the steady clock.
        self._look_again_at = 0.0
        desk.stop.listen(self.end)

    # --- for the dispatcher -----------------------------------------------------------

    async def run(self) -> None:
        """Work until `end`."""
        self._look_at_brakes()
        workers = [self._serve(Seat(self, number)) for number in range(self._seats)]
        results = await asyncio.gather(self._pump(), *workers, return_exceptions=True)
        if self._scribe is not None:
            await self._scribe.close()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def end(self) -> None:
        """Let nothing more begin; who still connects need not wait for the server."""
        self.is_over = True
        for line in self._lines:
            line.stop_connecting()
        self.wake()

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it can be sent now."""
        return (
            self._is_exhausted
            and not self.has_letters
            and not self._under_way
            and not self._over
        )

    def waits_for(self) -> Wait | None:
        """Return what it waits for, if that takes long."""
        until = None if self._under_way else self.moments.far(WAIT_SECONDS)
        if until is None:
            return None
        return Wait(LIMITED if self.pace.has_limits else BRAKED, until)

    def abort(self) -> None:
        """Hang up on what is under way: nobody will know what became of it."""
        for line in self._lines:
            line.abort()

    def look_again(self) -> None:
        """Look whether something became due."""
        self._is_exhausted = False
        self.wake()

    def wake(self) -> None:
        """Look at the clocks."""
        self._bell.ring()
        self.desk.bell.ring()

    def wake_up(self) -> None:
        """Look at the limits anew: the computer slept."""
        self.moments.forget()
        self.wake()

    @property
    def pace(self) -> Pace:
        """The limits of the server in use, and its own."""
        return self._outlets[self.desk.route.now].pace

    @property
    def is_braked(self) -> bool:
        """Whether the mail server asked us to go slower than the limits say."""
        scopes = self.pace.scopes
        return any(self.desk.brakes.slows(scope.key) for scope in scopes)

    # --- for its seats ----------------------------------------------------------------

    @property
    def has_letters(self) -> bool:
        """Whether there are letters to take, now or when they are written."""
        return bool(self.queue or (self._scribe is not None and self._scribe.count))

    def next_letter(self) -> tuple[BatchLetter, Message] | None:
        """Take the next letter with its message, None when there is none yet.

        Who cannot be written to is refused on the way.
        """
        while (found := self._next_written()) is not None:
            letter, written = found
            if len(self.queue) < LOW_WATER and not self._is_exhausted:
                self._bell.ring()
            if isinstance(written, Message):
                self._under_way += 1
                return letter, written
            letter.refuse(written)
            self._bell.ring()
        return None

    def _next_written(self) -> tuple[BatchLetter, Written] | None:
        scribe = self._scribe
        if scribe is not None:
            found = scribe.take()
            # One for each that may be out, and work for all the pens.
            ahead = 0 if self.is_paced else self._most_out + 3 * scribe.chunk
            scribe.refill(ahead + scribe.chunk)
            return found
        if not self.queue:
            return None
        letter = self.queue.popleft()
        return letter, write_letter(self.desk.write, letter.delivery)

    def _open_scribe(self) -> Scribe | None:
        if self.desk.pens is None:
            return None
        return Scribe(
            self.queue,
            pens=self.desk.pens,
            steady=self.desk.steady,
            on_written=self.hungry.ring,
        )

    def settled(self) -> None:
        """Count a letter that is under way no more."""
        self._under_way -= 1
        if not self._under_way and not self.has_letters:
            self._bell.ring()

    def seconds_to_moment(self) -> float:
        """Return the seconds to the next moment; infinite: none is known yet."""
        seconds = self.moments.seconds_to_next()
        if seconds == inf:
            self._bell.ring()
        return seconds

    def note_accepted(self) -> None:
        """Take in that a letter was taken by the mail server."""
        self.meter.accepted += 1
        self.desk.meter.accepted += 1
        self._streak.note_accepted()
        self._answered()
        self.settled()

    def put_back(self, letter: BatchLetter) -> None:
        """Queue a letter again, behind all others."""
        self.queue.append(letter)
        self.desk.bell.ring()

    def note_ended(self, ended: Ended) -> None:
        """Learn from an ending: go on, wait, slow down, or stop everybody."""
        halt = self._judge(ended)
        if halt is not None:
            self.desk.stop.request(halt)

    def _judge(self, ended: Ended) -> Halt | None:
        outcome, desk = ended.outcome, self.desk
        match ended.verdict:
            case Verdict.REFUSED:
                self._answered()
                return self._streak.note_refused(outcome)
            case Verdict.LATER:
                self._answered()
                self._streak.note_deferred()
                self.deferred += 1
                return None
            case Verdict.POLICY:
                self._answered()
                self.set_aside += 1
                self.policy = why(outcome)
                desk.on_trouble(self.policy)
                return self._streak.note_policy(outcome, self.set_aside)
            case Verdict.SLOWER | Verdict.AGAIN:
                return self._fail(ended)
            case _:
                return pause_for(outcome)

    def _answered(self) -> None:
        self.desk.route.in_vain = 0
        trouble = self.desk.trouble
        was_away = trouble.is_failing
        trouble.note_success(self.desk.steady())
        if was_away:
            self.desk.bell.ring()

    def _fail(self, ended: Ended) -> Halt | None:
        desk, outcome = self.desk, ended.outcome
        reason = why(outcome)
        is_farewell = ended.verdict is Verdict.AGAIN and outcome.reply is not None
        # The end of a session is no trouble, nor is what comes of our own stop.
        if not is_farewell and not desk.stop.is_set:
            desk.on_trouble(reason)
        reply = outcome.reply if ended.verdict is Verdict.SLOWER else None
        if reply is not None and asks_for_less(reply):
            self._slow_down(ended)
        halt = desk.trouble.note_failure(reason, desk.steady(), desk.clock())
        if halt is not None and not desk.route.is_last:
            desk.change_server()
            halt = None
        if outcome.state is DeliveryState.UNKNOWN:
            return halt or self._streak.note_unknown(outcome)
        return halt

    # --- slower, and faster again -----------------------------------------------------

    def _slow_down(self, ended: Ended) -> None:
        """Halve what was said to be too much: of this lane, or of the server."""
        server, own = self.pace.scopes
        if is_about_message(ended.ending) and not _is_about_server(ended):
            scope, meter = own, self.meter
        else:
            scope, meter = server, self.desk.meter
        seen, limited = meter.hourly(self.desk.steady()), self.pace.most_hourly
        whole = min(seen or limited, limited or seen)
        # Too many connections says nothing of the rate.
        hourly = 0 if is_about_opening(ended.ending) else whole
        self.desk.brakes.protest(scope.key, hourly)
        self._look_at_brakes()
        self._bell.ring()

    def _look_at_brakes(self) -> None:
        brakes, outlet = self.desk.brakes, self._outlets[self.desk.route.now]
        keys = [scope.key for scope in outlet.pace.scopes]
        self.is_paced = outlet.pace.has_limits or any(map(brakes.slows, keys))
        before = self.allowed
        self.allowed = min(brakes.allowed(key, outlet.connections) for key in keys)
        if self.allowed > before:
            self.desk.bell.ring()

    # --- the pump: batches and moments ------------------------------------------------

    async def _serve(self, seat: Seat) -> None:
        """Let a line work at a seat, and the next server's line after it."""
        while not self.is_over:
            seat.server = self.desk.route.now
            line = self._outlets[seat.server].connect()
            self._lines.add(line)
            is_done = False
            try:
                await line.work(seat)
                is_done = True
            finally:
                if not is_done:
                    # A bug, or a broken disk: the others finish what they have begun.
                    self.desk.stop.request(None)
                    seat.give_back()
                await line.close()
                self._lines.discard(line)

    async def _pump(self) -> None:
        try:
            while not self.is_over:
                seconds = await self._turn()
                if self.is_idle:
                    self._changed.ring()
                if not self.is_over:
                    await self._bell.wait(min(seconds, TICK_SECONDS))
        except BaseException:
            self.desk.stop.request(None)
            raise

    async def give_back(self) -> None:
        """Give all batches back, when nothing is under way any more."""
        for batch in self._batches:
            await self.desk.ledger.release(batch.claim)
        self._batches.clear()

    async def _turn(self) -> float:
        """Do what is due; return the seconds until something may be again."""
        desk = self.desk
        self.meter.sample(desk.steady())
        desk.meter.sample(desk.steady())
        self._look_at_brakes()
        await desk.brakes.keep()
        while self._over:
            await self._release(self._over.pop())
        # Nothing can be claimed while the dispatch waits; who has a letter ends that.
        if desk.waits.now is None and self._is_hungry():
            await self._claim()
        if not self.is_paced or not self.has_letters:
            return TICK_SECONDS
        seconds = await self.moments.refill(self.pace)
        if not seconds:
            desk.bell.ring()
        return seconds or TICK_SECONDS

    def _is_hungry(self) -> bool:
        if self.desk.steady() >= self._look_again_at:
            self._is_exhausted = False
        return len(self.queue) < LOW_WATER and not self._is_exhausted

    async def _claim(self) -> None:
        """Claim the next batch; what is due again in those that we hold comes first."""
        desk = self.desk
        for batch in [held for held in self._batches if held.is_kept]:
            self._enqueue(batch, await desk.ledger.read_due(batch.claim))
        claim = await desk.ledger.claim(desk.dispatch_id, self.name)
        if claim is None:
            # A dispatch that began to wait meanwhile gives out nothing: no reason to
            # believe that nothing is left.
            self._is_exhausted = desk.waits.now is None
            self._look_again_at = desk.steady() + LOOK_AGAIN_SECONDS
            return
        batch = Batch(claim, desk, on_over=self._end_batch)
        self._batches.add(batch)
        self._enqueue(batch, await desk.ledger.read_due(claim))
        if not batch.left:
            await self._release(batch)
        # There may be room for another one.
        self._bell.ring()

    def _enqueue(self, batch: Batch, due: Sequence[Delivery]) -> None:
        letters = batch.letters(due)
        if letters:
            self.queue.extend(letters)
            self.desk.bell.ring()

    def _end_batch(self, batch: Batch) -> None:
        """Give it back soon; one in which somebody is set aside would come again."""
        if not batch.set_aside:
            self._over.append(batch)
            self._bell.ring()

    async def _release(self, batch: Batch) -> None:
        await self.desk.ledger.release(batch.claim)
        self._batches.discard(batch)


def is_about_opening(ending: Ending) -> bool:
    """Tell whether an answer came before a message was begun."""
    return isinstance(ending, Answer) and ending.stage in (Stage.CONNECT, Stage.LOGIN)


def _is_about_server(ended: Ended) -> bool:
    reply = ended.outcome.reply
    return reply is not None and reply.enhanced.startswith("4.3.")
