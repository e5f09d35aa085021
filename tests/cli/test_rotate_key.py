import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.store.key_file import key_path, read_keyring
from newsletter.store.sender_lock import lock_path, sender_lock

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""
WHEN = r"\d{1,2} \w+ \d{4}, \d\d:\d\d"


@pytest.fixture
def root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    run(["subscribers", "add", "anna@example.org"])
    capsys.readouterr()
    return tmp_path


def ids(root: Path) -> list[int]:
    return sorted(read_keyring(root, may_create=False).keys)


def test_rotate_key_says_what_works_on_and_what_to_do_next(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["db", "rotate-key"]) == 0
    assert capsys.readouterr() == (
        "Key 2 signs the links of new mails from now on; whatever runs takes it up by "
        "itself.\n"
        "Links in earlier mails work as before, by key 1.\n"
        "Make a new backup, as earlier ones do not hold this key: newsletter db "
        "backup\n"
        "Should links of earlier mails work no more: newsletter db rotate-key "
        "--retire 1\n",
        "",
    )
    assert run(["db", "rotate-key"]) == 0
    assert "work as before, by keys 1, 2.\n" in capsys.readouterr().out
    assert ids(root) == [1, 2, 3]


def test_rotate_key_as_json_has_the_promised_shape(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["db", "rotate-key", "--json"]) == 0
    rotated = json.loads(capsys.readouterr().out)
    since = rotated["keys"][1]["since"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", since)
    second = {"id": 2, "since": since}
    keys = [{"id": 1, "since": None}, second]
    assert rotated == {"signs": 2, "keys": keys, "retired": None}
    assert run(["db", "rotate-key", "--retire", "1", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "signs": 2,
        "keys": [second],
        "retired": 1,
    }
    assert ids(root) == [2]


def test_retire_says_which_mails_it_is_about(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        run(["db", "rotate-key"])
    capsys.readouterr()
    assert run(["db", "rotate-key", "--retire", "2", "--yes"]) == 0
    between = rf"links in mails sent between {WHEN} and {WHEN} work no more\.\n"
    assert re.match(f"Key 2 is retired: {between}", capsys.readouterr().out)
    assert run(["db", "rotate-key", "--retire", "1", "--yes"]) == 0
    assert re.fullmatch(
        rf"Key 1 is retired: links in mails sent before {WHEN} work no more\.\n"
        "Backups made before hold it, and would bring it back: make a new one, and "
        r"delete those that you do not need\.\n",
        capsys.readouterr().out,
    )
    assert ids(root) == [3]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["--retire", "2", "--yes"],
            1,
            "key 2 signs the links of new mails. Let another one sign first: "
            "newsletter db rotate-key\n",
        ),
        (["--retire", "7", "--yes"], 1, "there is no key 7. The keys are: 1, 2\n"),
        (
            ["--retire", "1"],
            2,
            "nobody can be asked here, and nobody can undo it. Nothing was changed. "
            "Add --yes.\n",
        ),
    ],
    ids=["signs", "unknown", "nobody to ask"],
)
def test_retire_that_cannot_be_changes_nothing(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    run(["db", "rotate-key"])
    text = key_path(root).read_text()
    capsys.readouterr()
    assert run(["db", "rotate-key", *arguments]) == code
    assert capsys.readouterr() == ("", said)
    assert key_path(root).read_text() == text


@pytest.mark.parametrize(
    ("answer", "code", "left"), [(b"1\n", 0, [2]), (b"2\n", 2, [1, 2])]
)
def test_retire_on_a_terminal_wants_the_number_typed(
    root: Path, answer: bytes, code: int, left: list[int]
) -> None:
    run(["db", "rotate-key"])
    ours, theirs = pty.openpty()
    program = "from newsletter.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "db", "rotate-key", "--retire", "1"],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.write(ours, answer)
    assert child.wait(timeout=30) == code
    shown = " ".join(os.read(ours, 4096).decode().split())
    os.close(ours)
    assert re.search(
        rf"Links in mails sent before {WHEN} will stop working: for leaving, for "
        r"settings, for confirming\. Returned mail of those is not recognised any "
        r"more\. Whoever opens such a link is shown how to get a new one\. Nobody can "
        r"undo it\. Type the number of the key \(1\):",
        shown,
    )
    assert ids(root) == left


def test_rotate_key_while_somebody_sends_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.sender_lock._PATIENCE_SECONDS", 0)
    with sender_lock(lock_path(root / "subscribers/newsletter.db")):
        assert run(["db", "rotate-key"]) == 3
    assert "is sending this newsletter's mail" in capsys.readouterr().err
    assert ids(root) == [1]


def test_rotate_key_of_what_was_handed_over_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["db", "backup", "--hand-over", "-o", "moved.tar"])
    capsys.readouterr()
    assert run(["db", "rotate-key"]) == 1
    assert "this copy changes and sends nothing any more" in capsys.readouterr().err
    assert ids(root) == [1]


def test_rotate_key_without_a_database_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "other").mkdir()
    (root / "other/newsletter.toml").write_text(SETTINGS)
    for arguments in ([], ["--retire", "1", "--yes"]):
        assert run(["db", "rotate-key", "--project", "other", *arguments]) == 1
        assert capsys.readouterr().err == "there is no database yet, and so no key.\n"
