"""docs/settings.md has a heading for every setting, and its examples can be used."""

import re
from pathlib import Path

import pytest

from newsletter.settings.judge import judge_settings
from newsletter.settings.tables import TABLES, File

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_BASE = '[newsletter]\nname = "N"\nsender = "n@example.org"\n'
_EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", _TEXT, re.MULTILINE | re.DOTALL)


def _documented() -> dict[str, list[str]]:
    """Return the headings of each table, in the order of the page."""
    tables: dict[str, list[str]] = {}
    for marks, name in re.findall(r"^(##+) (.*)$", _TEXT, re.MULTILINE):
        if marks == "##":
            tables[name] = []
        else:
            list(tables.values())[-1].append(name)
    return tables


def _expected() -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for name in File.model_fields:
        for path in [p for p in TABLES if p[:1] == (name,)] or [(name,)]:
            model = TABLES.get(path)
            heading = f"[{'.'.join(path).replace('*', 'NAME')}]"
            tables[heading] = list(model.model_fields) if model else []
    # All its other keys are rules.
    return tables | {"[checks]": ["clients"]}


def test_every_table_has_its_heading_and_no_other() -> None:
    assert list(_documented()) == list(_expected())


@pytest.mark.parametrize("table", _expected())
def test_every_setting_has_its_heading_and_no_other(table: str) -> None:
    assert sorted(_documented()[table]) == sorted(_expected()[table])


@pytest.mark.parametrize("example", _EXAMPLES)
def test_example_has_no_problems(example: str) -> None:
    text = example if "[newsletter]" in example else f"{_BASE}{example}"
    assert judge_settings(text, "n.toml")[1] == []


@pytest.mark.parametrize(
    ("heading", "default"),
    re.findall(
        r"^### (\w+)\n(?:(?!^##).)*?Default (`[^`]+`|[0-9]+)",
        _TEXT,
        re.MULTILINE | re.DOTALL,
    ),
)
def test_default_of_the_page_is_that_of_the_program(heading: str, default: str) -> None:
    values = {
        repr(field.default)
        if not isinstance(field.default, str)
        else f'"{field.default}"'
        for model in TABLES.values()
        for name, field in model.model_fields.items()
        if name == heading
    }
    shown = {"`true`": "True", "`false`": "False"}.get(default, default.strip("`"))
    assert shown in values
