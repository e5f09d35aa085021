"""`newsletter inbox`: a mail system that calls everybody dead takes nobody off."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.testing.smtp_server import SmtpServer

from .returns import Returns, deliver

NAMES = [f"r{number:02}" for number in range(12)]
LINE = (
    "{}@example.org: called dead (550 5.1.1 user unknown), as too many others are at "
    "once. Held back; nothing was changed.\n"
)
WORDS = (
    "Dispatch 1: {} returned mails are held back. They say that addresses are dead, "
    "but so many at once may be the fault of a mail system.{} See whose, and what was "
    "said: newsletter inbox --apply-held --dry-run. If it is true: newsletter inbox "
    "--apply-held. If it was a fault: newsletter inbox --drop-held\n"
)
DEAD = (
    "{}@example.org: the address is dead (550 5.1.1 user unknown). No mail goes there "
    "any more.\n"
)
SUMMARY = (
    "{} mails: held back until you decide, as too many addresses were called dead at "
    "once; nobody was taken off. See: newsletter status\n"
)


@pytest.fixture
def returns(post: Any, server: SmtpServer) -> Returns:
    """Twelve readers who got a mail."""
    post.use_server(server.port)
    post.add(*NAMES)
    assert post.send(len(NAMES)) == 0
    return Returns(post, server)


@pytest.fixture
def held(returns: Returns, maildir: Path) -> Returns:
    """All their mails came back."""
    deliver(maildir, [returns.hard(name) for name in NAMES])
    assert returns.post.run("inbox", "--from", f"maildir:{maildir}") == 0
    return returns


def test_returns_of_everybody_at_once_take_nobody_off(held: Returns) -> None:
    assert held.post.out == "".join(map(LINE.format, NAMES)) + WORDS.format(12, "")
    assert held.post.err == SUMMARY.format(12)
    assert set(held.statuses().values()) == {"active"}
    assert held.post.json("status")["bounced"] == 12


def test_held_returns_are_told_until_somebody_decides(
    held: Returns, maildir: Path
) -> None:
    held.post.run("status")
    assert WORDS.format(12, "") in held.post.out + held.post.err
    assert held.post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert (held.post.out, held.post.err) == (WORDS.format(12, ""), "No new mail.\n")
    assert set(held.statuses().values()) == {"active"}


def test_nine_of_twelve_are_believed(returns: Returns, maildir: Path) -> None:
    deliver(maildir, [returns.hard(name) for name in NAMES[:9]])
    returns.post.run("inbox", "--from", f"maildir:{maildir}")
    assert returns.post.out == "".join(map(DEAD.format, NAMES[:9]))
    assert Counter(returns.statuses().values()) == {"bounced": 9, "active": 3}


def test_dry_run_of_such_a_look_says_what_would_be_held(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, [returns.hard(name) for name in NAMES])
    returns.post.run("inbox", "--from", f"maildir:{maildir}", "--dry-run")
    would = LINE.replace("Held back; nothing was changed.", "It would be held back.")
    assert returns.post.out == "".join(map(would.format, NAMES))
    assert returns.post.err == (
        "12 mails: would be held back until you decide, as too many addresses were "
        "called dead at once.\nNothing was changed: this was a dry run.\n"
    )
    returns.post.run("inbox", "--apply-held")
    assert returns.post.err == "No returned mail is held back.\n"


def test_held_returns_that_are_believed_take_their_readers_off(held: Returns) -> None:
    post = held.post
    assert post.run("inbox", "--apply-held", "--dry-run") == 0
    lines = "".join(map(DEAD.format, NAMES))
    assert post.out == lines.replace("No mail goes", "No mail would go")
    assert post.err == (
        "12 returned mails would be believed.\nNothing was changed: this was a dry "
        "run.\n"
    )
    found = post.json("inbox", "--apply-held", "--dry-run")
    assert found["dry_run"] is True
    assert {one["applied"] for one in found["returns"]} == {False}
    assert set(held.statuses().values()) == {"active"}
    assert post.run("inbox", "--apply-held") == 0
    assert (post.out, post.err) == (lines, "12 returned mails believed.\n")
    assert set(held.statuses().values()) == {"bounced"}
    assert post.run("inbox", "--apply-held") == 0
    assert (post.out, post.err) == ("", "No returned mail is held back.\n")


def test_held_returns_that_are_dropped_change_nobody(
    held: Returns, maildir: Path
) -> None:
    post = held.post
    assert post.run("inbox", "--drop-held", "--dry-run") == 0
    assert post.out.splitlines()[0] == (
        "r00@example.org: called dead (550 5.1.1 user unknown). It would be dropped; "
        "they would go on getting mail."
    )
    assert post.run("inbox", "--drop-held") == 0
    assert post.out == "".join(
        f"{name}@example.org: called dead (550 5.1.1 user unknown). Dropped; they go "
        "on getting mail.\n"
        for name in NAMES
    )
    assert post.err == "12 returned mails dropped.\n"
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert (post.out, post.err) == ("", "No new mail.\n")
    assert set(held.statuses().values()) == {"active"}


def test_who_came_back_by_their_own_word_is_not_taken_off_by_what_was_held(
    held: Returns,
) -> None:
    held.post.run("subscribers", "unsubscribe", "r03@example.org")
    held.post.run("subscribers", "add", "r03@example.org", "--consent", "by phone")
    held.post.run("inbox", "--apply-held")
    assert (
        "r03@example.org: called dead (550 5.1.1 user unknown), but they came back "
        "since by their own word. Nothing was changed.\n"
    ) in held.post.out
    assert Counter(held.statuses().values()) == {"bounced": 11, "active": 1}


def test_pipe_holds_from_the_tenth_on_and_names_who_was_taken_off_before(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    for name in NAMES:
        assert pipe(returns.hard(name)) == 0
    before = " 9 readers were taken off before that was seen."
    assert returns.post.out == (
        LINE.format("r11").replace("r11@", "r***@") + WORDS.format(3, before)
    )
    assert Counter(returns.statuses().values()) == {"bounced": 9, "active": 3}
    returns.post.run("inbox", "--drop-held")
    told = returns.post.out.splitlines()[3:]
    assert told[0] == (
        "r00@example.org was taken off before it was seen that too many are. If that "
        "was the same fault: newsletter subscribers add r00@example.org --consent "
        '"taken off by a fault of a mail system"'
    )
    assert len(told) == 9


def test_json_tells_what_is_held_and_what_was_decided(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, [returns.hard(name) for name in NAMES])
    found = returns.post.json("inbox", "--from", f"maildir:{maildir}")
    told = {(one["applied"], one["held"], one["class"]) for one in found["messages"]}
    assert told == {(False, True, "hard")}
    advice = "newsletter inbox --apply-held --dry-run"
    assert found["held"] == [
        {"dispatch": 1, "returns": 12, "taken_off": 0, "advice": advice}
    ]
    decided = returns.post.json("inbox", "--apply-held")
    assert (decided["taken_off"], decided["dry_run"]) == ([], False)
    assert decided["returns"][0] == {
        "dispatch": 1,
        "recipient": "r00@example.org",
        "status": "5.1.1",
        "diagnostic": "550 5.1.1 user unknown",
        "applied": True,
    }
    assert len(decided["returns"]) == 12


def test_deciding_two_ways_at_once_is_wrong_usage(returns: Returns) -> None:
    for more in (("--drop-held",), ("--from", "imap")):
        assert returns.post.run("inbox", "--apply-held", *more) == 2
        assert returns.post.err == (
            "--from, --apply-held and --drop-held do not go together. Read the mail "
            "first, then decide on what is held back.\n"
        )
