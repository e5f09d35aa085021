"""All mails of an mbox file, which is only read.

Which of them were read before is known by the mails themselves.
"""

import errno
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import OperationError
from newsletter.workflow.mailboxes import MOST_BYTES, Fetched

#: A mail server holds the lock while it adds one mail.
_LOCK_TRIES = 50
_LOCK_PAUSE_SECONDS = 0.1
_BLOCK = 1 << 20
#: A line that was one of the mail and looked like the beginning of the next one.
_QUOTED_FROM = re.compile(rb">+From ")
_LAST_BLANK_LINE = re.compile(rb"(?:(?<=\n)|\A)\r?\n\Z")


class MboxSource:
    """Reads a file in the format of RFC 4155 and its relatives.

    Args:
        path: The file.
    """

    kind = "mbox"

    def __init__(self, path: Path) -> None:
        self._path = path

    def mails(self) -> Iterator[Fetched]:
        """Yield every mail.

        Raises:
            OperationError: The file cannot be read, or is no mbox.
        """
        with tempfile.TemporaryFile() as copy:
            try:
                self._copy(copy)
            except OSError as error:
                raise _unreadable(self._path, error) from error
            copy.seek(0)
            for number, data in enumerate(_split(copy, self._path), 1):
                yield Fetched(data, f"mbox:{self._path.name}/{number}")

    def settle(self, fetched: Fetched, *, is_done: bool) -> None:
        """Do nothing: the file belongs to somebody's mail program."""

    def _copy(self, copy: BinaryIO) -> None:
        """Copy the file while it is locked: who delivers must not wait for long."""
        with self._path.open("rb") as file:
            _lock(file, self._path)
            while block := file.read(_BLOCK):
                copy.write(block)


def _lock(file: BinaryIO, path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    for is_last in (False,) * _LOCK_TRIES + (True,):
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
        else:
            return
        if is_last:
            raise OperationError(
                f"{path}: another program holds the lock of this mailbox.",
                "Try again in a moment.",
            )
        time.sleep(_LOCK_PAUSE_SECONDS)


def _split(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the mails of an mbox; of one that is too large, its beginning."""
    # Not a list of lines: one of two letters takes forty bytes.
    mail: bytearray | None = None
    is_blank = True
    while line := file.readline(_BLOCK):
        if is_blank and line.startswith(b"From "):
            if mail is not None:
                yield _ended(mail)
            mail, is_blank = bytearray(), False
            continue
        is_blank = line in (b"\n", b"\r\n")
        if mail is None:
            if is_blank:
                continue
            raise OperationError(
                f"{path}: this is no mbox: it does not begin with a line “From …”.",
                "A single mail is read with: newsletter inbox --from - < FILE",
            )
        if len(mail) < MOST_BYTES:
            mail += line[1:] if _QUOTED_FROM.match(line) else line
    if mail is not None:
        yield _ended(mail)


def _ended(mail: bytearray) -> bytes:
    """Return a mail without the empty line that divides it from the next."""
    return bytes(_LAST_BLANK_LINE.sub(b"", mail))


def _unreadable(path: Path, error: OSError) -> OperationError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return OperationError(
        f"{path}: the mailbox cannot be read: {reason}.",
        "Check its name, and who may read it.",
    )
