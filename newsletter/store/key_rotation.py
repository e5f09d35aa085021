"""Another key signs from now on; an old one is no longer believed.

Law: only while nobody sends. Killed anywhere in here, file and database still belong
together: a key is in the file before the database relies on it, and the database stops
relying on it before it leaves the file.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update

from newsletter.errors import RefusedError
from newsletter.store.database import Database
from newsletter.store.key_file import new_key, read_keyring, replace_keyring
from newsletter.store.keys import RETIRED, open_keyring
from newsletter.store.tables import secret_keys
from newsletter.tokens import MOST_KEY_ID, Keyring


def add_key(database: Database, *, root: Path, now: datetime) -> Keyring:
    """Let a new key sign from now on; those that are there verify on.

    Args:
        database: Where it is noted.
        root: The project folder.
        now: The present, aware.

    Raises:
        RefusedError: There is no number left for it.
        OperationError: File or database cannot be used; nothing was changed then.
    """
    keyring = open_keyring(database, root=root)
    with database.reading() as connection:
        used = set(connection.scalars(select(secret_keys.c.id)))
    number = max(used | set(keyring.keys)) + 1
    if number > MOST_KEY_ID:
        raise RefusedError(
            f"{MOST_KEY_ID} keys were used already, and a link has no room for more.",
        )
    replace_keyring(
        root,
        replace(
            keyring,
            keys={**keyring.keys, number: new_key()},
            current=number,
            since={**keyring.since, number: now},
        ),
    )
    return open_keyring(database, root=root)


def retire_key(database: Database, number: int, *, root: Path) -> Keyring:
    """Believe no link any more that a key signed.

    Args:
        database: Where it is noted.
        number: Of a key that is in the file and does not sign.
        root: The project folder.

    Raises:
        OperationError: File or database cannot be used.
    """
    open_keyring(database, root=root)
    with database.writing() as connection:
        connection.execute(
            update(secret_keys)
            .where(secret_keys.c.id == number)
            .values(fingerprint=RETIRED)
        )
    written = read_keyring(root, may_create=False)
    keys = {one: key for one, key in written.keys.items() if one != number}
    replace_keyring(root, replace(written, keys=keys))
    return open_keyring(database, root=root)
