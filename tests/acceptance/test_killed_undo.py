"""kill -9 while an import is taken back: it is as before, or all of it is done."""

import hashlib
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.cli import run

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[fields.town]
"""
UNDO = ("subscribers", "import", "--undo", "--yes")
#: What an undo changes, without the moments at which it does.
STATE = (
    "SELECT email, fields FROM subscribers ORDER BY id",
    "SELECT list_id, subscriber_id, status, changed_at FROM subscriptions ORDER BY 2",
    "SELECT scope, reason, count(*) FROM suppressions GROUP BY 1, 2",
    "SELECT kind, source, count(*) FROM consent_events GROUP BY 1, 2",
    "SELECT count(*), count(undone_at) FROM imports",
    "SELECT count(*) FROM import_changes",
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    return tmp_path


def import_twice(root: Path, people: int) -> None:
    """Import people, and half of them anew with as many others."""
    for first, town in ((0, "Utrecht"), (people // 2, "Delft")):
        rows = (f"p{first + number}@example.org,{town}" for number in range(people))
        (root / "readers.csv").write_text("email,town\n" + "\n".join(rows))
        assert run(["subscribers", "import", "readers.csv", "--yes"]) == 0


def state(root: Path) -> str:
    """Return what tells one state of the database from another."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(root / "subscribers/newsletter.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for query in STATE:
            for row in connection.execute(query):
                digest.update(repr(row).encode())
    return digest.hexdigest()


def towns(root: Path) -> dict[str, int]:
    """Return what stands in everybody's fields, and how often."""
    query = "SELECT fields, count(*) FROM subscribers GROUP BY 1"
    with closing(sqlite3.connect(root / "subscribers/newsletter.db")) as connection:
        return dict(connection.execute(query).fetchall())


def is_written(root: Path) -> bool:
    """Tell whether somebody writes to the database now."""
    path = root / "subscribers/newsletter.db"
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
        other.execute("ROLLBACK")
    return False


def kill_undo(root: Path, *, after_seconds: float) -> int:
    """Kill an undo so long after it began to write; return how it ended."""
    program = "from newsletter.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *UNDO], stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not is_written(root):
            time.sleep(0.001)
        time.sleep(after_seconds)
        process.kill()
    return process.returncode


def kill_and_undo(root: Path, *, people: int, moments: list[float]) -> None:
    import_twice(root, people)
    found = [state(root)]
    ends = []
    for seconds in moments:
        ends.append(kill_undo(root, after_seconds=seconds))
        found.append(state(root))
    assert ends[0] == -signal.SIGKILL
    assert found[0] == found[1]
    if found[-1] == found[0]:
        assert run([*UNDO]) == 0
    assert set(found) <= {found[0], state(root)}
    assert towns(root) == {'{"town": "Utrecht"}': people}
    assert run([*UNDO]) == 1


def test_undo_killed_while_it_writes_changes_nothing(root: Path) -> None:
    kill_and_undo(root, people=4_000, moments=[0.0, 0.02])


@pytest.mark.long
def test_undo_of_many_killed_at_any_moment_is_not_half_done(root: Path) -> None:
    moments = [0.0, *(0.1 * step for step in range(1, 7))]
    kill_and_undo(root, people=30_000, moments=moments)
