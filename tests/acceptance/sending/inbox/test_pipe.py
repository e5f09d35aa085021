"""`newsletter inbox --from -`: a mail server gives each mail to the command."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.workflow.retention import erase_outdated

from .returns import AWAY, LETTER, WISH, Returns


def test_pipe_takes_one_mail_and_counts_it_once(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    mail = returns.hard("ann")
    assert pipe(mail) == 0
    assert returns.post.out == (
        "a***@example.org: the address is dead (550 5.1.1 user unknown). No mail goes "
        "there any more.\n"
    )
    # By another way, with other line ends, it is the same mail.
    assert pipe(mail.replace(b"\n", b"\r\n")) == 0
    assert (returns.post.out, returns.post.err) == (
        "",
        "No new mail.\n1 mail known already.\n",
    )


def test_pipe_names_nobody_as_mail_servers_log_what_it_says(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    for mail in (returns.write(WISH, "gus"), returns.hard("ann")):
        assert pipe(mail) == 0
        said = returns.post.out + returns.post.err
        assert [it for it in ("gus@", "ann@", "Re: Hello") if it in said] == []


def test_pipe_asks_the_mail_server_to_try_again(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    key = returns.post.root / "subscribers" / "secret.key"
    key.rename(key.with_suffix(".away"))
    assert pipe(returns.hard("ann")) == 75
    assert "secret.key" in returns.post.err
    key.with_suffix(".away").rename(key)
    (returns.post.root / "newsletter.toml").write_text("[newsletter]\nnam")
    assert pipe(returns.hard("ann")) == 75


def test_empty_pipe_is_no_mail(returns: Returns, pipe: Callable[[bytes], int]) -> None:
    assert pipe(b"") == 0
    assert (returns.post.out, returns.post.err) == ("", "No new mail.\n")


# --- what people write ----------------------------------------------------------------

STRANGER = """\
From: Vera <vera@elders.example>
To: letter@example.org
Subject: Uitschrijven
Message-ID: <{number}@elders.example>

Kunt u mij uitschrijven?
"""


def kept(returns: Returns) -> list[Path]:
    """Return the files of mails that the pipe kept."""
    folder = returns.post.root / "subscribers" / "unread"
    return [path for path in folder.rglob("*") if path.is_file()]


def test_wish_to_leave_of_a_stranger_is_kept_and_told_by_status(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    wish = returns.write(STRANGER, "ann")
    assert pipe(wish) == 0
    assert returns.post.out == (
        "v***@elders.example asks to leave, and has no mail of yours under this "
        "address. Answer them, and ask which one it is. The mail is kept in "
        "subscribers/unread.\n"
    )
    (path,) = kept(returns)
    assert path.read_bytes() == wish
    assert path.parent.name == "new"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    returns.post.run("status")
    assert re.sub(r"on \d{4}-\d\d-\d\d", "on DAY", returns.post.err).endswith(
        "vera@elders.example asked to leave on DAY, and has no mail of yours under "
        "this address. Answer them, and ask which one it is. Their mail: "
        f"subscribers/unread/new/{path.name}\n"
        "1 mail for you to read is kept in subscribers/unread, a Maildir. Read, moved "
        "or deleted ones are told no more.\n"
    )
    # As a mail program does with what was read.
    path.rename(path.parent.parent / "cur" / f"{path.name}:2,S")
    returns.post.run("status")
    assert "elders" not in returns.post.err
    assert "subscribers/unread" not in returns.post.err


def test_same_letter_twice_is_kept_once_and_what_a_program_wrote_not_at_all(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    letter = returns.write(LETTER, "hal")
    for mail in (letter, letter.replace(b"\n", b"\r\n"), returns.write(WISH, "gus")):
        assert pipe(mail) == 0
    assert len(kept(returns)) == 2
    foreign = returns.hard("ivy", message_id="<forged@example.org>")
    for mail in (returns.hard("ann"), returns.write(AWAY, "fay"), foreign):
        assert pipe(mail) == 0
    assert len(kept(returns)) == 2
    returns.post.run("status")
    assert "2 mails for you to read are kept in subscribers/unread" in returns.post.err


def test_letter_that_cannot_be_kept_stays_with_the_mail_server(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    in_the_way = returns.post.root / "subscribers" / "unread"
    in_the_way.write_text("")
    letter = returns.write(LETTER, "hal")
    assert pipe(letter) == 75
    assert "subscribers/unread" in returns.post.err
    in_the_way.unlink()
    assert pipe(letter) == 0
    assert len(kept(returns)) == 1


def test_letter_to_a_pipe_goes_with_its_writer_or_when_its_time_is_over(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    for mail in (returns.write(STRANGER, "ann"), returns.write(WISH, "gus")):
        assert pipe(mail) == 0
    post, now = returns.post, datetime.now(UTC)
    post.run("subscribers", "export", "--person", "vera@elders.example")
    assert "subscribers/unread/new/" in post.err
    assert post.run("subscribers", "forget", "vera@elders.example", "--yes") == 0
    (path,) = kept(returns)
    assert b"gus@example.org" in path.read_bytes()
    erased = erase_outdated(post.project, now=now + timedelta(days=179))
    assert (erased.letters, kept(returns)) == (0, [path])
    erased = erase_outdated(post.project, now=now + timedelta(days=181))
    assert (erased.letters, kept(returns)) == (1, [])


def test_dry_run_of_a_pipe_keeps_nothing(
    returns: Returns, pipe: Callable[..., int]
) -> None:
    assert pipe(returns.write(LETTER, "hal"), "--dry-run") == 0
    assert returns.post.out == (
        "d***@example.net wrote to you. It would be kept in subscribers/unread.\n"
    )
    assert kept(returns) == []
