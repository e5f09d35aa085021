import json
import tempfile
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.cli.failures import show_failure
from newsletter.errors import DefinitionError, OperationError
from newsletter.model.problem import Place, Problem


def test_operation_error_is_told_on_standard_error_with_exit_3(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = OperationError("the disk is full.", "Make room, then run it again.")
    assert show_failure(error, wants_json=False) == 3
    assert capsys.readouterr() == (
        "",
        "the disk is full. Make room, then run it again.\n",
    )


def test_operation_error_with_json_is_one_object_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = OperationError("the disk is full.", "Make room.")
    show_failure(error, wants_json=True)
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "error": {
            "kind": "operation",
            "message": "the disk is full.",
            "advice": "Make room.",
        }
    }


def test_several_problems_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(Place("a.md", line, 1), "this is wrong.") for line in (1, 2)]
    assert show_failure(DefinitionError(problems), wants_json=False) == 1
    assert capsys.readouterr().err == (
        "a.md:1:1: this is wrong.\n"
        "a.md:2:1: this is wrong.\n"
        "\n2 problems. Nothing was done.\n"
    )


def test_a_bug_shows_no_traceback_but_where_it_is_kept(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert show_failure(KeyError("oops"), wants_json=False) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    report = err.rsplit("with the file ", 1)[1].strip().rstrip(".")
    assert Path(report).parent == tmp_path
    assert "KeyError" in Path(report).read_text("utf-8")


def test_a_wrong_command_suggests_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["chek"]) == 2
    assert (
        'there is no command "chek". Did you mean "check"?' in capsys.readouterr().err
    )


def test_every_command_of_the_table_exists_and_explains_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from newsletter.cli import COMMANDS

    for name in COMMANDS:
        assert run([name, "--help"]) == 0, name
        assert capsys.readouterr().out.startswith(f"Usage: newsletter {name}")


def test_the_report_of_a_bug_is_private_and_names_no_address(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    show_failure(ValueError("no seat for <anna@example.org>"), wants_json=True)
    (report,) = tmp_path.iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    assert "ValueError: no seat for <a***@example.org>" in report.read_text()
    assert "anna@" not in report.read_text() + "".join(capsys.readouterr())
