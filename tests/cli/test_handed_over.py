"""The copy that stays behind when a newsletter goes to another computer."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.messages.compile import dump_compiled
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Order
from newsletter.store.contents import Content, save_content
from newsletter.store.database import open_database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.handovers import note_handover
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.desk import open_desk
from newsletter.workflow.letters import compile_issue
from newsletter.workflow.project import find_issue, open_project
from newsletter.workflow.status import read_dispatch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "sqlite:///subscribers/newsletter.db"
SETTINGS = """
[newsletter]
name = "Harbour Letter"
sender = "Harbour <letter@example.org>"
[server]
host = "127.0.0.1"
port = 9
security = "none"
"""
ISSUE = """---
subject: May
preheader: What is new
date: 2026-05-01
---

## [The harbour](http://127.0.0.1:9/harbour)
"""
FIRST = (
    "This newsletter was handed over to another computer on 22 November 2026 "
    "(moved.tar): the copy there is in charge, not this one.\n"
)
REFUSED = (
    "this newsletter was handed over to another computer on 22 November 2026 "
    "(moved.tar): this copy changes and sends nothing any more. Go on over there. If "
    "that came to nothing, put it back here: move this folder away, then newsletter db "
    "restore moved.tar; where that file is lost: newsletter db take-back\n"
)

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command in a project with one reader."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues/may.md").write_text(ISSUE)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    assert command("subscribers", "add", "anna@example.org")[0] == 0
    return command


def dispatch() -> None:
    """Make a dispatch to everybody that is not begun."""
    project = open_project(Path.cwd())
    assembled = require_assembled(compose_issue(project, find_issue(project, "may")))
    compiled = compile_issue(assembled, project.settings)
    hashed, dumped = compiled.content_hash, dump_compiled(compiled)
    with open_desk(project) as desk, desk.database.writing() as connection:
        save_content(connection, Content(hashed, "may", "Hi", dumped), now=NOW)
        create_dispatch(connection, Order("may", hashed, ("main",)), now=NOW)


def hand_over() -> None:
    """Hand over as `db backup --hand-over` does, at a known moment."""
    with (
        open_database(URL, root=Path.cwd()) as database,
        database.writing() as connection,
    ):
        note_handover(connection, file="moved.tar", now=NOW)


# --- what it says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", ["subscribers count", "doctor --offline", "status", "check --offline"]
)
def test_command_on_a_copy_that_was_handed_over_begins_with_that(
    command: Command, arguments: str
) -> None:
    dispatch()
    hand_over()
    _, out, err = command(*arguments.split())
    assert err.startswith(FIRST)
    assert err.count("handed over") == 1
    assert "newsletter resume" not in out + err


def test_status_of_a_copy_that_sent_nothing_says_first_that_it_was_handed_over(
    command: Command,
) -> None:
    hand_over()
    assert command("status") == (
        3,
        "",
        f"{FIRST}no issue has been sent yet. Send one with: newsletter send\n",
    )


def test_json_of_a_copy_that_was_handed_over_stays_one_object(
    command: Command,
) -> None:
    dispatch()
    hand_over()
    code, out, err = command("status", "--json")
    assert (code, json.loads(out)["dispatch"], err) == (0, 1, FIRST)


def test_unknown_people_of_a_copy_that_was_handed_over_are_named_without_advice(
    command: Command,
) -> None:
    dispatch()
    hand_over()
    assert command("db", "take-back", "--yes")[0] == 0
    hand_over()
    code, out, err = command("status", "--unknown")
    assert (code, out.split()[0]) == (0, "anna@example.org")
    assert err == f"{FIRST}1 recipient of dispatch 1 is unknown.\n"


@pytest.mark.parametrize(
    "arguments",
    ["send may --confirm 1", "db backup", "resume 1", "test may --to a@b.nl"],
)
def test_command_that_changes_something_there_is_refused_before_all_else(
    command: Command, arguments: str
) -> None:
    dispatch()
    hand_over()
    assert command(*arguments.split()) == (1, "", FIRST + REFUSED)


# --- taking it back -------------------------------------------------------------------


def test_hand_over_that_is_taken_back_lets_this_copy_send_but_doubts_who_has_what(
    command: Command,
) -> None:
    dispatch()
    hand_over()
    code, out, err = command("db", "take-back", "--yes")
    assert (code, err) == (0, FIRST)
    assert out.splitlines() == [
        "This copy is in charge again.",
        "It does not know what happened since: who left, who joined, what was sent. "
        "Let those who left leave again before you send: newsletter subscribers "
        "unsubscribe ADDRESS",
        "Dispatch 1 of may is paused.",
        "  1 may have it already. See who: newsletter status 1 --unknown",
        "  Only where you are sure that it was not sent since: newsletter resume 1 "
        "--unknown",
        "Should moved.tar turn up again, delete it: with it a second copy would send.",
    ]
    found = read_dispatch(open_project(Path.cwd()), 1)
    assert found.state is DispatchState.PAUSED
    assert found.reason == "the hand-over of 22 November 2026 was taken back"
    assert found.counts[DeliveryState.UNKNOWN] == 1
    assert command("subscribers", "add", "bert@example.org")[0] == 0


def test_dispatch_of_which_nobody_knows_anything_is_advised_on_the_unknown_alone(
    command: Command,
) -> None:
    dispatch()
    hand_over()
    assert command("db", "take-back", "--yes")[0] == 0
    assert command("subscribers", "count")[2] == (
        "Dispatch 1 of may is paused: 1 of 1 may have it or not. See who: newsletter "
        "status 1 --unknown\n"
    )
    advised = [line for line in command("status")[1].splitlines() if " 1 --" in line]
    assert advised == [
        "Who may have got it or not: newsletter status 1 --unknown",
        "To send it to the unknown again: newsletter resume 1 --unknown",
        "To count the unknown as having it: newsletter resume 1 --unknown-accepted",
    ]
    assert "Go on with" not in command("status")[1]


def test_taking_back_as_json_is_one_object(command: Command) -> None:
    dispatch()
    hand_over()
    code, out, _ = command("db", "take-back", "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"unknown": 1, "dispatches": [1]})


def test_taking_back_where_nobody_can_be_asked_changes_nothing(
    command: Command,
) -> None:
    hand_over()
    code, out, err = command("db", "take-back")
    assert (code, out, err) == (
        2,
        "",
        f"{FIRST}nobody can be asked here whether the other copy is gone. Nothing was "
        "changed. Add --yes.\n",
    )
    assert command("subscribers", "add", "bert@example.org")[0] == 1


@pytest.mark.parametrize(("typed", "code"), [("moved.tar", 0), ("yes", 2)])
def test_taking_back_on_a_terminal_wants_the_name_of_the_file(
    command: Command, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    hand_over()
    monkeypatch.setattr("newsletter.cli.db.is_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    done, _, err = command("db", "take-back")
    assert done == code
    assert (
        "Only where the other copy never began, or is gone for good: two copies that "
        "both send mail people twice, and who left over there gets mail again." in err
    )
    assert "Type the name of the file (moved.tar)" in err
    assert command("subscribers", "add", "bert@example.org")[0] == (
        0 if code == 0 else 1
    )


def test_taking_back_what_was_never_handed_over_is_refused(command: Command) -> None:
    assert command("db", "take-back", "--yes") == (
        1,
        "",
        "this newsletter was not handed over: this copy is in charge. Nothing was "
        "changed.\n",
    )
