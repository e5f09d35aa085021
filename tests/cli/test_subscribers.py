import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli import run

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"

[lists.main]
[lists.events]
[fields.first_name]
"""
READERS = "email,first_name\nanna@example.org,Anna\nno address,x\nbert@example.org,\n"


class Desk:
    """The command line in a project, as a script uses it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = run(["subscribers", *arguments, "--project", str(self.root)])
        out, err = self._capsys.readouterr()
        return code, out, err

    def take(self) -> str:
        """Return what was printed since the last look."""
        return self._capsys.readouterr().out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json")[1])

    def file(self, text: str) -> str:
        path = self.root / "readers.csv"
        path.write_text(text, "utf-8")
        return str(path)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    return Desk(tmp_path, capsys)


def test_import_without_a_terminal_imports_and_shows_counts(desk: Desk) -> None:
    assert desk("import", desk.file(READERS)) == (
        1,
        "readers.csv: read as UTF-8, separated by commas; columns: email, first_name\n"
        "readers.csv: imported into main as active\n"
        "  new                        2\n"
        "  bad rows, left out         1\n"
        "2 people get the mail of main now.\n",
        "readers.csv:3: the address has a space in it.\n",
    )


def test_import_when_all_rows_are_good_ends_with_zero(desk: Desk) -> None:
    code, _, err = desk("import", desk.file("anna@example.org\nANNA@example.org\n"))
    assert (code, err) == (0, "readers.csv:2: the same address as in row 1.\n")


def test_import_names_its_rows_in_their_order(desk: Desk) -> None:
    text = "anna@example.org\nANNA@example.org\nbert\nanna@example.org\ncleo\n"
    assert desk("import", desk.file(text))[2] == (
        "readers.csv:2: the same address as in row 1.\n"
        "readers.csv:3: the address has no @.\n"
        "readers.csv:4: the same address as in row 1.\n"
        "readers.csv:5: the address has no @.\n"
    )


def test_import_dry_run_changes_nothing(desk: Desk) -> None:
    code, out, _ = desk("import", desk.file("anna@example.org"), "--dry-run")
    assert (code, out) == (
        0,
        "readers.csv: read as UTF-8, one column; addresses alone\n"
        "readers.csv: would be imported into main as active\n"
        "  new         1\n"
        "1 person would get the mail of main.\n",
    )
    assert not (desk.root / "subscribers").exists()


def test_import_as_json_prints_one_object(desk: Desk) -> None:
    desk("add", "bert@example.org")
    text = READERS + "ANNA@example.org,\n"
    assert desk.json("import", desk.file(text)) == {
        "file": "readers.csv",
        "list": "main",
        "as": "active",
        "dry_run": False,
        "import": 1,
        "encoding": "UTF-8",
        "separator": ",",
        "columns": {"email": "email", "first_name": "first_name"},
        "dates": {},
        "new": 1,
        "changed": 0,
        "updated": 0,
        "present": 1,
        "stays_pending": 0,
        "stays_unsubscribed": 0,
        "stays_bounced": 0,
        "duplicate_rows": 1,
        "problem_rows": 1,
        "incomplete_rows": 0,
        "duplicates": [{"row": 5, "first": 2}],
        "problems": [{"row": 3, "message": "the address has a space in it."}],
        "omissions": [],
        "warnings": [],
        "mailable": 2,
    }


def test_import_of_many_bad_rows_shows_the_first_fifty(desk: Desk) -> None:
    code, _, err = desk("import", desk.file("email\n" + "x\n" * 60))
    assert code == 1
    assert err.count("the address has no @.") == 50
    assert err.endswith("readers.csv: and 10 more rows like these.\n")


def test_import_of_a_file_that_is_no_list_says_so(desk: Desk) -> None:
    assert desk("import", desk.file("name,town\n")) == (
        1,
        "",
        "readers.csv:1: no column has addresses. "
        'Write "email" above theirs, or say what stands there: --map email="Contact"\n',
    )


def test_import_dry_run_as_json_gives_a_verdict_for_each_row(desk: Desk) -> None:
    desk("unsubscribe", "left@example.org")
    text = READERS + "left@example.org,\nANNA@example.org,\n"
    found = desk.json("import", desk.file(text), "--dry-run")
    assert (found["dry_run"], found["import"]) == (True, None)
    assert found["rows"] == [
        {"row": 2, "verdict": "new", "reason": "was not on the list"},
        {"row": 3, "verdict": "bad", "reason": "the address has a space in it."},
        {"row": 4, "verdict": "new", "reason": "was not on the list"},
        {
            "row": 5,
            "verdict": "stays_unsubscribed",
            "reason": "left, or does not want mail of the list",
        },
        {"row": 6, "verdict": "duplicate", "reason": "the same address as in row 2"},
    ]


