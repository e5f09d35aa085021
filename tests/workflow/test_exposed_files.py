import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from newsletter.workflow.exposed_files import find_exposed, is_open_to_others
from newsletter.workflow.project import Project, open_project


@pytest.mark.parametrize(
    ("modes", "is_open"),
    [
        ((0o644, 0o755, 0o755), True),
        ((0o640, 0o750, 0o755), True),
        ((0o604, 0o701, 0o711), True),
        ((0o600, 0o755, 0o755), False),
        ((0o644, 0o700, 0o755), False),
        ((0o644, 0o755, 0o700), False),
        # A folder for the group alone does not let everybody through.
        ((0o604, 0o750, 0o755), False),
    ],
)
def test_file_is_open_to_others_if_all_folders_let_them_through(
    modes: Sequence[int], is_open: bool
) -> None:
    assert is_open_to_others(modes) is is_open


@pytest.fixture
def project() -> Iterator[Project]:
    """A project that others can look into, unlike all that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        if not is_open_to_others(
            [0o644, *(one.stat().st_mode for one in root.parents)]
        ):
            pytest.skip("folders for temporary files are private here")
        text = '[newsletter]\nname = "H"\nsender = "H <h@example.org>"\n'
        (root / "newsletter.toml").write_text(text)
        yield open_project(root)


def write(project: Project, name: str, mode: int) -> None:
    path = project.root / name
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    path.write_text("anna@example.org")
    path.chmod(mode)


def test_lists_copies_and_dossiers_that_others_can_read_are_found(
    project: Project,
) -> None:
    for name in ("leden.csv", "kept.tar", "outbox/1.eml", "anna/data.json"):
        write(project, name, 0o644)
    for name in ("notes.md", "subscribers/example.csv", ".git/x.csv"):
        write(project, name, 0o644)
    write(project, "mine.csv", 0o600)
    write(project, "subscribers/secret.key", 0o640)
    assert find_exposed(project) == (
        "anna/data.json",
        "kept.tar",
        "leden.csv",
        "outbox/1.eml",
        "subscribers/secret.key",
    )


def test_lists_in_a_private_folder_are_nobody_elses(project: Project) -> None:
    write(project, "subscribers/readers.csv", 0o644)
    (project.root / "subscribers").chmod(0o700)
    assert find_exposed(project) == ()
