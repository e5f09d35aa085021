"""The imitations in a real browser: fragile mails fall apart, ours do not.

What is seen is measured: where boxes stand, and how far words differ from their ground.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from newsletter.clients.imitations import IMITATIONS, imitate

from .conftest import ROOT, Build

pytestmark = pytest.mark.browser

#: The lowest contrast of any words that take up room; pictures behind are not seen.
FAINTEST = """() => {
  const read = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (let at = e; at; at = at.parentElement) {
      const colour = read(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 21;
  while (walker.nextNode()) {
    const node = walker.currentNode, range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!node.data.trim() || !box.width || !box.height) continue;
    const pair = [read(getComputedStyle(node.parentElement).color),
                  ground(node.parentElement)].map(light).sort((a, b) => b - a);
    least = Math.min(least, (pair[0] + 0.05) / (pair[1] + 0.05));
  }
  return least;
}"""

#: Left, top, right and bottom of the first element with these words.
BOX = """words => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    if (walker.currentNode.data.trim().startsWith(words)) {
      const box = walker.currentNode.parentElement.getBoundingClientRect();
      return {left: box.left, top: box.top, right: box.right, bottom: box.bottom};
    }
  return null;
}"""


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 640, "height": 800}, color_scheme="light", offline=True
    )
    # Everything asked for from anywhere is refused at once.
    context.route("**/*", lambda route: route.abort())
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab: Page) -> Page:
    """One tab for all: a context of its own costs more than most of these tests."""
    tab.set_viewport_size({"width": 640, "height": 800})
    return tab


def show(page: Page, name: str, html: str) -> None:
    page.set_content(imitate(name, html).html if name else html)


def box(page: Page, words: str) -> Any:
    return page.evaluate(BOX, words)


def style(page: Page, selector: str, name: str) -> Any:
    script = "(e, name) => getComputedStyle(e)[name]"
    return page.locator(selector).first.evaluate(script, name)


# --- the fragile mail -----------------------------------------------------------------


def are_beside(page: Page) -> bool:
    first, second = box(page, "The first card"), box(page, "The second card")
    return bool(first["top"] == second["top"] and first["right"] <= second["left"])


def test_fragile_mail_is_fine_in_a_browser(page: Page, fragile: str) -> None:
    show(page, "", fragile)
    assert are_beside(page)
    assert box(page, "New")["left"] > 500
    assert style(page, ".card", "borderRadius") == "24px"
    assert box(page, "This line is for narrow")["bottom"] == 0


def test_gmail_shows_the_damage(page: Page, fragile: str) -> None:
    show(page, "gmail", fragile)
    assert not are_beside(page)
    # The badge is no longer in the corner, but a bar of its own.
    assert box(page, "New")["left"] < 100
    # The block with a rule inside a rule is gone: both lines are seen.
    assert box(page, "This line is for wide")["bottom"] > 0
    assert box(page, "This line is for narrow")["bottom"] > 0
    assert page.locator("img[alt='A dot'][src]").count() == 0
    # Links that stood at the two ends of a line now touch.
    first, second = box(page, "The first page"), box(page, "The second page")
    assert second["left"] - first["right"] < 1


def test_gmail_app_with_another_account_shows_more_of_it(
    page: Page, fragile: str
) -> None:
    show(page, "gmail-imap", fragile)
    assert not are_beside(page)
    assert style(page, ".m_hero", "backgroundImage") == "none"


def test_outlook_shows_the_damage(page: Page, fragile: str) -> None:
    show(page, "outlook-classic", fragile)
    assert not are_beside(page)
    assert style(page, ".card", "borderRadius") == "0px"
    assert style(page, ".card", "paddingLeft") == "0px"
    assert box(page, "This line is for narrow")["bottom"] > 0
    # Light words, whose gradient is gone: white on white.
    words = page.get_by_text("Light words on a gradient.")
    assert words.is_visible()
    assert page.evaluate(FAINTEST) == 1
    assert "Times New Roman" in style(page, "h1", "fontFamily")


def test_inverted_mail_loses_words_on_a_picture(page: Page, fragile: str) -> None:
    show(page, "dark-invert", fragile)
    assert style(page, "html", "backgroundColor") == "rgb(51, 51, 51)"
    assert style(page, ".card", "backgroundColor") == "rgb(55, 59, 63)"
    # White words on a picture of the sea became those of the ground.
    assert style(page, "h1", "color") == "rgb(51, 51, 51)"


def test_partly_inverted_mail_keeps_words_on_dark_grounds(
    page: Page, fragile: str
) -> None:
    show(page, "dark-partial", fragile)
    assert style(page, ".badge", "backgroundColor") == "rgb(179, 38, 30)"
    assert style(page, ".badge", "color") == "rgb(255, 255, 255)"
    assert style(page, ".card", "backgroundColor") == "rgb(55, 59, 63)"


def test_pictures_that_are_off_leave_a_frame_of_their_size(
    page: Page, fragile: str
) -> None:
    show(page, "images-off", fragile)
    assert page.locator("img").count() == 0
    dot = box(page, "A dot")
    assert (dot["right"] - dot["left"], dot["bottom"] - dot["top"]) == (64, 64)
    assert style(page, ".hero", "backgroundImage") == "none"


# --- the built-in templates -----------------------------------------------------------


@pytest.fixture(scope="session", params=["bulletin", "letter"])
def example(
    request: pytest.FixtureRequest,
    build: Build,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The example with a picture, a table, a button and Arabic, in each template."""
    project = tmp_path_factory.mktemp("example")
    shutil.copytree(ROOT / "issues", project / "issues")
    settings = (ROOT / "newsletter.toml").read_text("utf-8")
    changed = settings.replace('name = "bulletin"', f'name = "{request.param}"')
    (project / "newsletter.toml").write_text(changed, "utf-8")
    return build(project, "2023-03")


def look_fine(page: Page, name: str, html: str) -> None:
    """Assert that nothing stands out sideways and all words can be read."""
    # Classic Outlook is a program for a desk: its ghost tables are 600 wide.
    show(page, name, html)
    for width in (640,) if name == "outlook-classic" else (640, 360):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (name, width)
        # 3 is what large words need; forced dark colours may go below 4.5.
        least = 3 if name in ("dark-invert", "dark-partial") else 4.5
        assert page.evaluate(FAINTEST) >= least, (name, width)


@pytest.mark.parametrize("name", IMITATIONS)
def test_built_in_template_looks_fine(page: Page, name: str, example: str) -> None:
    look_fine(page, name, example)


def test_dark_rules_of_a_built_in_template_hold(page: Page, example: str) -> None:
    show(page, "dark-obey", example)
    red, green, blue = (
        int(part) for part in style(page, ".mail", "backgroundColor")[4:-1].split(",")
    )
    assert max(red, green, blue) < 64


@pytest.fixture(scope="session", params=["2023-02", "2023-03"])
def real_issue(
    request: pytest.FixtureRequest,
    shared: Path,
    build: Build,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    project = tmp_path_factory.mktemp("real")
    (project / "issues").mkdir()
    for file in (shared / "real").glob("20*.md"):
        shutil.copy(file, project / "issues")
    shutil.copy(shared / "real" / "newsletter.toml", project)
    return build(project, str(request.param))


@pytest.mark.parametrize("name", IMITATIONS)
def test_real_issue_looks_fine(page: Page, name: str, real_issue: str) -> None:
    look_fine(page, name, real_issue)
