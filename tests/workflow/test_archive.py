import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.model.archive import ArchivedIssue
from newsletter.workflow.archive import list_archive

from .sent import NOON, Archive, open_archive

PAST = NOON.timestamp() - 86_400


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as archive:
        yield archive


def listed(archive: Archive) -> list[str]:
    found = list_archive(archive.project, archive.database)
    return [issue.slug for issue in found]


def test_list_archive_tells_what_an_issue_is_called_and_about(archive: Archive) -> None:
    folder = archive.publish("may", number="5")
    os.utime(folder / "index.html", (PAST, PAST))
    archive.dispatch("may")
    assert list_archive(archive.project, archive.database) == (
        ArchivedIssue(
            slug="may",
            title="The may issue",
            summary="What may brought",
            date=date(2026, 5, 1),
            language="en",
            number="5",
            sent_at=NOON,
            updated_at=NOON,
        ),
    )


@pytest.mark.parametrize("number", ["", "12/13", "7a"])
def test_list_archive_tells_any_number_as_it_was_written(
    archive: Archive, number: str
) -> None:
    archive.publish("may", number=number)
    archive.dispatch("may")
    (issue,) = list_archive(archive.project, archive.database)
    assert (issue.number, issue.title) == (number, "The may issue")


def test_list_archive_is_newest_first(archive: Archive) -> None:
    for month in (3, 5, 4):
        archive.publish(f"m{month}", day=date(2026, month, 1))
        archive.dispatch(f"m{month}")
    assert listed(archive) == ["m5", "m4", "m3"]


def test_list_archive_leaves_out_what_was_not_sent(archive: Archive) -> None:
    archive.publish("built")
    archive.publish("waiting")
    archive.dispatch("waiting", accepted=0)
    assert listed(archive) == []


def test_list_archive_leaves_out_what_is_kept_off_it(archive: Archive) -> None:
    archive.publish("inner", is_archived=False)
    archive.dispatch("inner")
    assert listed(archive) == []


def test_list_archive_leaves_out_an_issue_whose_files_are_gone(
    archive: Archive,
) -> None:
    archive.dispatch("lost")
    assert listed(archive) == []


def test_issue_sent_twice_is_listed_once_with_its_first_time(archive: Archive) -> None:
    archive.publish("may")
    for days in (3, 0, 5):
        archive.dispatch("may", at=NOON + timedelta(days=days))
    (issue,) = list_archive(archive.project, archive.database)
    assert issue.sent_at == NOON


def test_issue_at_a_set_time_was_sent_at_that_time(archive: Archive) -> None:
    archive.publish("may")
    archive.dispatch("may", at=NOON, starts_at=NOON + timedelta(hours=6))
    (issue,) = list_archive(archive.project, archive.database)
    assert issue.sent_at == NOON + timedelta(hours=6)


def test_issue_whose_page_was_corrected_says_when(archive: Archive) -> None:
    folder = archive.publish("may")
    later = datetime(2026, 5, 9, tzinfo=UTC)
    os.utime(folder / "index.html", (later.timestamp(), later.timestamp()))
    archive.dispatch("may")
    (issue,) = list_archive(archive.project, archive.database)
    assert issue.updated_at == later


@pytest.mark.parametrize("entry", [None, "", "[]", '{"title": "Only this"}'])
def test_issue_of_before_there_were_entries_is_known_by_its_subject(
    archive: Archive, entry: str | None
) -> None:
    path = archive.publish("old") / "issue.json"
    path.unlink()
    if entry is not None:
        path.write_text(entry)
    # An hour before midnight in UTC is the next day in Amsterdam.
    archive.dispatch("old", at=datetime(2026, 5, 1, 23, tzinfo=UTC))
    (issue,) = list_archive(archive.project, archive.database)
    assert (issue.title, issue.summary, issue.language, issue.number) == (
        "Subject of old",
        "",
        "nl",
        "",
    )
