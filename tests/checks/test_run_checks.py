import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.checks import CHECKS, Facts, run_checks
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Severity
from newsletter.model.issue import Image, Text
from newsletter.model.problem import Place
from newsletter.model.rules import RULES
from newsletter.model.settings import RuleLevel

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
#: Groups that look at the mail as it travels; other rules want a whole HTML page.
_OF_THE_MAIL = {"sender", "leaving", "headers", "fields", "text", "size", "subject"}
ROOT = Path(__file__).resolve().parents[2]
FILE = "issues/2023-02.md"


def test_good_issue_has_no_findings(assemble: Assemble, facts: Facts) -> None:
    assert run_checks(assemble(), facts) == []


def test_good_header_and_parts_have_no_findings(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    about = {rule for rule, known in RULES.items() if known.group in _OF_THE_MAIL}
    found = run_checks(assemble(), replace(facts, copies=(make_copy(),)))
    assert [finding for finding in found if finding.rule in about] == []


def test_every_module_with_a_check_is_listed() -> None:
    folder = ROOT / "newsletter" / "checks"
    written = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r"^def (check_\w+)", path.read_text(), re.MULTILINE)
    }
    assert {check.__name__ for check in CHECKS} == written


def test_findings_come_in_reading_order_and_the_whole_last(
    assemble: Assemble, facts: Facts
) -> None:
    images = [Image("a.jpg", "", "", Place(FILE, line, 1)) for line in (9, 7)]
    assembled = assemble(*images, preheader=(Text("Short"),))
    found = run_checks(assembled, replace(facts, html_bytes=100 * 1024))
    assert [finding.place.line for finding in found] == [3, 7, 9, 0]


@pytest.mark.parametrize(
    ("level", "severities"),
    [
        ("error", [Severity.ERROR]),
        ("warning", [Severity.WARNING]),
        ("info", [Severity.INFO]),
        ("off", []),
    ],
)
def test_settings_weigh_a_rule_anew(
    assemble: Assemble, facts: Facts, level: RuleLevel, severities: list[Severity]
) -> None:
    assembled = assemble(preheader=(Text("too short"),))
    known = replace(facts, levels={"preheader-short": level})
    found = run_checks(assembled, known)
    assert [finding.severity for finding in found] == severities


def test_settings_cannot_weigh_a_fixed_rule(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    levels: dict[str, RuleLevel] = {"unsubscribe-place": "off"}
    known = replace(facts, copies=(make_copy(text="Goodbye"),), levels=levels)
    found = run_checks(assemble(), known)
    severities = [f.severity for f in found if f.rule == "unsubscribe-place"]
    assert severities == [Severity.ERROR]


@pytest.mark.parametrize("group", sorted({rule.group for rule in RULES.values()}))
def test_each_rule_has_its_heading_and_severity_in_the_docs(group: str) -> None:
    text = (ROOT / "docs" / "checks" / f"{group}.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## `([a-z0-9-]+)`\n\n\*(\w+)", text, re.MULTILINE)
    known = [
        (rule, known.severity.name.lower())
        for rule, known in RULES.items()
        if known.group == group
    ]
    assert [(rule, said.lower()) for rule, said in sections] == known
