import asyncio
from dataclasses import replace
from typing import Any

import pytest

from newsletter.delivery.transports import Answer, Denial, Ending, Loss
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.model.message import Message
from newsletter.model.settings import ServerSettings
from newsletter.testing.letters import SampleFeed, SampleLetter
from newsletter.testing.smtp_server import SmtpServer


class Post:
    """What the tests of a line say in one word."""

    @staticmethod
    def letter(to: str = "anna", data: bytes = b"Subject: hi\r\n\r\nhello\r\n") -> Any:
        message = Message(data, "news@example.org", f"{to}@example.org", f"<{to}@x>")
        return SampleLetter(message)

    @staticmethod
    def account(server: SmtpServer | int, **changes: Any) -> Account:
        port = server if isinstance(server, int) else server.port
        plain = ServerSettings("127.0.0.1", port, security="none", timeout_seconds=5)
        return Account(replace(plain, **changes), client_name="example.org")

    @staticmethod
    def with_password(account: Account, password: str, certificate: Any) -> Account:
        return replace(account, password=password, tls=certificate.client)

    @staticmethod
    async def hand_over(account: Account, feed: SampleFeed) -> None:
        line = SmtpLine(account)
        try:
            await line.work(feed)
        finally:
            await line.close()

    @staticmethod
    async def reach(server: SmtpServer, step: str) -> None:
        while not server.seen[step]:  # noqa: ASYNC110 - another thread counts
            await asyncio.sleep(0.01)

    def send(
        self, account: Account, letters: list[SampleLetter], **feed: Any
    ) -> list[Ending]:
        asyncio.run(self.hand_over(account, SampleFeed(letters, **feed)))
        return [ending for (ending,) in (letter.endings for letter in letters)]

    @staticmethod
    def tell(ending: Ending) -> str:
        if isinstance(ending, Answer):
            code = ending.reply.code
            return "taken" if code == 250 else f"{ending.stage.value} {code}"
        if isinstance(ending, Loss):
            return "unknown" if ending.is_message_out else "lost"
        return "denied" if isinstance(ending, Denial) else "misfit"


@pytest.fixture(scope="session")
def post() -> Post:
    return Post()
