"""What the built-in templates write is known to be good in every mail program.

Every block, both templates, five languages, with pictures embedded and hosted and
without, and themes: no client of the table breaks or degrades any of it.
"""

import io

import pytest
from lxml.html import document_fromstring
from PIL import Image as Picture

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.clients.consequences import judge_usage
from newsletter.clients.names import CLIENTS
from newsletter.clients.usage import read_usage
from newsletter.definition.parse import parse
from newsletter.model.settings import NewsletterSettings, Settings, Theme

EVERY_BLOCK = """---
subject: Every block there is
preheader: Paragraphs, lists, quotes, tables, pictures, events, notes and code
date: 2025-03-01
number: 3
---

Dear reader, with **bold**, *slanted* and `code`, and [a link](https://example.org).

{lang=ar dir=rtl}
# A lead item

Text below a lead.

## A section

### [An item that is a link](https://example.org/item)

- one
- two
  1. inner

> A quote
> of two lines

| Name | Number |
|------|-------:|
| A very long word: Vreemdelingenbewaringsmaatregelenregister | 7 |

#### A subheading

![What it shows](photo.png "Caption")

---

    code in a block

{.wide}
## Another section

::: event
title: Kickoff
when: 2025-04-02 16:00-18:30
where: Utrecht
link: https://example.org/kickoff
:::

::: note
A boxed remark.
:::

[Sign the petition](https://example.org/petition){.button}
"""


def photo() -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", (640, 400), "#336699").save(out, "PNG")
    return out.getvalue()


def html_of(language: str, theme: Theme, *, text: str = EVERY_BLOCK) -> str:
    settings = Settings(
        NewsletterSettings(
            "Sea News",
            "Sea <news@example.org>",
            language=language,
            address="Street 1\nUtrecht",
            about="About us.",
            base_url="https://news.example.org",
        ),
        theme,
    )
    parsed = parse(text, file="issues/2025-03.md", slug="2025-03", settings=settings)
    assert parsed.issue is not None, parsed.problems
    assert parsed.problems == ()
    originals = {"photo.png": photo()}
    if theme.logo_source:
        originals[theme.logo_source] = photo()
    images, _ = prepare_images(parsed.issue, originals, shown_width=theme.width)
    return assemble_issue(parsed.issue, settings, images, Templates()).html


THEMES = {
    "usual": Theme(),
    "letter": Theme("letter"),
    "hosted": Theme(images="hosted"),
    "letter hosted": Theme("letter", images="hosted", number_sections=True),
    "narrow, other colours": Theme(
        colour="#ffffff", accent="#ffee00", font="Georgia, serif", width=480
    ),
    "logo": Theme(logo="logo.png", width=640, number_sections=True),
    "letter, logo": Theme("letter", logo="logo.png", accent="#000000"),
}


@pytest.mark.parametrize("language", ["nl", "en", "de", "fr", "ar"])
@pytest.mark.parametrize("name", list(THEMES))
def test_builtin_template_loses_nothing_in_any_client(name: str, language: str) -> None:
    html = html_of(language, THEMES[name])
    verdicts = judge_usage(read_usage(document_fromstring(html)), CLIENTS)
    assert [(v.feature, v.uses[0].shown) for v in verdicts] == []


def test_builtin_template_without_pictures_loses_nothing() -> None:
    text = "".join(line for line in EVERY_BLOCK.splitlines(True) if "photo" not in line)
    html = html_of("en", Theme(), text=text)
    assert judge_usage(read_usage(document_fromstring(html)), CLIENTS) == ()
