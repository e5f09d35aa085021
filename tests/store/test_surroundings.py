import subprocess
from pathlib import Path

import pytest

from newsletter.store.surroundings import (
    cloud_service,
    tracked_lists,
    warn_of_list,
    warn_of_surroundings,
)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/home/anna/Dropbox/letter", "Dropbox"),
        ("/home/anna/Dropbox (Personal)/letter", "Dropbox"),
        ("/Users/anna/OneDrive - Stichting/letter", "OneDrive"),
        ("/Users/anna/Library/Mobile Documents/com~apple~CloudDocs/x", "iCloud"),
        ("/Users/anna/Library/CloudStorage/GoogleDrive-a@b.org/x", "Google Drive"),
        ("/home/anna/Nextcloud/letter", "Nextcloud"),
        ("/home/anna/letter", None),
        ("/home/anna/Dropboxes/letter", None),
        ("/home/anna/nextcloud-notes/letter", None),
    ],
)
def test_cloud_service_goes_by_the_names_of_folders(
    path: str, service: str | None
) -> None:
    assert cloud_service(Path(path)) == service


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project inside a repository, as part of something larger."""
    root = tmp_path / "repo" / "letter"
    (root / "subscribers").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", root.parent], check=True)  # noqa: S607
    for name in ("example.csv", "readers.csv", "leden lijst.csv"):
        (root / "subscribers" / name).write_text("email\n")
    return root


def track(root: Path, *names: str) -> None:
    files = [f"subscribers/{name}" for name in names]
    subprocess.run(["git", "add", *files], cwd=root, check=True)  # noqa: S607


def test_tracked_lists_are_those_in_the_index(repository: Path) -> None:
    assert tracked_lists(repository) == []
    track(repository, "example.csv", "leden lijst.csv")
    assert tracked_lists(repository) == ["subscribers/leden lijst.csv"]


def test_tracked_lists_outside_a_repository_are_none(tmp_path: Path) -> None:
    assert tracked_lists(tmp_path) == []


def test_tracked_lists_when_the_repository_is_broken_are_none(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert tracked_lists(tmp_path) == []


def test_warnings_say_what_to_do(repository: Path) -> None:
    track(repository, "readers.csv")
    assert warn_of_surroundings(repository) == (
        "subscribers/readers.csv is tracked by git: whoever gets the repository gets "
        "the addresses. Take it out with: git rm --cached 'subscribers/readers.csv'",
    )


def test_warning_of_a_list_that_git_tracks_wherever_it_lies(repository: Path) -> None:
    path = repository / "leden.csv"
    path.write_text("email\n")
    subprocess.run(["git", "add", "leden.csv"], cwd=repository, check=True)  # noqa: S607
    assert warn_of_list(repository, path, shown="leden.csv") == (
        "leden.csv is tracked by git: whoever gets the repository gets the addresses. "
        "Take it out with: git rm --cached 'leden.csv'",
    )


def test_warning_of_a_list_that_git_would_take_along(repository: Path) -> None:
    path = repository / "leden [1].csv"
    path.write_text("email\n")
    assert warn_of_list(repository, path, shown="leden [1].csv") == (
        "leden [1].csv lies in a git repository and is not ignored: git add -A would "
        "take it along. Add a line to .gitignore: leden [1].csv",
    )
    (repository / ".gitignore").write_text("*.csv\n")
    assert warn_of_list(repository, path, shown="leden [1].csv") == ()


def test_no_warning_of_the_example_or_outside_a_repository(
    repository: Path, tmp_path: Path
) -> None:
    track(repository, "example.csv")
    example = repository / "subscribers" / "example.csv"
    assert warn_of_list(repository, example, shown="example.csv") == ()
    path = tmp_path / "leden.csv"
    path.write_text("email\n")
    assert warn_of_list(repository, path, shown=str(path)) == ()
