"""The list of issues as a browser shows it: policy, reach, both directions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.model.archive import ArchivedIssue
from newsletter.model.settings import ListSettings, NewsletterSettings, Settings
from newsletter.web.archive_page import render_archive, render_static_archive
from newsletter.web.page import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

#: What WCAG 2.2 asks at level AA, and what axe-core thinks good for whole pages.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

LONG_WORD = "Ongedocumenteerdensteunpuntwaarheidsvindingscommissievoorzitter"
AT = datetime(2026, 5, 1, tzinfo=UTC)


def issue(number: int, title: str, language: str) -> ArchivedIssue:
    day = date(2026, 5, 1)
    return ArchivedIssue(
        f"n{number}", title, f"{title}.", day, language, str(number), AT, AT
    )


ISSUES = [
    issue(60, LONG_WORD, "nl"),
    issue(59, "أخبار من لاهاي: أربعة أحكام جديدة", "ar"),
    *(issue(number, "A short title", "en") for number in range(58, 0, -1)),
]


def pages(language: str) -> Pages:
    newsletter = NewsletterSettings(
        "De Brug",
        "De Brug <post@example.org>",
        language=language,
        base_url="https://news.example.org",
    )
    lists = {"main": ListSettings(is_public=True)}
    return Pages(Settings(newsletter=newsletter, lists=lists))


@pytest.fixture(scope="module", params=["nl", "ar"])
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Lay down the list as `serve` shows it and as `build --archive` writes it."""
    folder: Path = tmp_path_factory.mktemp("archive")
    shown = pages(request.param)
    served = render_archive(shown, ISSUES, language=request.param, number=1)
    (folder / "served.html").write_text(served, encoding="utf-8")
    for name, data in render_static_archive(shown, ISSUES).items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


def show(tab: "Page", path: Path, *, width: int = 640, scheme: Any = "light") -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)
    tab.goto(path.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["served.html", "page-2.html"])
def test_list_has_no_violations(
    tab: "Page", axe: str, folder: Path, name: str, scheme: str
) -> None:
    show(tab, folder / name, scheme=scheme)
    tab.evaluate(axe)
    result = tab.evaluate(
        "tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS
    )
    violations = {
        found["id"]: [node["html"] for node in found["nodes"]]
        for found in result["violations"]
    }
    assert violations == {}
    assert len(result["passes"]) > 15


@pytest.mark.parametrize("zoom", ["100%", "200%"])
def test_list_does_not_scroll_sideways_on_a_phone(
    tab: "Page", folder: Path, zoom: str
) -> None:
    """At twice the text size too (WCAG 1.4.4 and 1.4.10)."""
    show(tab, folder / "served.html", width=320)
    tab.evaluate("size => document.documentElement.style.fontSize = size", zoom)
    assert tab.evaluate("document.documentElement.scrollWidth") == 320


def test_policy_of_the_written_list_lets_its_style_through(
    tab: "Page", folder: Path
) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    show(tab, folder / "index.html")
    assert said == []
    assert tab.evaluate("getComputedStyle(document.querySelector('ol')).listStyle") == (
        "outside none none"
    )


def test_written_list_leads_from_page_to_page(tab: "Page", folder: Path) -> None:
    show(tab, folder / "index.html")
    tab.locator('a[rel="next"]').click()
    assert tab.url == (folder / "page-2.html").as_uri()
    tab.locator('a[rel="prev"]').click()
    assert tab.url == (folder / "index.html").as_uri()


def test_written_list_has_no_form_and_leads_to_serve_by_its_address_alone(
    tab: "Page", folder: Path
) -> None:
    show(tab, folder / "index.html")
    links = tab.evaluate(
        "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
    )
    language = tab.evaluate("document.documentElement.lang")
    assert set(links) == {
        *(f"{issue.slug}/index.html" for issue in ISSUES[:50]),
        "page-2.html",
        "feed.xml",
        f"https://news.example.org/join?lang={language}",
    }
    assert tab.evaluate("document.forms.length + document.scripts.length") == 0
