"""Several messages on their way by BDAT: what leaves together, and what is in doubt."""

import asyncio
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
from newsletter.testing.smtp_inbox import GoneError, Inbox
from newsletter.testing.smtp_server import EXTENSIONS, Fault, SmtpServer

CHUNKING = (*EXTENSIONS, "CHUNKING")
TAKEN = Answer(Stage.END, Reply(250, "ok, kept", "2.0.0"))
NO = Fault("rcpt", recipient="gone", reply="550 5.1.1 no such user")
GONE = Answer(Stage.RCPT, Reply(550, "no such user", "5.1.1"))
YES = b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 kept\r\n"

Conversation = Callable[[Inbox, asyncio.StreamWriter], Awaitable[None]]


def words(server: SmtpServer) -> list[str]:
    """Return what the client said after its greeting."""
    return [line.split()[0] for line in server.recording.commands[1:]]


def names(post: Any, text: str) -> list[SampleLetter]:
    return [post.letter(name) for name in text.split()]


def with_permission(letter: Any, permission: Callable[[], Awaitable[bool]]) -> Any:
    return SampleLetter(letter.message, permission)


async def no() -> bool:
    return False


async def read_mail(inbox: Inbox) -> str:
    """Read an envelope and its message, whatever stands before; return for whom."""
    while not (line := await inbox.line()).startswith(b"RCPT"):
        pass
    size = (await inbox.line()).split()[1]
    await inbox.exactly(int(size))
    return line.decode()[9:-3]


