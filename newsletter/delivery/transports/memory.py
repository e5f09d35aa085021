"""Hand messages to a list: for tests, and for who wants to see what would be sent."""

from collections.abc import Callable

from newsletter.delivery.transports import Answer, Permit
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage


def take_everything(_: Message) -> Answer:
    """Answer as a server that takes every message."""
    return Answer(Stage.END, Reply(250, "Ok", "2.0.0"))


class MemoryTransport:
    """Keeps what it is given.

    Args:
        kept: Where accepted messages go.
        answer: What to say to a message; may raise as any transport does. What comes at
            an earlier stage than the end is said before *permit* is asked.
    """

    def __init__(
        self,
        kept: list[Message] | None = None,
        answer: Callable[[Message], Answer] = take_everything,
    ) -> None:
        self.kept = [] if kept is None else kept
        self._answer = answer

    async def send(self, message: Message, permit: Permit) -> Answer | None:
        """Keep *message* if it is permitted and answered with a yes."""
        answer = self._answer(message)
        if answer.stage is not Stage.END:
            return answer
        if not await permit():
            return None
        if answer.reply.code == 250:
            self.kept.append(message)
        return answer

    async def close(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""
