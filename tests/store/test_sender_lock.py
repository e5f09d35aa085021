import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.errors import OperationError
from newsletter.store.sender_lock import (
    lock_path,
    sender_lock,
    sender_lock_if_free,
)

HOLD = """
import sys, pathlib
from newsletter.store.sender_lock import sender_lock
with sender_lock(pathlib.Path(sys.argv[1])) as lock:
    if len(sys.argv) > 2:
        lock.name_dispatch(int(sys.argv[2]))
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(path: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(path), *more]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder
        holder.kill()


def refusal(path: Path) -> str:
    with pytest.raises(OperationError) as caught, sender_lock(path):
        pass
    return re.sub(r"since \d\d:\d\d on \d\d \w+", "since …", str(caught.value))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.store.sender_lock._PATIENCE_SECONDS", 0.1)


def test_lock_path_is_beside_the_database() -> None:
    assert lock_path(Path("/a/newsletter.db")) == Path("/a/newsletter.lock")


def test_sender_lock_can_be_had_again_when_it_was_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        with sender_lock(tmp_path / "x.lock"):
            pass
    assert (tmp_path / "x.lock").stat().st_mode & 0o777 == 0o600


def test_sender_lock_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.mkdir()
    with pytest.raises(OperationError) as caught, sender_lock(path):
        pass
    assert str(caught.value) == (
        f"the lock file {path} cannot be opened: Is a directory. "
        "Check who owns it: another user may have sent from this folder."
    )


@pytest.mark.usefixtures("hasty")
def test_sender_lock_held_by_another_process_is_refused_until_it_is_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.lock"
    with held(path) as holder:
        said = refusal(path)
        with sender_lock_if_free(path) as is_ours:
            assert not is_ours
        holder.kill()
        holder.wait()
        with sender_lock_if_free(path) as is_ours:
            assert is_ours
    assert said == (
        f"another process ({holder.pid}, since …) is sending this newsletter's mail. "
        "See newsletter status; newsletter pause halts it."
    )


@pytest.mark.usefixtures("hasty")
def test_sender_lock_held_by_another_process_says_what_that_sends(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.lock"
    with held(path, "12") as holder:
        said = refusal(path)
    assert said == (
        f"another process ({holder.pid}, since …) is sending this newsletter's mail: "
        "dispatch 12. See newsletter status 12; newsletter pause 12 halts it."
    )


@pytest.mark.usefixtures("hasty")
def test_sender_lock_does_not_name_a_holder_that_died(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with held(path, "12"):
        pass
    with sender_lock_if_free(path) as is_ours:
        assert is_ours
        said = refusal(path)
    assert said == (
        "another process is sending this newsletter's mail. "
        "See newsletter status; newsletter pause halts it."
    )


def test_sender_lock_that_was_given_back_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with sender_lock(path) as lock:
        lock.name_dispatch(3)
        assert b'"dispatch": 3' in path.read_bytes()
    assert path.read_bytes() == b""
