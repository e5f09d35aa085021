"""Where long addresses break on a phone: at their parts, never within a word."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.web.page import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SHORT = "a***@vluchtelingen.nl"
LONG = "a***@vluchtelingenwerk.example.org"
CONTACT = "redactie.nieuwsbrief@steunpunt-vluchtelingen.example.org"

PAGES = Pages(
    Settings(NewsletterSettings(name="De Brug", sender="b@x.org", reply_to=CONTACT))
)

#: Lines of an element as they are drawn, whatever marks are in it.
LINES = """element => {
  const lines = [], walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  let bottom = -1
  while (walker.nextNode()) {
    const node = walker.currentNode
    for (let at = 0; at < node.length; at++) {
      const range = document.createRange()
      range.setStart(node, at); range.setEnd(node, at + 1)
      const box = range.getBoundingClientRect()
      if (box.top >= bottom) { lines.push(''); bottom = box.bottom }
      lines[lines.length - 1] += node.data[at]
    }
  }
  return lines
}"""


@pytest.fixture(scope="module")
def phone(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(offline=True, viewport={"width": 320, "height": 800})
    yield context.new_page()
    context.close()


def lines(phone: "Page", address: str, language: str, place: str) -> list[str]:
    values = {"masked_address": address, "left": "De Brug", "undo": "", "others": ""}
    phone.set_content(
        PAGES.render("left", language, root="../", settings_token="x", **values)
    )
    found: list[str] = phone.locator(place).evaluate(LINES)
    return found


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_address_that_fits_a_phone_stays_whole(phone: "Page", language: str) -> None:
    assert lines(phone, SHORT, language, ".address") == [SHORT]


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_longer_address_breaks_at_its_parts_alone(phone: "Page", language: str) -> None:
    drawn = lines(phone, LONG, language, ".address")
    assert drawn == ["a***@vluchtelingenwerk", ".example.org"]


def test_address_to_write_to_breaks_at_its_parts_alone(phone: "Page") -> None:
    drawn = lines(phone, SHORT, "nl", 'a[href^="mailto:"]')
    assert "".join(drawn) == CONTACT
    assert len(drawn) > 1
    assert all(
        before.endswith(("@", "-")) or after.startswith(".")
        for before, after in pairwise(drawn)
    )
