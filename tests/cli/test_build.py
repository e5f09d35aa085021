from pathlib import Path

import pytest

from newsletter.cli import run

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""
ISSUE = """\
---
subject: Spring
preheader: What the sea brought
date: {date}
---

It came in at dawn.
"""


def test_build_without_a_name_takes_the_last_issue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "issues").mkdir()
    for name, date in (("a", "2026-04-01"), ("b", "2026-03-01")):
        (tmp_path / "issues" / f"{name}.md").write_text(ISSUE.format(date=date))
    assert run(["build", "--project", str(tmp_path)]) == 0
    assert "wrote public/a/index.html\n" in capsys.readouterr().out
    assert not (tmp_path / "public" / "b").exists()
