import asyncio
from pathlib import Path

import pytest

from newsletter.delivery.singly import hand_over
from newsletter.delivery.transports.folder import FolderTransport
from newsletter.errors import OperationError
from newsletter.model.message import Message


def write(folder: FolderTransport, *recipients: str) -> None:
    messages = [Message(b"a\r\n", "n@example.org", to, "<1@x>") for to in recipients]
    asyncio.run(hand_over(messages, folder, on_ending=lambda *_: None))


def test_work_names_files_by_order_and_recipient(tmp_path: Path) -> None:
    folder = FolderTransport(tmp_path / "outbox", prefix="2023-02")
    write(folder, "anna@example.org", "../../etc/bob'; x@example.org")
    assert [path.name for path in folder.written] == [
        "2023-02-00001-anna@example.org.eml",
        "2023-02-00002-.._.._etc_bob___x@example.org.eml",
    ]
    assert all(path.parent == tmp_path / "outbox" for path in folder.written)


def test_work_writes_what_only_the_owner_may_read(tmp_path: Path) -> None:
    folder = FolderTransport(tmp_path / "outbox", prefix="x")
    write(folder, "anna@example.org")
    assert folder.written[0].stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700


def test_remove_earlier_takes_only_mails_of_this_prefix(tmp_path: Path) -> None:
    write(FolderTransport(tmp_path, prefix="a"), "1@example.org", "2@example.org")
    write(FolderTransport(tmp_path, prefix="a-test"), "3@example.org")
    (tmp_path / "a-notes.eml").write_text("mine")
    FolderTransport(tmp_path, prefix="a").remove_earlier()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a-notes.eml",
        "a-test-00001-3@example.org.eml",
    ]


def test_work_to_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("in the way")
    folder = FolderTransport(tmp_path / "outbox", prefix="x")
    with pytest.raises(OperationError) as caught:
        write(folder, "anna@example.org")
    path = tmp_path / "outbox" / "x-00001-anna@example.org.eml"
    assert str(caught.value) == (
        f"cannot write {path}: File exists. Make room, or make the folder writable."
    )
