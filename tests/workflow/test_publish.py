import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from newsletter.errors import OperationError
from newsletter.model.assembled import AssembledImage, Editions
from newsletter.model.issue import Field, Issue, Text
from newsletter.model.problem import Place
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.workflow.compose import Composition
from newsletter.workflow.project import Project
from newsletter.workflow.publish import (
    Standing,
    find_public_file,
    publish_composition,
    publish_issue,
)

EDITIONS = Editions(web_page="<h1>é</h1>", calendars={"kickoff.ics": b"BEGIN\r\n"})


def project(root: Path, base_url: str = "") -> Project:
    newsletter = NewsletterSettings("Letter", "letter@example.org", base_url=base_url)
    return Project(root, Settings(newsletter))


def issue(*, is_archived: bool = True) -> Issue:
    return Issue(
        file="issues/may.md",
        slug="may",
        subject=(),
        preheader=(),
        date=date(2026, 5, 1),
        language="en",
        is_archived=is_archived,
    )


def picture(name: str) -> AssembledImage:
    place = Place("issues/may.md")
    return AssembledImage("a.png", name, "a@x", "image/png", b"PNG", 1, 1, "A", place)


def test_publish_issue_writes_page_pictures_and_calendars(tmp_path: Path) -> None:
    folder = publish_issue(
        project(tmp_path), issue(), EDITIONS, {"a.png": picture("a-1.png")}
    )
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    del written["issue.json"]
    assert folder == tmp_path / "public" / "may"
    assert written == {
        "index.html": "<h1>é</h1>".encode(),
        "a-1.png": b"PNG",
        "kickoff.ics": b"BEGIN\r\n",
    }


def test_publish_issue_again_keeps_pictures_that_sent_mails_show(
    tmp_path: Path,
) -> None:
    for name in ("a-1.png", "a-2.png"):
        folder = publish_issue(
            project(tmp_path), issue(), EDITIONS, {"a.png": picture(name)}
        )
    assert (folder / "a-1.png").exists()
    assert (folder / "a-2.png").exists()


def test_publish_issue_leaves_a_file_that_is_the_same_untouched(tmp_path: Path) -> None:
    page = publish_issue(project(tmp_path), issue(), EDITIONS, {}) / "index.html"
    before = page.stat()
    publish_issue(project(tmp_path), issue(), EDITIONS, {})
    assert page.stat().st_ino == before.st_ino


def test_publish_issue_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    page = publish_issue(project(tmp_path), issue(), EDITIONS, {}) / "index.html"
    assert page.stat().st_mode & 0o777 == 0o644


def test_publish_issue_without_archive_takes_the_page_away(tmp_path: Path) -> None:
    publish_issue(project(tmp_path), issue(), EDITIONS, {})
    folder = publish_issue(project(tmp_path), issue(is_archived=False), EDITIONS, {})
    assert {path.name for path in folder.iterdir()} == {"kickoff.ics", "issue.json"}


def test_publish_issue_notes_what_the_archive_says_of_it(tmp_path: Path) -> None:
    made = replace(
        issue(),
        subject=(Text("Dag "), Field("first_name", "lezer", Place("issues/may.md"))),
        preheader=(Text("Wat “Mei” bracht"),),
        number="5",
    )
    folder = publish_issue(project(tmp_path), made, EDITIONS, {})
    assert json.loads((folder / "issue.json").read_text("utf-8")) == {
        "title": "Dag lezer",
        "summary": "Wat “Mei” bracht",
        "date": "2026-05-01",
        "language": "en",
        "number": "5",
        "archived": True,
    }


def test_publish_issue_where_a_file_is_in_the_way_says_so(tmp_path: Path) -> None:
    (tmp_path / "public").write_text("a file")
    with pytest.raises(OperationError) as caught:
        publish_issue(project(tmp_path), issue(), EDITIONS, {})
    assert str(caught.value) == (
        "the web page could not be written to public/may: Not a directory. "
        "Check the disk and who owns the folder public/, then try again."
    )


def composition(root: Path) -> Composition:
    made = issue()
    return Composition(root / made.file, (), made, (), None, {})


def test_publish_composition_writes_the_page(tmp_path: Path) -> None:
    folder = publish_composition(
        project(tmp_path, base_url="https://news.example.org"), composition(tmp_path)
    )
    assert folder == tmp_path / "public" / "may"
    assert "</html>" in (folder / "index.html").read_text("utf-8")


def test_publish_composition_without_public_pages_writes_nothing(
    tmp_path: Path,
) -> None:
    assert publish_composition(project(tmp_path), composition(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("standing", "name", "is_shown"),
    [
        (Standing.SENT, "index.html", True),
        (Standing.TESTED, "index.html", False),
        (Standing.TESTED, "a-1.png", True),
        (Standing.UNSEEN, "a-1.png", False),
        (Standing.SENT, "missing.png", False),
        (Standing.SENT, "issue.json", False),
    ],
)
def test_find_public_file_goes_by_standing(
    tmp_path: Path, standing: Standing, name: str, is_shown: bool
) -> None:
    pictures = {"a.png": picture("a-1.png")}
    publish_issue(project(tmp_path), issue(), EDITIONS, pictures)
    found = find_public_file(project(tmp_path), "may", name, standing)
    assert (found is not None) is is_shown
