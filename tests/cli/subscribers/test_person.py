"""What is written for somebody who asks what is kept of them, and where it lies."""

import json
import subprocess
from pathlib import Path

import pytest

from newsletter.cli import run

ANNA = "anna@example.org"
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""
NOT_LOOKED_INTO = "Backups and lists that you keep elsewhere are not looked into.\n"


@pytest.fixture
def root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    run(["subscribers", "add", ANNA])
    capsys.readouterr()
    return tmp_path


def export(*options: str) -> int:
    return run(["subscribers", "export", "--person", ANNA, *options])


def modes(folder: Path) -> list[str]:
    return [oct(path.stat().st_mode & 0o777) for path in sorted(folder.rglob("*"))]


def test_export_person_without_a_folder_writes_into_the_private_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export() == 0
    place = "subscribers/dossiers/anna@example.org"
    assert capsys.readouterr() == (
        f"Written: {place}/letter.txt\nWritten: {place}/data.json\n",
        NOT_LOOKED_INTO,
    )
    assert modes(root / "subscribers" / "dossiers") == ["0o700", "0o600", "0o600"]
    assert (root / "subscribers").stat().st_mode & 0o777 == 0o700
    assert (root / "subscribers" / "dossiers").stat().st_mode & 0o777 == 0o700


def test_export_person_as_json_alone_writes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("--json") == 0
    assert json.loads(capsys.readouterr().out)["email"] == ANNA
    assert not (root / "subscribers" / "dossiers").exists()


def test_dossier_is_named_by_forget_and_by_a_second_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("-o", "anna") == 0
    assert modes(root / "anna") == ["0o600", "0o600"]
    assert (root / "anna").stat().st_mode & 0o777 == 0o700
    assert export("-o", "once-more") == 0
    capsys.readouterr()
    data = json.loads((root / "once-more" / "data.json").read_text())
    assert data["elsewhere"] == ["anna/data.json", "anna/letter.txt"]
    assert run(["subscribers", "forget", ANNA, "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[2:7] == [
        "These files still hold the address. Delete it there, or the files:",
        "  anna/data.json",
        "  anna/letter.txt",
        "  once-more/data.json",
        "  once-more/letter.txt",
    ]


def test_dossier_written_anew_does_not_warn_of_itself(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export("-o", "anna")
    capsys.readouterr()
    assert export("-o", "anna") == 0
    assert capsys.readouterr().err == NOT_LOOKED_INTO


def test_dossier_that_git_would_take_along_is_warned_of(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q"], check=True)  # noqa: S607
    assert export("-o", "anna") == 0
    assert capsys.readouterr().err == (
        "warning: anna/letter.txt lies in a git repository and is not ignored: git add "
        "-A would take it along. Add a line to .gitignore: letter.txt\n"
        "warning: anna/data.json lies in a git repository and is not ignored: git add "
        "-A would take it along. Add a line to .gitignore: data.json\n"
        f"{NOT_LOOKED_INTO}"
    )


def test_dossier_in_a_folder_that_is_copied_is_warned_of(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("-o", "Nextcloud/anna") == 0
    assert capsys.readouterr().err == (
        "warning: Nextcloud/anna lies in a folder of Nextcloud, which copies it to "
        "other computers: with it goes all that is kept of this person.\n"
        f"{NOT_LOOKED_INTO}"
    )


def test_new_project_keeps_dossiers_and_backups_out_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = "Harbour <letter@example.org>"
    folder = tmp_path / "p"
    assert run(["init", str(folder), "--name", "Harbour", "--sender", sender]) == 0
    subprocess.run(["git", "init", "-q", str(folder)], check=True)  # noqa: S607
    monkeypatch.chdir(folder)
    run(["subscribers", "add", ANNA])
    assert export() == 0
    assert run(["db", "backup"]) == 0
    taken = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    first = next((folder / "issues").iterdir()).name
    assert taken == [
        ".gitignore",
        f"issues/{first}",
        "newsletter.toml",
        "subscribers/example.csv",
    ]
