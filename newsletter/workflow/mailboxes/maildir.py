"""The mails of a Maildir that nobody has read: https://cr.yp.to/proto/maildir.html.

A mail that is done goes to ``cur`` with the flag S (seen), or to a folder of its own;
all others stay in ``new``, for the mail program of a person.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from newsletter.errors import OperationError
from newsletter.workflow.mailboxes import MOST_BYTES, Fetched

_PARTS = ("new", "cur", "tmp")


class MaildirSource:
    """Reads what is in ``new``, and in ``cur`` without the flag S.

    Args:
        path: The Maildir.
        done: Folder of it (Maildir++) for mails that are done; empty: they stay.
        is_read_only: Move nothing.
    """

    kind = "maildir"

    def __init__(
        self, path: Path, *, done: str = "", is_read_only: bool = False
    ) -> None:
        self._path = path
        self._done = path / f".{done.strip('.')}" if done else path
        self._is_read_only = is_read_only

    def mails(self) -> Iterator[Fetched]:
        """Yield every mail that nobody has read, by the time it came.

        Raises:
            OperationError: There is no such Maildir, or it cannot be read.
        """
        for path in self._unread():
            try:
                with path.open("rb") as file:
                    data = file.read(MOST_BYTES)
            except FileNotFoundError:
                # A mail program was quicker.
                continue
            except OSError as error:
                raise _failed(path, "read", error) from error
            name = path.relative_to(self._path).as_posix()
            yield Fetched(data, f"maildir:{name}", place=str(path))

    def settle(self, fetched: Fetched, *, is_done: bool) -> None:
        """Mark a mail as seen, in its place or in the folder for those done.

        Raises:
            OperationError: The file cannot be moved.
        """
        if self._is_read_only or not is_done:
            return
        path = Path(fetched.place)
        try:
            if self._done != self._path:
                _make(self._done)
            path.rename(self._done / "cur" / _seen(path.name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failed(path, "moved", error) from error

    def _unread(self) -> list[Path]:
        try:
            found = [
                Path(entry.path)
                for part in ("new", "cur")
                for entry in os.scandir(self._path / part)
                if entry.is_file(follow_symlinks=False)
                and not entry.name.startswith(".")
                and is_unread(Path(entry.path))
            ]
        except FileNotFoundError as error:
            raise OperationError(
                f"{self._path}: this is no Maildir: it has no folders new and cur.",
                "Name the folder that your mail server delivers to.",
            ) from error
        except OSError as error:
            raise _failed(self._path, "read", error) from error
        # Names begin with the time of delivery.
        return sorted(found, key=lambda path: path.name)


def is_unread(path: Path) -> bool:
    """Tell whether nobody has read a mail, by the place and name of its file."""
    part = path.parent.name
    return part == "new" or (part == "cur" and "S" not in _flags(path.name))


def _flags(name: str) -> str:
    return name.rpartition(":2,")[2] if ":2," in name else ""


def _seen(name: str) -> str:
    base = name.rpartition(":2,")[0] or name
    return f"{base}:2,{''.join(sorted({*_flags(name), 'S'}))}"


def _make(folder: Path) -> None:
    """Make a folder of Maildir++, which a file of that name marks."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for part in _PARTS:
        (folder / part).mkdir(exist_ok=True, mode=0o700)
    (folder / "maildirfolder").touch(mode=0o600)


def _failed(path: Path, what: str, error: OSError) -> OperationError:
    return OperationError(
        f"{path}: the mail cannot be {what}: {error.strerror}.",
        "Check who owns the Maildir.",
    )
