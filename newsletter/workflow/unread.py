"""What people write to a pipe: kept in a Maildir of ours until somebody read it.

A mailbox keeps what a person has to read by itself; a pipe keeps nothing.

Law: a letter is on the disk before the mail server is told that it was taken; only the
owner of the folder can read it. It goes by `forget`, and when its time is over.
"""

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.addresses import address_key
from newsletter.errors import OperationError
from newsletter.inbound.identity import find_key, find_sender
from newsletter.inbound.mail import parse_mail
from newsletter.workflow.mailboxes.maildir import is_unread
from newsletter.workflow.private_files import replace_private
from newsletter.workflow.project import Project

#: Below the project; a Maildir, for any mail program.
UNREAD_FOLDER = "subscribers/unread"
_PARTS = ("tmp", "new", "cur")
#: Who wrote it stands there.
_HEAD_BYTES = 1 << 18
#: Begins with the time, as in any Maildir; a mail program adds what it thinks of it.
_NAME = re.compile(r"\d+\.([0-9a-f]{64})\.newsletter")


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A mail that nobody has read yet."""

    path: Path
    #: `Reading.key`; empty: somebody else put it there.
    key: bytes


def keep_letter(root: Path, data: bytes, *, now: datetime) -> None:
    """Keep a mail, once, for a person to read.

    Raises:
        OperationError: It cannot be written.
    """
    folder, key = root / UNREAD_FOLDER, find_key(data)
    if any(_key_of(path) == key for path in _files(folder)):
        return
    name = f"{int(now.timestamp())}.{key.hex()}.newsletter"
    try:
        for part in _PARTS:
            (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / part).chmod(0o700)
        folder.chmod(0o700)
        replace_private(folder / "tmp" / name, data, what="the mail")
        (folder / "tmp" / name).rename(folder / "new" / name)
        _make_durable(folder / "new")
    except OSError as error:
        raise OperationError(
            f"{folder}: a mail for you to read cannot be kept: {error.strerror}.",
            "Check that the disk is not full, and who owns the folder.",
        ) from error


def find_unread(root: Path) -> list[KeptLetter]:
    """Return the letters that nobody has read, oldest first."""
    found = [path for path in _files(root / UNREAD_FOLDER) if is_unread(path)]
    found.sort(key=lambda path: path.name)
    return [KeptLetter(path, _key_of(path)) for path in found]


def sender_of(letter: Path) -> str:
    """Return who a letter says it is from; empty: nobody, or it is gone."""
    with suppress(OSError), letter.open("rb") as file:
        # Only its head: there are letters that the program could not read.
        return find_sender(parse_mail(file.read(_HEAD_BYTES)))
    return ""


def forget_letters(project: Project, emails: Collection[str]) -> None:
    """Erase the letters that somebody wrote."""
    keys = set(map(address_key, emails))
    for path in _files(project.root / UNREAD_FOLDER):
        if address_key(sender_of(path)) in keys:
            with suppress(FileNotFoundError):
                path.unlink()


def erase_letters(root: Path, *, before: datetime) -> int:
    """Erase letters that came before then; return how many."""
    erased = 0
    for path in _files(root / UNREAD_FOLDER):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
                erased += 1
    return erased


def _files(folder: Path) -> Iterator[Path]:
    for part in _PARTS:
        with suppress(FileNotFoundError, NotADirectoryError):
            yield from [path for path in (folder / part).iterdir() if path.is_file()]


def _key_of(path: Path) -> bytes:
    found = _NAME.match(path.name)
    return bytes.fromhex(found[1]) if found else b""


def _make_durable(folder: Path) -> None:
    """See to it that a new name in a folder outlives a power cut."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
