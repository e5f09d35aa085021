"""`newsletter inbox` on mails that are forged, late or by other people."""

from collections.abc import Callable
from pathlib import Path

from .returns import COMPLAINT, LEAVING, WISH, Returns, deliver


def test_forged_returns_change_nothing(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    token = returns.sent["ann"]["Message-ID"]
    flipped = token.replace(token[20], "v" if token[20] != "v" else "u", 1)
    forged = [
        returns.hard("ann", message_id=flipped),
        returns.hard("ann", message_id="<1@example.org>"),
        returns.write(COMPLAINT, "ann", message_id=flipped),
        returns.write(LEAVING, "ann", subject="unsubscribe"),
        returns.write(LEAVING, "ann", subject=returns.leave_subject("ann") + "0"),
    ]
    for mail in forged:
        assert pipe(mail) == 0
    assert set(returns.statuses().values()) == {"active"}


def test_token_of_one_reader_stops_no_other(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    pipe(returns.hard("ann", email="bob@example.org"))
    assert returns.statuses()["ann"] == "bounced"
    assert returns.statuses()["bob"] == "active"


def test_who_types_a_wish_to_leave_is_named_and_not_taken_off(
    returns: Returns, maildir: Path
) -> None:
    mail = b"From: Ann <ann@example.org>\nTo: letter@example.org\nSubject: unsubscribe"
    deliver(maildir, [mail + b"\nMessage-ID: <x@y>\n\nPlease unsubscribe me.\n"])
    assert returns.post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert returns.post.out == (
        "ann@example.org asks to leave: “unsubscribe”. If so: newsletter subscribers "
        "unsubscribe ann@example.org\n"
    )
    assert returns.statuses()["ann"] == "active"


def test_mail_writes_nothing_to_the_terminal(returns: Returns, maildir: Path) -> None:
    # ESC ] changes the title of a window; U+202E turns what follows around.
    subject = b"=?utf-8?q?Re=3A_=1B]0;x=07=E2=80=AEgro?="
    mail = b"From: d@x.org\nIn-Reply-To: <a@b>\nSubject: " + subject + b"\n\nHi.\n"
    deliver(maildir, [mail])
    returns.post.run("inbox", "--from", f"maildir:{maildir}")
    assert returns.post.out == (
        "d@x.org wrote to you: “Re: ]0;x \ufffdgro”. It stays unread.\n"
    )


def test_wish_is_forgotten_when_it_was_heard(returns: Returns, maildir: Path) -> None:
    deliver(maildir, [returns.write(WISH, "gus")])
    post = returns.post
    post.run("inbox", "--from", f"maildir:{maildir}")
    post.run("subscribers", "unsubscribe", "gus@example.org")
    assert post.json("inbox", "--from", f"maildir:{maildir}")["waiting"] == []
