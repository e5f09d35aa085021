from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.store.contents import load_last_tested
from newsletter.store.database import open_database
from newsletter.testing.smtp_server import SmtpServer
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.differences import Versions, find_previous, read_versions
from newsletter.workflow.project import Project, find_issue, open_project
from newsletter.workflow.redline import compare
from newsletter.workflow.test import Trial, send_test

NOW = datetime(2026, 3, 14, 13, 20, tzinfo=UTC)

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "1 Quay, Harbour"
time_zone = "Europe/Amsterdam"

[fields.first_name]
type = "text"
"""

ISSUE = """\
---
subject: {subject}
preheader: What the sea brought this month, and a walk
date: {date}
---

Dear {{{{ first_name or "reader" }}}},

### A boat

{text}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "issues").mkdir()
    return tmp_path


def write(root: Path, name: str, date: str, text: str = "It came.") -> None:
    issue = ISSUE.format(subject=f"News {name}", date=date, text=text)
    (root / "issues" / f"{name}.md").write_text(issue)


def versions(root: Path, name: str = "march") -> Versions:
    project = open_project(root)
    return read_versions(project, compose_issue(project, find_issue(project, name)))


def send(root: Path, name: str = "march", *, at: datetime = NOW) -> None:
    with SmtpServer() as server:
        lines = f'[server]\nhost = "127.0.0.1"\nport = {server.port}\n'
        (root / "newsletter.toml").write_text(f'{SETTINGS}\n{lines}security = "none"\n')
        trial = Trial(to=("me@example.org",))
        send_test(open_project(root), name, trial, environment={}, now=at)


def previous_name(project: Project, name: str) -> str | None:
    found = find_previous(project, compose_issue(project, find_issue(project, name)))
    return found.stem if found else None


def test_issue_alone_has_nothing_to_compare_with(root: Path) -> None:
    write(root, "march", "2026-03-14")
    found = versions(root)
    assert found.present is not None
    assert (found.previous, found.tested) == (None, None)
    assert not (root / "subscribers").exists()


def test_previous_issue_is_that_of_the_latest_date_before(root: Path) -> None:
    for name, date in {
        "z": "2025-12-01",
        "b": "2026-02-14",
        "may": "2026-05-01",
    }.items():
        write(root, name, date)
    write(root, "march", "2026-03-14")
    write(root, "same-day", "2026-03-14")
    (root / "issues" / "broken.md").write_text("no front matter")
    project = open_project(root)
    assert previous_name(project, "march") == "b"
    assert previous_name(project, "z") is None


def test_previous_issue_is_shown_as_the_same_reader_gets_it(root: Path) -> None:
    write(root, "february", "2026-02-14", "It left.")
    write(root, "march", "2026-03-14")
    found = versions(root)
    assert found.previous is not None
    assert found.present is not None
    assert found.previous.title == "the issue of Saturday 14 February 2026"
    assert found.previous.at == datetime(2026, 2, 14, 11, tzinfo=UTC)
    changes = compare(found.previous.copy, found.present)
    assert changes.summary == "Subject changed, 1 item changed"


def test_previous_issue_that_gives_no_mail_is_none(root: Path) -> None:
    write(root, "february", "2026-02-14")
    path = root / "issues" / "february.md"
    path.write_text(path.read_text().replace("date:", "template: torn\ndate:"))
    (root / "templates").mkdir()
    (root / "templates" / "torn.mjml.j2").write_text("{% if %}")
    write(root, "march", "2026-03-14")
    assert versions(root).previous is None


def test_issue_that_cannot_be_read_has_no_versions(root: Path) -> None:
    write(root, "march", "2026-03-14")
    send(root)
    (root / "issues" / "march.md").write_bytes(b"\xff")
    assert versions(root) == Versions()


def test_issue_that_gives_no_mail_is_still_compared_with_its_test(root: Path) -> None:
    write(root, "march", "2026-03-14")
    send(root)
    path = root / "issues" / "march.md"
    path.write_text(path.read_text().replace("date:", "template: torn\ndate:"))
    (root / "templates").mkdir()
    (root / "templates" / "torn.mjml.j2").write_text("{% if %}")
    found = versions(root)
    assert found.present is None
    assert found.tested is not None


def test_tested_version_is_the_mail_as_it_was_tested(root: Path) -> None:
    write(root, "march", "2026-03-14", "It came.")
    send(root)
    write(root, "march", "2026-03-14", "It came late.")
    found = versions(root)
    assert found.tested is not None
    assert found.present is not None
    assert found.tested.title == "the test of Saturday 14 March 2026, 14:20"
    assert found.tested.at == NOW
    assert compare(found.tested.copy, found.present).summary == "1 item changed"


def test_unchanged_issue_is_its_own_tested_version(root: Path) -> None:
    write(root, "march", "2026-03-14", "It came.")
    send(root)
    found = versions(root)
    assert found.tested is not None
    assert found.tested.copy == found.present


def test_test_taken_back_to_is_the_tested_version(root: Path) -> None:
    """Sending asks whether this very content was ever tested, not whether last."""
    write(root, "march", "2026-03-14", "It came.")
    send(root)
    write(root, "march", "2026-03-14", "It came late.")
    send(root, at=NOW + timedelta(hours=1))
    write(root, "march", "2026-03-14", "It came.")
    found = versions(root)
    assert found.tested is not None
    assert (found.tested.at, found.tested.copy) == (NOW, found.present)


def test_only_the_last_test_is_kept(root: Path) -> None:
    for hour, text in enumerate(("It came.", "It came late.", "It left.")):
        write(root, "march", "2026-03-14", text)
        send(root, at=NOW + timedelta(hours=hour))
    write(root, "april", "2026-04-14")
    send(root, "april")
    path = root / "subscribers" / "newsletter.db"
    with (
        open_database(f"sqlite:///{path}", root=root) as database,
        database.reading() as connection,
    ):
        kept = connection.exec_driver_sql("SELECT issue FROM contents").all()
        last = load_last_tested(connection, "march")
    assert sorted(row.issue for row in kept) == ["april", "march"]
    assert last is not None
    assert last[1] == NOW + timedelta(hours=2)


def test_stored_mail_that_cannot_be_read_is_no_version(root: Path) -> None:
    write(root, "march", "2026-03-14")
    send(root)
    path = root / "subscribers" / "newsletter.db"
    with (
        open_database(f"sqlite:///{path}", root=root) as database,
        database.writing() as connection,
    ):
        connection.exec_driver_sql("UPDATE contents SET compiled = x'00'")
    write(root, "march", "2026-03-14", "It came late.")
    assert versions(root).tested is None
