"""Which letter is where: permissions, refusals, the lone dot, what comes too early."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from newsletter.delivery.transports import Answer, Denial, Loss
from newsletter.delivery.transports.smtp import SmtpLine
from newsletter.delivery.transports.smtp.connection import MAX_REFUSALS
from newsletter.model.outcome import Reply
from newsletter.replies import Stage
from newsletter.testing.letters import SampleFeed, SampleLetter
from newsletter.testing.smtp_server import EXTENSIONS, Fault, SmtpServer

CONNECTION = "newsletter.delivery.transports.smtp.connection"
TAKEN = Answer(Stage.END, Reply(250, "ok, kept", "2.0.0"))
PLAIN = tuple(one for one in EXTENSIONS if one != "PIPELINING")
NO = Fault("rcpt", recipient="gone", reply="550 5.1.1 no such user")

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
both_ways = pytest.mark.parametrize(
    "offers", [EXTENSIONS, PLAIN], ids=["pipelined", "one-by-one"]
)


def words(server: SmtpServer) -> list[str]:
    return [line.split()[0] for line in server.recording.commands]


def with_permission(letter: Any, permission: Callable[[], Awaitable[bool]]) -> Any:
    return SampleLetter(letter.message, permission)


async def no() -> bool:
    return False


async def say(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *replies: bytes
) -> None:
    """Greet with the first reply, and answer each line with the next."""
    for number, reply in enumerate(replies):
        if number:
            await reader.readline()
        writer.write(reply + b"\r\n")


async def hand_over_to(answer: Conversation, post: Any, letter: SampleLetter) -> None:
    """Hand a letter to a server that says what *answer* says."""
    is_over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer)
        writer.transport.abort()
        is_over.set()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        account = post.account(server.sockets[0].getsockname()[1])
        await post.hand_over(account, SampleFeed([letter]))
        await is_over.wait()
        await asyncio.sleep(0)


# --- what leaves, and in which order --------------------------------------------------


def test_session_sends_envelope_and_body_as_they_are(post: Any) -> None:
    data = b"Subject: hi\r\n\r\none\r\n" + b"x" * 70 + b"\r\n"
    with SmtpServer() as server:
        assert post.send(post.account(server), [post.letter(data=data)]) == [TAKEN]
        (received,) = server.messages
    assert received.data == data
    assert received.sender == "news@example.org"
    assert received.recipients == ("anna@example.org",)
    assert received.options == (f"SIZE={len(data)}",)
    assert received.client == "example.org"


def test_session_with_pipelining_sends_body_and_next_envelope_together(
    post: Any,
) -> None:
    """The second envelope is there before the first message was answered."""
    with SmtpServer([Fault("end", nth=1, delay_seconds=0.2)]) as server:
        waiting: list[int] = []
        letters = [post.letter("a"), post.letter("b")]

        async def look() -> bool:
            waiting.append(len(letters[0].endings))
            return True

        letters[1] = with_permission(letters[1], look)
        assert post.send(post.account(server), letters) == [TAKEN, TAKEN]
    assert waiting == [0]


def test_session_without_pipelining_waits_for_each_answer(post: Any) -> None:
    faults = [Fault(step, delay_seconds=0.02) for step in ("mail", "rcpt", "end")]
    with SmtpServer(faults, offers=PLAIN, lies=["forgets-group"]) as server:
        letters = [post.letter("a"), post.letter("b")]
        assert post.send(post.account(server), letters) == [TAKEN, TAKEN]
        assert words(server)[1:] == ["MAIL", "RCPT", "DATA"] * 2 + ["QUIT"]


@both_ways
def test_session_asks_once_and_before_the_first_byte(post: Any, offers: Any) -> None:
    with SmtpServer(offers=offers) as server:
        seen: list[tuple[int, int]] = []

        async def look() -> bool:
            await asyncio.sleep(0.05)
            seen.append((len(server.messages), len(server.recording.broken_off)))
            return True

        letters = [with_permission(post.letter(name), look) for name in "ab"]
        post.send(post.account(server), letters)
        assert [letter.times_asked for letter in letters] == [1, 1]
        assert seen == [(0, 0), (1, 0)]


@both_ways
def test_session_of_a_large_message_to_a_slow_reader_delivers_it(
    post: Any, offers: Any
) -> None:
    data = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 130_000
    with SmtpServer([Fault("body", delay_seconds=0.1)], offers=offers) as server:
        letters = [post.letter("a", data), post.letter("b", data)]
        assert post.send(post.account(server), letters) == [TAKEN, TAKEN]
        assert [len(one.data) for one in server.messages] == [len(data)] * 2


# --- denied ---------------------------------------------------------------------------


@both_ways
def test_session_when_denied_hangs_up_without_a_dot(post: Any, offers: Any) -> None:
    """A lone dot would deliver an empty mail; the letter before it is settled first."""
    with SmtpServer(offers=offers) as server:
        denied = with_permission(post.letter("b"), no)
        letters = [post.letter("a"), denied, post.letter("c")]
        assert post.send(post.account(server), letters) == [TAKEN, Denial(), TAKEN]
        assert server.recording.recipients == ["a@example.org", "c@example.org"]
        assert server.recording.broken_off == [b""]
        assert server.recording.connections == 2


def test_session_when_the_permission_fails_drops_the_connection(post: Any) -> None:
    async def fail() -> bool:
        raise RuntimeError("no disk")

    with SmtpServer() as server:
        letters = [post.letter("a"), with_permission(post.letter("b"), fail)]
        with pytest.raises(RuntimeError, match=r"^no disk$"):
            post.send(post.account(server), letters)
        assert [letter.endings for letter in letters] == [[TAKEN], []]
        assert server.recording.recipients == ["a@example.org"]


# --- refused --------------------------------------------------------------------------


@both_ways
def test_session_after_a_refusal_goes_on_with_the_next_letter(
    post: Any, offers: Any
) -> None:
    with SmtpServer([NO], offers=offers) as server:
        letters = [post.letter(name) for name in ("gone", "a", "gone", "gone", "b")]
        refused = Answer(Stage.RCPT, Reply(550, "no such user", "5.1.1"))
        assert post.send(post.account(server), letters) == [
            refused,
            TAKEN,
            refused,
            refused,
            TAKEN,
        ]
        assert server.recording.connections == 1
        assert server.recording.recipients == ["a@example.org", "b@example.org"]


def test_session_refused_but_told_to_go_ahead_says_a_lone_dot(post: Any) -> None:
    """RFC 2920, section 3.1: a client that said DATA has to end it."""
    with SmtpServer([NO], lies=["go-ahead"]) as server:
        letters = [post.letter(name) for name in ("a", "gone", "b")]
        endings = post.send(post.account(server), letters)
        refused = Answer(Stage.RCPT, Reply(550, "no such user", "5.1.1"))
        assert endings == [TAKEN, refused, TAKEN]
        assert server.recording.connections == 1
        assert server.recording.recipients == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize("reply", ["250 2.0.0 ok", "421 4.3.0 enough"])
def test_session_ignores_what_is_said_to_the_lone_dot(post: Any, reply: str) -> None:
    faults = [NO, Fault("end", recipient="nobody", reply=reply)]
    with SmtpServer(faults, lies=["go-ahead"]) as server:
        letters = [post.letter(name) for name in ("gone", "b")]
        assert post.send(post.account(server), letters)[1] == TAKEN


def test_session_told_to_go_ahead_with_a_recipient_but_no_sender_hangs_up(
    post: Any,
) -> None:
    """A dot would now deliver an empty mail to somebody."""
    rest: list[bytes] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        replies = (b"250-x\r\n250 PIPELINING", b"451 4.3.0 later", b"250 ok", b"354 go")
        await say(reader, writer, b"220 hi", *replies)
        with suppress(ConnectionError):
            rest.append(await reader.read())

    letter = post.letter()
    asyncio.run(hand_over_to(answer, post, letter))
    assert letter.endings == [Answer(Stage.MAIL, Reply(451, "later", "4.3.0"))]
    assert rest in ([], [b""])


@both_ways
def test_session_after_many_refusals_takes_a_new_connection(
    post: Any, offers: Any
) -> None:
    with SmtpServer([NO], offers=offers) as server:
        letters = [post.letter("gone") for _ in range(MAX_REFUSALS)]
        post.send(post.account(server), [*letters, post.letter("a")])
        assert server.messages[0].connection == 2


# --- what the server cannot take ------------------------------------------------------


def test_session_to_a_server_without_smtputf8_refuses_only_that_letter(
    post: Any,
) -> None:
    letter = post.letter("zoë")
    letter = SampleLetter(replace(letter.message, needs_smtputf8=True))
    with SmtpServer(offers=("8BITMIME", "PIPELINING")) as server:
        letters = [post.letter("a"), letter, post.letter("b")]
        endings = post.send(post.account(server), letters)
        text = "this mail server takes no address with letters outside ASCII"
        assert endings == [TAKEN, Answer(Stage.RCPT, Reply(553, text, "5.6.7")), TAKEN]
        assert letter.times_asked == 0
        assert server.recording.connections == 1


@both_ways
def test_session_with_letters_outside_ascii_asks_for_smtputf8(
    post: Any, offers: Any
) -> None:
    message = post.letter("zoë", "Subject: zoë\r\n\r\nhi\r\n".encode()).message
    letter = SampleLetter(replace(message, needs_smtputf8=True))
    with SmtpServer(offers=offers) as server:
        assert post.send(post.account(server), [letter]) == [TAKEN]
        (received,) = server.messages
    assert received.recipients == ("zoë@example.org",)
    assert received.options == ("SIZE=21", "SMTPUTF8", "BODY=8BITMIME")


def test_session_refuses_a_message_larger_than_the_server_announced(post: Any) -> None:
    with SmtpServer(offers=("SIZE 1000", "PIPELINING")) as server:
        letter = post.letter("a", b"x" * 999 + b"\r\n")
        endings = post.send(post.account(server), [letter, post.letter("b")])
        text = "the message has 1001 bytes, and this mail server takes 1000 at the most"
        assert endings == [Answer(Stage.MAIL, Reply(552, text, "5.3.4")), TAKEN]
        assert letter.times_asked == 0


def test_session_asks_for_reports_where_they_are_offered(post: Any) -> None:
    with SmtpServer(offers=("DSN",)) as server:
        post.send(post.account(server), [post.letter("anna+x")])
        (received,) = server.messages
    assert received.options == ("RET=HDRS", "ENVID=anna+2Bx")
    assert received.wishes == (
        "NOTIFY=FAILURE,DELAY",
        "ORCPT=rfc822;anna+2Bx@example.org",
    )


# --- lies and time --------------------------------------------------------------------


def test_session_that_forgets_pipelined_commands_is_not_pipelined_again(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTION}.ENVELOPE_SECONDS", 0.3)
    with SmtpServer(lies=["forgets-group"]) as server:
        letters = [post.letter(name) for name in "abcd"]
        first, *rest = post.send(post.account(server), letters)
        reason = f"the mail server 127.0.0.1:{server.port} did not answer in time"
        assert first == Loss(reason, is_message_out=False)
        assert rest == [TAKEN] * 3
        assert server.recording.connections == 2


def test_session_waits_for_the_final_reply_longer_than_for_others(
    post: Any,
) -> None:
    with SmtpServer([Fault("end", delay_seconds=1.3)]) as server:
        impatient = post.account(server, timeout_seconds=1)
        assert post.send(impatient, [post.letter()]) == [TAKEN]


def test_session_gives_up_on_a_server_that_stops_reading(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTION}.PROGRESS_SECONDS", 0.3)
    data = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 200_000
    with SmtpServer([Fault("body", nth=1, delay_seconds=60)]) as server:
        letters = [post.letter("a", data), post.letter("b")]
        reason = f"the mail server 127.0.0.1:{server.port} did not answer in time"
        assert post.send(post.account(server), letters) == [
            Loss(reason, is_message_out=True),
            Loss(reason, is_message_out=False),
        ]


def test_session_waits_for_a_server_that_reads_slowly(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it takes longer than any progress may take."""
    monkeypatch.setattr(f"{CONNECTION}.PROGRESS_SECONDS", 0.4)
    began_at: list[float] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await say(reader, writer, b"220 hi", b"250 x", b"250 ok", b"250 ok", b"354 go")
        began_at.append(time.monotonic())
        piece = b""
        while not piece.endswith(b"\r\n.\r\n"):
            piece = await reader.read(1 << 20)
            await asyncio.sleep(0.02)
        began_at.append(time.monotonic())
        writer.write(b"250 2.0.0 ok, kept\r\n")
        await reader.readline()

    letter = post.letter("a", b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 200_000)
    asyncio.run(hand_over_to(answer, post, letter))
    assert letter.endings == [TAKEN]
    assert began_at[1] - began_at[0] > 0.8


