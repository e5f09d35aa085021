from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from newsletter.errors import DefinitionError, OperationError
from newsletter.workflow.build import Built, build_issue
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.project import open_project

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
base_url = "https://news.example.org"
[fields.first_name]
"""
HEAD = "---\nsubject: S\npreheader: P\ndate: 2025-05-03\n"
EVENT = "::: event\ntitle: Open day\nwhen: 2025-06-01\n:::\n"

Build = Callable[..., Built]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build an issue called 2025-05 that has a picture beside it."""

    def build(
        body: str, *, head: str = HEAD, theme: str = "", folder: Path | None = None
    ) -> Built:
        issue = tmp_path / "issues" / "2025-05"
        issue.mkdir(parents=True)
        Image.new("RGB", (8, 4), "teal").save(issue / "door.png")
        (tmp_path / "newsletter.toml").write_text(SETTINGS + theme, "utf-8")
        (issue / "issue.md").write_text(f"{head}---\n\n{body}", "utf-8")
        project = open_project(tmp_path)
        composition = compose_issue(project, issue / "issue.md")
        return build_issue(project, composition, folder=folder)

    return build


def test_build_puts_the_mail_beside_the_web_pages(build: Build, tmp_path: Path) -> None:
    built = build(f"![A door](door.png)\n\n{EVENT}")
    (picture,) = {path.name for path in built.files if path.suffix == ".png"}
    names = {path.relative_to(tmp_path).as_posix() for path in built.files}
    assert names - {"outbox/2025-05/2025-05.pdf"} == {
        "outbox/2025-05/email.html",
        "outbox/2025-05/email.txt",
        "outbox/2025-05/message.eml",
        f"outbox/2025-05/{picture}",
        "public/2025-05/index.html",
        "public/2025-05/open-day.ics",
        f"public/2025-05/{picture}",
    }
    assert all(path.is_file() for path in built.files)


def test_build_to_a_folder_writes_nothing_elsewhere(
    build: Build, tmp_path: Path
) -> None:
    built = build(EVENT, folder=tmp_path / "o")
    assert {path.parent for path in built.files} == {tmp_path / "o"}
    assert not (tmp_path / "public").exists()
    assert not (tmp_path / "outbox").exists()


def test_built_mail_shows_fallbacks_and_files_to_a_browser(
    build: Build, tmp_path: Path
) -> None:
    build('Dear {{ first_name or "<b>&" }},\n\n![A door](door.png)\n')
    folder = tmp_path / "outbox" / "2025-05"
    html = (folder / "email.html").read_text("utf-8")
    assert "Dear &lt;b&gt;&amp;," in html
    assert "Dear <b>&," in (folder / "email.txt").read_text("utf-8")
    (picture,) = folder.glob("*.png")
    assert f'src="{picture.name}"' in html
    assert "cid:" not in html
    assert "@@" not in html


def test_issue_kept_off_the_pages_has_none(build: Build, tmp_path: Path) -> None:
    build("x", head=f"{HEAD}archive: no\n")
    names = [path.name for path in (tmp_path / "public" / "2025-05").iterdir()]
    assert names == ["issue.json"]


def test_hosted_pictures_are_no_part_of_the_mail(build: Build, tmp_path: Path) -> None:
    build("![A door](door.png)\n", theme='[template]\nimages = "hosted"\n')
    (picture,) = (tmp_path / "public" / "2025-05").glob("*.png")
    mail = (tmp_path / "outbox" / "2025-05" / "message.eml").read_bytes()
    assert b"Content-ID" not in mail
    html = (tmp_path / "outbox" / "2025-05" / "email.html").read_text("utf-8")
    assert f'src="https://news.example.org/2025-05/{picture.name}"' in html


def test_sizes_are_those_of_the_message(build: Build, tmp_path: Path) -> None:
    built = build("x")
    mail = tmp_path / "outbox" / "2025-05" / "message.eml"
    assert built.message_bytes == mail.stat().st_size
    assert 5_000 < built.html_bytes < built.message_bytes


def test_letters_that_no_font_has_are_named(build: Build) -> None:
    pytest.importorskip("typst")
    # A private character: no font of any machine has it.
    assert build("x \uf8f0 y").missing_glyphs == ("\uf8f0",)


def test_definition_with_problems_is_not_built(build: Build, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError):
        build("<b>x</b>")
    assert not (tmp_path / "outbox").exists()


def test_folder_that_is_a_file_is_explained(build: Build, tmp_path: Path) -> None:
    (tmp_path / "o").write_text("mine")
    with pytest.raises(OperationError) as caught:
        build("x", folder=tmp_path / "o")
    assert str(caught.value) == (
        f"{tmp_path / 'o'}: cannot write the issue: File exists. "
        "Choose another folder with -o, or make room."
    )


def test_text_says_whose_address_for_leaving_stands_there(
    build: Build, tmp_path: Path
) -> None:
    build("x")
    folder = tmp_path / "outbox" / "2025-05"
    assert "Unsubscribe: <each reader's own address>\n" in (
        folder / "email.txt"
    ).read_text("utf-8")
    assert 'href="#"' in (folder / "email.html").read_text("utf-8")
