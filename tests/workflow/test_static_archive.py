from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.errors import OperationError, RefusedError, UsageError
from newsletter.workflow.static_archive import read_sent_issues, write_static_archive

from .sent import Archive, open_archive

PAGES = {"index.html": b"<h1>All issues</h1>"}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path / "project", "https://news.example.org") as archive:
        yield archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


def write(archive: Archive, folder: Path) -> int:
    sent = read_sent_issues(archive.project)
    return write_static_archive(archive.project, sent, PAGES, folder)


def send(archive: Archive, slug: str) -> None:
    archive.publish(slug)
    archive.dispatch(slug)


def names(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in files}


def test_archive_has_the_list_and_every_file_of_an_issue(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    archive.publish("draft")
    (archive.project.root / "public" / "may" / "notes.txt").write_text("not ours")
    assert write(archive, folder) == 4
    assert names(folder) == {
        ".newsletter-archive",
        "index.html",
        "may/index.html",
        "may/boat-1.png",
        "may/may.ics",
    }


def test_page_in_a_folder_leads_back_to_the_page_of_the_list(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    write(archive, folder)
    page = (folder / "may" / "index.html").read_text()
    assert '<a href="../index.html">All issues</a>' in page


def test_archive_of_hosted_pictures_keeps_those_of_issues_kept_off_it(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    archive.publish("inner", is_archived=False)
    archive.dispatch("inner")
    write(archive, folder)
    assert {name for name in names(folder) if "inner" in name} == {
        "inner/boat-1.png",
        "inner/inner.ics",
    }


def test_archive_without_base_url_has_nothing_of_issues_kept_off_it(
    tmp_path: Path, folder: Path
) -> None:
    with open_archive(tmp_path / "project") as archive:
        send(archive, "may")
        archive.publish("inner", is_archived=False)
        archive.dispatch("inner")
        write(archive, folder)
    assert not (folder / "inner").exists()


def test_archive_written_again_spares_what_is_the_same(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    write(archive, folder)
    before = (folder / "may" / "index.html").stat().st_ino
    assert write(archive, folder) == 0
    assert (folder / "may" / "index.html").stat().st_ino == before


def test_archive_written_again_takes_away_what_is_no_longer_shown(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    send(archive, "june")
    write(archive, folder)
    for path in (archive.project.root / "public" / "june").iterdir():
        path.unlink()
    write(archive, folder)
    assert not (folder / "june").exists()


def test_archive_written_again_keeps_what_others_put_there(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    send(archive, "june")
    write(archive, folder)
    others = [folder / "CNAME", folder / "june" / "guestbook.html"]
    for path in others:
        path.write_text("theirs")
    for path in (archive.project.root / "public" / "june").iterdir():
        path.unlink()
    write(archive, folder)
    assert [path.read_text() for path in others] == ["theirs", "theirs"]
    assert not (folder / "june" / "index.html").exists()


def test_archive_never_replaces_a_file_it_did_not_write(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    folder.mkdir()
    (folder / "index.html").write_text("my own page")
    with pytest.raises(RefusedError) as caught:
        write(archive, folder)
    assert str(caught.value) == (
        f"{folder}/index.html: this file was not written by an earlier --archive. "
        "Move it away, or choose another folder."
    )
    assert names(folder) == {"index.html"}


@pytest.mark.parametrize("line", ["../theirs.txt", "/{root}/theirs.txt", "", "."])
def test_list_of_our_files_never_leads_out_of_the_folder(
    archive: Archive, folder: Path, line: str
) -> None:
    send(archive, "may")
    write(archive, folder)
    theirs = folder.parent / "theirs.txt"
    theirs.write_text("theirs")
    line = line.replace("/{root}", str(folder.parent))
    with (folder / ".newsletter-archive").open("a") as file:
        file.write(f"{line}\n")
    write(archive, folder)
    assert theirs.exists()


@pytest.mark.parametrize("name", ["", "public", "subscribers/site", "issues"])
def test_archive_is_not_written_among_files_of_the_project(
    archive: Archive, name: str
) -> None:
    send(archive, "may")
    asked = archive.project.root / name
    with pytest.raises(UsageError) as caught:
        write(archive, asked)
    assert str(caught.value) == (
        f"{name or asked}: the project keeps its own files there. "
        "Choose a folder for the archive alone, such as site."
    )


def test_archive_before_anything_was_sent_is_refused(
    archive: Archive, folder: Path
) -> None:
    archive.publish("draft")
    with pytest.raises(RefusedError) as caught:
        write(archive, folder)
    assert str(caught.value) == (
        "no issue with a web page was sent yet, so there is no archive to write. "
        "It begins with the first `newsletter send`."
    )


def test_archive_of_what_was_sent_without_a_page_says_how_to_write_one(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    (archive.project.root / "public/may/index.html").unlink()
    with pytest.raises(RefusedError) as caught:
        write(archive, folder)
    assert str(caught.value) == (
        "no issue with a web page was sent yet, so there is no archive to write. "
        "Sent, but without a page: may. `newsletter build` writes the page of an "
        "issue, unless its front matter says archive: no."
    )


def test_archive_whose_folder_cannot_be_made_says_so(
    archive: Archive, folder: Path
) -> None:
    send(archive, "may")
    folder.write_text("a file")
    with pytest.raises(OperationError) as caught:
        write(archive, folder / "site")
    assert str(caught.value) == (
        f"{folder}/site: cannot write the archive: Not a directory. "
        "Check the disk and who owns the folder, then try again."
    )
