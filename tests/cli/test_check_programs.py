"""`newsletter check --rendered` and `--spam`, as an editor types them."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter.checks.browser.chromium import find_chromium
from newsletter.cli import newsletter
from newsletter.errors import OperationError
from newsletter.shipped import templates_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "tests" / "data" / "good", root)
    return root


def rules(project: Path, *options: str) -> set[str]:
    command = ["check", "2099-01", "--offline", "--json", "--project", str(project)]
    result = CliRunner().invoke(newsletter, [*command, *options])
    return {one["rule"] for one in json.loads(result.stdout)["findings"]}


@pytest.mark.browser
def test_check_looks_into_a_browser_only_when_told_to(project: Path) -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    try:
        find_chromium()
    except OperationError as error:
        pytest.skip(str(error))
    built_in = (templates_folder() / "bulletin.css.j2").read_text(encoding="utf-8")
    (project / "templates").mkdir()
    pale = f"{built_in}p {{ color: #999999 }}\n"
    (project / "templates" / "bulletin.css.j2").write_text(pale, encoding="utf-8")
    assert "contrast" not in rules(project)
    assert "contrast" in rules(project, "--rendered")


@pytest.mark.skipif(
    shutil.which("spamassassin") is None, reason="SpamAssassin is not installed"
)
def test_check_asks_spamassassin_only_when_told_to(project: Path) -> None:
    path = project / "issues" / "2099-01.md"
    text = path.read_text(encoding="utf-8")
    drugs = "Buy cheap Viagra and Cialis today"
    path.write_text(text.replace("A new house at the harbour", drugs), "utf-8")
    assert "spam-score" not in rules(project)
    assert "spam-score" in rules(project, "--spam")


@pytest.mark.skipif(
    shutil.which("spamassassin") is None, reason="SpamAssassin is not installed"
)
def test_check_says_what_spamassassin_gives_when_all_is_well(project: Path) -> None:
    command = ["check", "2099-01", "--offline", "--spam", "--project", str(project)]
    shown = CliRunner().invoke(newsletter, command).stdout
    line = r"^SpamAssassin [\d.]+ gives the content -?[\d.]+ points; above 0 they speak"
    assert re.search(line, shown, re.MULTILINE)


@pytest.mark.parametrize("option", ["--rendered", "--spam"])
def test_programs_look_at_one_issue_only(project: Path, option: str) -> None:
    command = ["check", "--archive", option, "--project", str(project)]
    result = CliRunner().invoke(newsletter, command)
    assert result.exit_code == 2
    assert result.output.endswith(
        "Error: --rendered and --spam look at one issue: leave out --archive.\n"
    )
