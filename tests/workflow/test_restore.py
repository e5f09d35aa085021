"""Backups that are whole and yet cannot be put back; what is said, and what is left."""

import hashlib
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import OperationError
from newsletter.store.database import open_database
from newsletter.store.keys import open_keyring
from newsletter.workflow.backup import MANIFEST, backup_project
from newsletter.workflow.project import open_project
from newsletter.workflow.restore import restore_project

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DATABASE, KEYS = "subscribers/newsletter.db", "subscribers/secret.key"
OTHER_KEYS = f'current = 1\nsuppression = "{"ab" * 32}"\n[keys]\n1 = "{"cd" * 32}"\n'


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup of a small newsletter."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "news"
    root.mkdir()
    text = '[newsletter]\nname = "H"\nsender = "H <h@example.org>"\n'
    (root / "newsletter.toml").write_text(text)
    project = open_project(root)
    with open_database(project.settings.database_url, root=root) as database:
        open_keyring(database, root=root)
    return backup_project(project, Path("kept.tar"), hands_over=False, now=NOW).file


def exchange(
    file: Path,
    *,
    files: dict[str, bytes] | None = None,
    about: Callable[[dict[str, Any]], object] = lambda _: None,
) -> None:
    """Put other files into a backup, with the sums that fit, and say other things."""
    with tarfile.open(file) as archive:
        data = {
            entry.name: archive.extractfile(entry).read()  # type: ignore[union-attr]
            for entry in archive
        }
    data |= files or {}
    manifest = json.loads(data.pop(MANIFEST))
    for name, text in (files or {}).items():
        digest = hashlib.sha256(text).hexdigest()
        manifest["files"][name] = {"size": len(text), "sha256": digest}
    about(manifest)
    data[MANIFEST] = json.dumps(manifest).encode()
    with tarfile.open(file, "w") as archive:
        for name, text in data.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, BytesIO(text))


def refusal(file: Path) -> str:
    """Return why a backup cannot be put back; nothing is left of it."""
    there = file.parent / "there"
    with pytest.raises(OperationError) as caught:
        restore_project(Path(file.name), Path("there"), now=NOW)
    assert not there.exists()
    assert sorted(path.name for path in file.parent.iterdir()) == ["kept.tar", "news"]
    return str(caught.value)


def forget_sum(said: dict[str, Any]) -> None:
    del said["files"][DATABASE]["sha256"]


@pytest.mark.parametrize(
    "about",
    [
        lambda said: said.update(files=list(said["files"])),
        lambda said: said.update(files=list(said["files"].items())),
        lambda said: said.update(files={DATABASE: "x"}),
        forget_sum,
        lambda said: said["files"].update({"a\0b": {"sha256": "x"}}),
        lambda said: said.pop("handed_over"),
        lambda said: said.update(handed_over="no"),
        lambda said: said.update(made_at="2026-11-22T12:00:00"),
        lambda said: said.update(newsletter=7),
    ],
)
def test_backup_that_does_not_say_what_is_in_it_is_none(
    kept: Path, about: Callable[[dict[str, Any]], object]
) -> None:
    exchange(kept, about=about)
    assert refusal(kept) == (
        "kept.tar: this is no backup of a newsletter, or not a whole one. "
        "Name a file that newsletter db backup wrote."
    )


def test_backup_with_a_newer_database_names_the_version_it_needs(kept: Path) -> None:
    exchange(kept, about=lambda said: said.update(revision="9999", version="9.9"))
    assert refusal(kept) == (
        "kept.tar: this backup was made by a newer version of newsletter (9.9). "
        "Install that version first: pip install --upgrade newsletter."
    )


def test_backup_of_a_damaged_database_is_told_by_its_name_in_it(kept: Path) -> None:
    exchange(kept, files={DATABASE: b"SQLite format 3\0" + b"x" * 5000})
    assert refusal(kept) == (
        "kept.tar: this backup cannot be put back: the copy "
        "subscribers/newsletter.db of the database is damaged. "
        "Nothing was changed. Check the disk, or use another backup."
    )


def test_backup_with_the_keys_of_another_newsletter_says_so(kept: Path) -> None:
    exchange(kept, files={KEYS: OTHER_KEYS.encode()})
    assert refusal(kept) == (
        "kept.tar: this backup cannot be put back: the key file "
        "subscribers/secret.key does not belong to this database: it holds other keys "
        "than the ones used so far. "
        "Nothing was changed. Check the disk, or use another backup."
    )
