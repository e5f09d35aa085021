"""Hand messages to a list: for tests, and for who wants to see what would be sent."""

from collections.abc import Callable

from newsletter.delivery.transports import (
    Answer,
    Denial,
    Ending,
    Feed,
    Letter,
    Loss,
)
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage

_BEFORE_ENVELOPE = (Stage.CONNECT, Stage.LOGIN)


def take_everything(_: Message) -> Ending:
    """Answer as a server that takes every message."""
    return Answer(Stage.END, Reply(250, "Ok", "2.0.0"))


class MemoryTransport:
    """Keeps what it is given.

    Args:
        kept: Where accepted messages go.
        answer: How a message ends. What comes at an earlier stage than the end is said
            before the permission is known, as a server does.
    """

    def __init__(
        self,
        kept: list[Message] | None = None,
        answer: Callable[[Message], Ending] = take_everything,
    ) -> None:
        self.kept = [] if kept is None else kept
        self._answer = answer

    async def work(self, feed: Feed) -> None:
        """Take one letter after the other; see `Transport.work`."""
        while True:
            letter = feed.take_ready() or await feed.take()
            if letter is None:
                return
            letter.settle(await self.hand_over(letter))

    async def hand_over(self, letter: Letter) -> Ending:
        """Keep a message if it is permitted and answered with a yes."""
        ending = self._answer(letter.message)
        if isinstance(ending, Answer) and ending.stage not in _BEFORE_ENVELOPE:
            permission = letter.ask()
            if ending.stage is not Stage.END:
                return ending
        elif isinstance(ending, Loss) and ending.is_message_out:
            permission = letter.ask()
        else:
            return ending
        if not await permission:
            return Denial()
        if isinstance(ending, Answer) and ending.reply.code == 250:
            self.kept.append(letter.message)
        return ending

    async def close(self) -> None:
        """Do nothing."""

    def stop_connecting(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""
