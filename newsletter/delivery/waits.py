"""Waiting is a state: written down with its reason, and over with the next message.

Law: a dispatch that waits grants no intent; so whoever has something to send ends the
waiting first, and orders the intent after that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Wait:
    """Why nothing can leave for a while."""

    #: For people, without a full stop.
    reason: str
    #: Aware; None: nobody knows.
    until: datetime | None = None


class Waits:
    """The waiting of one dispatch.

    Args:
        dispatch_id: Which one.
        ledger: Where it is written down.
        on_wait: Told why and until when; nothing when it is over.
    """

    def __init__(
        self,
        dispatch_id: int,
        ledger: Ledger,
        on_wait: Callable[[str, datetime | None], None],
    ) -> None:
        self._dispatch_id = dispatch_id
        self._ledger = ledger
        self._on_wait = on_wait
        #: The present waiting; None: it runs.
        self.now: Wait | None = None

    async def begin(self, wait: Wait) -> None:
        """Wait, if nobody else halted the dispatch."""
        if self.now == wait:
            return
        await self.end()
        # Set first: an intent that is ordered from now on must end it.
        self.now = wait
        has_begun = await self._ledger.begin_waiting(
            self._dispatch_id, reason=wait.reason, until=wait.until
        )
        if has_begun and self.now is wait:
            self._on_wait(wait.reason, wait.until)

    async def end(self) -> None:
        """Go on; what is ordered after the call comes after it in the ledger too."""
        if self.now is None:
            return
        self.now = None
        await self._ledger.end_waiting(self._dispatch_id)
        self._on_wait("", None)
