"""All that a sender needs besides a batch."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.delivery.bell import Bell
from newsletter.delivery.ledger import Ledger
from newsletter.delivery.pace import Brakes, Meter
from newsletter.delivery.pens import Pens
from newsletter.delivery.pulse import Pulse
from newsletter.delivery.route import Route
from newsletter.delivery.schedule import RetryPolicy
from newsletter.delivery.stop import Stop
from newsletter.delivery.trouble import Trouble
from newsletter.delivery.waits import Waits
from newsletter.model.delivery import Delivery, DeliveryState
from newsletter.model.message import Message


@dataclass(frozen=True, slots=True)
class Desk:
    """What all lanes of a run share; made inside its loop."""

    dispatch_id: int
    ledger: Ledger
    #: The message for one recipient, made now.
    write: Callable[[Delivery], Message]
    stop: Stop
    trouble: Trouble
    brakes: Brakes
    waits: Waits
    pulse: Pulse
    route: Route
    #: Aware, UTC.
    clock: Callable[[], datetime]
    #: What does the same ahead of each letter's turn; None: `write` is quick enough to
    #: be called at once.
    pens: Pens | None = None
    #: Told each change of state, for the progress display.
    on_outcome: Callable[[DeliveryState, DeliveryState], None] = lambda *_: None
    #: Told what hinders us.
    on_trouble: Callable[[str], None] = lambda _: None
    #: Told that the mail server wants less than the limits allow; empty: no more.
    on_slow: Callable[[str], None] = lambda _: None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    #: Counts for all lanes.
    meter: Meter = field(default_factory=Meter)
    #: Rings when a letter may be there for a line that waits.
    bell: Bell = field(default_factory=Bell)
    #: Seconds of a clock that a sleeping computer stops.
    steady: Callable[[], float] = time.monotonic

    def change_server(self) -> None:
        """Give the mail server up for the next one, or for another try."""
        before = self.route.now
        self.route.turn()
        if self.route.now != before:
            self.trouble.begin_anew()
            self.bell.ring()

    def millis(self) -> int:
        """Return the present in milliseconds since 1970."""
        return int(self.clock().timestamp() * 1000)