def test_import_dry_run_writes_verdicts_to_a_private_file(desk: Desk) -> None:
    file = desk.root / "verdicts.csv"
    code, _, err = desk("import", desk.file(READERS), "--dry-run", "-o", str(file))
    assert code == 1
    assert err.endswith(f"{file}: what would become of each row\n")
    assert file.read_text() == (
        "row,verdict,reason\n"
        "2,new,was not on the list\n"
        "3,bad,the address has a space in it.\n"
        "4,new,was not on the list\n"
    )
    assert file.stat().st_mode & 0o777 == 0o600


def test_import_goes_by_the_columns_that_are_named(desk: Desk) -> None:
    file = desk.file("Contact;Known as;Notes\nanna@example.org;Anna;x\n")
    options = ("--map", "email=Contact", "--map", "first_name=Known as")
    code, out, err = desk("import", file, *options, "--map", "-=Notes")
    assert (code, err) == (0, "")
    assert out.startswith(
        "readers.csv: read as UTF-8, separated by semicolons; "
        'columns: email ("Contact"), first_name ("Known as")\n'
    )
    (person,) = desk.json("list")["subscribers"]
    assert person["fields"] == {"first_name": "Anna"}


def test_import_undo_takes_the_last_one_back(desk: Desk) -> None:
    desk("import", desk.file("anna@example.org\n"))
    desk("import", desk.file("bert@example.org\ncleo@example.org\n"))
    desk("unsubscribe", "cleo@example.org")
    _, told, _ = desk("import", "--undo", "--dry-run")
    code, done, err = desk("import", "--undo")
    assert (code, err) == (0, "")
    head, *rows = done.splitlines()
    assert head.startswith("readers.csv, imported into main as active on ")
    assert head.endswith(": undone")
    assert rows == [
        "  removed                     1",
        "  stay: changed since         1",
    ]
    assert told == done.replace(": undone", ": would be undone")
    people = [item["email"] for item in desk.json("list")["subscribers"]]
    assert people == ["anna@example.org", "cleo@example.org"]
    assert desk("import", "--undo")[0] == 1


def test_import_undo_as_json_prints_one_object(desk: Desk) -> None:
    desk("import", desk.file("bert@example.org\n"))
    assert desk.json("import", "--undo") == {
        "import": 1,
        "file": "readers.csv",
        "dry_run": False,
        "removed": 1,
        "restored": 0,
        "kept": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Say which file: newsletter subscribers import FILE."),
        (("FILE", "--undo"), "--undo takes the last import back; name no file."),
        (("FILE", "-o", "verdicts.csv"), "-o goes with --dry-run."),
        (
            ("FILE", "--map", "email"),
            '--map wants FIELD=COLUMN, not "email"; for example '
            '--map email="E-mail of member".',
        ),
        (
            ("FILE", "--sheet", "Leden"),
            "readers.csv is no spreadsheet: it has no --sheet.",
        ),
    ],
)
def test_import_that_makes_no_sense_says_why(
    desk: Desk, arguments: tuple[str, ...], message: str
) -> None:
    file = desk.file(READERS)
    given = [file if word == "FILE" else word for word in arguments]
    code, out, err = desk("import", *given)
    assert (code, out) == (2, "")
    assert message in err
    assert desk.json("list")["subscribers"] == []


def on_a_terminal(desk: Desk, answer: str, file: str) -> tuple[int, str]:
    """Import where somebody can be asked; return exit code and all that is shown."""
    command = [
        *(sys.executable, "-c", "from newsletter.cli import main; main()"),
        *("subscribers", "import", file, "--project", str(desk.root)),
    ]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=theirs)
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = b""
    # On Linux the end of a terminal is an error, not an end.
    with suppress(OSError):
        while part := os.read(ours, 10_000):
            shown += part
    os.close(ours)
    return process.wait(30), shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("answer", "code", "people"), [("ja", 0, 1), ("nee", 1, 0), ("", 1, 0)]
)
def test_import_on_a_terminal_shows_counts_and_asks(
    desk: Desk, answer: str, code: int, people: int
) -> None:
    found, shown = on_a_terminal(desk, answer, desk.file("anna@example.org"))
    assert found == code
    assert "readers.csv: would be imported into main as active\n" in shown
    assert shown.index("  new         1\n") < shown.index("Do it? [y/N]: ")
    assert len(desk.json("list")["subscribers"]) == people


def test_import_on_a_terminal_names_what_is_left_out_before_it_asks(
    desk: Desk,
) -> None:
    text = READERS.replace("first_name", "town") + "ANNA@example.org,\n"
    code, shown = on_a_terminal(desk, "y", desk.file(text))
    before, question, after = shown.partition("Do it?")
    assert (code, question) == (1, "Do it?")
    for sentence in (
        'warning: readers.csv: not used: "town". Declare them under [fields] in '
        "newsletter.toml to use them.\n",
        "readers.csv:3: the address has a space in it.\n",
        "readers.csv:5: the same address as in row 2.\n",
    ):
        assert sentence in before
        assert sentence not in after
    assert "2 people get the mail of main now.\n" in after


