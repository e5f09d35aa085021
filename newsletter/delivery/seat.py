"""A line's place in its lane: where it takes letters from, and rests after a fault."""

from math import inf
from typing import TYPE_CHECKING

from newsletter.delivery.send_batch import BatchLetter, Ended
from newsletter.delivery.transports import Loss
from newsletter.model.message import Message

if TYPE_CHECKING:
    from newsletter.delivery.lane import Lane

#: A line that fails so often in a row while others get through is one too many for the
#: server,
MAX_LINE_FAILURES = 3
#: and tries again only after so long.
LINE_REST_SECONDS = 600.0
#: A line that may not be used looks so often whether it may,
_LOOK_SECONDS = 5.0
#: and one that waits for a letter whether there is one after all.
_HUNGRY_SECONDS = 1.0


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

    # --- the feed ---------------------------------------------------------------------

    def take_ready(self) -> BatchLetter | None:
        """Return a letter that may leave this very moment, if there is one."""
        lane = self.lane
        if self.failures or self.desk.trouble.is_failing or lane.is_over:
            return None
        if self.server != self.desk.route.now or self.number >= lane.allowed:
            return None
        return self._take_now()

    async def take(self) -> BatchLetter | None:
        """Wait for the next letter; None when there is none left."""
        while not self.lane.is_over and self.server == self.desk.route.now:
            seconds = self._pause()
            if seconds:
                await self.desk.bell.wait(None if seconds == inf else seconds)
                continue
            letter = self._take_now()
            if letter is not None:
                return letter
            await self.lane.hungry.wait(_HUNGRY_SECONDS)
        return None

    def give_back(self) -> None:
        """Settle what a line that failed left behind: nothing of it left."""
        for letter in [one for one in self._out if not one.is_settled]:
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
        return lane.seconds_to_moment() if lane.is_paced else 0.0

    def _take_now(self) -> BatchLetter | None:
        """Take the next letter, and the moment it needs."""
        lane = self.lane
        if not lane.is_paced:
            return self._begin(lane.next_letter())
        moment = lane.moments.take()
        if moment is None:
            return None
        letter = self._begin(lane.next_letter())
        if letter is None:
            lane.moments.put_back(moment)
        return letter

    def _begin(self, written: tuple[BatchLetter, Message] | None) -> BatchLetter | None:
        if written is None:
            return None
        letter, message = written
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
        if self.failures and now < self._rest_until:
            # Several letters of one connection: that is one fault.
            return
        self.failures += 1
        if self.failures == 1:
            self._failing_since = now
        rest = trouble.patience.pause(self.failures)
        # The first line of a lane never rests long: it may be the only one.
        if self.number and self.failures >= MAX_LINE_FAILURES:
            do_others_succeed = trouble.succeeded_at > self._failing_since
            rest = LINE_REST_SECONDS if do_others_succeed else rest
        self._rest_until = now + rest
