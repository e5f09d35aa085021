"""The web page of an issue as a browser shows it from disk: policy, reach, pictures."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from newsletter.assembly.editions import assemble_editions
from newsletter.assembly.images import prepare_images
from newsletter.definition.parse import parse
from newsletter.model.settings import NewsletterSettings, Settings, Theme

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

#: What WCAG 2.2 asks at level AA, and what axe-core thinks good for whole pages.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

SETTINGS = Settings(
    NewsletterSettings(
        name="De Brug",
        sender="De Brug <post@example.org>",
        language="nl",
        time_zone="Europe/Amsterdam",
        address="Postbus 1\nUtrecht",
        about="Wie wij zijn en wat wij doen.",
        base_url="https://news.example.org",
    ),
    Theme(number_sections=True, logo="logo.png"),
)

LONG_WORD = "Ongedocumenteerdensteunpuntwaarheidsvindingscommissievoorzitter"

EVERYTHING = f"""\
---
subject: Een brug naar {LONG_WORD}
preheader: Over bruggen en wat eronder stroomt
date: 2023-05-03
language: LANGUAGE
number: 5
---

Beste lezer, dit is {LONG_WORD} en een [link](https://example.org/een).

# [Een groot bericht](https://example.org/groot)

Tekst, **vet** en _schuin_, `code()`.

::: event
title: Avond over bruggen
when: 2023-05-09 19:00-20:30
where: Brug 1, Utrecht
link: https://example.org/avond
online: https://meet.example.org/x
:::

## Eerste sectie

Vooraf.

### [Een item als link](https://example.org/item)

- een
- twee

> Wat iemand zei.

::: note
Het spreekuur is verhuisd.
:::

| Stad | Spreekuren | Sinds | Waar |
| --- | --: | --- | --- |
| Utrecht | 1.200 | {LONG_WORD} | Brug |

#### Een tussenkop

```
{"een heel lange regel " * 12}
```

---

![Een brug over de Vecht](brug.png "Foto: De Brug")

[![Een brug](brug.png)](https://example.org/brug)

[Doe mee](https://example.org/mee){{.button}}

{{lang=en}}
### An item in English

With a text.

{{lang=ar}}
## أخبار

### خبر

نص قصير.
"""


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "#336699").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module", params=["nl", "ar"])
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Build the page into a folder, as `newsletter build` does; return its address."""
    text = EVERYTHING.replace("LANGUAGE", request.param)
    parsed = parse(text, file="issue.md", slug="2023-05", settings=SETTINGS)
    assert parsed.problems == ()
    assert parsed.issue is not None
    originals = {"brug.png": png(1600, 900), "/logo.png": png(300, 100)}
    images, _ = prepare_images(parsed.issue, originals, shown_width=600)
    folder: Path = tmp_path_factory.mktemp("page")
    page = assemble_editions(parsed.issue, SETTINGS, images).web_page
    (folder / "index.html").write_text(page, encoding="utf-8")
    for image in images.values():
        (folder / image.name).write_bytes(image.data)
    return (folder / "index.html").as_uri()


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


def show(tab: "Page", address: str, *, width: int = 640, scheme: Any = "light") -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)
    tab.goto(address)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_page_has_no_violations(
    tab: "Page", axe: str, address: str, width: int, scheme: str
) -> None:
    show(tab, address, width=width, scheme=scheme)
    tab.evaluate(axe)
    result = tab.evaluate(
        "tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS
    )
    violations = {
        found["id"]: [node["html"] for node in found["nodes"]]
        for found in result["violations"]
    }
    assert violations == {}
    assert len(result["passes"]) > 20


@pytest.mark.parametrize("zoom", ["100%", "200%"])
def test_page_does_not_scroll_sideways_on_a_phone(
    tab: "Page", address: str, zoom: str
) -> None:
    """At twice the text size too (WCAG 1.4.4 and 1.4.10)."""
    show(tab, address, width=320)
    tab.evaluate("size => document.documentElement.style.fontSize = size", zoom)
    assert tab.evaluate("document.documentElement.scrollWidth") == 320


def test_policy_of_the_page_lets_style_and_pictures_through(
    tab: "Page", address: str
) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    show(tab, address)
    widths = tab.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert said == []
    assert widths == [300, 1200, 1200]
    assert tab.evaluate("getComputedStyle(document.body).maxWidth") == "714px"


def test_every_entry_of_the_contents_leads_somewhere(tab: "Page", address: str) -> None:
    show(tab, address)
    targets = tab.evaluate(
        "[...document.querySelectorAll('nav a, .skip')]"
        ".map(a => !!document.querySelector(a.hash))"
    )
    assert targets == [True] * 4


def test_skip_link_shows_when_it_is_reached(tab: "Page", address: str) -> None:
    show(tab, address)
    tab.keyboard.press("Tab")
    box = tab.locator(".skip").bounding_box()
    assert box is not None
    assert 0 <= box["x"] < 640
    assert box["y"] >= 0


def test_print_leaves_out_what_paper_cannot_do(tab: "Page", address: str) -> None:
    show(tab, address)
    tab.emulate_media(media="print")
    shown = tab.evaluate(
        "[...document.querySelectorAll('nav, .skip, .screen')]"
        ".filter(e => getComputedStyle(e).display !== 'none').length"
    )
    tab.emulate_media(media="screen")
    assert shown == 0
