"""The secret keys: ``subscribers/secret.key``, outside the database and its backups.

Law: a new key is made only where nothing depends on an old one. With another key no
unsubscribe link in any inbox would work any more, and nobody who left would be
recognised: so a missing, damaged or exchanged file stops us, and is never replaced.

The key that signs may be followed by another one (`store.key_rotation`): it verifies on
until it is retired. Which keys are retired the database says; the file follows.
"""

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, insert, literal, select, union_all

from newsletter.errors import OperationError
from newsletter.store.database import Database
from newsletter.store.key_file import RESTORE, key_path, read_keyring
from newsletter.store.tables import secret_keys, subscribers, suppressions
from newsletter.tokens import Keyring

_FINGERPRINT_BYTES = 16
#: Row of `secret_keys` for the key of the suppression list; token keys start at 1.
_SUPPRESSION_ID = 0
#: Stands for the fingerprint of a key that is retired.
RETIRED = b""
#: How often a running process asks the database which keys are retired: a retirement
#: that was killed is in it, and not in the file. It takes less than a millisecond.
_LOOK_SECONDS = 60.0


def open_keyring(database: Database, *, root: Path) -> Keyring:
    """Return the keys that *database* relies on, made when it is still empty.

    Raises:
        OperationError: The file is missing, damaged, readable by others, or holds other
            keys than the ones that this database was used with.
    """
    with database.reading() as connection:
        known = _known(connection)
        people = union_all(
            select(literal(1)).select_from(subscribers),
            select(literal(1)).select_from(suppressions),
        )
        is_empty = not known and connection.execute(people.limit(1)).first() is None
    keyring = _proven(read_keyring(root, may_create=is_empty), known, root)
    present = _fingerprints(keyring)
    if present.keys() - known.keys():
        _remember(database, present)
    return keyring


class Keys:
    """The keys of a database, read again when another command changed them.

    Args:
        database: Open as long as this is used.
        root: The project folder.
        clock: Steady seconds; tests bring their own.

    Raises:
        OperationError: As `open_keyring`.
    """

    def __init__(
        self,
        database: Database,
        *,
        root: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._root = root
        self._clock = clock
        self._next_look = clock() + _LOOK_SECONDS
        # First: what changes while it is read is read once more.
        self._seen = _stamp(root)
        self._keyring = open_keyring(database, root=root)

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now; to look costs a microsecond.

        Raises:
            OperationError: The file was damaged, exchanged or taken away.
        """
        seen, now = _stamp(self._root), self._clock()
        if seen != self._seen or now >= self._next_look:
            found = self._read()
            # The one of before has prepared its keys already.
            self._keyring = self._keyring if found == self._keyring else found
            self._seen, self._next_look = seen, now + _LOOK_SECONDS
        return self._keyring

    def _read(self) -> Keyring:
        """Return what another command wrote, which has noted it in the database."""
        with self._database.reading() as connection:
            known = _known(connection)
        return _proven(read_keyring(self._root, may_create=False), known, self._root)


def _stamp(root: Path) -> tuple[int, int, int]:
    """Return what is another one as soon as the file is."""
    try:
        found = key_path(root).stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size


def _known(connection: Connection) -> dict[int, bytes]:
    """Return key id -> fingerprint of what the database was used with."""
    rows = connection.execute(select(secret_keys))
    return {row.id: row.fingerprint for row in rows}


def _proven(keyring: Keyring, known: Mapping[int, bytes], root: Path) -> Keyring:
    """Return the keys that count, if they are the ones the database knows."""
    present = _fingerprints(keyring)
    live = {number: mark for number, mark in known.items() if mark != RETIRED}
    keys = {
        number: key
        for number, key in keyring.keys.items()
        if known.get(number) != RETIRED
    }
    is_other = any(present.get(number) != mark for number, mark in live.items())
    if is_other or keyring.current not in keys:
        raise OperationError(
            f"the key file {key_path(root)} does not belong to this database: "
            "it holds other keys than the ones used so far.",
            RESTORE,
        )
    return keyring if len(keys) == len(keyring.keys) else replace(keyring, keys=keys)


def _fingerprints(keyring: Keyring) -> dict[int, bytes]:
    keys = {**keyring.keys, _SUPPRESSION_ID: keyring.suppression_key}
    return {
        number: hmac.digest(key, b"fingerprint", "sha256")[:_FINGERPRINT_BYTES]
        for number, key in keys.items()
    }


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
