"""A line's place in its lane: where it takes letters from, and rests after a fault."""

import asyncio
from math import inf
from typing import TYPE_CHECKING

from newsletter.delivery.send_batch import BatchLetter, Ended
from newsletter.delivery.transports import Loss
from newsletter.errors import RecipientError
from newsletter.model.message import Message

if TYPE_CHECKING:
    from newsletter.delivery.lane import Lane

#: A line that fails so often in a row while others get through is one too many for the
#: server,
MAX_LINE_FAILURES = 3
#: and tries again only after so long.
LINE_REST_SECONDS = 600.0
#: A line that may not be used looks so often whether it may.
_LOOK_SECONDS = 5.0


class Seat:
    """The feed of one line (`transports.Feed`)."""

    def __init__(self, lane: "Lane", number: int) -> None:
        self.lane = lane
        self.desk = lane.desk
        self.number = number
        #: Number of the mail server that its line goes to.
        self.server = 0
        #: Faults in a row, and since when.
        self.failures = 0
        self._failing_since = 0.0
        self._rest_until = 0.0
        #: Taken by the line and not settled.
        self._out: set[BatchLetter] = set()
        #: A letter that is being written in a thread.
        self._ahead: tuple[BatchLetter, asyncio.Future[Message]] | None = None

    # --- the feed ---------------------------------------------------------------------

    def take_ready(self) -> BatchLetter | None:
        """Return a letter that may leave this very moment, if there is one."""
        lane = self.lane
        if self.failures or self.desk.trouble.is_failing or lane.is_over:
            return None
        if self.server != self.desk.route.now or self.number >= lane.allowed:
            return None
        take = self._write_next if self.desk.threads is None else self._written
        if not lane.is_paced:
            return take()
        moment = lane.moments.take()
        if moment is None:
            return None
        letter = take()
        if letter is None:
            lane.moments.put_back(moment)
        return letter

    async def take(self) -> BatchLetter | None:
        """Wait for the next letter; None when there is none left."""
        while not self.lane.is_over and self.server == self.desk.route.now:
            seconds = self._pause()
            if not seconds:
                letter = await self._take_now()
                if letter is not None:
                    return letter
                continue
            if self._ahead is not None:
                # Nobody waits for a line that rests.
                await self._put_ahead_back()
            await self.desk.bell.wait(None if seconds == inf else seconds)
        return None

    async def leave(self, *, has_failed: bool) -> None:
        """Give back what the line did not take, or dropped when it failed."""
        if self._ahead is not None:
            await self._put_ahead_back()
        if has_failed:
            for letter in [one for one in self._out if not one.is_settled]:
                # Nothing of it left: that is the line's law.
                letter.settle(Loss("the line broke", is_message_out=False))

    def _pause(self) -> float:
        """Return for how many seconds nothing may be taken; 0: it may."""
        lane, trouble, now = self.lane, self.desk.trouble, self.desk.steady()
        if self.number >= lane.allowed:
            return _LOOK_SECONDS
        if self.failures and self._rest_until > now:
            return self._rest_until - now
        if trouble.is_failing:
            if trouble.prober not in (None, self):
                return inf
            if trouble.next_try_at > now:
                return trouble.next_try_at - now
        if not lane.queue and self._ahead is None:
            return inf
        return lane.seconds_to_moment() if lane.is_paced else 0.0

    # --- writing ----------------------------------------------------------------------

    async def _take_now(self) -> BatchLetter | None:
        """Take the next letter and its moment: nobody else gets that one meanwhile."""
        lane = self.lane
        moment = lane.moments.take() if lane.is_paced else None
        letter = await self._next()
        if letter is None and moment is not None:
            lane.moments.put_back(moment)
        return letter

    async def _next(self) -> BatchLetter | None:
        if self.desk.threads is None:
            return self._write_next()
        if self._ahead is None:
            self._write_ahead()
        if self._ahead is not None:
            await asyncio.wait([self._ahead[1]])
        return None if self.lane.is_over else self._written()

    def _write_next(self) -> BatchLetter | None:
        """Write the next letter now."""
        lane = self.lane
        while lane.queue:
            letter = lane.pop()
            try:
                message = self.desk.write(letter.delivery)
            except RecipientError as error:
                lane.settled()
                letter.refuse(error)
                continue
            return self._begin(letter, message)
        return None

    def _written(self) -> BatchLetter | None:
        """Return the letter that was written ahead, and have the next one written."""
        if self._ahead is None or not self._ahead[1].done():
            return None
        (letter, job), self._ahead = self._ahead, None
        try:
            message = job.result()
        except RecipientError as error:
            self.lane.settled()
            letter.refuse(error)
            return None
        if not self.lane.is_paced:
            self._write_ahead()
        return self._begin(letter, message)

    def _write_ahead(self) -> None:
        if self.lane.queue:
            letter, loop = self.lane.pop(), asyncio.get_running_loop()
            write = self.desk.write
            job = loop.run_in_executor(self.desk.threads, write, letter.delivery)
            self._ahead = (letter, job)

    async def _put_ahead_back(self) -> None:
        if self._ahead is None:
            return
        (letter, job), self._ahead = self._ahead, None
        self.lane.settled()
        self.lane.queue.appendleft(letter)
        self.desk.bell.ring()
        await asyncio.wait([job])
        # It is written again at its turn; what is wrong with it shows then.
        job.exception()

    def _begin(self, letter: BatchLetter, message: Message) -> BatchLetter:
        if self.desk.trouble.is_failing:
            self.desk.trouble.prober = self
        self._out.add(letter)
        letter.begin(self, message)
        return letter

    # --- endings (`send_batch.Place`) -------------------------------------------------

    def note_accepted(self, letter: BatchLetter) -> None:
        """The mail server took it."""
        self._out.discard(letter)
        self.failures = 0
        self.lane.note_accepted()

    def note_ended(self, letter: BatchLetter, ended: Ended) -> None:
        """It ended otherwise: go on, rest, or stop everybody."""
        if not ended.outcome.is_our_fault or not ended.outcome.may_pass:
            self.failures = 0
        else:
            self._fail()
        self.lane.note_ended(ended)

    def note_closed(self, letter: BatchLetter, *, is_again: bool) -> None:
        """This attempt is over; it may be for another one."""
        self._out.discard(letter)
        if self.desk.trouble.prober is self:
            self.desk.trouble.prober = None
            self.desk.bell.ring()
        if is_again:
            self.lane.put_back(letter)
        self.lane.settled()

    def _fail(self) -> None:
        trouble, now = self.desk.trouble, self.desk.steady()
        self.failures += 1
        if self.failures == 1:
            self._failing_since = now
        rest = trouble.patience.pause(self.failures)
        # The first line of a lane never rests long: it may be the only one.
        if self.number and self.failures >= MAX_LINE_FAILURES:
            do_others_succeed = trouble.succeeded_at > self._failing_since
            rest = LINE_REST_SECONDS if do_others_succeed else rest
        self._rest_until = now + rest
