import subprocess
import sys
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
with sender_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


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


def test_sender_lock_held_by_another_process_is_refused_until_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.sender_lock._PATIENCE_SECONDS", 0.1)
    path = tmp_path / "x.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(OperationError) as caught, sender_lock(path):
            pass
        with sender_lock_if_free(path) as is_ours:
            assert not is_ours
        holder.kill()
        holder.wait()
        with sender_lock_if_free(path) as is_ours:
            assert is_ours
    assert str(caught.value) == (
        "another process is sending this newsletter's mail right now. "
        "See newsletter status; newsletter pause halts it."
    )
