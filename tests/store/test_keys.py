import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from newsletter.errors import OperationError
from newsletter.store.database import Database
from newsletter.store.key_file import key_path, read_keyring
from newsletter.store.keys import open_keyring
from newsletter.store.tables import secret_keys, suppressions

MISSING = (
    "the key file {} is missing. "
    "Put back your copy of it; a new key would let nobody unsubscribe."
)
DAMAGED = (
    "the key file {} is damaged. "
    "Put back your copy of it; a new key would let nobody unsubscribe."
)


def refusal(database: Database, root: Path) -> str:
    with pytest.raises(OperationError) as caught:
        open_keyring(database, root=root)
    return str(caught.value)


def test_keyring_when_nothing_is_there_is_made_once(
    database: Database, tmp_path: Path
) -> None:
    first = open_keyring(database, root=tmp_path)
    again = open_keyring(database, root=tmp_path)
    assert first == again
    assert (first.current, list(first.keys)) == (1, [1])
    assert len(first.keys[1]) == len(first.suppression_key) == 32
    assert first.keys[1] != first.suppression_key


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_key_file_when_made_is_private_whatever_the_umask(
    tmp_path: Path, umask: int
) -> None:
    (tmp_path / "subscribers").mkdir()
    old_umask = os.umask(umask)
    try:
        read_keyring(tmp_path, may_create=True)
    finally:
        os.umask(old_umask)
    assert key_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "subscribers").iterdir()] == [
        "secret.key"
    ]


def test_key_file_when_many_make_it_at_once_is_one(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    keys: set[bytes] = set()

    def read() -> None:
        start.wait()
        keys.add(read_keyring(tmp_path, may_create=True).keys[1])

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1


def test_keyring_when_file_is_missing_beside_data_makes_no_new_one(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    path = key_path(tmp_path)
    path.unlink()
    assert refusal(database, tmp_path) == MISSING.format(path)
    assert not path.exists()


def test_keyring_when_only_suppressions_are_left_makes_no_new_one(
    database: Database, tmp_path: Path
) -> None:
    """A database from before fingerprints, or repaired by hand."""
    with database.writing() as connection:
        connection.execute(
            insert(suppressions).values(
                address_hash=b"x", scope="*", reason="unsubscribed", at=0, source=""
            )
        )
    assert refusal(database, tmp_path) == MISSING.format(key_path(tmp_path))


def test_keyring_when_file_was_exchanged_says_so(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    path = key_path(tmp_path)
    path.unlink()
    read_keyring(tmp_path, may_create=True)
    assert refusal(database, tmp_path) == (
        f"the key file {path} does not belong to this database: "
        "it holds other keys than the ones used so far. "
        "Put back your copy of it; a new key would let nobody unsubscribe."
    )


def test_keyring_when_a_key_was_added_is_accepted_and_remembered(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    path = key_path(tmp_path)
    before = path.read_text()
    path.write_text(before.replace("current = 1", "current = 2") + f'2 = "{"ab" * 32}"')
    assert open_keyring(database, root=tmp_path).current == 2
    path.write_text(before)
    assert "does not belong to this database" in refusal(database, tmp_path)


def test_keyring_when_killed_before_the_fingerprints_goes_on(
    database: Database, tmp_path: Path
) -> None:
    first = open_keyring(database, root=tmp_path)
    with database.writing() as connection:
        connection.execute(delete(secret_keys))
    assert open_keyring(database, root=tmp_path) == first


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe\x00",
        b"current = 1\n[keys]\n1 = 'ab'",
        b"current = 1\nsuppression = 'ab'\n[keys]\n1 = '" + b"ab" * 32 + b"'",
        b"current = 7\nsuppression = '" + b"ab" * 32 + b"'\n[keys]\n1 = '"
        b"" + b"ab" * 32 + b"'",
        b"current = 1\nsuppression = 3\nkeys = 4",
        b"current = 1\nkeys = [",
    ],
)
def test_keyring_when_file_is_damaged_says_so_and_leaves_it(
    database: Database, tmp_path: Path, damage: bytes
) -> None:
    path = key_path(tmp_path)
    path.write_bytes(damage)
    path.chmod(0o600)
    assert refusal(database, tmp_path) == DAMAGED.format(path)
    assert path.read_bytes() == damage


def test_keyring_when_others_can_read_the_file_says_what_to_type(
    database: Database, tmp_path: Path
) -> None:
    open_keyring(database, root=tmp_path)
    path = key_path(tmp_path)
    path.chmod(0o640)
    assert refusal(database, tmp_path) == (
        f"the key file {path} can be read by other users of this computer. "
        f"Run: chmod 600 '{path}'"
    )


def test_keyring_when_the_path_is_a_folder_says_so(
    database: Database, tmp_path: Path
) -> None:
    path = key_path(tmp_path)
    path.mkdir(mode=0o700)
    assert refusal(database, tmp_path) == (
        f"the key file {path} cannot be read or written: Is a directory. "
        "Check that the disk is not full or read-only, and who owns the file."
    )
