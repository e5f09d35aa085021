"""Files with a secret in them: read if only their owner can, made so from the start.

Law: what is in such a file is in no error.
"""

import os
import secrets
from pathlib import Path

from newsletter.errors import OperationError

#: What the group and others may do with a file.
_OTHERS = 0o077


def read_private(path: Path, *, what: str, advice: str) -> bytes:
    """Return what is in *path*.

    Args:
        path: The file.
        what: What it is to a person: "the password file".
        advice: What to do if it cannot be read.

    Raises:
        OperationError: It cannot be read, or others can read it too.
    """
    try:
        # Elsewhere the bits say nothing about who may read.
        if os.name == "posix" and path.stat().st_mode & _OTHERS:
            raise OperationError(
                f"{what} {path} can be read by other users here.",
                f"Run: chmod 600 '{path}'",
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OperationError(
            f"{what} {path} cannot be read: {reason}.", advice
        ) from error


def create_private(path: Path, data: bytes, *, what: str) -> None:
    """Write a new file that only its owner can read, in a folder made likewise.

    Raises:
        FileExistsError: There is one; it is left alone.
        OperationError: It cannot be written.
    """
    part = _write_part(path, data, what)
    try:
        # Unlike a rename, a link never replaces what is there.
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError as error:
        raise _not_written(path, what, error) from error
    finally:
        part.unlink()


def replace_private(path: Path, data: bytes, *, what: str) -> None:
    """Write a file that only its owner can read, whole, instead of what was there.

    Raises:
        OperationError: It cannot be written; what was there is still there.
    """
    part = _write_part(path, data, what)
    try:
        part.replace(path)
    except OSError as error:
        part.unlink()
        raise _not_written(path, what, error) from error


def _write_part(path: Path, data: bytes, what: str) -> Path:
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(0o700)
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise _not_written(path, what, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        part.unlink()
        raise _not_written(path, what, error) from error
    return part


def _not_written(path: Path, what: str, error: OSError) -> OperationError:
    return OperationError(
        f"{what} {path} cannot be written: {error.strerror}.",
        "Check that the disk is not full or read-only, and who owns the folder.",
    )
