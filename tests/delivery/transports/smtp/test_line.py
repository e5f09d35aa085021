"""When a line connects, keeps its connection, and lets it go."""

import asyncio
import gc
import ssl
from typing import Any, Protocol

import pytest

from newsletter.delivery.transports import Answer, Loss, SetupError
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.model.outcome import Reply
from newsletter.model.settings import Security, ServerSettings
from newsletter.replies import Stage
from newsletter.testing.letters import SampleFeed, SampleLetter
from newsletter.testing.smtp_server import EXTENSIONS, Fault, SmtpServer

LINE = "newsletter.delivery.transports.smtp.line"
CONNECTION = "newsletter.delivery.transports.smtp.connection"
TAKEN = Answer(Stage.END, Reply(250, "ok, kept", "2.0.0"))
PLAIN = tuple(one for one in EXTENSIONS if one != "PIPELINING")


class HasContexts(Protocol):
    server: ssl.SSLContext
    client: ssl.SSLContext


both_ways = pytest.mark.parametrize(
    "offers", [EXTENSIONS, PLAIN], ids=["pipelined", "one-by-one"]
)


def names(post: Any, count: int) -> list[SampleLetter]:
    return [post.letter(str(number)) for number in range(count)]


@both_ways
def test_line_uses_one_connection_and_says_goodbye(post: Any, offers: Any) -> None:
    with SmtpServer(offers=offers) as server:
        assert post.send(post.account(server), names(post, 5)) == [TAKEN] * 5
        assert server.recording.connections == 1
        assert server.recording.commands[-1] == "QUIT"


@both_ways
def test_line_takes_a_new_connection_after_the_set_number(
    post: Any, offers: Any
) -> None:
    with SmtpServer(offers=offers) as server:
        limited = post.account(server, messages_per_connection=2)
        post.send(limited, names(post, 5))
        assert [one.connection for one in server.messages] == [1, 1, 2, 2, 3]
        assert server.recording.commands.count("QUIT") == 3


def test_line_takes_a_new_connection_when_the_old_one_is_old(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTION}.MAX_AGE_SECONDS", 0.1)
    with SmtpServer() as server:
        post.send(
            post.account(server), names(post, 3), is_ready=False, pause_seconds=0.15
        )
        assert [one.connection for one in server.messages] == [1, 2, 3]


