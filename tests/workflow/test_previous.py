from datetime import date
from pathlib import Path

import pytest

from newsletter.workflow.previous import previous_issue
from newsletter.workflow.project import Project, open_project

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@harbour.test>"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return open_project(tmp_path)


def write(project: Project, name: str, day: str, subject: str = "A") -> Path:
    path = project.root / "issues" / f"{name}.md"
    text = f"---\nsubject: {subject}\npreheader: B\ndate: {day}\n---\n\nHello.\n"
    path.write_text(text, encoding="utf-8")
    return path


def before(project: Project, path: Path, day: str) -> str | None:
    issue = previous_issue(project, path, date.fromisoformat(day))
    return issue.file if issue else None


def test_latest_issue_before_is_found_by_its_date(project: Project) -> None:
    write(project, "z-first", "2023-01-10")
    write(project, "a-second", "2023-01-20")
    this = write(project, "this", "2023-02-14")
    write(project, "same-day", "2023-02-14")
    write(project, "later", "2023-03-01")
    assert before(project, this, "2023-02-14") == "issues/a-second.md"


def test_issues_beside_the_settings_know_each_other(project: Project) -> None:
    first = write(project, "first", "2023-01-10").rename(project.root / "first.md")
    (project.root / "README.md").write_text("# Read me\n", encoding="utf-8")
    this = write(project, "this", "2023-02-14").rename(project.root / "this.md")
    assert before(project, this, "2023-02-14") == "first.md"
    assert before(project, first, "2023-01-10") is None


def test_first_issue_has_none_before(project: Project) -> None:
    this = write(project, "this", "2023-02-14")
    assert before(project, this, "2023-02-14") is None


def test_definition_that_cannot_be_read_is_passed_over(project: Project) -> None:
    write(project, "first", "2023-01-10")
    write(project, "second", "soon")
    (project.root / "issues" / "third.md").write_bytes(b"\xff\xfe")
    this = write(project, "this", "2023-02-14")
    assert before(project, this, "2023-02-14") == "issues/first.md"


def test_issue_in_a_folder_counts(project: Project) -> None:
    path = write(project, "first", "2023-01-10")
    folder = project.root / "issues" / "2023-01"
    folder.mkdir()
    path.rename(folder / "issue.md")
    this = write(project, "this", "2023-02-14")
    assert before(project, this, "2023-02-14") == "issues/2023-01/issue.md"


def test_changed_definition_is_read_again(project: Project) -> None:
    write(project, "first", "2023-01-10", "Old")
    this = write(project, "this", "2023-02-14")
    day = date(2023, 2, 14)
    old = previous_issue(project, this, day)
    assert previous_issue(project, this, day) is old
    write(project, "first", "2023-01-11", "New words")
    new = previous_issue(project, this, day)
    assert new is not None
    assert new.date == date(2023, 1, 11)


def test_changed_settings_count(project: Project) -> None:
    write(project, "first", "2023-01-10")
    this = write(project, "this", "2023-02-14")
    day = date(2023, 2, 14)
    english = previous_issue(project, this, day)
    settings = SETTINGS + 'language = "nl"\n'
    (project.root / "newsletter.toml").write_text(settings, encoding="utf-8")
    dutch = previous_issue(open_project(project.root), this, day)
    assert [i.language for i in (english, dutch) if i] == ["en", "nl"]
