"""The secret keys: ``subscribers/secret.key``, outside the database and its backups.

Law: a new key is made only where nothing depends on an old one. With another key no
unsubscribe link in any inbox would work any more, and nobody who left would be
recognised: so a missing, damaged or exchanged file stops us, and is never replaced.
"""

import hmac
import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import insert, literal, select, union_all

from newsletter.errors import OperationError
from newsletter.store.database import Database
from newsletter.store.tables import secret_keys, subscribers, suppressions
from newsletter.tokens import Keyring

_KEY_BYTES = 32
_FINGERPRINT_BYTES = 16
#: Row of `secret_keys` for the key of the suppression list; token keys start at 1.
_SUPPRESSION_ID = 0
_RESTORE = "Put back your copy of it; a new key would let nobody unsubscribe."
_NEW_FILE = """\
# The secret keys of this newsletter. Unsubscribe links and the list of those who left
# work with these keys only: keep a copy in a safe place, and show them to nobody.
current = 1
suppression = "{suppression}"

[keys]
1 = "{key}"
"""


def key_path(root: Path) -> Path:
    """Return where the keys of the project at *root* are."""
    return root / "subscribers" / "secret.key"


def open_keyring(database: Database, *, root: Path) -> Keyring:
    """Return the keys that *database* relies on, made when it is still empty.

    Raises:
        OperationError: The file is missing, damaged, readable by others, or holds other
            keys than the ones that this database was used with.
    """
    with database.reading() as connection:
        known = {
            row.id: row.fingerprint for row in connection.execute(select(secret_keys))
        }
        people = union_all(
            select(literal(1)).select_from(subscribers),
            select(literal(1)).select_from(suppressions),
        )
        is_empty = not known and connection.execute(people.limit(1)).first() is None
    keyring = read_keyring(root, may_create=is_empty)
    present = _fingerprints(keyring)
    _refuse_other_keys(known, present, key_path(root))
    if present.keys() - known.keys():
        _remember(database, present)
    return keyring


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
        raise OperationError(f"the key file {path} is missing.", _RESTORE) from error
    except UnicodeDecodeError as error:
        raise OperationError(f"the key file {path} is damaged.", _RESTORE) from error
    except OSError as error:
        raise OperationError(
            f"the key file {path} cannot be read or written: {error.strerror}.",
            "Check that the disk is not full or read-only, and who owns the file.",
        ) from error
    return _parse(text, path)


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
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError):
        # Not "from" it: the error may quote a key.
        raise OperationError(f"the key file {path} is damaged.", _RESTORE) from None


def _keyring(data: Mapping[str, Any]) -> Keyring:
    keys = {
        int(number): bytes.fromhex(key) for number, key in dict(data["keys"]).items()
    }
    suppression_key = bytes.fromhex(data["suppression"])
    if len(suppression_key) < _KEY_BYTES:
        raise ValueError("too short")
    return Keyring(keys=keys, current=data["current"], suppression_key=suppression_key)


def _create(path: Path) -> None:
    """Make the file with new keys; it appears whole, or another process was first."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            part.chmod(0o600)
            file.write(
                _NEW_FILE.format(
                    suppression=secrets.token_hex(_KEY_BYTES),
                    key=secrets.token_hex(_KEY_BYTES),
                )
            )
            file.flush()
            os.fsync(file.fileno())
        _publish(part, path)
    finally:
        part.unlink()


def _publish(part: Path, path: Path) -> None:
    try:
        # Unlike a rename, a link never replaces what is there.
        path.hardlink_to(part)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _fingerprints(keyring: Keyring) -> dict[int, bytes]:
    keys = {**keyring.keys, _SUPPRESSION_ID: keyring.suppression_key}
    return {
        number: hmac.digest(key, b"fingerprint", "sha256")[:_FINGERPRINT_BYTES]
        for number, key in keys.items()
    }


def _refuse_other_keys(
    known: Mapping[int, bytes], present: Mapping[int, bytes], path: Path
) -> None:
    if any(present.get(number) != mark for number, mark in known.items()):
        raise OperationError(
            f"the key file {path} does not belong to this database: "
            "it holds other keys than the ones used so far.",
            _RESTORE,
        )


def _remember(database: Database, present: Mapping[int, bytes]) -> None:
    with database.writing() as connection:
        known = set(connection.scalars(select(secret_keys.c.id)))
        new = [
            {"id": number, "fingerprint": mark}
            for number, mark in present.items()
            if number not in known
        ]
        if new:
            connection.execute(insert(secret_keys), new)