def test_line_keeps_its_connection_between_letters_of_a_slow_pace(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{LINE}.IDLE_SECONDS", 0.5)
    with SmtpServer() as server:
        feed = {"is_ready": False, "pause_seconds": 0.1}
        assert post.send(post.account(server), names(post, 3), **feed) == [TAKEN] * 3
        assert server.recording.connections == 1


def test_line_says_goodbye_when_the_next_letter_is_long_in_coming(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{LINE}.IDLE_SECONDS", 0.05)
    with SmtpServer() as server:
        feed = {"is_ready": False, "pause_seconds": 0.3}
        assert post.send(post.account(server), names(post, 2), **feed) == [TAKEN] * 2
        words = [line.split()[0] for line in server.recording.commands]
        assert words == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"] * 2


def test_close_waits_for_a_goodbye_that_is_being_said(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{LINE}.IDLE_SECONDS", 0.05)

    class Slow(SampleFeed):
        async def take(self) -> SampleLetter | None:
            await asyncio.sleep(0.15)
            return await super().take()

    async def run(server: SmtpServer) -> int:
        await post.hand_over(post.account(server), Slow([post.letter()]))
        return len(asyncio.all_tasks())

    with SmtpServer([Fault("quit", delay_seconds=0.3)]) as server:
        assert asyncio.run(run(server)) == 1
        assert server.recording.commands[-1] == "QUIT"


@pytest.mark.parametrize(
    "idle",
    [
        Fault("idle", nth=1, closes=True),
        Fault("idle", nth=1, reply="421 4.4.2 time out", closes=True),
        Fault("idle", nth=1, reply="421 4.4.2 time out"),
        Fault("idle", nth=1, reply="what?"),
        Fault("idle", nth=1, reply="42", is_cut=True),
    ],
)
def test_line_whose_server_left_while_it_waited_connects_again_in_silence(
    post: Any, idle: Fault
) -> None:
    with SmtpServer([idle]) as server:
        feed = {"is_ready": False, "pause_seconds": 0.1}
        assert post.send(post.account(server), names(post, 2), **feed) == [TAKEN] * 2
        assert server.recording.connections == 2


@both_ways
def test_line_whose_server_hangs_up_after_each_message_loses_nobody(
    post: Any, offers: Any
) -> None:
    """Yahoo does after twenty, without a word."""
    with SmtpServer([Fault("idle", closes=True)], offers=offers) as server:
        letters = names(post, 4)
        assert post.send(post.account(server), letters) == [TAKEN] * 4
        assert [letter.times_asked for letter in letters] == [1] * 4
        assert server.recording.connections == 4


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        (Fault("mail", closes=True), "lost"),
        (Fault("mail", reply="421 4.3.2 busy", closes=True), "mail 421"),
    ],
)
def test_line_whose_first_words_are_never_answered_does_not_try_for_ever(
    post: Any, fault: Fault, ending: str
) -> None:
    with SmtpServer([fault]) as server:
        endings = post.send(post.account(server), names(post, 2))
        assert list(map(post.tell, endings)) == [ending, ending]
        assert server.recording.connections == 2


def test_line_that_was_told_421_about_us_does_not_try_at_once(post: Any) -> None:
    faults = [Fault("mail", nth=2, reply="421 4.7.28 too much", closes=True)]
    with SmtpServer(faults) as server:
        endings = post.send(post.account(server), names(post, 2))
        said = Answer(Stage.MAIL, Reply(421, "too much", "4.7.28"))
        assert endings == [TAKEN, said]
        assert server.recording.connections == 1


def test_line_with_a_permission_that_is_too_old_does_not_use_it_elsewhere(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile the dispatch may have been paused."""
    attempt = "newsletter.delivery.transports.smtp.attempt"
    monkeypatch.setattr(f"{attempt}.FRESH_SECONDS", 0.1)
    faults = [
        Fault("mail", nth=2, closes=True),
        Fault("connect", nth=2, delay_seconds=0.3),
    ]
    with SmtpServer(faults) as server:
        endings = post.send(post.account(server), names(post, 3))
        reason = "making the connection took too long"
        assert endings == [TAKEN, Loss(reason, is_message_out=False), TAKEN]


def test_line_to_a_server_that_is_not_there_says_why_of_each_letter(post: Any) -> None:
    with SmtpServer() as server:
        account = post.account(server)
    endings = post.send(account, names(post, 2))
    reason = (
        f"the mail server 127.0.0.1:{server.port} does not answer (connection refused)"
    )
    assert endings == [Loss(reason, is_message_out=False)] * 2


def test_line_that_would_use_clear_text_is_not_made() -> None:
    with pytest.raises(SetupError):
        SmtpLine(Account(ServerSettings("mail.example.org", 25, security="none")))


# --- abort ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "is_message_out"), [("connect", False), ("data", False), ("end", True)]
)
def test_abort_settles_what_is_under_way_at_once(
    post: Any, step: Any, is_message_out: bool
) -> None:
    async def run(server: SmtpServer) -> Any:
        letter = post.letter()
        line = SmtpLine(post.account(server, timeout_seconds=60))
        work = asyncio.ensure_future(line.work(SampleFeed([letter])))
        await post.reach(server, step)
        line.abort()
        await asyncio.wait_for(work, 2)
        return letter.endings

    with SmtpServer([Fault(step, delay_seconds=60)]) as server:
        endings = asyncio.run(run(server))
    reason = "the connection was dropped from this side"
    assert endings == [Loss(reason, is_message_out)]
    gc.collect()


def test_close_and_abort_may_be_called_again_and_before_the_first_letter(
    post: Any,
) -> None:
    async def run(server: SmtpServer) -> None:
        line = SmtpLine(post.account(server))
        for _ in range(2):
            await line.close()
            line.abort()
        await line.work(SampleFeed([post.letter()]))
        for _ in range(2):
            line.abort()
            await line.close()

    with SmtpServer() as server:
        asyncio.run(run(server))
        assert len(server.messages) == 1


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_close_does_not_wait_for_the_servers_farewell(
    post: Any,
    certificate: HasContexts,
    security: Security,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The socket is closed at once; a warning of one left open would fail this test."""
    monkeypatch.setattr(f"{CONNECTION}.GOODBYE_SECONDS", 0.1)
    faults = [Fault("quit", delay_seconds=30)]
    with SmtpServer(
        faults, security=security, certificate=certificate.server
    ) as server:
        account = post.account(server, security=security)
        account = post.with_password(account, "", certificate)
        assert post.send(account, names(post, 2)) == [TAKEN] * 2
    gc.collect()
