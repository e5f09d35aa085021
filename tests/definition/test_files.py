"""The files of an issue."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.definition.files import read_definition, read_images, read_logo
from newsletter.errors import DefinitionError
from newsletter.model.issue import Issue

ReadAny = Callable[[str], Any]


def _problems(path: Path, root: Path) -> list[str]:
    with pytest.raises(DefinitionError) as error:
        read_definition(path, root=root)
    return [str(problem) for problem in error.value.problems]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "issues").mkdir(parents=True)
    return root


# --- definitions ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("issues/2023-02.md", "2023-02"),
        ("issues/2023-02/issue.md", "2023-02"),
        ("issues/Één brief (nieuw).md", "Een-brief-nieuw"),
        ("issues/ё.md", "issue-bd9cec"),
    ],
)
def test_definition_has_text_file_slug_and_folder(
    project: Path, name: str, slug: str
) -> None:
    path = project / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes("\ufeffhé\r\n".encode())
    definition = read_definition(path, root=project)
    assert definition.text == "hé\r\n"
    assert (definition.file, definition.slug) == (name, slug)
    assert definition.folder == path.parent


def test_definition_outside_the_project_is_shown_with_its_whole_path(
    project: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.md"
    path.write_text("x")
    assert read_definition(path, root=project).file == str(path)


def test_missing_definition_is_explained(project: Path) -> None:
    assert _problems(project / "issues/x.md", project) == [
        "issues/x.md: there is no such file. Check the name."
    ]


def test_folder_is_explained(project: Path) -> None:
    assert _problems(project / "issues", project) == [
        "issues: this is a folder. Name the file that lies in it."
    ]


def test_bytes_that_are_not_utf8_are_explained(project: Path) -> None:
    path = project / "issues/x.md"
    path.write_bytes(b"\xef\xbb\xbfeen\r\ntw\xc3\xa9\xe9\n")
    assert _problems(path, project) == [
        "issues/x.md:2:4: this character is not UTF-8 (byte 0xe9). "
        "Save it again and choose UTF-8 as its encoding."
    ]


def test_utf16_is_explained(project: Path) -> None:
    path = project / "issues/x.md"
    path.write_bytes("Dag é".encode("utf-16"))
    assert _problems(path, project) == [
        "issues/x.md: this file is saved as UTF-16, not as UTF-8. "
        "Save it again and choose UTF-8 as its encoding."
    ]


def test_file_of_five_megabytes_is_explained(project: Path) -> None:
    path = project / "issues/x.md"
    path.write_bytes(b"a" * 5_000_000)
    assert _problems(path, project) == [
        "issues/x.md: this file is larger than 1 MB. "
        "Text alone is never that large: keep pictures in files of their own."
    ]


def test_empty_file_is_explained(project: Path) -> None:
    path = project / "issues/x.md"
    path.write_bytes(b"\xef\xbb\xbf \r\n")
    assert _problems(path, project) == [
        'issues/x.md: this file is empty. Begin one with: newsletter new "Title"'
    ]


def test_path_through_a_file_is_explained(project: Path) -> None:
    (project / "issues/x.md").write_text("x")
    assert _problems(project / "issues/x.md/y.md", project) == [
        "issues/x.md/y.md: this file cannot be read (not a directory). "
        "Check its name and who may read it."
    ]


def test_loop_of_links_is_explained(project: Path) -> None:
    path = project / "issues/x.md"
    path.symlink_to("x.md")
    assert _problems(path, project) == [
        "issues/x.md: this file cannot be read (too many levels of symbolic links). "
        "Check its name and who may read it."
    ]


def test_pipe_is_explained_and_never_waited_for(project: Path) -> None:
    path = project / "issues/x.md"
    os.mkfifo(path)
    assert _problems(path, project) == [
        "issues/x.md: this is not an ordinary file. Save the text as a file."
    ]


def test_impossible_name_is_explained(project: Path) -> None:
    assert _problems(project / "issues/\0.md", project) == [
        "issues/\0.md: this file cannot be read (its name is not possible). "
        "Check its name and who may read it."
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_that_may_not_be_read_is_explained(project: Path) -> None:
    path = project / "issues/x.md"
    path.write_text("x")
    path.chmod(0)
    assert _problems(path, project) == [
        "issues/x.md: this file cannot be read (permission denied). "
        "Check its name and who may read it."
    ]


# --- pictures -------------------------------------------------------------------------


def _images(
    read: ReadAny, text: str, project: Path
) -> tuple[dict[str, bytes], list[str]]:
    result = read(text)
    assert result.problems == []
    issue: Issue = result.issue
    found, problems = read_images(issue, project / "issues", project)
    return found, [str(problem) for problem in problems]


def test_pictures_are_found_wherever_they_stand(read: ReadAny, project: Path) -> None:
    text = (
        "![a](0)\n\n> ![a](1)\n\n- a\n\n  ![a](2)\n\n::: note\n![a](3)\n:::\n\n"
        "# L\n\n![a](4)\n\n## S\n\n![a](5)\n\n### I\n\n![a](6)\n\n![a](6)\n"
    )
    for name in "0123456":
        (project / "issues" / name).write_bytes(name.encode())
    found, problems = _images(read, text, project)
    assert found == {name: name.encode() for name in "0123456"}
    assert problems == []


def test_picture_may_lie_anywhere_in_the_project(read: ReadAny, project: Path) -> None:
    (project / "my photos").mkdir()
    (project / "my photos" / "a.jpg").write_bytes(b"a")
    (project / "issues" / "link.jpg").symlink_to(project / "my photos" / "a.jpg")
    text = (
        "![a](../my%20photos/a.jpg)\n\n![a](<../my photos/a.jpg>)\n\n![a](link.jpg)\n"
    )
    found, problems = _images(read, text, project)
    assert problems == []
    assert set(found.values()) == {b"a"}
    assert len(found) == 3


def test_issues_with_names_in_another_script_have_slugs_of_their_own(
    project: Path,
) -> None:
    slugs = set()
    for name in ("العدد ٣.md", "العدد ٤.md", "عدد-3.md", "نشرة-3.md", "3.md", "é3.md"):
        (project / "issues" / name).write_text("x", encoding="utf-8")
        slugs.add(read_definition(project / "issues" / name, root=project).slug)
    assert len(slugs) == 6
    assert {"3", "e3"} < slugs
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)


def test_missing_picture_is_explained(read: ReadAny, project: Path) -> None:
    (project / "issues/Foto.JPG").write_bytes(b"a")
    text = "![a](foto.jpg)\n\n![a](x/kaart.png)\n\n![a](../issues/foto.jpg)\n"
    assert _images(read, text, project) == (
        {},
        [
            'x.md:7:1: there is no picture "foto.jpg". Did you mean "Foto.JPG"?',
            'x.md:9:1: there is no picture "x/kaart.png". '
            "Put it into the folder of the issue.",
            'x.md:11:1: there is no picture "../issues/foto.jpg". '
            'Did you mean "../issues/Foto.JPG"?',
        ],
    )


@pytest.mark.parametrize(
    "source", ["../../outside.jpg", "link.jpg", "folder/outside.jpg", "ABSOLUTE"]
)
def test_picture_outside_the_project_is_never_read(
    read: ReadAny, project: Path, tmp_path: Path, source: str
) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"secret")
    (project / "issues/link.jpg").symlink_to(outside)
    (project / "issues/folder").symlink_to(tmp_path)
    source = str(outside) if source == "ABSOLUTE" else source
    found, problems = _images(read, f"![a](<{source}>)", project)
    shown = source if len(source) <= 60 else f"{source[:60]}…"
    assert found == {}
    assert problems == [
        f'x.md:7:1: this picture lies outside the project folder: "{shown}". '
        "Copy it into the folder of the issue."
    ]


def test_picture_that_is_no_file_is_explained(read: ReadAny, project: Path) -> None:
    (project / "issues/map").mkdir()
    os.mkfifo(project / "issues/pipe")
    (project / "issues/loop").symlink_to("loop")
    (project / "issues/file").write_bytes(b"")
    with (project / "issues/large").open("wb") as large:
        large.truncate(30_000_001)
    text = "\n\n".join(f"![a]({n})" for n in ("map", "pipe", "loop", "file/a", "large"))
    found, problems = _images(read, text, project)
    assert found == {}
    assert problems == [
        'x.md:7:1: the picture "map" is not a file. Name a file such as photo.jpg.',
        'x.md:9:1: the picture "pipe" is not a file. Name a file such as photo.jpg.',
        'x.md:11:1: the picture "loop" cannot be read (too many levels of symbolic '
        "links). Check its name and who may read it.",
        'x.md:13:1: the picture "file/a" cannot be read (not a directory). '
        "Check its name and who may read it.",
        'x.md:15:1: the picture "large" is larger than 30 MB. '
        "Save it in a smaller size.",
    ]


def test_logo_counts_from_the_project_folder(project: Path) -> None:
    (project / "logo.png").write_bytes(b"a")
    assert read_logo("logo.png", project) == (b"a", ())


def test_missing_logo_is_explained(project: Path) -> None:
    data, problems = read_logo("logo.png", project)
    assert data is None
    assert [str(problem) for problem in problems] == [
        'newsletter.toml: there is no picture "logo.png". '
        "Put it into the folder of the project."
    ]


@pytest.mark.parametrize("name", ["u", "undo", "join", "leave", "privacy", "health"])
def test_read_definition_named_like_a_public_page_gets_another_slug(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"{name}.md"
    path.write_text("text", encoding="utf-8")
    assert read_definition(path, root=tmp_path).slug == f"issue-{name}"
