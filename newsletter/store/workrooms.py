"""Private folders in which a file comes into being before it appears whole.

Law: what lies in one holds addresses and keys. Who works in it holds a lock, which the
operating system drops when the process ends, however that ends: a room whose lock is
free is nobody's any more, and goes. A room elsewhere has a sign where it is looked for.
"""

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from newsletter.errors import OperationError
from newsletter.store.sender_lock import sender_lock_if_free

_BEGINNING = ".newsletter-part-"
_NAME = re.compile(re.escape(_BEGINNING) + "[0-9a-f]{8}")
_LOCK = "lock"
#: Who clears up at the moment in which a room is there and its lock is not takes it for
#: left. Beside one who does nothing else every second try fails (measured).
_TRIES = 30


@contextmanager
def workroom(folder: Path, *, sign_in: Path) -> Iterator[Path]:
    """Give a new private folder in *folder*, which is gone when the block ends.

    Args:
        folder: Where what is made in it is to appear.
        sign_in: Where it is looked for, should this process be killed.

    Raises:
        OSError: It cannot be made.
        OperationError: Its lock cannot be made.
    """
    # Who is killed in between leaves a sign without a room, not the other way round.
    with ExitStack() as signs, ExitStack() as held:
        room = _make_room(folder, held)
        # git add -A, in a repository around it, takes nothing of it along.
        (room / ".gitignore").write_text("*\n")
        sign = sign_in / room.name
        signs.callback(_take_down, sign)
        # In the same folder the room is its own sign; and where there can be none,
        # who works in that folder next finds it.
        with suppress(OSError):
            sign.symlink_to(room.absolute())
        yield room


def find_rooms(*folders: Path) -> tuple[Path, ...]:
    """Return the rooms in these folders, and those that a sign there leads to."""
    found = {
        room
        for folder in folders
        for path in _named_so(folder)
        for room in _led_to(path)
    }
    return tuple(sorted(path for path in found if path.is_dir()))


def clear_rooms(*folders: Path) -> tuple[Path, ...]:
    """Remove the rooms in which nobody works any more; return those."""
    cleared = tuple(room for room in find_rooms(*folders) if _clear(room))
    for folder in folders:
        for path in _named_so(folder):
            if path.is_symlink() and not path.exists():
                with suppress(OSError):
                    path.unlink()
    return cleared


def _make_room(folder: Path, held: ExitStack, tries: int = _TRIES) -> Path:
    """Return a new room whose lock we hold, until *held* ends, and the room with it."""
    room = folder / f"{_BEGINNING}{secrets.token_hex(4)}"
    room.mkdir(mode=0o700)
    held.callback(shutil.rmtree, room, ignore_errors=True)
    try:
        is_ours = held.enter_context(sender_lock_if_free(room / _LOCK))
    except OperationError:
        if room.exists() or tries == 1:
            raise
        is_ours = False
    # Where a disk knows no locks nobody ever has one, and so nobody clears it.
    return room if is_ours or tries == 1 else _make_room(folder, held, tries - 1)


def _take_down(sign: Path) -> None:
    with suppress(OSError):
        sign.unlink()


def _named_so(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return []


def _led_to(path: Path) -> list[Path]:
    """Return the room that this is, or that it is a sign of; it may be gone by now."""
    try:
        room = path.readlink()
    except FileNotFoundError:
        return []
    except OSError:
        # No sign.
        return [path]
    return [room] if _NAME.fullmatch(room.name) else []


def _clear(room: Path) -> bool:
    """Remove a room; False: somebody works in it, or it is not ours to remove."""
    try:
        with sender_lock_if_free(room / _LOCK) as is_free:
            if is_free:
                shutil.rmtree(room, ignore_errors=True)
    except OperationError:
        return False
    return not room.exists()
