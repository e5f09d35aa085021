import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.workflow.init import own_time_zone

INIT = ["--name", "Harbour", "--sender", "Harbour <letter@example.org>"]


def test_init_makes_a_project_whose_first_issue_builds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "harbour"
    assert run(["init", str(folder), *INIT]) == 0
    (issue,) = (folder / "issues").glob("*.md")
    out = capsys.readouterr().out
    assert f"wrote {folder / 'newsletter.toml'}" in out
    assert f"wrote {issue}" in out
    assert run(["build", issue.stem, "--project", str(folder)]) == 0
    assert (folder / "public" / issue.stem / "index.html").is_file()


def test_event_of_the_first_issue_is_two_weeks_after_it(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "p"), *INIT, "--language", "nl"]) == 0
    (issue,) = (tmp_path / "p" / "issues").glob("*.md")
    days = re.findall(r"^(?:date|when): (\S+)", issue.read_text("utf-8"), re.MULTILINE)
    day, event = map(date.fromisoformat, days)
    assert event - day == timedelta(weeks=2)


def test_init_keeps_subscribers_private_and_out_of_git(tmp_path: Path) -> None:
    run(["init", str(tmp_path / "p"), *INIT])
    people = tmp_path / "p" / "subscribers"
    assert people.stat().st_mode & 0o777 == 0o700
    assert "/subscribers/*" in (tmp_path / "p" / ".gitignore").read_text("utf-8")


def test_init_in_a_project_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "newsletter.toml").write_text("mine")
    assert run(["init", str(tmp_path), *INIT]) == 3
    assert (tmp_path / "newsletter.toml").read_text("utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "newsletter.toml"]
    assert capsys.readouterr().err == (
        f"{tmp_path}: there is a newsletter.toml already; nothing was changed."
        " Choose another folder.\n"
    )


def test_init_with_a_quote_in_the_name_writes_settings_that_read_back(
    tmp_path: Path,
) -> None:
    name = 'The "Harbour" \\ Letter'
    sender = "Harbour <letter@example.org>"
    assert run(["init", str(tmp_path / "p"), "--name", name, "--sender", sender]) == 0
    from newsletter.config import read_settings

    assert read_settings(tmp_path / "p").newsletter.name == name


def test_init_with_a_bad_sender_says_so_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "p"
    assert run(["init", str(folder), "--name", "N", "--sender", "nobody"]) == 2
    assert capsys.readouterr().err.startswith('"sender" ')
    assert not folder.exists()


@pytest.mark.parametrize("language", ["en", "nl-BE", "de", "fr", "ar"])
def test_init_writes_a_first_issue_that_builds_but_is_not_sent(
    tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "p"
    assert run(["init", str(folder), *INIT, "--language", language]) == 0
    (issue,) = (folder / "issues").glob("*.md")
    assert ("language: en" in issue.read_text("utf-8")) == (language == "ar")
    where = ["--project", str(folder)]
    assert run(["build", issue.stem, "-o", str(tmp_path / "out"), *where]) == 0
    capsys.readouterr()
    assert run(["check", issue.stem, "--offline", "--json", *where]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    errors = [one["rule"] for one in found if one["severity"] == "error"]
    assert errors == ["promised-link"]


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Amsterdam", "Europe/Amsterdam"),
        ("/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("/usr/share/zoneinfo/Mars/Base", "UTC"),
        ("/etc/localtime.saved", "UTC"),
    ],
)
def test_own_time_zone_is_that_of_the_computer(
    tmp_path: Path, target: str, zone: str
) -> None:
    link = tmp_path / "localtime"
    link.symlink_to(target)
    assert own_time_zone(link) == zone


def test_init_takes_the_time_zone_it_is_given(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path), *INIT, "--time-zone", "Asia/Tokyo"]) == 0
    settings = (tmp_path / "newsletter.toml").read_text("utf-8")
    assert '\ntime_zone = "Asia/Tokyo"\n' in settings


def test_init_leaves_the_files_of_a_folder_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", str(tmp_path), *INIT]) == 0
    first = next((tmp_path / "issues").iterdir())
    for path in (first, tmp_path / ".gitignore", tmp_path / "subscribers/example.csv"):
        path.write_text("mine")
    (tmp_path / "newsletter.toml").unlink()
    capsys.readouterr()
    assert run(["init", str(tmp_path), *INIT]) == 0
    assert first.read_text("utf-8") == "mine"
    assert (tmp_path / ".gitignore").read_text("utf-8") == "mine"
    assert (tmp_path / "subscribers/example.csv").read_text("utf-8") == "mine"
    wrote = [x for x in capsys.readouterr().out.splitlines() if x.startswith("wrote")]
    assert wrote == [f"wrote {tmp_path / 'newsletter.toml'}"]
