"""Mailboxes that are files: Maildir, mbox, and a pipe."""

import fcntl
import io
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from newsletter.errors import OperationError
from newsletter.workflow.mailboxes import MOST_BYTES
from newsletter.workflow.mailboxes.maildir import MaildirSource
from newsletter.workflow.mailboxes.mbox import MboxSource
from newsletter.workflow.mailboxes.stdin import StdinSource

FROM = b"From daemon@mx.example.net Sun Mar  1 13:00:00 2026\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (tmp_path / "Mail" / part).mkdir(parents=True)
    return tmp_path / "Mail"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def look(source: MaildirSource, *, is_done: bool = True) -> list[str]:
    found = []
    for fetched in source.mails():
        source.settle(fetched, is_done=is_done)
        found.append(fetched.name)
    return found


def test_maildir_gives_what_nobody_has_seen_by_time(maildir: Path) -> None:
    for name in ("new/3.a", "new/1.b", "cur/2.c:2,", "cur/0.d:2,RS", "cur/.e"):
        (maildir / name).write_bytes(b"Subject: x\n\n")
    (maildir / "new" / "9.link").symlink_to("/etc/passwd")
    found = look(MaildirSource(maildir))
    assert found == ["maildir:new/1.b", "maildir:cur/2.c:2,", "maildir:new/3.a"]
    assert names(maildir / "cur") == [".e", "0.d:2,RS", "1.b:2,S", "2.c:2,S", "3.a:2,S"]


def test_maildir_leaves_what_a_person_has_to_read(maildir: Path) -> None:
    (maildir / "new" / "1.a").write_bytes(b"x")
    assert look(MaildirSource(maildir), is_done=False) == ["maildir:new/1.a"]
    assert look(MaildirSource(maildir, is_read_only=True)) == ["maildir:new/1.a"]
    assert names(maildir / "new") == ["1.a"]


def test_maildir_moves_what_is_done_to_a_folder_of_its_own(maildir: Path) -> None:
    (maildir / "new" / "1.a").write_bytes(b"x")
    look(MaildirSource(maildir, done="Newsletter"))
    done = maildir / ".Newsletter"
    assert names(done) == ["cur", "maildirfolder", "new", "tmp"]
    assert names(done / "cur") == ["1.a:2,S"]
    assert done.stat().st_mode & 0o777 == 0o700


def test_maildir_goes_on_when_a_mail_program_was_quicker(maildir: Path) -> None:
    for name in ("1.a", "2.b"):
        (maildir / "new" / name).write_bytes(b"x")
    source = MaildirSource(maildir)
    mails = source.mails()
    first = next(mails)
    for name in ("1.a", "2.b"):
        (maildir / "new" / name).unlink()
    source.settle(first, is_done=True)
    assert list(mails) == []


def test_mbox_is_cut_at_its_lines_and_quoting_is_undone(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(
        FROM
        + b"Subject: 1\n\nA line.\nFrom here it is text.\n\n>From the start.\n\n"
        + FROM.replace(b"\n", b"\r\n")
        + b"Subject: 2\r\n\r\nEnd."
    )
    found = list(MboxSource(box).mails())
    assert [one.name for one in found] == ["mbox:box/1", "mbox:box/2"]
    assert [one.data for one in found] == [
        b"Subject: 1\n\nA line.\nFrom here it is text.\n\nFrom the start.\n",
        b"Subject: 2\r\n\r\nEnd.",
    ]


def test_empty_mbox_holds_no_mail(tmp_path: Path) -> None:
    box = tmp_path / "box"
    for data in (b"", b"\n\n"):
        box.write_bytes(data)
        assert list(MboxSource(box).mails()) == []


def test_file_that_is_no_mbox_is_refused(tmp_path: Path) -> None:
    box = tmp_path / "one.eml"
    box.write_bytes(b"Subject: x\n\nHello.\n")
    with pytest.raises(OperationError) as caught:
        list(MboxSource(box).mails())
    assert str(caught.value) == (
        f"{box}: this is no mbox: it does not begin with a line “From …”. A single "
        "mail is read with: newsletter inbox --from - < FILE"
    )


def test_mbox_waits_for_who_delivers_to_it(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(FROM + b"Subject: 1\n\n")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # a lock is the process's own
        with box.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.write(writing, b"x")
            threading.Event().wait(0.5)
            file.seek(0, io.SEEK_END)
            file.write(b"\n" + FROM + b"Subject: 2\n\n")
        os._exit(0)
    os.read(reading, 1)
    found = list(MboxSource(box).mails())
    os.waitpid(child, 0)
    for descriptor in (reading, writing):
        os.close(descriptor)
    assert len(found) == 2


def test_of_a_huge_mail_the_beginning_is_read(maildir: Path, tmp_path: Path) -> None:
    huge = b"x" * 999 + b"\n"
    data = huge * (MOST_BYTES // 1000 + 50)
    (maildir / "new" / "1.a").write_bytes(data)
    (tmp_path / "box").write_bytes(FROM + data)
    sizes = [
        len(next(iter(source.mails())).data)
        for source in (
            MaildirSource(maildir),
            MboxSource(tmp_path / "box"),
            StdinSource(io.BytesIO(data)),
        )
    ]
    assert all(MOST_BYTES - 1000 <= size <= MOST_BYTES + 1000 for size in sizes)


def test_mail_of_short_lines_takes_no_more_memory_than_another(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(b"From x\nSubject: long\n\n" + b"a\n" * 500_000)
    tracemalloc.start()
    try:
        (mail,) = MboxSource(box).mails()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5 * len(mail.data)


def test_pipe_is_emptied_to_its_end() -> None:
    file = io.BytesIO(b"x" * (MOST_BYTES + 100_000))
    list(StdinSource(file).mails())
    assert file.read() == b""
