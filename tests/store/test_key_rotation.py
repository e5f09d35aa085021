import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from newsletter.errors import OperationError, RefusedError
from newsletter.store.database import Database
from newsletter.store.key_file import key_path, read_keyring, replace_keyring
from newsletter.store.key_rotation import add_key, retire_key
from newsletter.store.keys import RETIRED, Keys, open_keyring
from newsletter.store.tables import secret_keys
from newsletter.tokens import Purpose, address_hash, sign, verify

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEAVE = Purpose.UNSUBSCRIBE


def test_new_key_signs_and_the_old_one_verifies_on(
    database: Database, tmp_path: Path
) -> None:
    before = open_keyring(database, root=tmp_path)
    old = sign(before, LEAVE, 12, 1)
    after = add_key(database, root=tmp_path, now=NOW)
    new = sign(after, LEAVE, 12, 1)
    assert (after.current, sorted(after.keys), after.since) == (2, [1, 2], {2: NOW})
    assert new[:2] == "12"
    assert verify(after, LEAVE, old) == verify(after, LEAVE, new) == (12, 1)
    assert address_hash(after, "anna") == address_hash(before, "anna")
    assert open_keyring(database, root=tmp_path) == after


def test_file_of_a_new_key_is_private_and_alone(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    old_umask = os.umask(0)
    try:
        add_key(database, root=tmp_path, now=NOW)
    finally:
        os.umask(old_umask)
    assert key_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert (
        key_path(tmp_path)
        .read_text()
        .endswith(
            "\n\n# From when on each later one signs.\n"
            "[since]\n2 = 2026-11-22T12:00:00.000+00:00\n"
        )
    )
    others = {path.name for path in (tmp_path / "subscribers").iterdir()}
    wal = {"newsletter.db-shm", "newsletter.db-wal"}
    assert others - wal == {"secret.key", "newsletter.db"}


def test_new_key_when_killed_before_the_database_knows_it_is_taken_up(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    before = read_keyring(tmp_path, may_create=False)
    after = add_key(database, root=tmp_path, now=NOW)
    with database.writing() as connection:
        connection.execute(secret_keys.delete().where(secret_keys.c.id == 2))
    assert open_keyring(database, root=tmp_path) == after
    replace_keyring(tmp_path, before)
    with pytest.raises(OperationError, match="holds other keys than the ones"):
        open_keyring(database, root=tmp_path)


def test_retired_key_verifies_nothing_and_its_number_is_not_used_again(
    database: Database, tmp_path: Path
) -> None:
    old = sign(open_keyring(database, root=tmp_path), LEAVE, 12, 1)
    secret = read_keyring(tmp_path, may_create=False).keys[1].hex()
    add_key(database, root=tmp_path, now=NOW)
    after = retire_key(database, 1, root=tmp_path)
    assert (sorted(after.keys), after.current) == ([2], 2)
    assert verify(after, LEAVE, old) is None
    assert secret not in key_path(tmp_path).read_text()
    later = NOW + timedelta(days=1)
    third = add_key(database, root=tmp_path, now=later)
    assert (sorted(third.keys), third.since) == ([2, 3], {2: NOW, 3: later})


def test_retirement_killed_before_the_file_is_written_counts_and_can_be_ended(
    database: Database, tmp_path: Path
) -> None:
    old = sign(open_keyring(database, root=tmp_path), LEAVE, 12, 1)
    both = add_key(database, root=tmp_path, now=NOW)
    retire_key(database, 1, root=tmp_path)
    # As it was, had it been killed.
    replace_keyring(tmp_path, both)
    assert verify(open_keyring(database, root=tmp_path), LEAVE, old) is None
    assert sorted(retire_key(database, 1, root=tmp_path).keys) == [2]
    assert sorted(read_keyring(tmp_path, may_create=False).keys) == [2]


def test_key_that_signs_but_is_retired_is_none_of_this_database(
    database: Database, tmp_path: Path
) -> None:
    before = open_keyring(database, root=tmp_path)
    add_key(database, root=tmp_path, now=NOW)
    retire_key(database, 1, root=tmp_path)
    replace_keyring(tmp_path, before)
    with pytest.raises(OperationError, match="does not belong to this database"):
        open_keyring(database, root=tmp_path)


def test_key_after_the_last_number_is_refused(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    with database.writing() as connection:
        connection.execute(insert(secret_keys).values(id=255, fingerprint=b""))
    text = key_path(tmp_path).read_text()
    with pytest.raises(RefusedError) as caught:
        add_key(database, root=tmp_path, now=NOW)
    assert str(caught.value) == (
        "255 keys were used already, and a link has no room for more."
    )
    assert key_path(tmp_path).read_text() == text


# --- processes that run meanwhile -----------------------------------------------------


def test_running_process_takes_up_new_and_retired_keys(
    database: Database, tmp_path: Path
) -> None:
    keys = Keys(database, root=tmp_path)
    first = keys.keyring
    assert keys.keyring is first
    old = sign(first, LEAVE, 12, 1)
    new = sign(add_key(database, root=tmp_path, now=NOW), LEAVE, 12, 1)
    assert verify(keys.keyring, LEAVE, new) == (12, 1)
    retire_key(database, 1, root=tmp_path)
    assert verify(keys.keyring, LEAVE, old) is None
    assert verify(keys.keyring, LEAVE, new) == (12, 1)


def test_running_process_takes_up_within_a_minute_a_retirement_that_was_killed(
    database: Database, tmp_path: Path
) -> None:
    seconds = 100.0
    keys = Keys(database, root=tmp_path, clock=lambda: seconds)
    old = sign(keys.keyring, LEAVE, 12, 1)
    add_key(database, root=tmp_path, now=NOW)
    both = keys.keyring
    with database.writing() as connection:
        # The file still has it.
        retired = update(secret_keys).where(secret_keys.c.id == 1)
        connection.execute(retired.values(fingerprint=RETIRED))
    seconds += 59
    assert keys.keyring is both
    seconds += 1
    after = keys.keyring
    assert (sorted(after.keys), verify(after, LEAVE, old)) == ([2], None)
    seconds += 60
    assert keys.keyring is after


def test_running_process_needs_no_write_to_take_up_a_key(
    database: Database, tmp_path: Path
) -> None:
    keys = Keys(database, root=tmp_path)
    added = add_key(database, root=tmp_path, now=NOW)
    with database.writing() as connection:
        connection.execute(secret_keys.delete().where(secret_keys.c.id == 2))
        # Somebody writes: it would wait for that.
        connection.execute(update(secret_keys).values(id=secret_keys.c.id))
        assert keys.keyring == added


def test_running_process_without_its_keys_says_so_until_they_are_back(
    database: Database, tmp_path: Path
) -> None:
    keys = Keys(database, root=tmp_path)
    first, text = keys.keyring, key_path(tmp_path).read_text()
    key_path(tmp_path).unlink()
    for _ in range(2):
        with pytest.raises(OperationError, match="is missing"):
            _ = keys.keyring
    key_path(tmp_path).write_text(text)
    key_path(tmp_path).chmod(0o600)
    assert keys.keyring == first
