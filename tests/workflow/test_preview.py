import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.model.copy import Reader
from newsletter.model.finding import Severity
from newsletter.testing.smtp_server import SmtpServer
from newsletter.workflow.copies import UNKNOWN_READER
from newsletter.workflow.preview import (
    Preview,
    changes_in,
    copy_as,
    last_test,
    make_preview,
    read_stamp,
)
from newsletter.workflow.project import open_project
from newsletter.workflow.test import Trial, send_test

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)

SETTINGS = """[newsletter]
name = "Harbour Letter"
language = "en"
sender = "Harbour <letter@example.org>"
address = "1 Quay, Harbour"
"""

ISSUE = """---
subject: Spring, {{ first_name or "friend" }}
preheader: What the sea brought
date: 2026-03-20
---

## News

### A boat

It came in at dawn. [Read on]()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    settings = SETTINGS + '\n[fields.first_name]\ntype = "text"\n'
    (tmp_path / "newsletter.toml").write_text(settings)
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "spring.md").write_text(ISSUE)
    return tmp_path


def preview(root: Path, *edits: tuple[str, str]) -> Preview:
    """Return the preview of the issue after some edits of its text."""
    path = root / "issues" / "spring.md"
    text = path.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return make_preview(root, path, now=NOW)


def test_preview_has_what_the_inbox_shows(root: Path) -> None:
    made = preview(root)
    assert (made.sender_name, made.sender_address) == ("Harbour", "letter@example.org")
    assert made.assembled is not None
    assert (made.file, made.made_at) == ("issues/spring.md", NOW)


def test_preview_has_the_copies_of_the_edge_recipients(root: Path) -> None:
    copies = preview(root).copies
    assert copies[0].reader == UNKNOWN_READER
    assert "Spring, friend" in copies[0].values("Subject")
    assert len(copies) > 1
    assert 2_000 < copies[0].html_bytes < 40_000


def test_copy_of_a_reader_has_their_values(root: Path) -> None:
    anna = Reader("one of your subscribers", "anna@example.org", {"first_name": "Anna"})
    copy = copy_as(preview(root), anna)
    assert copy is not None
    assert copy.values("Subject") == ("Spring, Anna",)
    assert copy.values("To") == ("<anna@example.org>",)


def test_copy_of_an_edge_recipient_is_not_made_again(root: Path) -> None:
    made = preview(root)
    assert copy_as(made, made.copies[1].reader) is made.copies[1]


def test_copy_of_what_cannot_be_built_is_none(root: Path) -> None:
    (root / "newsletter.toml").write_text(SETTINGS + 'langage = "nl"\n')
    assert copy_as(preview(root), UNKNOWN_READER) is None


def test_changes_are_those_since_the_issue_before(root: Path) -> None:
    earlier = ISSUE.replace("2026-03-20", "2026-02-20").replace("dawn", "noon")
    (root / "issues" / "winter.md").write_text(earlier)
    found = changes_in(preview(root), since="previous")
    assert found is not None
    version, changes = found
    assert version.title == "the issue of Friday 20 February 2026"
    assert changes.summary == "1 item changed"


def test_changes_since_a_test_are_told_in_a_sentence(root: Path) -> None:
    assert last_test(preview(root)) == "This issue was not tested yet."
    with SmtpServer() as server:
        toml = root / "newsletter.toml"
        address = f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        toml.write_text(f"{toml.read_text()}\n[server]\n{address}")
        project = open_project(root, search=False)
        trial = Trial(("me@example.org",))
        send_test(project, "spring", trial, environment={}, now=NOW)
    told = last_test(preview(root, ("dawn", "noon")))
    assert told == ("1 item changed since the test of Friday 20 March 2026, 12:00.")


def test_preview_counts_the_links_that_nobody_visited(root: Path) -> None:
    made = preview(root, ("[Read on]()", "[Read on](https://example.org/boat)"))
    assert (made.unasked_links, made.links_seen) == (1, ())


def test_preview_has_the_findings_of_the_checks(root: Path) -> None:
    (found,) = [f for f in preview(root).findings if f.severity is Severity.ERROR]
    assert (found.rule, str(found.place)) == ("promised-link", "issues/spring.md:11:21")


def test_preview_of_an_issue_with_a_problem_shows_both(root: Path) -> None:
    made = preview(root, ("date: 2026-03-20", "date: 2026-03-20\nlangage: nl"))
    assert [str(problem.place) for problem in made.problems] == ["issues/spring.md:5:1"]
    assert made.assembled is not None
    assert "definition" not in {finding.rule for finding in made.findings}


def test_preview_of_a_missing_issue_says_so(root: Path) -> None:
    (root / "issues" / "spring.md").unlink()
    made = make_preview(root, root / "issues" / "spring.md", now=NOW)
    assert made.assembled is None
    assert len(made.problems) == 1


def test_preview_with_broken_settings_names_their_line(root: Path) -> None:
    (root / "newsletter.toml").write_text(SETTINGS + 'langage = "nl"\n')
    made = preview(root)
    assert [str(problem) for problem in made.problems] == [
        'newsletter.toml:6:1: unknown setting "langage". Did you mean "language"?'
    ]
    assert made.file == "issues/spring.md"


def test_preview_without_settings_says_so(root: Path) -> None:
    (root / "newsletter.toml").unlink()
    (problem,) = preview(root).problems
    assert problem.place.file == "newsletter.toml"
    assert "there is no newsletter.toml in this folder." in problem.message


def test_preview_with_a_database_that_cannot_be_read_says_so(root: Path) -> None:
    (root / "subscribers").mkdir()
    (root / "subscribers" / "newsletter.db").write_text("not a database at all " * 50)
    made = preview(root)
    assert made.assembled is not None
    assert "is not a database." in made.problems[0].message


def test_stamp_changes_with_issue_settings_templates_and_pictures(root: Path) -> None:
    issue = root / "issues" / "spring.md"
    made = preview(root, ("[Read on]()", "\n![A boat](boat.png)"))
    stamps = [read_stamp(root, issue, made.watched)]
    for name in ("issues/boat.png", "templates/blocks/note.j2", "newsletter.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"changed {name}")
        stamps.append(read_stamp(root, issue, made.watched))
    assert len(set(stamps)) == 4


def test_stamp_stays_while_nothing_changes(root: Path) -> None:
    issue = root / "issues" / "spring.md"
    before = read_stamp(root, issue, ())
    (root / "issues" / "other.md").write_text("another issue")
    make_preview(root, issue, now=NOW)
    assert read_stamp(root, issue, ()) == before


def test_stamp_changes_when_the_database_is_written_and_not_when_it_is_read(
    root: Path,
) -> None:
    issue = root / "issues" / "spring.md"
    watched = preview(root).watched
    stamps = [read_stamp(root, issue, watched)]
    (root / "subscribers").mkdir()
    database = root / "subscribers" / "newsletter.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("CREATE TABLE one (two)")
        stamps.append(read_stamp(root, issue, watched))
        writer.execute("INSERT INTO one VALUES (3)")
        stamps.append(read_stamp(root, issue, watched))
    assert len(set(stamps)) == 3
    before = read_stamp(root, issue, watched)
    with closing(sqlite3.connect(database)) as reader:
        assert reader.execute("SELECT two FROM one").fetchall() == [(3,)]
        assert read_stamp(root, issue, watched) == before
    assert read_stamp(root, issue, watched) == before


def test_issue_with_a_problem_is_not_compared_with_its_last_test(root: Path) -> None:
    made = preview(root, ("2026-", "morgen 2026-"))
    assert made.problems
    assert last_test(made) == (
        "It cannot be compared with the last test until it can be built."
    )
