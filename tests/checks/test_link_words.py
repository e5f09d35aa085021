from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.link_words import check_link_words
from newsletter.model.assembled import Assembled, LinkKind, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Item, Section, Text
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
FILE = "issues/2023-02.md"
URL = "https://site.example/page"


def use(words: str, url: str = URL, line: int = 14, kind: LinkKind = "text") -> LinkUse:
    return LinkUse(url, words, kind, Place(FILE, line, 5))


def findings(assemble: Assemble, facts: Facts, *uses: LinkUse) -> list[Finding]:
    items = tuple(
        Item((Text("Item"),), (), Place(FILE, line, 1)) for line in (10, 20, 30)
    )
    section = Section((Text("Section"),), (), items, Place(FILE, 8, 1))
    return check_link_words(replace(assemble(sections=(section,)), links=uses), facts)


@pytest.mark.parametrize(
    "words",
    [
        *("Zie hier", "hier", "Klik hier!", "Lees meer »", "Meer info…", "deze link"),
        *("Click here", "here", "Read more →", "Learn more", "(more)", "this page"),
        *("Hier klicken", "Weiterlesen", "Mehr"),
        *("Cliquez ici", "Lire la suite", "Plus d’infos"),
        *("هنا", "اضغط هنا", "اقرأ المزيد"),
    ],
)
def test_words_that_say_nothing_are_reported(
    assemble: Assemble, facts: Facts, words: str
) -> None:
    assert findings(assemble, facts, use(words)) == [
        Finding(
            "link-words",
            Severity.WARNING,
            Place(FILE, 14, 5),
            f'a link does not say where it leads: "{words}" (line 14).',
            "Make what is found there the words of the link, such as "
            "[the ruling on family life](https://…).",
        )
    ]


def test_words_that_say_nothing_are_one_finding(
    assemble: Assemble, facts: Facts
) -> None:
    uses = (
        use("Zie hier", "https://a.example/1", 11),
        use("lees meer", "https://a.example/2", 12),
        use("zie hier.", "https://a.example/3", 21),
    )
    (finding,) = findings(assemble, facts, *uses)
    assert finding.message == (
        "3 links do not say where they lead: "
        '"Zie hier" (lines 11 and 21), "lees meer" (line 12).'
    )


@pytest.mark.parametrize(
    "words",
    [
        "the ruling",
        "Here is the ruling",
        "Lees hier de uitspraak",
        "Meer over de stadspas",
        "More than a roof",
        "Meld je aan",
        "https://site.example/page",
        "Plus belle la vie",
    ],
)
def test_words_that_say_something_are_fine(
    assemble: Assemble, facts: Facts, words: str
) -> None:
    assert findings(assemble, facts, use(words)) == []


def test_promised_link_is_left_to_its_own_rule(
    assemble: Assemble, facts: Facts
) -> None:
    assert findings(assemble, facts, use("Zie hier", "")) == []


def test_title_of_an_event_is_left_alone(assemble: Assemble, facts: Facts) -> None:
    assert findings(assemble, facts, use("Here", kind="event")) == []


def test_long_addresses_as_words_are_one_finding(
    assemble: Assemble, facts: Facts
) -> None:
    url = "https://site.example/" + "a" * 60
    assert findings(assemble, facts, use(url, url), use(url, url, 15)) == [
        Finding(
            "link-words",
            Severity.WARNING,
            Place(FILE, 14, 5),
            "the words of 2 links are long addresses (lines 14 and 15): "
            "screen readers read out every letter.",
            "Write [what is found there](https://…) instead.",
        )
    ]


def test_same_words_for_two_pages_are_reported(
    assemble: Assemble, facts: Facts
) -> None:
    uses = (use("The ruling"), use("the ruling", "https://other.example/x", 25))
    assert findings(assemble, facts, *uses) == [
        Finding(
            "link-words-shared",
            Severity.WARNING,
            Place(FILE, 14, 5),
            '"The ruling" leads to 2 pages (lines 14 and 25).',
            "Add to the words what sets the pages apart.",
        )
    ]


def test_same_words_for_one_page_are_fine(assemble: Assemble, facts: Facts) -> None:
    uses = (use("The ruling"), use("The ruling", f"{URL}/#part", 15))
    assert findings(assemble, facts, *uses) == []


def test_same_page_in_two_items_is_reported(assemble: Assemble, facts: Facts) -> None:
    uses = (use("One"), use("Two", f"{URL}/", 25, "event"), use("Three", line=26))
    assert findings(assemble, facts, *uses) == [
        Finding(
            "link-twice",
            Severity.INFO,
            Place(FILE, 25, 5),
            f"2 items lead to the same page (lines 14 and 25): {URL}",
            "Look whether one of them was meant to lead elsewhere.",
        )
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (use("Heading", line=10, kind="heading"), use("More of it", line=15)),
        (use("Us", "https://us.example/"), use("Us", "https://us.example/", 25)),
        (use("Mail", "mailto:a@b.example"), use("Mail", "mailto:a@b.example", 25)),
        (use("One", f"{URL}#one"), use("Two", f"{URL}#two", 25)),
        (use("Own", kind="own"), use("Own", line=25, kind="own")),
    ],
)
def test_page_that_is_meant_twice_is_fine(
    assemble: Assemble, facts: Facts, first: LinkUse, second: LinkUse
) -> None:
    assert findings(assemble, facts, first, second) == []
