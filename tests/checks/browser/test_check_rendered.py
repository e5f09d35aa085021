"""Real issues in a real browser: built-in templates are silent, bad styles are told."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.checks.browser.chromium import measure_in
from newsletter.checks.facts import Facts
from newsletter.checks.rendered import check_rendered
from newsletter.model.copy import Reader
from newsletter.model.finding import Finding
from newsletter.shipped import templates_folder
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.looks import pictures_of, views_of
from newsletter.workflow.project import find_issue, open_project

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 21, tzinfo=UTC)

#: A name that does not fit on one line of a telephone.
LONG_NAME = Reader("somebody", "reader@example.org", {"first_name": "Maximilian" * 6})

#: One of everything that an item can hold, with words that are long and hard to break.
EVERYTHING = """
### Everything at once

Read [the report of the committee](https://harbour-news.test/report) on the
Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft,
**bold**, *slanted* and `code()` in the middle of a line that is long enough to wrap.

#### A heading inside

- one
- two, with [a link](https://harbour-news.test/two)

> What somebody said, at some length, so that the quotation goes over two lines.

| City | Hours | Since |
| --- | ---: | :---: |
| Utrecht | 1200 | a very long cell with many words in it |

::: note
The hour has moved. Come on [Thursday](https://harbour-news.test/thursday) instead
of Tuesday.
:::

[Yes](https://harbour-news.test/yes){.button}

---

    if harbour:
        open("a line of code that is far too long for the screen of any telephone")
"""

Check = Callable[..., list[Finding]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "tests" / "data" / "good", root)
    return root


@pytest.fixture
def check(project: Path, browser: "Browser") -> Check:
    """Return a function: changes of the good project -> what the browser showed."""

    def run(*edits: tuple[str, str], added: str = "", css: str = "") -> list[Finding]:
        path = project / "issues" / "2099-01.md"
        change(path, *edits, added=added)
        if css:
            overlay(project, "bulletin.css.j2", added=css)
        return findings(project, browser)

    return run


def change(path: Path, *edits: tuple[str, str], added: str) -> None:
    text = path.read_text(encoding="utf-8") + added
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def overlay(project: Path, name: str, *edits: tuple[str, str], added: str = "") -> None:
    """Give the project a file of the built-in templates, changed."""
    path = project / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(templates_folder() / name, path)
    change(path, *edits, added=added)


def findings(root: Path, browser: "Browser") -> list[Finding]:
    project = open_project(root)
    composition = compose_issue(project, find_issue(project, "2099-01"))
    assembled = require_assembled(composition)
    copies = make_copies(assembled, project.settings, [UNKNOWN_READER, LONG_NAME])
    pictures = pictures_of(assembled)
    seen = measure_in(browser, tuple(views_of(copies)), pictures)
    facts = Facts(now=NOW, source=composition.lines, renderings=seen)
    return check_rendered(assembled, facts)


@pytest.mark.parametrize("template", ["bulletin", "letter"])
@pytest.mark.parametrize("language", ["nl", "en", "de", "fr", "ar"])
def test_built_in_templates_are_silent(
    check: Check, template: str, language: str
) -> None:
    head = f"template: {template}\nlanguage: {language}\ndate: 2099-01-05\n"
    assert check(("date: 2099-01-05\n", head), added=EVERYTHING) == []


@pytest.mark.parametrize("accent", ["#c05000", "#0a7d33", "#ffcc00", "#d6006c"])
def test_built_in_templates_are_silent_in_other_colours(
    project: Path, browser: "Browser", accent: str
) -> None:
    with (project / "newsletter.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[template]\naccent = "{accent}"\ncolour = "{accent}"\n')
    change(project / "issues" / "2099-01.md", added=EVERYTHING)
    assert findings(project, browser) == []


@pytest.mark.parametrize(
    ("rule", "css"),
    [
        ("contrast", "p { color: #999999 }"),
        ("link-distinct", "p a { text-decoration: none }"),
        ("font-tiny", "p { font-size: 11px }"),
        ("font-small", "p { font-size: 13px }"),
        ("line-height", "p { line-height: 1.2 }"),
        ("width", ".box { width: 700px }"),
        ("contrast-dark", "p { color: #2c3138 !important }"),
    ],
)
def test_style_that_hurts_is_told(check: Check, rule: str, css: str) -> None:
    assert rule in {one.rule for one in check(css=css)}


def test_low_button_is_told(project: Path, browser: "Browser") -> None:
    overlay(
        project, "blocks/button.j2", ("padding:13px 26px;color", "padding:2px;color")
    )
    assert [one.rule for one in findings(project, browser)] == ["tap-target-small"]


def test_row_of_tiny_links_is_told_where_it_is_written(check: Check) -> None:
    links = " · ".join(f"[{n}](https://harbour-news.test/{n})" for n in "abc")
    (found,) = check(added=f"\n### Letters\n\n{links}\n")
    assert (found.rule, found.place.line) == ("tap-target", 35)


def test_long_name_of_a_reader_that_does_not_fit_is_told(check: Check) -> None:
    unbroken = "td, p { word-break: keep-all; overflow-wrap: normal !important }"
    found = check(css=unbroken)
    assert [one.rule for one in found] == ["width"]
