import os
from pathlib import Path

import pytest

from newsletter.errors import OperationError, UsageError
from newsletter.workflow.project import (
    Project,
    find_issue,
    find_issue_to_show,
    issue_name,
    list_issues,
    open_project,
)

SETTINGS = '[newsletter]\nname = "H"\nsender = "h@example.org"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "issues" / "2025-02").mkdir(parents=True)
    (tmp_path / "issues" / "photos").mkdir()
    for name in ("2025-01.md", "2025-02/issue.md", "2025-03.md", "photos/a.md"):
        (tmp_path / "issues" / name).write_text("x", "utf-8")
    return open_project(tmp_path)


def refusal(project: Project, reference: str | None) -> str:
    with pytest.raises(OperationError) as caught:
        find_issue(project, reference)
    return str(caught.value)


def test_issues_are_files_and_folders_in_order_of_name(project: Project) -> None:
    names = [issue_name(path) for path in list_issues(project)]
    assert names == ["2025-01", "2025-02", "2025-03"]


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("2025-01", "issues/2025-01.md"),
        ("2025-02", "issues/2025-02/issue.md"),
        ("issues/2025-01.md", "issues/2025-01.md"),
        ("issues/2025-02", "issues/2025-02/issue.md"),
        ("issues/photos/a.md", "issues/photos/a.md"),
        (None, "issues/2025-03.md"),
    ],
)
def test_issue_is_found_by_name_path_or_as_the_last(
    project: Project, reference: str | None, file: str
) -> None:
    assert project.shown(find_issue(project, reference)) == file


def test_path_counts_from_where_one_stands_first(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root / "issues" / "photos")
    assert find_issue(project, "a.md") == project.root / "issues" / "photos" / "a.md"


def test_issue_that_is_not_there_is_explained(project: Project) -> None:
    assert refusal(project, "2025-0") == (
        'there is no issue "2025-0". Did you mean "2025-03"?'
    )
    assert refusal(project, "zomer") == (
        'there is no issue "zomer". There are: 2025-01, 2025-02, 2025-03.'
    )


def test_project_without_issues_says_how_to_begin_one(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, "utf-8")
    project = open_project(tmp_path)
    for reference, what in (
        (None, "there is no issue in the folder issues/."),
        ("x", 'there is no issue "x".'),
    ):
        assert refusal(project, reference) == (
            f'{what} Begin one with: newsletter new "Title"'
        )


def test_project_is_found_from_a_folder_within(project: Project) -> None:
    assert open_project(project.root / "issues" / "photos").root == project.root


def test_project_that_is_named_is_not_looked_for_above(project: Project) -> None:
    folder = project.root / "issues"
    with pytest.raises(OperationError) as caught:
        open_project(folder, search=False)
    assert str(caught.value) == (
        f"{folder}: there is no newsletter.toml in this folder. "
        f"Make a project there with: newsletter init {folder}"
    )


def test_last_issue_is_the_one_with_the_latest_date(project: Project) -> None:
    for name, day in (("2025-12", "2025-01-01"), ("2025-04-01", "2025-04-01")):
        path = project.root / "issues" / f"{name}.md"
        path.write_text(f"---\ndate: {day}\n---\n", "utf-8")
    assert issue_name(find_issue(project, None)) == "2025-04-01"


def test_last_issue_of_two_with_one_date_is_asked_for_but_shown(
    project: Project,
) -> None:
    for number, name in enumerate(("2026-11-correction", "2026-11-22")):
        path = project.root / "issues" / f"{name}.md"
        path.write_text("---\ndate: 2026-11-22\n---\n", "utf-8")
        os.utime(path, (100 - number, 100 - number))
    with pytest.raises(UsageError) as caught:
        find_issue(project, None)
    assert str(caught.value) == (
        "several issues have the latest date, 2026-11-22: 2026-11-22, "
        "2026-11-correction. Say which one, by its name."
    )
    assert issue_name(find_issue_to_show(project, None)) == "2026-11-correction"
    assert issue_name(find_issue_to_show(project, "2025-01")) == "2025-01"


def test_a_folder_without_an_issue_is_told_as_one(project: Project) -> None:
    (project.root / "issues" / "2025-09.md").mkdir()
    advice = "Name a file in it, or write the issue as issue.md in that folder."
    assert refusal(project, "issues/photos") == (
        f"issues/photos: this is a folder without an issue.md. {advice}"
    )
    assert refusal(project, "issues/2025-09.md") == (
        f"issues/2025-09.md: this is a folder without an issue.md. {advice}"
    )
    assert "2025-09" not in [issue_name(path) for path in list_issues(project)]
