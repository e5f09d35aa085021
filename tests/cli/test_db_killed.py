"""kill -9 of `newsletter db`: what is left behind is found, named and removed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.store.workrooms import workroom
from newsletter.workflow.project import open_project
from newsletter.workflow.switch import Switch
from newsletter.workflow.upkeep import CHORES, Upkeep
from newsletter.workflow.worker_news import Event

ANNA = "anna@example.org"
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""
#: Takes some tenths of a second to copy; no block of the disk holds it.
BIG_BYTES = 60_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one stands: with a project "news", whose last list is long."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "news"
    root.mkdir()
    (root / "newsletter.toml").write_text(SETTINGS)
    assert run(["subscribers", "add", ANNA, "--project", "news"]) == 0
    (root / "subscribers/a.csv").write_text(f"email\n{ANNA}\n")
    with (root / "subscribers/z.csv").open("wb") as file:
        file.truncate(BIG_BYTES)
    return tmp_path


def kill_when(is_so: Callable[[], object], *arguments: str) -> None:
    """Run a command until *is_so* says yes, and kill it then."""
    program = "from newsletter.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", program, *arguments]) as process:
        while not is_so():
            assert process.poll() is None, "it was over before it could be killed"
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def kill_backup(folder: Path, kept: Path) -> None:
    """Leave behind what a backup has when it has written something."""
    kill_when(
        lambda: any(one.stat().st_size > 1000 for one in rooms(folder, "backup.tar")),
        *("db", "backup", "--project", "news", "-o", str(kept)),
    )
    assert rooms(folder, "copy.db")


def rooms(folder: Path, inside: str = "") -> list[Path]:
    return list(folder.rglob(f".newsletter-part-*/{inside}"))


def signs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".newsletter-part-*") if path.is_symlink()]


@pytest.fixture
def elsewhere(folder: Path) -> Path:
    """A folder for backups, in which nobody stands."""
    (folder / "kept").mkdir()
    return folder / "kept"


# --- backup ---------------------------------------------------------------------------


def test_killed_backup_is_private_and_removed_by_the_next_one(
    folder: Path, elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    git = shutil.which("git") or "git"
    subprocess.run([git, "init", "-q", str(elsewhere)], check=True)
    kill_backup(folder, elsewhere / "kept.tar")
    subprocess.run([git, "add", "-A"], cwd=elsewhere, check=True)
    taken = subprocess.run(
        [git, "ls-files"], cwd=elsewhere, capture_output=True, check=True
    )
    assert taken.stdout == b""
    shutil.rmtree(elsewhere / ".git")
    (room,) = elsewhere.iterdir()
    assert room.stat().st_mode & 0o777 == 0o700
    assert all(
        one.stat().st_mode & 0o077 == 0
        for name in ("copy.db", "backup.tar")
        for one in rooms(folder, name)
    )
    capfd.readouterr()
    made = folder / "made.tar"
    assert run(["db", "backup", "--project", "news", "-o", str(made)]) == 0
    assert (rooms(folder), signs(folder), made.exists()) == ([], [], True)
    assert list(elsewhere.iterdir()) == []


def test_killed_backup_is_named_by_export_and_removed_by_forget(
    folder: Path, elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kill_backup(folder, elsewhere / "kept.tar")
    (folder / "news/subscribers/a.csv").unlink()
    (room,) = elsewhere.iterdir()
    capfd.readouterr()
    who = ["--person", ANNA, "--json"]
    exported = ["subscribers", "export", *who, "--project", "news"]
    assert run(exported) == 0
    named = json.loads(capfd.readouterr().out)["elsewhere"]
    assert str(room / "copy.db") in named
    forgotten = ["subscribers", "forget", ANNA, "--yes", "--json", "--project", "news"]
    assert run(forgotten) == 0
    assert json.loads(capfd.readouterr().out)["files"] == []
    assert (rooms(folder), signs(folder)) == ([], [])


def test_backup_under_way_is_left_alone_and_named_by_forget(
    folder: Path, elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = folder / "news/subscribers"
    with workroom(elsewhere, sign_in=home) as room:
        (room / "copy.db").write_bytes(f"\0{ANNA}\0".encode())
        capfd.readouterr()
        arguments = ["subscribers", "forget", ANNA, "--yes", "--project", "news"]
        assert run([*arguments, "--json"]) == 0
        named = json.loads(capfd.readouterr().out)["files"]
        assert named == [str(room / "copy.db"), "subscribers/a.csv"]
        assert (room / "copy.db").exists()
    assert (rooms(folder), signs(folder)) == ([], [])


def test_backup_during_which_the_keys_change_is_not_kept(folder: Path) -> None:
    program = "from newsletter.cli import main; main()"
    arguments = ("db", "backup", "--project", "news", "-o", "kept.tar")
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE
    ) as process:
        while not rooms(folder, "backup.tar"):
            assert process.poll() is None
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGSTOP)
        assert run(["db", "rotate-key", "--project", "news"]) == 0
        os.kill(process.pid, signal.SIGCONT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.decode()) == (
        3,
        "the keys were changed while the backup was written; it was not kept. "
        "Make it again.\n",
    )
    assert (rooms(folder), (folder / "kept.tar").exists()) == ([], False)


@contextmanager
def working(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Have a worker do this one chore; gives what it tells."""
    told: list[tuple[str, str]] = []

    def tell(event: Event) -> None:
        told.append((event.kind, event.text))

    chores = tuple(one for one in CHORES if one.name == "leftovers")
    project = open_project(folder / "news")
    with (
        Switch() as switch,
        Upkeep(project, environment={}, tell=tell, switch=switch, chores=chores),
    ):
        yield told


