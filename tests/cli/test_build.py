import json
from pathlib import Path

import pytest

from newsletter.cli import run

from ..workflow.sent import open_archive

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""
ISSUE = """\
---
subject: Spring
preheader: What the sea brought
date: {date}
---

It came in at dawn.
"""


def test_build_without_a_name_takes_the_last_issue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "issues").mkdir()
    for name, date in (("april", "2026-04-01"), ("march", "2026-03-01")):
        (tmp_path / "issues" / f"{name}.md").write_text(ISSUE.format(date=date))
    assert run(["build", "--project", str(tmp_path)]) == 0
    assert "wrote public/april/index.html\n" in capsys.readouterr().out
    assert not (tmp_path / "public" / "march").exists()


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """A project of which one issue was sent, and nothing else."""
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    with open_archive(tmp_path) as archive:
        archive.publish("may")
        archive.dispatch("may")
    return tmp_path


def test_build_archive_writes_a_folder_and_says_what_is_in_it(
    sent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sent / "site"
    assert run(["build", "--archive", str(folder), "--project", str(sent)]) == 0
    assert capsys.readouterr() == (
        "The archive in site has 1 issue.\nNew or changed files: 4.\n",
        "no feed: its links need base_url, which newsletter.toml does not have.\n",
    )
    assert 'href="may/index.html"' in (folder / "index.html").read_text()
    assert not (folder / "feed.xml").exists()


def test_build_archive_with_base_url_has_a_feed(
    sent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (sent / "newsletter.toml").open("a") as settings:
        settings.write('base_url = "https://news.example.org"\n')
    folder = sent / "site"
    assert run(["build", "--archive", str(folder), "--project", str(sent)]) == 0
    assert "https://news.example.org/may/" in (folder / "feed.xml").read_text()
    assert capsys.readouterr().err == ""


def test_build_archive_as_json_is_one_object(
    sent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(sent / "site")
    assert run(["build", "--archive", folder, "--json", "--project", str(sent)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "written": 4,
        "issues": ["may"],
        "folder": folder,
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["may", "--archive", "site"],
            "--archive writes all issues that were sent, to the folder it names. "
            "Leave out ISSUE and -o.\n",
        ),
        (["--json"], "--json goes with --archive.\n"),
    ],
)
def test_build_with_options_that_do_not_go_together_is_refused(
    sent: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(["build", *arguments, "--project", str(sent)]) == 2
    out, err = capsys.readouterr()
    assert told in err or json.loads(out)["error"]["message"] == told.strip()