def test_session_told_no_in_the_middle_of_a_message_takes_that_for_an_answer(
    post: Any,
) -> None:
    data = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 200_000
    faults = [Fault("body", nth=1, reply="552 5.3.4 too big", delay_seconds=0.1)]
    with SmtpServer(faults) as server:
        letters = [post.letter("a", data), post.letter("b")]
        big = Answer(Stage.END, Reply(552, "too big", "5.3.4"))
        assert post.send(post.account(server), letters) == [big, TAKEN]


def test_session_told_yes_in_the_middle_of_a_message_does_not_believe_it(
    post: Any,
) -> None:
    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await say(reader, writer, b"220 hi", b"250 x", b"250 ok", b"250 ok", b"354 go")
        await reader.readline()
        writer.write(b"250 ok, got it\r\n")
        await asyncio.sleep(0.2)

    letter = post.letter("a", b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 200_000)
    asyncio.run(hand_over_to(answer, post, letter))
    assert list(map(post.tell, letter.endings)) == ["unknown"]


def test_session_with_a_surplus_reply_during_the_permission_lets_nothing_leave(
    post: Any,
) -> None:
    """It would be taken for the answer to the message."""
    fault = Fault("data", nth=1, reply="354 go", extra="250 2.0.0 ok\r\n")

    async def slowly() -> bool:
        await asyncio.sleep(0.1)
        return True

    with SmtpServer([fault]) as server:
        letter = with_permission(post.letter("a"), slowly)
        (ending,) = post.send(post.account(server), [letter])
        assert post.tell(ending) == "lost"
        assert server.recording.broken_off == [b""]


def test_session_lost_during_the_permission_lets_nothing_leave(post: Any) -> None:
    with SmtpServer() as server:

        async def stop() -> bool:
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(0.05)
            return True

        letter = with_permission(post.letter("a"), stop)
        (ending,) = post.send(post.account(server), [letter])
        assert ending == Loss(
            f"the mail server 127.0.0.1:{server.port} broke off the connection",
            is_message_out=False,
        )


def test_session_that_is_cancelled_tells_that_its_message_is_out(post: Any) -> None:
    """Nobody should; a loop that ends does."""

    async def run(server: SmtpServer) -> Any:
        letters = [post.letter("a"), post.letter("b")]
        line = SmtpLine(post.account(server))
        work = asyncio.ensure_future(line.work(SampleFeed(letters)))
        await post.reach(server, "end")
        work.cancel()
        await asyncio.wait({work})
        assert work.cancelled()
        return [letter.endings for letter in letters]

    with SmtpServer([Fault("end", delay_seconds=60)]) as server:
        out, begun = asyncio.run(run(server))
    reason = "the connection was dropped from this side"
    assert (out, begun) == ([Loss(reason, is_message_out=True)], [])
