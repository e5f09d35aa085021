"""What every test runs under: no socket beyond loopback, no home of the user's."""

import ipaddress
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

# A shell that runs us in the background ignores Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


class OutsideConnectionError(AssertionError):
    """A test tried to reach something beyond this machine."""


def _is_loopback(family: int, address: Any) -> bool:
    if family == socket.AF_UNIX:
        return True
    host = address[0] if isinstance(address, tuple) else address
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse every connection and look-up that would leave the machine."""
    patch = pytest.MonkeyPatch()
    real_look_up = socket.getaddrinfo

    def guard(name: str) -> None:
        real = getattr(socket.socket, name)

        def checked(self: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if not _is_loopback(self.family, address):
                raise OutsideConnectionError(f"{name} to {address!r} refused in tests")
            return real(self, *args)

        patch.setattr(socket.socket, name, checked)

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_loopback(socket.AF_INET, (name,)):
            raise socket.gaierror(socket.EAI_NONAME, f"look-up of {name!r} refused")
        return real_look_up(host, *args, **kwargs)

    for name in ("connect", "connect_ex", "sendto"):
        guard(name)
    patch.setattr(socket, "getaddrinfo", look_up)
    # Without name servers each question fails at once; a test may bring its own.
    patch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", lambda *_: None)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _no_user_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own home, proxies and passwords out of every test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("NEWSLETTER_SMTP"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real issues and data, which is not part of the project."""
    checkout = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("NEWSLETTER_SHARED", checkout.parent / "shared"))
    if not (folder / "real").is_dir():
        pytest.skip("the real issues (folder shared/) are not on this machine")
    return folder
