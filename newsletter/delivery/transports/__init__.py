"""Ways to hand messages over: by SMTP, into a folder, into memory.

A transport pulls letters from a feed. All keep one law: a letter's permission is asked
for once, and awaited before the first byte of its message leaves; when it says no,
nothing leaves.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply that ended an attempt, and the stage it came at."""

    stage: Stage
    reply: Reply


@dataclass(frozen=True, slots=True)
class Loss:
    """No answer came: the connection could not be made, or ended."""

    #: Half a sentence for the editor.
    reason: str
    #: Whether the message may have been taken: only then is its fate unknown.
    is_message_out: bool


@dataclass(frozen=True, slots=True)
class Misfit:
    """The server cannot be used like this; trying again changes nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denial:
    """Its permission was denied, and nothing of it left."""


#: How the handing over of one letter ended.
Ending = Answer | Loss | Misfit | Denial


class Letter(Protocol):
    """One message on its way through a line.

    Law: `ask` is called at most once, when its envelope leaves; its answer is awaited
    before the first byte of the message leaves, and a no keeps that byte here. `settle`
    is called exactly once for each letter taken, as soon as its fate is known.
    """

    @property
    def message(self) -> Message:
        """The finished bytes and their envelope."""

    def ask(self) -> Awaitable[bool]:
        """Have the intent written down; the answer tells whether it may leave."""

    def settle(self, ending: Ending) -> None:
        """Take down how it ended; returns at once."""


class Feed(Protocol):
    """Where a line gets its letters from.

    After a fault it is the feed that lets a line rest, by waiting in `take`.
    """

    def take_ready(self) -> Letter | None:
        """Return a letter that may leave this very moment, if there is one."""

    async def take(self) -> Letter | None:
        """Wait for the next letter, perhaps for hours; None when there is none left."""


class Transport(Protocol):
    """One line to whatever takes messages; it connects when needed, and again."""

    async def work(self, feed: Feed) -> None:
        """Hand over one letter after the other until *feed* has none left.

        A fault of the connection is an ending of the letters on it, not of the work.

        Raises:
            Exception: Only what `Letter.ask` or *feed* raised, or a bug; the connection
                is dropped then, and letters that were not settled never left.
        """

    async def close(self) -> None:
        """Say goodbye; may be called again."""

    def stop_connecting(self) -> None:
        """Make no connection any more, and give up one that is being made.

        Nothing of a letter has left then; what is connected comes to its end.
        """

    def abort(self) -> None:
        """Drop the connection at once, also in the middle of a message."""


class SetupError(Exception):
    """Settings with which no transport can be made."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
