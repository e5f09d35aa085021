import json
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.clients.names import CLIENTS
from newsletter.clients.ratings import HARMLESS, RATINGS
from newsletter.clients.support import (
    FACTS_DATE,
    Support,
    Test,
    features,
    programs,
    support_of,
)
from newsletter.model.rules import RULES
from newsletter.model.settings import DEFAULT_CLIENTS

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "newsletter" / "clients" / "support.tsv"


@pytest.mark.parametrize(
    ("feature", "program", "test"),
    [
        ("css-display-grid", "outlook/windows", Test(Support.NO, "2019", "2019-02")),
        ("css-display-grid", "gmail/ios", Test(Support.PARTIAL, "2026-03", "2026-03")),
        ("css-display-grid", "apple-mail/ios", Test(Support.YES, "12.1", "2019-02")),
        ("css-cursor", "outlook/windows", Test(Support.UNKNOWN, "2019", "2025-07")),
    ],
)
def test_test_has_support_version_and_month(
    feature: str, program: str, test: Test
) -> None:
    assert support_of(feature)[program] == test


def test_unknown_feature_has_no_tests() -> None:
    assert support_of("css-teleport") == {}


def test_every_client_is_in_the_table_and_each_default_is_a_client() -> None:
    named = {program for client in CLIENTS.values() for program in client.programs}
    assert named == programs()
    assert set(DEFAULT_CLIENTS) <= set(CLIENTS)


def test_every_feature_is_rated_once() -> None:
    assert set(RATINGS) | set(HARMLESS) == set(features())
    assert not set(RATINGS) & set(HARMLESS)


def test_table_says_source_date_and_licence_and_is_small() -> None:
    head = TABLE.read_text(encoding="utf-8").partition("\na = ")[0]
    assert f"caniemail.com, {FACTS_DATE}" in head
    assert "Copyright (c) 2019 Rémi Parmentier" in head
    assert "The above copyright notice and this permission notice" in head
    assert TABLE.stat().st_size < 60_000


def test_table_is_what_the_tool_makes_of_the_facts(
    shared: Path, tmp_path: Path
) -> None:
    source = shared / "data" / "client-support.json"
    tool = ROOT / "tools" / "make_client_support.py"
    made = tmp_path / "support.tsv"
    subprocess.run([sys.executable, tool, source, made], check=True)
    assert made.read_text(encoding="utf-8") == TABLE.read_text(encoding="utf-8")


def test_table_holds_every_kept_cell_of_the_facts(shared: Path) -> None:
    facts = json.loads((shared / "data" / "client-support.json").read_bytes())
    kept = programs()
    for feature in features():
        expected = {
            program: (cell["support"][0], cell["version"].replace(" ", "-"))
            for program, cell in facts[feature]["support"].items()
            if program in kept
        }
        found = {
            p: (t.support.value, t.version) for p, t in support_of(feature).items()
        }
        assert found == expected


def test_rules_name_the_date_of_the_table() -> None:
    sources = [rule.source for rule in RULES.values() if "caniemail" in rule.source]
    assert sources
    assert [s for s in sources if f"caniemail, {FACTS_DATE}" not in s] == []
