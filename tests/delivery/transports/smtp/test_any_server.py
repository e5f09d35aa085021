"""Whatever a server says, and however its words are cut: no ending is untrue."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from newsletter.testing.letters import SampleFeed, SampleLetter
from newsletter.testing.smtp_inbox import GoneError, Inbox

#: What is done instead of an answer, or with it. What nobody asked for comes together
#: with what somebody did: alone it could be taken for the answer to a message.
DEEDS = ("no", "later", "421", "hang up", "leave", "twice", "more", "noise", "silly")
#: By BDAT all yeses are alike but for what they speak of (RFC 3463): a server that says
#: one too many, and not of what, could be taken at its word.
YES = {"MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go"}
YES |= {"RSET": "250 2.0.0 ok"}
OFFERS = {
    "pipelined": b"250-x\r\n250 PIPELINING\r\n",
    "one-by-one": b"250 x\r\n",
    "chunked": b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
}


class Hanging(Exception):  # noqa: N818 - not an error
    """The server has had enough."""


class Caprice:
    """A mail server that does one deed after the other, then behaves."""

    def __init__(self, deeds: list[str], cuts: list[int], *, way: str) -> None:
        self.deeds: Iterator[str] = chain(deeds, repeat("yes"))
        self.cuts: Iterator[int] = chain(cuts, repeat(10_000))
        self.offer = OFFERS[way]
        self.kept: Counter[str] = Counter()
        self.open = 0
        self.is_idle = asyncio.Event()

    async def talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.open += 1
        self.is_idle.clear()
        try:
            writer.write(b"220 hi\r\n")
            inbox = Inbox(reader)
            await inbox.line()
            writer.write(self.offer)
            while True:
                await self.transact(inbox, writer)
        except (Hanging, GoneError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open -= 1
            if not self.open:
                self.is_idle.set()

    async def transact(self, inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        said = Counter[str]()
        recipient = ""
        while True:
            line = (await inbox.line()).decode().strip()
            word = line[:4]
            if word == "QUIT":
                writer.write(b"221 bye\r\n")
                raise Hanging
            # In order, or not at all: it is not this server's part to take a mail for
            # nobody.
            if word == "BDAT":
                await inbox.exactly(int(line.split()[1]))
            if (word == "RCPT" and not said["MAIL"]) or (
                word in ("DATA", "BDAT") and not recipient
            ):
                await self.say("503 not now", writer)
                continue
            if word == "BDAT":
                await self.end(recipient, writer)
                return
            is_yes = await self.answer(YES[word], writer)
            if word == "RSET":
                return
            said[word] += is_yes
            if word == "RCPT" and is_yes:
                recipient = line[9:-1]
            if word == "DATA" and is_yes:
                await inbox.message()
                await self.end(recipient, writer)
                return

    async def end(self, recipient: str, writer: asyncio.StreamWriter) -> None:
        """Answer the final dot; it is kept unless that is a clear no."""
        deed = next(self.deeds)
        self.kept[recipient] += deed not in ("no", "later", "421")
        await self.do(deed, "250 kept", writer)

    async def answer(self, yes: str, writer: asyncio.StreamWriter) -> bool:
        return await self.do(next(self.deeds), yes, writer)

    async def do(self, deed: str, yes: str, writer: asyncio.StreamWriter) -> bool:
        words = {
            "no": "550 5.1.1 no",
            "later": "451 4.3.0 later",
            "421": "421 4.3.2 enough",
            "hang up": "",
            "twice": f"{yes}\r\n{yes}",
            "more": f"{yes}\r\n250 2.1.0 and more",
            "noise": "it works, no really",
            "silly": "250-one\r\n550 two",
        }
        await self.say(words.get(deed, yes), writer)
        if deed in ("421", "hang up", "leave"):
            raise Hanging
        return deed in ("yes", "twice", "more")

    async def say(self, text: str, writer: asyncio.StreamWriter) -> None:
        """Say it in two pieces; what is unasked goes with what is not."""
        said = f"{text}\r\n".encode() if text else b""
        cut = min(next(self.cuts), said.find(b"\n"))
        writer.write(said[:cut])
        await writer.drain()
        if cut < len(said):
            await asyncio.sleep(0)
            writer.write(said[cut:])
            await writer.drain()


async def hand_over(caprice: Caprice, letters: list[SampleLetter], post: Any) -> None:
    server = await asyncio.start_server(caprice.talk, "127.0.0.1", 0)
    async with server:
        account = post.account(server.sockets[0].getsockname()[1], window=3)
        await asyncio.wait_for(post.hand_over(account, SampleFeed(letters)), 20)
        await caprice.is_idle.wait()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from((*DEEDS, *["yes"] * 12)), max_size=24),
    st.lists(st.integers(0, 12), max_size=24),
    st.sampled_from(sorted(OFFERS)),
)
def test_no_ending_contradicts_what_the_server_keeps(
    post: Any, deeds: list[str], cuts: list[int], way: str
) -> None:
    async def run() -> Counter[str]:
        caprice = Caprice(deeds, cuts, way=way)
        await hand_over(caprice, letters, post)
        return caprice.kept

    letters = [post.letter(name) for name in "abcdef"]
    kept = asyncio.run(run())
    for letter in letters:
        (ending,) = map(post.tell, letter.endings)
        event(ending)
        possible = {"taken": (1,), "unknown": (0, 1)}.get(ending, (0,))
        assert kept[letter.message.envelope_recipient] in possible, ending
        assert letter.times_asked == 1
