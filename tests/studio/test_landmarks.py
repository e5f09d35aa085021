from datetime import date
from pathlib import Path

import pytest

from newsletter.definition.parse import parse
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.problem import Place
from newsletter.model.settings import FieldSettings, NewsletterSettings, Settings
from newsletter.studio.landmarks import Landmark, Landmarks

FILE = "issues/spring.md"
TEXT = """\
---
subject: Spring
preheader: What the sea brought
date: 2026-03-20
---

Dear {{ first_name or "reader" }}, this is what happened in the harbour.

# The quay is open

The quay is open. [Read more](https://example.org/a) or
go and [read more](https://example.org/b).

![](boat.png)

![A red boat](boat.png "In the harbour")

## Rights

### [A rule](https://example.org/rule)

- One thing that is long enough to be told apart from everything else here
- Another

| Ship | Day |
| --- | --- |
| Anna | Monday |

::: event
title: Open day
when: 2026-04-12 10:00-16:00
where: North quay 4
:::

    code that
      stands

[Sign](https://example.org/sign){.button}
"""
SETTINGS = Settings(
    NewsletterSettings("Harbour", "a@example.org"),
    fields={"first_name": FieldSettings()},
)


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    issue = parse(TEXT, file=FILE, slug="spring", settings=SETTINGS).issue
    assert issue is not None
    assert issue.date == date(2026, 3, 20)
    boat = AssembledImage(
        "boat.png", "boat-1.png", "c", "image/png", b"", 1, 1, "", Place(FILE, 14)
    )
    return Landmarks(Assembled(issue, "", "", "", (), (), (), (boat,)))


def line_of(words: str) -> int:
    lines = TEXT.splitlines()
    return next(n for n, line in enumerate(lines, 1) if words in line)


@pytest.mark.parametrize(
    ("words", "column", "found"),
    [
        ("subject:", 10, Landmark("subject", "")),
        ("preheader:", 12, Landmark("preheader", "")),
        ("Dear", 1, Landmark("text", ", this is what happened in the harbour.")),
        ("# The quay", 0, Landmark("heading", "The quay is open")),
        ("[Read more]", 19, Landmark("link", "Read more")),
        (
            "[Read more]",
            1,
            Landmark("text", "The quay is open. Read more or go and read more."),
        ),
        ("go and", 8, Landmark("link", "read more", 1)),
        ("![](", 1, Landmark("image", "", 0, "boat-1.png")),
        ("![A red", 3, Landmark("image", "A red boat", 0, "boat-1.png")),
        ("## Rights", 1, Landmark("heading", "Rights")),
        ("### [A rule]", 5, Landmark("link", "A rule")),
        (
            "- One thing",
            3,
            Landmark("text", "One thing that is long enough to be told apart from"),
        ),
        ("| Anna", 3, Landmark("text", "Anna")),
        ("when:", 7, Landmark("text", "Sunday 12 April 2026, 10:00–16:00")),
        ("code that", 5, Landmark("text", "code that stands")),
        ("[Sign]", 1, Landmark("text", "Sign")),
    ],
)
def test_place_is_known_by_its_words(
    landmarks: Landmarks, words: str, column: int, found: Landmark
) -> None:
    assert landmarks.at(Place(FILE, line_of(words), column)) == found


def test_same_words_again_are_counted(landmarks: Landmarks) -> None:
    assert landmarks.at(Place(FILE, line_of("- Another"), 3)) == Landmark(
        "text", "Another"
    )
    issue = parse(
        TEXT.replace("Another", "Rights").replace("One thing", "Rights and more: one"),
        file=FILE,
        slug="spring",
        settings=SETTINGS,
    ).issue
    assert issue is not None
    again = Landmarks(Assembled(issue, "", "", "", (), ()))
    # The heading of the same words is of another kind.
    assert again.at(Place(FILE, line_of("- Another"), 3)) == Landmark(
        "text", "Rights", 1
    )


@pytest.mark.parametrize(
    "place",
    [
        Place(FILE),
        Place("newsletter.toml", 8, 1),
        Place(FILE, 4, 7),  # the date is not shown as it is written
    ],
)
def test_what_cannot_be_seen_in_the_mail_has_no_landmark(
    landmarks: Landmarks, place: Place
) -> None:
    assert landmarks.at(place) is None


def test_every_block_of_the_example_has_a_landmark() -> None:
    path = Path(__file__).parents[2] / "issues" / "2023-02.md"
    text = path.read_text("utf-8")
    ecli = {"ecli": "https://deeplink.rechtspraak.nl/uitspraak?id={}"}
    settings = Settings(NewsletterSettings("D", "a@example.org"), shortlinks=ecli)
    issue = parse(text, file=FILE, slug="spring", settings=settings).issue
    assert issue is not None
    landmarks = Landmarks(Assembled(issue, "", "", "", (), ()))
    body = text.splitlines().index("---", 1) + 2
    for line in range(body, len(text.splitlines()) + 1):
        assert landmarks.at(Place(FILE, line, 1)) is not None
