"""People leave as a file: for spreadsheets, for programs, and back in again."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from newsletter.cli import run

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
[lists.events]
[fields.first_name]
[fields.tags]
type = "list"
"""
READERS = """\
email;first_name;tags;language
anna@example.org;Anna;volunteer, board;nl
+tag@example.org;'=SUM(1);;
"""
HEADER = ["email", "list", "status", "since", "first_name", "tags", "language"]


class Desk:
    """The command line in a project, as a script uses it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = run(["subscribers", *arguments, "--project", str(self.root)])
        out, err = self._capsys.readouterr()
        return code, out, err

    def rows(self, *arguments: str) -> list[list[str]]:
        """Export to standard output; without the instants, which are those of now."""
        _, out, _ = self("export", *arguments)
        return [[*row[:3], *row[4:]] for row in csv.reader(StringIO(out))]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "readers.csv").write_text(READERS)
    found = Desk(tmp_path, capsys)
    found("import", str(tmp_path / "readers.csv"))
    return found


ANNA = ["anna@example.org", "main", "active", "Anna", "volunteer, board", "nl"]


def test_export_gives_a_row_for_each_person_and_list(desk: Desk) -> None:
    desk("add", "anna@example.org", "--list", "events")
    desk("unsubscribe", "anna@example.org", "--list", "main")
    code, out, _ = desk("export")
    assert code == 0
    assert out.startswith(",".join(f'"{name}"' for name in HEADER) + "\r\n")
    assert desk.rows()[1:] == [
        ["anna@example.org", "events", "active", *ANNA[3:]],
        ["anna@example.org", "main", "unsubscribed", *ANNA[3:]],
        ["'+tag@example.org", "main", "active", "'=SUM(1)", "", ""],
    ]


def test_export_gives_those_who_are_meant(desk: Desk) -> None:
    desk("unsubscribe", "+tag@example.org")
    assert desk.rows("--status", "active")[1:] == [ANNA]
    assert desk.rows("--list", "events")[1:] == []
    assert desk.rows("--where", 'language == "nl"')[1:] == [ANNA]


def test_export_guards_cells_unless_it_is_for_programs(desk: Desk) -> None:
    (person,) = desk.rows("--raw")[2:]
    assert person == ["+tag@example.org", "main", "active", "=SUM(1)", "", ""]


def test_export_to_a_file_is_private_and_says_how_many(desk: Desk) -> None:
    file = desk.root / "people.csv"
    file.write_text("before")
    file.chmod(0o644)
    assert desk("export", "-o", str(file)) == (0, "", f"{file}: 2 people\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(b'"email",')
    code, out, err = desk("export", "-o", str(file), "--excel", "--json")
    assert (code, json.loads(out), err) == (0, {"file": str(file), "people": 2}, "")
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"email",')


def test_export_counts_people_not_rows(desk: Desk) -> None:
    desk("add", "anna@example.org", "--list", "events")
    file = desk.root / "people.csv"
    assert desk("export", "-o", str(file))[2] == f"{file}: 2 people\n"


@pytest.mark.parametrize("options", [(), ("--raw",), ("--excel",)])
def test_export_is_read_back_unchanged(desk: Desk, options: tuple[str, ...]) -> None:
    before = desk.rows("--raw")
    file = desk.root / "people.csv"
    desk("export", "-o", str(file), *options)
    _, out, _ = desk("import", str(file), "--json")
    assert (json.loads(out)["present"], json.loads(out)["new"]) == (2, 0)
    assert desk.rows("--raw") == before


def test_export_of_nobody_is_a_header(desk: Desk) -> None:
    (desk.root / "subscribers" / "newsletter.db").unlink()
    assert desk("export")[1] == ",".join(f'"{name}"' for name in HEADER) + "\r\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--json",), "--json tells of a file: say which one with -o."),
        (
            ("--person", "anna@example.org", "--list", "main"),
            "--person goes with -o and --json alone.",
        ),
        (("--list", "press"), 'there is no list "press".'),
    ],
)
def test_export_that_makes_no_sense_says_why_and_writes_nothing(
    desk: Desk, arguments: tuple[str, ...], message: str
) -> None:
    file = desk.root / "people.csv"
    if "--json" not in arguments:
        arguments = (*arguments, "-o", str(file))
    code, out, err = desk("export", *arguments)
    assert code == 2
    assert message in out + err
    assert not file.exists()
