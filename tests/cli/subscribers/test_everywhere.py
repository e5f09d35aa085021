"""Lists of those who left another service: what the editor is told of them."""

import json
from pathlib import Path

import pytest

from newsletter.cli import run

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
time_zone = "Europe/Amsterdam"

[lists.main]
[lists.events]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "readers.csv").write_text("email\nanna@example.org\nbert@example.org\n")
    (tmp_path / "left.csv").write_text("email\nanna@example.org\nnew@example.org\n")
    subscribers(tmp_path, "import", "readers.csv", "--list", "events")
    return tmp_path


def subscribers(root: Path, *arguments: str) -> int:
    files = [str(root / one) if one.endswith(".csv") else one for one in arguments]
    return run(["subscribers", *files, "--project", str(root)])


def test_import_of_leavers_without_a_list_tells_of_every_list(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    subscribers(root, "import", "left.csv", "--as", "unsubscribed", "--dry-run")
    subscribers(root, "import", "left.csv", "--as", "unsubscribed")
    subscribers(root, "import", "left.csv", "--as", "unsubscribed")
    assert capsys.readouterr().out == (
        "left.csv: read as UTF-8, one column; columns: email\n"
        "left.csv: would be imported as unsubscribed, for every list\n"
        "  on no list before           1\n"
        "  on a list until now         1\n"
        "1 person would get mail of your lists.\n"
        "left.csv: read as UTF-8, one column; columns: email\n"
        "left.csv: imported as unsubscribed, for every list\n"
        "  on no list before           1\n"
        "  on a list until now         1\n"
        "1 person gets mail of your lists now.\n"
        "left.csv: read as UTF-8, one column; columns: email\n"
        "left.csv: imported as unsubscribed, for every list\n"
        "  away already         2\n"
        "1 person gets mail of your lists now.\n"
    )


def test_import_of_leavers_without_a_list_names_no_list_in_json(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    subscribers(root, "import", "left.csv", "--as", "bounced", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["list"], told["changed"], told["new"]) == (None, 1, 1)
    assert told["mailable"] == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("active", ", and import those who left first, with --as unsubscribed."),
        ("unsubscribed", " if that is not so."),
        ("bounced", " if that is not so."),
    ],
)
def test_import_of_leavers_does_not_advise_to_import_leavers_first(
    root: Path, capsys: pytest.CaptureFixture[str], status: str, advice: str
) -> None:
    (root / "left.csv").write_text("email,Status\nanna@example.org,gone\n")
    capsys.readouterr()
    subscribers(root, "import", "left.csv", "--as", status, "--dry-run")
    assert capsys.readouterr().err.splitlines(keepends=True)[0] == (
        'warning: left.csv: the column "Status" is not read: everybody in the file is '
        f"taken for what --as says. Filter it in your spreadsheet{advice}\n"
    )


def test_undo_of_leavers_without_a_list_tells_of_every_list(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subscribers(root, "import", "left.csv", "--as", "unsubscribed")
    capsys.readouterr()
    subscribers(root, "import", "--undo")
    first, *counts = capsys.readouterr().out.splitlines()
    assert first.startswith("left.csv, imported as unsubscribed for every list on ")
    assert counts == ["  removed                 1", "  stand as before         1"]