async def hand_over_to(answer: Conversation, post: Any, letters: Any) -> None:
    """Hand letters to a server that does what *answer* does on each connection."""

    tasks: set[asyncio.Task[Any]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        inbox = Inbox(reader)
        writer.write(b"220 hi\r\n")
        await inbox.line()
        writer.write(b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
        with suppress(GoneError):
            await answer(inbox, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        account = post.account(server.sockets[0].getsockname()[1], window=4)
        await asyncio.wait_for(post.hand_over(account, SampleFeed(letters)), 20)
        await asyncio.gather(*tasks)


# --- what leaves, and in which order --------------------------------------------------


def test_chunked_sends_as_many_as_the_window_holds_before_any_answer(
    post: Any,
) -> None:
    """The first goes alone; of the next ones four are there before one is answered."""
    seen: list[str] = []

    async def answer(inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        await read_mail(inbox)
        writer.write(YES)
        seen.extend([await read_mail(inbox) for _ in range(4)])
        more = asyncio.ensure_future(read_mail(inbox))
        await asyncio.sleep(0.2)
        assert not more.done()
        writer.write(YES + (b"250 2.0.0 ok\r\n" + YES) * 3)
        seen.extend([await more, await read_mail(inbox)])
        writer.write(YES + b"250 2.0.0 ok\r\n" + YES)

    letters = names(post, "a b c d e f g")
    asyncio.run(hand_over_to(answer, post, letters))
    assert seen == [f"{name}@example.org" for name in "bcdefg"]
    assert [post.tell(letter.endings[0]) for letter in letters] == ["taken"] * 7


def test_chunked_sends_bytes_and_envelope_as_they_are(post: Any) -> None:
    """No dot is doubled: the length says where the message ends."""
    data = b"Subject: hi\r\n\r\n.\r\n..two\r\nRSET\r\n" + b"x" * 70 + b"\r\n"
    with SmtpServer(offers=CHUNKING) as server:
        letters = [post.letter(name, data) for name in ("a", "b")]
        assert post.send(post.account(server, window=4), letters) == [TAKEN, TAKEN]
        assert [one.data for one in server.messages] == [data, data]
        assert server.messages[0].sender == "news@example.org"
        assert server.messages[0].options == (f"SIZE={len(data)}",)
        assert words(server) == ["MAIL", "RCPT", "BDAT"] * 2 + ["QUIT"]


def test_chunked_resets_between_letters_whose_fate_is_open(post: Any) -> None:
    with SmtpServer(offers=CHUNKING) as server:
        post.send(post.account(server, window=4), names(post, "a b c"))
        rest = ["RSET", "MAIL", "RCPT", "BDAT", "QUIT"]
        assert words(server) == ["MAIL", "RCPT", "BDAT"] * 2 + rest


def test_chunked_asks_for_what_the_letters_need(post: Any) -> None:
    message = post.letter("zoë", "Subject: zoë\r\n\r\nhi\r\n".encode()).message
    letter = SampleLetter(replace(message, needs_smtputf8=True))
    with SmtpServer(offers=(*CHUNKING, "DSN")) as server:
        assert post.send(post.account(server, window=2), [letter]) == [TAKEN]
        (received,) = server.messages
    assert received.options == (
        *("SIZE=21", "SMTPUTF8", "BODY=8BITMIME", "RET=HDRS"),
        "ENVID=zo+EB",
    )
    assert received.wishes == ("NOTIFY=FAILURE,DELAY",)


@pytest.mark.parametrize(
    ("offers", "window"),
    [
        (CHUNKING, 1),
        (EXTENSIONS, 4),
        ([one for one in CHUNKING if one != "PIPELINING"], 4),
    ],
    ids=["no-window", "no-chunking", "no-pipelining"],
)
def test_line_uses_data_unless_a_window_is_wanted_and_possible(
    post: Any, offers: Any, window: int
) -> None:
    with SmtpServer(offers=offers) as server:
        account = post.account(server, window=window)
        assert post.send(account, names(post, "a b")) == [TAKEN] * 2
        assert words(server).count("DATA") == 2


def test_chunked_refuses_a_message_larger_than_announced_and_goes_on(
    post: Any,
) -> None:
    offers = ("SIZE 1000", "PIPELINING", "CHUNKING")
    with SmtpServer(offers=offers) as server:
        big = post.letter("big", b"x" * 999 + b"\r\n")
        letters = [post.letter("a"), big, post.letter("b")]
        endings = post.send(post.account(server, window=4), letters)
        text = "the message has 1001 bytes, and this mail server takes 1000 at the most"
        assert endings == [TAKEN, Answer(Stage.MAIL, Reply(552, text, "5.3.4")), TAKEN]
        assert big.times_asked == 0


def test_chunked_of_large_messages_to_a_slow_reader_delivers_them(post: Any) -> None:
    data = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 130_000
    with SmtpServer([Fault("body", delay_seconds=0.1)], offers=CHUNKING) as server:
        letters = [post.letter(name, data) for name in "abcd"]
        assert post.send(post.account(server, window=4), letters) == [TAKEN] * 4
        assert [len(one.data) for one in server.messages] == [len(data)] * 4


def test_chunked_over_tls_delivers_large_messages(post: Any, certificate: Any) -> None:
    data = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 20_000
    with SmtpServer(
        offers=CHUNKING, security="tls", certificate=certificate.server
    ) as server:
        account = post.account(server, window=4, security="tls")
        account = post.with_password(account, "", certificate)
        letters = [post.letter(name, data) for name in "abcdef"]
        assert post.send(account, letters) == [TAKEN] * 6
        assert [one.data for one in server.messages] == [data] * 6


# --- permissions ----------------------------------------------------------------------


def test_chunked_asks_once_and_waits_for_the_answer(post: Any) -> None:
    seen: list[int] = []
    with SmtpServer(offers=CHUNKING) as server:

        async def look() -> bool:
            await asyncio.sleep(0.05)
            seen.append(len(server.messages))
            return True

        letters = [with_permission(post.letter(name), look) for name in "abc"]
        post.send(post.account(server, window=4), letters)
        assert [letter.times_asked for letter in letters] == [1, 1, 1]
        assert seen == [0, 1, 1]
        assert server.recording.broken_off == []


def test_chunked_when_denied_writes_nothing_of_it_and_goes_on(post: Any) -> None:
    with SmtpServer(offers=CHUNKING) as server:
        letters = names(post, "a b c d")
        letters[0] = with_permission(letters[0], no)
        letters[2] = with_permission(letters[2], no)
        endings = post.send(post.account(server, window=4), letters)
        assert endings == [Denial(), TAKEN, Denial(), TAKEN]
        assert server.recording.recipients == ["b@example.org", "d@example.org"]
        assert server.recording.connections == 1
        assert server.seen["mail"] == 2


def test_chunked_when_a_permission_fails_leaves_in_doubt_what_is_out(
    post: Any,
) -> None:
    async def fail() -> bool:
        await asyncio.sleep(0.1)
        raise RuntimeError("no disk")

    faults = [Fault("end", nth=2, delay_seconds=30)]
    with SmtpServer(faults, offers=CHUNKING) as server:
        letters = names(post, "a b c d")
        letters[2] = with_permission(letters[2], fail)
        with pytest.raises(RuntimeError, match=r"^no disk$"):
            post.send(post.account(server, window=4), letters)
    reason = "the connection was dropped from this side"
    out = Loss(reason, is_message_out=True)
    assert [letter.endings for letter in letters] == [[TAKEN], [out], [], []]


# --- refused --------------------------------------------------------------------------


def test_chunked_after_a_refusal_says_what_was_said_first_and_goes_on(
    post: Any,
) -> None:
    faults = [NO, Fault("mail", nth=5, reply="451 4.3.0 later")]
    with SmtpServer(faults, offers=CHUNKING) as server:
        letters = names(post, "gone a gone b c gone d")
        assert post.send(post.account(server, window=4), letters) == [
            *(GONE, TAKEN, GONE, TAKEN),
            Answer(Stage.MAIL, Reply(451, "later", "4.3.0")),
            *(GONE, TAKEN),
        ]
        assert server.recording.connections == 1
        expected = [f"{name}@example.org" for name in "abd"]
        assert server.recording.recipients == expected


def test_chunked_never_risks_more_refusals_than_a_server_bears(post: Any) -> None:
    """Postfix hangs up after 20 errors; each of these is two."""
    with SmtpServer([NO], offers=CHUNKING) as server:
        letters = [post.letter("a"), *names(post, "gone " * 15)]
        endings = post.send(post.account(server, window=8), letters)
        assert endings == [TAKEN, *[GONE] * 15]
        assert server.recording.connections == 2
        first = server.recording.commands.index("QUIT")
        said = server.recording.commands[:first]
        refused = [line for line in said if line.startswith("RCPT TO:<gone")]
        assert len(refused) == MAX_REFUSALS


def test_chunked_keeps_to_the_messages_of_a_connection(post: Any) -> None:
    with SmtpServer(offers=CHUNKING) as server:
        account = post.account(server, window=4, messages_per_connection=3)
        assert post.send(account, names(post, "a b c d e f g")) == [TAKEN] * 7
        assert [one.connection for one in server.messages] == [1, 1, 1, 2, 2, 2, 3]


# --- the end of a connection ----------------------------------------------------------


def test_chunked_connection_cut_leaves_in_doubt_what_was_not_answered(
    post: Any,
) -> None:
    async def answer(inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        await read_mail(inbox)
        writer.write(YES)
        for _ in range(4):
            await read_mail(inbox)
        # Whole of the first, and that the second one's recipient is none.
        writer.write(YES + b"250 ok\r\n250 ok\r\n550 5.1.1 no such user\r\n")

    letters = names(post, "a b c d e")
    asyncio.run(hand_over_to(answer, post, letters))
    told = [post.tell(letter.endings[0]) for letter in letters]
    assert told == ["taken", "taken", "rcpt 550", "unknown", "unknown"]


@pytest.mark.parametrize("said", [b"", b"421 4.3.2 enough\r\n"])
def test_chunked_cut_while_a_permission_is_awaited_takes_in_what_was_said_before(
    post: Any, said: bytes
) -> None:
    async def answer(inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        await read_mail(inbox)
        writer.write(YES)
        await read_mail(inbox)
        writer.write(YES + said)

    async def hesitate() -> bool:
        await asyncio.sleep(0.2)
        return True

    letters = names(post, "a b c d")
    letters[2] = with_permission(letters[2], hesitate)
    asyncio.run(hand_over_to(answer, post, letters))
    told = [post.tell(letter.endings[0]) for letter in letters]
    assert told == ["taken", "taken", "taken", "lost"]


def test_chunked_told_421_while_a_permission_is_awaited_writes_no_more(
    post: Any,
) -> None:
    async def answer(inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        await read_mail(inbox)
        writer.write(YES)
        await read_mail(inbox)
        await read_mail(inbox)
        writer.write(YES + b"421 4.3.2 enough\r\n")
        with pytest.raises(GoneError):
            await inbox.some()

    async def hesitate() -> bool:
        await asyncio.sleep(0.2)
        return True

    letters = names(post, "a b c d")
    letters[3] = with_permission(letters[3], hesitate)
    asyncio.run(hand_over_to(answer, post, letters))
    told = [post.tell(letter.endings[0]) for letter in letters]
    assert told == ["taken", "taken", "mail 421", "lost"]


def test_chunked_that_is_aborted_leaves_in_doubt_what_is_out(post: Any) -> None:
    async def run(server: SmtpServer) -> list[SampleLetter]:
        letters = names(post, "a b c")
        line = SmtpLine(post.account(server, window=4, timeout_seconds=60))
        work = asyncio.ensure_future(line.work(SampleFeed(letters)))
        while server.seen["end"] < 2:  # noqa: ASYNC110 - another thread counts
            await asyncio.sleep(0.01)
        line.abort()
        await asyncio.wait_for(work, 2)
        return letters

    faults = [Fault("end", nth=2, delay_seconds=60)]
    with SmtpServer(faults, offers=CHUNKING) as server:
        letters = asyncio.run(run(server))
    reason = "the connection was dropped from this side"
    out = Loss(reason, is_message_out=True)
    assert [letter.endings for letter in letters] == [[TAKEN], [out], [out]]


def test_chunked_told_that_the_session_ends_sends_again_what_was_not_read(
    post: Any,
) -> None:
    """RFC 5321, section 3.8: nothing behind a 421 was looked at."""

    async def answer(inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        await read_mail(inbox)
        writer.write(YES)
        for _ in range(4):
            await read_mail(inbox)
        writer.write(YES + b"421 4.3.2 enough for today\r\n")

    letters = names(post, "a b c d e")
    asyncio.run(hand_over_to(answer, post, letters))
    told = [post.tell(letter.endings[0]) for letter in letters]
    assert told == ["taken", "taken", "mail 421", "lost", "lost"]


def test_chunked_told_421_by_a_server_that_goes_on_believes_each_answer(
    post: Any,
) -> None:
    faults = [Fault("rcpt", nth=2, reply="421 4.3.2 not now")]
    with SmtpServer(faults, offers=CHUNKING) as server:
        letters = names(post, "a b c d e f")
        busy = Answer(Stage.RCPT, Reply(421, "not now", "4.3.2"))
        endings = post.send(post.account(server, window=4), letters)
        assert endings == [TAKEN, busy, *[TAKEN] * 4]
        assert [one.connection for one in server.messages] == [1, 1, 1, 1, 2]


# --- lies -----------------------------------------------------------------------------


def test_chunked_whose_server_takes_what_it_refused_is_in_doubt_and_not_used_again(
    post: Any,
) -> None:
    with SmtpServer([NO], offers=CHUNKING, lies=["for-nobody"]) as server:
        letters = names(post, "a gone b")
        endings = post.send(post.account(server, window=2), letters)
        reason = (
            f"the mail server 127.0.0.1:{server.port} answered with something that is "
            "not SMTP"
        )
        doubt = Loss(reason, is_message_out=True)
        assert endings == [TAKEN, doubt, doubt]


def test_line_after_a_server_without_bdat_sends_by_data(post: Any) -> None:
    with SmtpServer(offers=CHUNKING, lies=["no-chunks"]) as server:
        endings = post.send(post.account(server, window=4), names(post, "a b c"))
        reason = "the mail server offers CHUNKING and does not know BDAT"
        assert endings == [Loss(reason, is_message_out=False), TAKEN, TAKEN]
        said = server.recording.commands
        assert [line for line in said if line.startswith("BDAT")] == ["BDAT 22 LAST"]
        assert server.recording.recipients == ["b@example.org", "c@example.org"]


def test_line_after_a_server_that_forgets_groups_sends_one_command_at_a_time(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = "newsletter.delivery.transports.smtp.connection"
    monkeypatch.setattr(f"{connection}.ENVELOPE_SECONDS", 0.3)
    monkeypatch.setattr(f"{connection}.FINAL_REPLY_SECONDS", 0.3)
    with SmtpServer(offers=CHUNKING, lies=["forgets-group"]) as server:
        endings = post.send(post.account(server, window=4), names(post, "a b c d"))
        told = [post.tell(ending) for ending in endings]
        assert told == ["unknown", "lost", "taken", "taken"]


def test_chunked_told_yes_before_the_message_has_left_does_not_believe_it(
    post: Any,
) -> None:
    async def answer(_: Inbox, writer: asyncio.StreamWriter) -> None:
        writer.write(YES)
        await asyncio.sleep(0.2)

    letter = post.letter("a", b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 200_000)
    asyncio.run(hand_over_to(answer, post, [letter]))
    assert list(map(post.tell, letter.endings)) == ["unknown"]


def test_chunked_told_yes_once_too_often_never_takes_it_for_the_message(
    post: Any,
) -> None:
    """A "2.1.5" speaks of an address; the answer to the message was another no."""

    async def answer(inbox: Inbox, writer: asyncio.StreamWriter) -> None:
        await read_mail(inbox)
        writer.write(b"250 ok\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n")
        await asyncio.sleep(0.1)
        writer.write(b"554 5.6.0 no\r\n")

    letter = post.letter()
    asyncio.run(hand_over_to(answer, post, [letter]))
    assert list(map(post.tell, letter.endings)) == ["unknown"]