def test_killed_backup_is_removed_by_the_worker(folder: Path, elsewhere: Path) -> None:
    kill_backup(folder, elsewhere / "kept.tar")
    end = time.monotonic() + 10
    with working(folder) as told:
        while not told:
            assert time.monotonic() < end
            time.sleep(0.02)
    said = "Removed what a backup that was killed had left behind."
    assert told == [("leftovers", said)]
    assert (rooms(folder), signs(folder)) == ([], [])


def test_folders_of_other_names_and_what_signs_lead_to_otherwise_stay(
    folder: Path,
) -> None:
    home = folder / "news/subscribers"
    other = folder / ".newsletter-part-mine"
    other.mkdir()
    mine = folder / "mine"
    mine.mkdir()
    (home / ".newsletter-part-0a1b2c3d").symlink_to(mine)
    assert run(["db", "backup", "--project", "news", "-o", "kept.tar"]) == 0
    assert (other.is_dir(), mine.is_dir()) == (True, True)


# --- restore --------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["harbour", "there/new"])
def test_killed_restore_is_no_project_and_can_be_done_again(
    folder: Path, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["db", "backup", "--project", "news", "-o", "kept.tar"]) == 0
    with tarfile.open("kept.tar") as archive:
        names = archive.getnames()
    assert names.index("subscribers/a.csv") < names.index("subscribers/z.csv")
    kill_when(
        lambda: rooms(folder, "project/subscribers/z.csv"),
        *("db", "restore", "kept.tar", target),
    )
    assert rooms(folder, "project/subscribers/a.csv")
    assert [path.name for path in (folder / target).iterdir()] == [
        path.name for path in rooms(folder / target)
    ]
    capfd.readouterr()
    assert run(["db", "restore", "kept.tar", target]) == 0
    assert (rooms(folder), signs(folder)) == ([], [])
    assert run(["subscribers", "list", "--project", target]) == 0
    assert ANNA in capfd.readouterr().out


def test_killed_restore_is_removed_by_the_next_command_from_the_same_place(
    folder: Path,
) -> None:
    assert run(["db", "backup", "--project", "news", "-o", "kept.tar"]) == 0
    kill_when(
        lambda: rooms(folder, "project/subscribers/z.csv"),
        *("db", "restore", "kept.tar", "there/first"),
    )
    assert run(["db", "restore", "kept.tar", "there/second"]) == 0
    assert (rooms(folder), signs(folder)) == ([], [])
    assert list((folder / "there/first").iterdir()) == []
