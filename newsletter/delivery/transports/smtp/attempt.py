"""A letter on its way over a connection, and how old its permission is."""

import time
from collections.abc import Awaitable

from newsletter.delivery.transports import Letter

#: A permission older than this is not taken along to another connection: meanwhile the
#: dispatch may have been paused.
FRESH_SECONDS = 5.0


class Attempt:
    """A letter on its way."""

    __slots__ = (
        "_asked_at",
        "commands",
        "is_behind",
        "is_heard",
        "letter",
        "message",
        "permission",
    )

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.message = letter.message
        self.commands: tuple[bytes, ...] = ()
        #: Set when its envelope leaves.
        self.permission: Awaitable[bool] | None = None
        self._asked_at = 0.0
        #: Whether the server has said anything about it.
        self.is_heard = False
        #: Whether its envelope left behind another letter's message.
        self.is_behind = False

    def ask(self) -> None:
        """Have the intent written down, once."""
        if self.permission is None:
            # The wall clock goes on while the computer sleeps.
            self._asked_at = time.time()
            self.permission = self.letter.ask()

    @property
    def is_fresh(self) -> bool:
        """Whether its permission, if there is one, still says something."""
        age = time.time() - self._asked_at
        return self.permission is None or 0 <= age < FRESH_SECONDS

    @property
    def may_begin_anew(self) -> bool:
        """Whether it may go to another connection as if there had been none."""
        return self.is_fresh and not self.is_heard
