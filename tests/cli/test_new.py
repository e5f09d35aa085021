from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.cli import run

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""

LAST = """\
---
subject: The last one
preheader: What it was about
date: 2020-05-04
language: nl
number: 7
---

## News

### An item

Words.

## Coming up

### Another

Words.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return tmp_path


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def test_new_writes_the_title_as_subject_and_tells_where(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["new", "Spring has come", "--project", str(project)]) == 0
    month = _today()[:7]
    assert capsys.readouterr().out == (
        f"wrote issues/{month}.md\nWrite in it, and watch: newsletter preview {month}\n"
    )
    text = (project / "issues" / f"{month}.md").read_text("utf-8")
    assert text == (
        f"---\nsubject: Spring has come\npreheader:\ndate: {_today()}\n---\n\n"
    )


def test_new_never_overwrites_and_takes_the_next_free_name(project: Path) -> None:
    for title in ("One", "Two", "Three"):
        assert run(["new", title, "--project", str(project)]) == 0
    names = sorted(path.name for path in (project / "issues").iterdir())
    today = _today()
    assert names == sorted([f"{today[:7]}.md", f"{today}.md", f"{today}-2.md"])


def test_new_from_last_copies_the_frame_without_the_items(project: Path) -> None:
    (project / "issues" / "2020-05.md").write_text(LAST, encoding="utf-8")
    assert run(["new", "Next", "--from", "last", "--project", str(project)]) == 0
    (path,) = set((project / "issues").iterdir()) - {project / "issues" / "2020-05.md"}
    assert path.read_text("utf-8") == (
        f"---\nsubject: Next\npreheader:\ndate: {_today()}\nlanguage: nl\nnumber: 8\n"
        "---\n\n## News\n\n## Coming up\n"
    )


FRAMED = """\
---
subject: The last \\{one\\}
preheader: What it was about
from: The board <board@example.org>
date: 2020-05-04
slug: may
lists: donors
reply_to: office@example.org
archive: no
---

### An item before the sections

## [News](https://example.org/) for {{ first_name or "you" }}

### An item

{lang=fr}
## Nouvelles

Bonjour.
"""


def test_new_from_last_keeps_lists_sender_and_headings_as_they_were_written(
    project: Path,
) -> None:
    settings = f"{SETTINGS}[lists.main]\n[lists.donors]\n[fields.first_name]\n"
    (project / "newsletter.toml").write_text(settings, encoding="utf-8")
    (project / "issues" / "2020-05.md").write_text(FRAMED, encoding="utf-8")
    assert run(["new", "--from", "last", "--project", str(project)]) == 0
    (path,) = set((project / "issues").iterdir()) - {project / "issues" / "2020-05.md"}
    assert path.read_text("utf-8") == (
        "---\nsubject:\npreheader:\n"
        f"date: {_today()}\nfrom: The board <board@example.org>\nlists: donors\n"
        "reply_to: office@example.org\narchive: no\n---\n\n"
        '## [News](https://example.org/) for {{ first_name or "you" }}\n\n'
        "{lang=fr}\n## Nouvelles\n"
    )


def test_new_correction_goes_to_the_same_readers(project: Path) -> None:
    settings = f"{SETTINGS}[lists.main]\n[lists.donors]\n[fields.first_name]\n"
    (project / "newsletter.toml").write_text(settings, encoding="utf-8")
    (project / "issues" / "2020-05.md").write_text(FRAMED, encoding="utf-8")
    assert run(["new", "--correction-of", "2020-05", "--project", str(project)]) == 0
    (path,) = (project / "issues").glob("*-correction.md")
    assert path.read_text("utf-8") == (
        "---\nsubject: Correction: The last \\{one\\}\npreheader:\n"
        f"date: {_today()}\nfrom: The board <board@example.org>\nlists: donors\n"
        "reply_to: office@example.org\narchive: no\n---\n\n"
    )


def test_new_correction_stays_off_the_public_pages(project: Path) -> None:
    (project / "issues" / "2020-05.md").write_text(LAST, encoding="utf-8")
    assert run(["new", "--correction-of", "2020-05", "--project", str(project)]) == 0
    (path,) = (project / "issues").glob("*-correction.md")
    text = path.read_text("utf-8")
    assert "subject: Correction: The last one\n" in text
    assert "archive: no\n" in text


def test_new_from_an_issue_that_is_not_there_names_the_nearest(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "issues" / "2020-05.md").write_text(LAST, encoding="utf-8")
    assert run(["new", "--from", "2020-06", "--project", str(project)]) == 3
    assert capsys.readouterr().err == (
        'there is no issue "2020-06". Did you mean "2020-05"?\n'
    )


def test_a_command_outside_any_project_tells_how_to_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["new", "--project", str(tmp_path)]) == 3
    assert capsys.readouterr().err == (
        f"{tmp_path}: there is no newsletter.toml in this folder."
        f" Make a project there with: newsletter init {tmp_path}\n"
    )