def test_add_list_and_show_tell_the_same_person(desk: Desk) -> None:
    added = desk(
        *("add", "anna@example.org", "--field", "first_name=Anna"),
        *("--consent", "paper form, 3 May"),
    )
    assert added == (0, "anna@example.org: added\n", "")
    (person,) = desk.json("list")["subscribers"]
    at = person.pop("changed_at")
    assert person == {
        "email": "anna@example.org",
        "fields": {"first_name": "Anna"},
        "list": "main",
        "status": "active",
    }
    assert desk.json("show", "ANNA@example.org") == {
        "email": "anna@example.org",
        "fields": {"first_name": "Anna"},
        "subscriptions": [{"list": "main", "status": "active", "changed_at": at}],
        "suppressions": [],
        "moved_to": [],
        "history": [
            {
                "list": "main",
                "kind": "added",
                "at": at,
                "source": "command",
                "evidence": "paper form, 3 May",
                "wording": "",
                "language": "",
            }
        ],
    }


def test_list_and_show_print_lines_for_people(desk: Desk) -> None:
    desk("add", "anna@example.org", "--field", "first_name=Anna")
    desk("unsubscribe", "anna@example.org", "--list", "main")
    _, out, _ = desk("list", "--status", "unsubscribed")
    email, slug, status, at, field = out.rstrip("\n").split("\t")
    assert (email, slug, status, field) == (
        "anna@example.org",
        "main",
        "unsubscribed",
        "first_name=Anna",
    )
    _, out, _ = desk("show", "anna@example.org")
    lines = out.replace(at, "NOW").splitlines()
    assert lines == [
        "anna@example.org",
        "first_name: Anna",
        "list main: unsubscribed, NOW",
        "gets no mail of main any more: unsubscribed, NOW, command",
        "NOW  added, main, command",
        "NOW  unsubscribed, main, command",
    ]


def test_list_and_show_go_by_the_clock_of_the_newsletter(desk: Desk) -> None:
    settings = SETTINGS.replace(
        "[lists.main]", 'time_zone = "Pacific/Kiritimati"\n[lists.main]'
    )
    (desk.root / "newsletter.toml").write_text(settings)
    desk("unsubscribe", "anna@example.org")
    desk("add", "anna@example.org", "--consent", "by phone")
    (person,) = desk.json("list")["subscribers"]
    at = datetime.fromisoformat(person["changed_at"]) + timedelta(hours=14)
    local = f"{at:%Y-%m-%d %H:%M} +14"
    assert desk("list")[1].split("\t")[3].strip() == local
    _, out, _ = desk("show", "anna@example.org")
    assert out.count(local) == 3


def test_show_of_an_address_that_left_everything(desk: Desk) -> None:
    desk("unsubscribe", "anna@example.org")
    _, out, _ = desk("show", "anna@example.org")
    assert "gets no mail of any list any more: unsubscribed, " in out


def test_help_of_subscribers_cuts_no_sentence(desk: Desk) -> None:
    run(["subscribers", "--help"])
    commands = desk.take().partition("Commands:")[2]
    assert "import" in commands
    assert "..." not in commands


def test_list_of_nobody_is_empty(desk: Desk) -> None:
    assert desk("list") == (0, "", "")
    assert desk.json("list")["subscribers"] == []


@pytest.mark.parametrize(
    ("before", "out", "known", "left"),
    [
        (("add",), "left main", True, ["main"]),
        (("add", "unsubscribe"), "had left already", True, []),
        ((), "was on no list, and will not be imported", False, []),
    ],
)
def test_unsubscribe_says_what_became_of_it(
    desk: Desk, before: tuple[str, ...], out: str, known: bool, left: list[str]
) -> None:
    for name in ("anna", "bert"):
        for step in before:
            desk(step, f"{name}@example.org")
    assert desk("unsubscribe", "anna@example.org") == (
        0,
        f"anna@example.org: {out}\n",
        "",
    )
    assert desk.json("unsubscribe", "bert@example.org") == {
        "email": "bert@example.org",
        "known": known,
        "left": left,
    }


def test_add_of_somebody_who_left_is_refused_without_their_word(desk: Desk) -> None:
    desk("add", "anna@example.org")
    desk("unsubscribe", "anna@example.org")
    assert desk("add", "anna@example.org") == (
        1,
        "",
        "this person has left the list main. "
        'Only their own word counts: add --consent "paper form, 3 May".\n',
    )
    back = desk.json("add", "anna@example.org", "--consent", "by phone")
    assert back == {
        "email": "anna@example.org",
        "result": "readmitted",
        "moved_to": [],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("add", "anna"), 2, "the address has no @."),
        (
            ("add", "anna@example.org", "--field", "first_name"),
            2,
            '--field wants NAME=VALUE, not "first_name".',
        ),
        (("show", "anna@example.org"), 1, "nothing is kept of this address."),
        (
            ("list", "--list", "press"),
            2,
            'there is no list "press".',
        ),
    ],
)
def test_commands_when_refused_say_why_and_print_nothing(
    desk: Desk, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found, out, err = desk(*arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert desk.json(*arguments)["error"]["message"] == message
