"""Each rule speaks on an issue that is bad in one way, and none on a good one.

tests/data/good is a project without findings. tests/data/bad/RULE holds files that are
laid over a copy of it; `newsletter check --offline` must then report RULE alone.
"""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from newsletter.cli import newsletter
from newsletter.model.rules import RULES

TESTS = Path(__file__).resolve().parents[1]
GOOD = TESTS / "data" / "good"
BAD = TESTS / "data" / "bad"

#: Rules that no issue, template or setting can set off without a network, a browser or
#: a fault of our own: the test that sees them speak.
ELSEWHERE = {
    "link-broken": "workflow/test_check.py",
    "link-suspect": "checks/test_links_found.py",
    "link-moved": "checks/test_links_found.py",
    "link-blocked": "checks/test_links_found.py",
    "link-rate-limited": "checks/test_links_found.py",
    "link-timeout": "checks/test_links_found.py",
    "links-unchecked": "checks/test_links_found.py",
    "sender-missing": "checks/test_sender.py",
    "unsubscribe-header": "checks/test_leaving.py",
    "header-repeated": "checks/test_headers.py",
    "header-encoding": "checks/test_headers.py",
    "line-length": "checks/test_headers.py",
    "dkim-cover": "checks/test_headers.py",
    "base64-text": "checks/test_headers.py",
    "message-refused": "checks/test_headers.py",
    "text-missing": "checks/test_text_part.py",
    "contrast": "checks/test_rendered.py",
    "contrast-dark": "checks/test_rendered.py",
    "link-distinct": "checks/test_rendered.py",
    "font-tiny": "checks/test_rendered.py",
    "font-small": "checks/test_rendered.py",
    "line-height": "checks/test_rendered.py",
    "tap-target": "checks/test_rendered.py",
    "tap-target-small": "checks/test_rendered.py",
    "width": "checks/test_rendered.py",
    "spam-score": "checks/test_spam.py",
}


def findings_of(project: Path) -> list[dict[str, Any]]:
    command = ["check", "2099-01", "--offline", "--json", "--project", str(project)]
    result = CliRunner().invoke(newsletter, command)
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def words_in_tests(path: Path) -> set[object]:
    """Return the texts and numbers in test functions and their parameters."""
    functions = (
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
    nodes = (node for function in functions for node in ast.walk(function))
    return {node.value for node in nodes if isinstance(node, ast.Constant)}


def test_good_issue_has_no_findings() -> None:
    assert findings_of(GOOD) == []


@pytest.mark.parametrize("rule", sorted(set(RULES) - set(ELSEWHERE)))
def test_bad_issue_sets_off_its_rule_and_no_other(rule: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(GOOD, project)
    shutil.copytree(BAD / rule, project, dirs_exist_ok=True)
    assert {finding["rule"] for finding in findings_of(project)} == {rule}


@pytest.mark.parametrize("rule", sorted(ELSEWHERE))
def test_rule_is_seen_to_speak_elsewhere(rule: str) -> None:
    assert rule in words_in_tests(TESTS / ELSEWHERE[rule])


def test_every_folder_is_that_of_a_rule() -> None:
    assert {path.name for path in BAD.iterdir()} <= set(RULES)
