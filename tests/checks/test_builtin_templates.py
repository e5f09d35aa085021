"""What built-in templates make of every kind of block gives no finding on content."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image as Picture

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.checks import run_checks
from newsletter.checks.copies import read_copy
from newsletter.checks.facts import Facts
from newsletter.definition.parse import parse
from newsletter.model.copy import Reader
from newsletter.model.rules import RULES
from newsletter.model.settings import NewsletterSettings, Settings, Theme

GROUPS = {"images", "html", "accessibility", "writing", "events"}

ISSUE = """\
---
subject: Een brug
preheader: Over bruggen
date: 2023-05-03
---

{{ email }}, welkom.

{lang=en}
# A bridge

After two years of work the bridge over the river is ready, and all who live at the one
side may visit those who live at the other. You are welcome, {{ email }}.

::: event
title: Open dag
when: 2023-05-09 19:00-21:00
where: Brug 1, Utrecht
link: https://example.org/e
:::

## Bruggen

{lang=en}
### [The first item](https://example.org/k)

With **bold**, *italic*, `code` and [a link to read](https://example.org/a).

#### A subheading

- one
- two

1. one
2. two

> What somebody said of it.

| City | Hours |
| --- | ---: |
| Utrecht | 1.200 |

![A bridge over the Vecht](brug.png "Photograph: De Brug")

[![A bridge](brug.png)](https://example.org/brug)

[Sign the petition](https://example.org/p){.button}

::: note
The office has moved.
:::

---

```
if brug:
    ga(over="de brug")
```

### Nog een bericht

Kort.
"""


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Picture.new("RGB", (width, height), "#336699").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("template", Templates().names())
@pytest.mark.parametrize("language", ["nl", "en", "de", "fr", "ar"])
@pytest.mark.parametrize(
    ("logo", "hosting"), [("", "embedded"), ("logo.png", "hosted")]
)
def test_built_in_template_gives_no_finding(
    template: str, language: str, logo: str, hosting: str
) -> None:
    settings = Settings(
        NewsletterSettings(
            name="De Brug",
            sender="De Brug <post@example.org>",
            language=language,
            address="Postbus 1, Utrecht",
            about="Wie wij zijn en wat wij doen.",
            base_url="https://news.example.org",
        ),
        Theme(name=template, number_sections=True, logo=logo, images=hosting),  # type: ignore[arg-type]
    )
    read = parse(ISSUE, file="issues/2023-05.md", slug="2023-05", settings=settings)
    assert read.problems == ()
    assert read.issue is not None
    assert read.issue.template == template
    originals = {"brug.png": png(1600, 900), "/logo.png": png(300, 100)}
    images, _ = prepare_images(read.issue, originals, shown_width=600)
    assembled = assemble_issue(read.issue, settings, images, Templates())
    mail = f"Content-Type: text/html; charset=utf-8\n\n{assembled.html}".encode()
    facts = Facts(
        now=datetime(2023, 5, 3, 10, tzinfo=UTC),
        source=tuple(ISSUE.split("\n")),
        base_url=settings.newsletter.base_url,
        sender=settings.newsletter.sender,
        copies=(read_copy(Reader("a reader", "reader@example.org"), mail),),
    )
    found = run_checks(assembled, facts)
    assert [f for f in found if RULES[f.rule].group in GROUPS] == []
