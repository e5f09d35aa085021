"""Where passwords are kept: a keyring if there is a usable one, else a private file."""

import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from newsletter.errors import OperationError
from newsletter.model.settings import ServerSettings
from newsletter.workflow.passwords import (
    KEYRING_PLACE,
    drop_password,
    find_password,
    keep_password,
    password_path,
)

SERVER = ServerSettings("smtp.example.org", 465, user="letter/../@example.org")
PASSWORD = " pä ss=%0A'\" "


class MemoryKeyring(KeyringBackend):
    """A keyring as systems have one."""

    priority: float = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def _open(self) -> dict[tuple[str, str], str]:
        if self.is_locked:
            raise KeyringLocked("locked")
        return self.kept

    def get_password(self, service: str, username: str) -> str | None:
        return self._open().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self._open():
            raise PasswordDeleteError("not found")
        del self.kept[service, username]


class WeakKeyring(MemoryKeyring):
    """One that keyring itself advises against, such as a file in clear text."""

    priority = 0.5


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture(autouse=True)
def _keyring_back() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def memory() -> MemoryKeyring:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    return backend


def test_password_without_a_keyring_is_in_a_private_file(
    settings: dict[str, str], tmp_path: Path
) -> None:
    place = keep_password(SERVER, PASSWORD, settings)
    path = Path(place)
    assert path == password_path(SERVER, settings)
    assert path.parent == tmp_path / "config" / "newsletter"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert find_password(SERVER, settings) == PASSWORD


def test_new_password_replaces_the_old_one(settings: dict[str, str]) -> None:
    keep_password(SERVER, "old", settings)
    keep_password(SERVER, "new", settings)
    assert find_password(SERVER, settings) == "new"


@pytest.mark.parametrize(
    "other",
    [
        ServerSettings("smtp.example.net", 465, user=SERVER.user),
        ServerSettings("smtp.example.org", 587, user=SERVER.user),
        ServerSettings("smtp.example.org", 465, user="other"),
    ],
)
def test_password_is_for_one_host_port_and_user(
    settings: dict[str, str], other: ServerSettings
) -> None:
    keep_password(SERVER, PASSWORD, settings)
    assert find_password(other, settings) == ""


def test_password_that_others_can_read_is_refused(settings: dict[str, str]) -> None:
    path = Path(keep_password(SERVER, "geheim", settings))
    path.chmod(0o644)
    with pytest.raises(OperationError) as caught:
        find_password(SERVER, settings)
    assert str(caught.value) == (
        f"the password file {path} can be read by other users here. "
        f"Run: chmod 600 '{path}'"
    )


def test_password_in_the_keyring_is_in_no_file(
    settings: dict[str, str], tmp_path: Path, memory: MemoryKeyring
) -> None:
    assert keep_password(SERVER, PASSWORD, settings) == KEYRING_PLACE
    assert memory.kept == {("newsletter smtp.example.org:465", SERVER.user): PASSWORD}
    assert list(tmp_path.iterdir()) == []
    assert find_password(SERVER, settings) == PASSWORD


def test_password_moves_from_the_file_to_the_keyring(settings: dict[str, str]) -> None:
    path = Path(keep_password(SERVER, "old", settings))
    keyring.set_keyring(MemoryKeyring())
    keep_password(SERVER, "new", settings)
    assert not path.exists()
    assert find_password(SERVER, settings) == "new"


def test_weak_keyring_is_not_used(settings: dict[str, str]) -> None:
    weak = WeakKeyring()
    keyring.set_keyring(weak)
    keep_password(SERVER, PASSWORD, settings)
    assert weak.kept == {}
    assert find_password(SERVER, settings) == PASSWORD


def test_locked_keyring_is_no_place_to_store(
    settings: dict[str, str], memory: MemoryKeyring
) -> None:
    memory.is_locked = True
    assert keep_password(SERVER, PASSWORD, settings) != KEYRING_PLACE


def test_locked_keyring_is_told_when_a_password_is_wanted(
    settings: dict[str, str], memory: MemoryKeyring
) -> None:
    memory.is_locked = True
    with pytest.raises(OperationError) as caught:
        find_password(SERVER, settings)
    assert str(caught.value) == (
        "the keyring of this computer cannot be opened for the password of the mail "
        'server. Unlock it; or write password = "env:NAME" or "file:PATH" under '
        "[server]."
    )


def test_forgotten_password_is_nowhere(
    settings: dict[str, str], memory: MemoryKeyring
) -> None:
    keep_password(SERVER, PASSWORD, settings)
    assert drop_password(SERVER, settings) == [KEYRING_PLACE]
    assert memory.kept == {}
    assert drop_password(SERVER, settings) == []


def test_forgotten_file_is_gone(settings: dict[str, str]) -> None:
    place = keep_password(SERVER, PASSWORD, settings)
    assert drop_password(SERVER, settings) == [place]
    assert find_password(SERVER, settings) == ""


def test_password_file_is_below_the_home_without_a_setting(tmp_path: Path) -> None:
    server = ServerSettings("h", 25, user="u")
    folder = tmp_path / ".config" / "newsletter"
    # A relative folder is none (XDG Base Directory specification).
    for environment in ({}, {"XDG_CONFIG_HOME": "here"}):
        assert password_path(server, environment) == folder / "u@h%3A25.password"
