import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.cli import run
from newsletter.cli.subscribers.person import export_person
from newsletter.store.tables import subscribers
from newsletter.tokens import Purpose, sign
from newsletter.workflow.desk import open_desk
from newsletter.workflow.new_address import ask_for_address, confirm_change
from newsletter.workflow.project import open_project

ANNA = "anna@example.org"
NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""


@pytest.fixture
def root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    run(["subscribers", "add", "Anna@example.org"])
    capsys.readouterr()
    return tmp_path


def subscribers_of(root: Path) -> list[str]:
    with open_desk(open_project(root)) as desk, desk.database.reading() as connection:
        return list(connection.scalars(select(subscribers.c.email)))


def test_forget_tells_what_it_did_and_what_it_cannot(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "subscribers" / "readers.csv").write_text(f"email\n{ANNA}\n")
    assert run(["subscribers", "forget", ANNA, "--yes"]) == 0
    assert capsys.readouterr() == (
        "anna@example.org is forgotten.\n"
        "It will not be imported any more.\n"
        "These files still hold the address. Delete it there, or the files:\n"
        "  subscribers/readers.csv\n"
        "Backups and lists that you keep elsewhere may hold it too: see to them.\n",
        "",
    )


def test_forget_of_nobody_keeps_the_address_from_coming_in(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["subscribers", "forget", "zoe@example.org", "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Nobody had the address zoe@example.org.",
        "It will not be imported any more.",
    ]
    assert run(["subscribers", "add", "zoe@example.org"]) == 1


def test_forget_completely_remembers_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["subscribers", "forget", ANNA, "--completely", "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "Nothing will remember that this person wants no mail: any import brings the "
        "address back."
    )
    assert run(["subscribers", "show", ANNA]) == 1
    assert run(["subscribers", "forget", ANNA, "--completely", "--yes"]) == 1
    assert "nothing is kept of this address." in capsys.readouterr().err


def test_forget_as_json_has_the_promised_shape(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["subscribers", "forget", ANNA, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "email": ANNA,
        "forgotten": True,
        "deliveries": 0,
        "moved_to": [],
        "files": [],
    }


def test_forget_of_an_address_of_before_says_where_its_reader_is(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_desk(open_project(root)) as desk, desk.database.writing() as connection:
        token = sign(desk.keyring, Purpose.PREFERENCES, 1)
        new = "anna@example.net"
        ask_for_address(connection, desk.keyring, token, new, language="en", now=NOW)
        token = sign(desk.keyring, Purpose.CHANGE, 1)
        confirm_change(connection, desk.keyring, token, now=NOW)
    assert run(["subscribers", "forget", ANNA, "--yes"]) == 0
    assert capsys.readouterr().out == (
        "anna@example.org is forgotten.\n"
        "It will not be imported any more.\n"
        "Its reader moved to anna@example.net: that address is kept. To forget it "
        "too: newsletter subscribers forget anna@example.net\n"
        "Backups and lists that you keep elsewhere may hold it too: see to them.\n"
    )


def test_forget_without_a_terminal_wants_yes(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["subscribers", "forget", ANNA]) == 2
    assert capsys.readouterr().err == (
        "nobody can be asked here, and nobody can undo it. Add --yes.\n"
    )
    assert run(["subscribers", "show", ANNA]) == 0


@pytest.mark.parametrize(("answer", "is_left"), [(b"n\n", True), (b"y\n", False)])
def test_forget_on_a_terminal_asks(root: Path, answer: bytes, is_left: bool) -> None:
    ours, theirs = pty.openpty()
    program = "from newsletter.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "subscribers", "forget", ANNA],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.write(ours, answer)
    assert child.wait(timeout=30) == (1 if is_left else 0)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert f"Erase all that is kept of {ANNA}? Nobody can undo it. [y/N]:" in shown
    assert (subscribers_of(root) == ["Anna@example.org"]) is is_left


def test_export_person_writes_private_files_and_names_the_others(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "subscribers" / "readers.csv").write_text(f"email\n{ANNA}\n")
    export_person(open_project(root), ANNA, folder=Path("anna"), as_json=False)
    assert capsys.readouterr() == (
        "Written: anna/letter.txt\nWritten: anna/data.json\n",
        "subscribers/readers.csv holds the address, too: look at what it says there.\n"
        "Backups and lists that you keep elsewhere are not looked into.\n",
    )
    assert json.loads((root / "anna/data.json").read_text())["email"] == (
        "Anna@example.org"
    )
    assert (root / "anna/letter.txt").stat().st_mode & 0o777 == 0o600
