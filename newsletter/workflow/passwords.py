"""Passwords of mail servers, outside every project: what `newsletter login` stores.

In the keyring of the system where there is a usable one (extra ``keyring``), else in a
private file below the user's settings; known by host, port and user. One place holds
it: storing empties the others.

Law: no password is in an error, a representation or a log.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.errors import OperationError
from newsletter.model.settings import InboxSettings, ServerSettings
from newsletter.workflow.private_files import read_private, replace_private

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

#: Where a password is wanted: to send, or to read what comes back.
Server = ServerSettings | InboxSettings

_WHAT = "the password file"
#: How a place is called when it is told to a person.
KEYRING_PLACE = "the keyring of this computer"
#: Backends below it are what keyring itself does not recommend: files without a lock,
#: or one that asks for a password of its own.
_RECOMMENDED = 1


def find_password(server: Server, environment: Mapping[str, str]) -> str:
    """Return the stored password for *server*, or nothing.

    Raises:
        OperationError: The place where it may be cannot be read.
    """
    path = password_path(server, environment)
    # Before the keyring: to ask that takes a tenth of a second, and perhaps a person.
    if path.exists():
        advice = "Store the password again with: newsletter login"
        return read_private(path, what=_WHAT, advice=advice).decode()
    return _find_in_keyring(server)


def keep_password(server: Server, password: str, environment: Mapping[str, str]) -> str:
    """Store *password* and return where, in words or as a path.

    Raises:
        OperationError: It cannot be written.
    """
    path = password_path(server, environment)
    if _keep_in_keyring(server, password):
        path.unlink(missing_ok=True)
        return KEYRING_PLACE
    replace_private(path, password.encode(), what=_WHAT)
    return str(path)


def drop_password(server: Server, environment: Mapping[str, str]) -> list[str]:
    """Remove the stored password; return the places where one was.

    Raises:
        OperationError: It is there and cannot be removed.
    """
    path = password_path(server, environment)
    places = [KEYRING_PLACE] if _drop_from_keyring(server) else []
    if path.exists():
        try:
            path.unlink()
        except OSError as error:
            raise OperationError(
                f"{_WHAT} {path} cannot be removed: {error.strerror}.",
                "Remove it yourself.",
            ) from error
        places.append(str(path))
    return places


def password_path(server: Server, environment: Mapping[str, str]) -> Path:
    """Return the file that holds the password where there is no keyring."""
    name = quote(f"{server.user}@{server.host}:{server.port}", safe="@")
    return _settings_folder(environment) / "newsletter" / f"{name}.password"


def _settings_folder(environment: Mapping[str, str]) -> Path:
    """Return where programs of this user keep their settings (XDG Base Directory)."""
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        folder = Path(environment.get(name, ""))
        if folder.is_absolute():
            return folder
    return Path.home() / ".config"


# --- the keyring ----------------------------------------------------------------------


def _service(server: Server) -> str:
    return f"newsletter {server.host}:{server.port}"


def _open_keyring() -> "KeyringBackend | None":
    try:
        import keyring
    except ImportError:  # the extra is not installed
        return None
    backend = keyring.get_keyring()
    return backend if backend.priority >= _RECOMMENDED else None


def _find_in_keyring(server: Server) -> str:
    backend = _open_keyring()
    if backend is None:
        return ""
    from keyring.errors import KeyringError

    try:
        return backend.get_password(_service(server), server.user) or ""
    except KeyringError as error:
        raise OperationError(
            f"{KEYRING_PLACE} cannot be opened for the password of the mail server.",
            'Unlock it; or write password = "env:NAME" or "file:PATH" under [server].',
        ) from error


def _keep_in_keyring(server: Server, password: str) -> bool:
    """Store it in the keyring and tell whether it is really there."""
    backend = _open_keyring()
    if backend is None:
        return False
    from keyring.errors import KeyringError

    try:
        backend.set_password(_service(server), server.user, password)
        return backend.get_password(_service(server), server.user) == password
    except KeyringError:  # locked, or nobody there to unlock it
        return False


def _drop_from_keyring(server: Server) -> bool:
    backend = _open_keyring()
    if backend is None:
        return False
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        backend.delete_password(_service(server), server.user)
    except PasswordDeleteError:  # there was none
        return False
    except KeyringError as error:
        raise OperationError(
            f"{KEYRING_PLACE} cannot be opened.", "Unlock it, and try again."
        ) from error
    return True
