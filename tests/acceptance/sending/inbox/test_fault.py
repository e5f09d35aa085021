"""A fault of ours while one mail is read: that mail is left, all others are read.

No mail is known that makes such a fault, so the tests make one: what reads the mails
breaks at one word.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.inbound.reading import read_mail
from newsletter.model.returned import Reading

from .returns import LEAVING, LETTER, Returns, deliver

WORD = b"a word that nobody thought of"


def read_or_break(data: bytes) -> Reading:
    if WORD in data:
        raise UnicodeError("anna@example.org")
    return read_mail(data)


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Break; and keep reports of faults apart."""
    folder = tmp_path / "reports"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr("newsletter.workflow.inbox.read_mail", read_or_break)
    return folder


def strange(returns: Returns, person: str) -> bytes:
    return returns.write(LETTER, person) + WORD


def test_mail_that_a_fault_keeps_from_being_read_is_left_and_the_others_are_read(
    returns: Returns, maildir: Path, reports: Path
) -> None:
    strangers = [strange(returns, "hal"), strange(returns, "fay")]
    deliver(maildir, strangers + returns.all())
    post = returns.post

    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0

    (report,) = reports.iterdir()
    told = [
        f"The mail maildir:new/17{number:02}.M1.host could not be read, by a fault of "
        f"the program. It stays unread. Please report it with the file {report}."
        for number in (0, 1)
    ]
    assert [line for line in post.out.splitlines() if "fault" in line] == told
    assert "eva@example.org has left by mail.\n" in post.out
    assert "2 mails: not read by a fault of the program; left for you.\n" in post.err
    assert returns.statuses()["eva"] == "unsubscribed"
    assert "read_or_break" in report.read_text()
    assert "anna@" not in report.read_text()


def test_mail_that_cannot_be_read_is_told_once(
    returns: Returns, maildir: Path, reports: Path
) -> None:
    deliver(maildir, [strange(returns, "hal")])
    post = returns.post
    assert post.run("inbox", "--from", f"maildir:{maildir}", "--dry-run") == 0
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert "Please report it" in post.out

    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0

    assert (post.out, post.err) == ("", "No new mail.\n1 mail known already.\n")
    assert len(list(reports.iterdir())) == 2
    assert len(list((maildir / "new").iterdir())) == 1


def test_mail_that_could_not_be_read_is_read_by_a_better_program(
    returns: Returns, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(maildir, [returns.write(LEAVING, "eva") + WORD])
    post = returns.post
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    monkeypatch.setattr("newsletter.workflow.inbox.read_mail", read_mail)

    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0

    assert post.out == "eva@example.org has left by mail.\n"


def test_scripts_read_which_mail_was_left(
    returns: Returns, maildir: Path, reports: Path
) -> None:
    deliver(maildir, [strange(returns, "hal")])

    (message,) = returns.post.json("inbox", "--from", f"maildir:{maildir}")["messages"]

    (report,) = reports.iterdir()
    assert (message["kind"], message["known"]) == ("unread", False)
    assert message["advice"] == f"Please report it with the file {report}."


def test_mail_that_a_pipe_brings_is_kept_though_it_cannot_be_read(
    returns: Returns, pipe: Callable[[bytes], int], reports: Path
) -> None:
    assert pipe(strange(returns, "hal")) == 0

    (report,) = reports.iterdir()
    assert returns.post.out == (
        "The mail stdin could not be read, by a fault of the program. The mail is kept "
        f"in subscribers/unread. Please report it with the file {report}.\n"
    )
    (kept,) = (returns.post.root / "subscribers" / "unread" / "new").iterdir()
    assert WORD in kept.read_bytes()


def test_pipe_asks_the_mail_server_to_try_again_after_a_fault(
    returns: Returns, pipe: Callable[[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr("newsletter.workflow.inbox.open_desk", fail)

    assert pipe(strange(returns, "hal")) == 75
    assert returns.post.err.startswith("internal error: ")
