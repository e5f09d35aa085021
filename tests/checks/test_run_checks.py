import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.checks import CHECKS, Facts, run_checks
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Severity
from newsletter.model.issue import Image, Text
from newsletter.model.problem import Place
from newsletter.model.rules import RULES
from newsletter.model.settings import RuleLevel

Assemble = Callable[..., Assembled]
ROOT = Path(__file__).resolve().parents[2]
FILE = "issues/2023-02.md"


def test_good_issue_has_no_findings(assemble: Assemble, facts: Facts) -> None:
    assert run_checks(assemble(), facts) == []


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
    assembled = replace(assemble(*images, preheader=(Text("Short"),)), text="")
    found = run_checks(assembled, facts)
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


def test_settings_cannot_weigh_a_fixed_rule(assemble: Assemble, facts: Facts) -> None:
    assembled = replace(assemble(), html="")
    known = replace(facts, levels={"unsubscribe-place": "off"})
    (finding,) = run_checks(assembled, known)
    assert (finding.rule, finding.severity) == ("unsubscribe-place", Severity.ERROR)


@pytest.mark.parametrize("group", sorted({rule.group for rule in RULES.values()}))
def test_each_rule_has_its_heading_and_severity_in_the_docs(group: str) -> None:
    text = (ROOT / "docs" / "checks" / f"{group}.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## `([a-z-]+)`\n\n\*(\w+)", text, re.MULTILINE)
    known = [
        (rule, known.severity.name.lower())
        for rule, known in RULES.items()
        if known.group == group
    ]
    assert [(rule, said.lower()) for rule, said in sections] == known
