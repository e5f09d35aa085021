"""newsletter.toml on disk."""

import os
from pathlib import Path

import pytest

from newsletter.config import find_project, read_settings
from newsletter.errors import DefinitionError, OperationError

_SETTINGS = '[newsletter]\nname = "N"\nsender = "N <n@example.org>"\n'


def _problems(root: Path) -> list[str]:
    with pytest.raises(DefinitionError) as error:
        read_settings(root)
    return [str(problem) for problem in error.value.problems]


def test_project_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text(_SETTINGS)
    (tmp_path / "issues" / "2023-02").mkdir(parents=True)
    assert find_project(tmp_path / "issues" / "2023-02") == tmp_path
    assert find_project(tmp_path) == tmp_path


def test_nearest_project_wins(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for folder in (tmp_path, tmp_path / "inner"):
        (folder / "newsletter.toml").write_text(_SETTINGS)
    assert find_project(tmp_path / "inner") == tmp_path / "inner"


def test_no_project_is_explained(tmp_path: Path) -> None:
    with pytest.raises(OperationError) as error:
        find_project(tmp_path)
    assert str(error.value) == (
        f"there is no newsletter.toml in {tmp_path} or any folder above it. "
        "Go to the folder of your newsletter, or make one with "
        '"newsletter init DIR".'
    )


def test_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_bytes(
        b"\xef\xbb\xbf" + _SETTINGS.replace("\n", "\r\n").encode()
    )
    assert read_settings(tmp_path).newsletter.name == "N"


def test_settings_of_the_real_newsletter_are_read(shared: Path) -> None:
    settings = read_settings(shared / "real")
    assert settings.newsletter.name == "LOS Nieuwsbrief"
    assert settings.template.number_sections


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text(
        f'{_SETTINGS}\nlangauge = "nl"\n[postbox]\nhost = "h"\n'
    )
    assert _problems(tmp_path) == [
        'newsletter.toml:5:1: unknown setting "langauge". Did you mean "language"?',
        'newsletter.toml:6:1: unknown table "[postbox]". Tables are: newsletter, '
        "template, shortlinks, lists, fields, server, lanes, dkim, database, checks, "
        "test, inbox, hooks, web, retention.",
    ]


def test_settings_that_are_not_utf8_are_explained(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_bytes(b'[newsletter]\nname = "\xe9"\n')
    assert _problems(tmp_path) == [
        "newsletter.toml:2:9: this character is not UTF-8 (byte 0xe9). "
        "Save it again and choose UTF-8 as its encoding."
    ]


def test_settings_that_are_a_folder_are_explained(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").mkdir()
    assert find_project(tmp_path) == tmp_path
    assert _problems(tmp_path) == [
        "newsletter.toml: this is a folder. Name the file that lies in it."
    ]


def test_settings_that_are_a_broken_link_are_explained(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").symlink_to("gone.toml")
    assert find_project(tmp_path) == tmp_path
    assert _problems(tmp_path) == [
        "newsletter.toml: there is no such file. Check the name."
    ]


def test_huge_settings_are_explained(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_bytes(b"#" * 200_001)
    assert _problems(tmp_path) == [
        "newsletter.toml: this file is larger than 0.2 MB. "
        "Text alone is never that large: keep pictures in files of their own."
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_settings_that_may_not_be_read_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.toml"
    path.write_text(_SETTINGS)
    path.chmod(0)
    assert _problems(tmp_path) == [
        "newsletter.toml: this file cannot be read (permission denied). "
        "Check its name and who may read it."
    ]
