"""Ways to hand one message over: by SMTP, into a folder, into memory.

All keep one law: *permit* is awaited exactly once, after the recipient was accepted and
before the first byte of the message leaves; when it says no, nothing leaves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage

#: Writes the intent down and tells whether the message may leave.
Permit = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply that ended an attempt, and the stage it came at."""

    stage: Stage
    reply: Reply


class Transport(Protocol):
    """One line to whatever takes messages; it connects when needed, and again."""

    async def send(self, message: Message, permit: Permit) -> Answer | None:
        """Hand *message* over.

        Returns:
            What was answered; None when *permit* said no.

        Raises:
            ConnectionBrokenError: No answer came.
            SetupError: The server cannot be used as the settings say.
        """

    async def close(self) -> None:
        """Say goodbye; may be called again."""

    def abort(self) -> None:
        """Drop the connection at once, also in the middle of a message."""


class ConnectionBrokenError(Exception):
    """The connection could not be made, or ended without an answer."""

    def __init__(self, reason: str, *, is_message_out: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        #: Whether the message may have been taken: only then is its fate unknown.
        self.is_message_out = is_message_out


class SetupError(Exception):
    """The server cannot be used like this; trying again changes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
