"""The file with the secret keys: private, and written whole or not at all.

Law: what is in it is in no error.
"""

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.errors import OperationError
from newsletter.store.workrooms import workroom
from newsletter.tokens import Keyring

#: What to do about a file that cannot be used.
RESTORE = "Put back your copy of it; a new key would let nobody unsubscribe."
_KEY_BYTES = 32
_HEAD = """\
# The secret keys of this newsletter. Unsubscribe links and the list of those who left
# work with these keys only: keep a copy in a safe place, and show them to nobody.
"""


def key_path(root: Path) -> Path:
    """Return where the keys of the project at *root* are."""
    return root / "subscribers" / "secret.key"


def new_key() -> bytes:
    """Return a key that nobody can guess."""
    return secrets.token_bytes(_KEY_BYTES)


def read_keyring(root: Path, *, may_create: bool) -> Keyring:
    """Return the keys in the file; `open_keyring` knows whether it may be created.

    Raises:
        OperationError: The file is missing (and may not be created), damaged or
            readable by others.
    """
    path = key_path(root)
    try:
        if may_create and not path.exists():
            _create(path)
        _refuse_readable(path)
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise OperationError(f"the key file {path} is missing.", RESTORE) from error
    except UnicodeDecodeError as error:
        raise OperationError(f"the key file {path} is damaged.", RESTORE) from error
    except OSError as error:
        raise _not_usable(path, error) from error
    return _parse(text, path)


def replace_keyring(root: Path, keyring: Keyring) -> None:
    """Write other keys into the file.

    Raises:
        OperationError: It cannot be written; what was in it still is.
    """
    path = key_path(root)
    try:
        _write(path, keyring, Path.replace)
    except OSError as error:
        raise _not_usable(path, error) from error


def _not_usable(path: Path, error: OSError) -> OperationError:
    return OperationError(
        f"the key file {path} cannot be read or written: {error.strerror}.",
        "Check that the disk is not full or read-only, and who owns the file.",
    )


# --- reading --------------------------------------------------------------------------


def _refuse_readable(path: Path) -> None:
    # Elsewhere the bits say nothing about who may read.
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise OperationError(
            f"the key file {path} can be read by other users of this computer.",
            f"Run: chmod 600 '{path}'",
        )


def _parse(text: str, path: Path) -> Keyring:
    try:
        return _keyring(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError):
        # Not "from" it: the error may quote a key.
        raise OperationError(f"the key file {path} is damaged.", RESTORE) from None


def _keyring(data: Mapping[str, Any]) -> Keyring:
    keys = {
        int(number): bytes.fromhex(key) for number, key in dict(data["keys"]).items()
    }
    since = {int(number): _moment(at) for number, at in data.get("since", {}).items()}
    suppression_key = bytes.fromhex(data["suppression"])
    if len(suppression_key) < _KEY_BYTES:
        raise ValueError("too short")
    return Keyring(keys, data["current"], suppression_key, since)


def _moment(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at.astimezone(UTC)


# --- writing --------------------------------------------------------------------------


def _create(path: Path) -> None:
    """Make the file with new keys, unless another process is first."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    keyring = Keyring({1: new_key()}, 1, suppression_key=new_key())
    # Unlike a rename, a link never replaces what is there.
    with suppress(FileExistsError):
        _write(path, keyring, lambda part, path: path.hardlink_to(part))


def _write(
    path: Path, keyring: Keyring, publish: Callable[[Path, Path], object]
) -> None:
    with workroom(path.parent, sign_in=path.parent) as room:
        part = room / path.name
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            part.chmod(0o600)
            file.write(_text(keyring))
            file.flush()
            os.fsync(file.fileno())
        publish(part, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _text(keyring: Keyring) -> str:
    keys = "".join(
        f'{number} = "{key.hex()}"\n' for number, key in keyring.keys.items()
    )
    since = "".join(
        f"{number} = {_shown(at)}\n" for number, at in keyring.since.items()
    )
    return (
        f'{_HEAD}current = {keyring.current}\nsuppression = "'
        f'{keyring.suppression_key.hex()}"\n\n[keys]\n{keys}'
        + (f"\n# From when on each later one signs.\n[since]\n{since}" if since else "")
    )


def _shown(at: datetime) -> str:
    # As fine as the moments of tries in the database, which it is compared with.
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
