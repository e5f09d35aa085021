"""The documentation is held to what the program is."""

import re
from pathlib import Path

import click
import pytest

from newsletter.cli import COMMANDS, newsletter

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

QUICK_START = (
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/newsletter demo",
    "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    # What an example of an issue names does not lie beside the page.
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text("utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\(([\w./-]+\.(?:md|png))[#)]", text)
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_quick_start_is_two_commands_each_on_a_line_of_its_own() -> None:
    section = (ROOT / "README.md").read_text().split("## Quick start")[1]
    section = section.split("\n## ")[0]
    commands = [line.strip() for line in section.splitlines() if line[:4] == "    "]
    assert commands == list(QUICK_START)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_heading_and_options(name: str) -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert name in sections
    pages = " ".join(path.read_text() for path in PAGES)
    for spellings in _options(name):
        assert any(spelling in pages for spelling in spellings), spellings


def _options(name: str) -> list[list[str]]:
    context = click.Context(newsletter)
    command = newsletter.get_command(context, name)
    assert command is not None
    commands = [command]
    if isinstance(command, click.Group):
        commands += command.commands.values()
    return [
        parameter.opts
        for one in commands
        for parameter in one.params
        if isinstance(parameter, click.Option)
    ]
