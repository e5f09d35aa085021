from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.language_marks import check_language_marks
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Write = Callable[..., tuple[Assembled, Facts]]
FILE = "issues/2023-02.md"

NL = (
    "Na twee jaar werk is het huis aan de haven klaar. Er zijn bedden voor veertig "
    "mensen en een keuken voor allen, en op dinsdag geven vrijwilligers er advies "
    "over het recht."
)
EN = (
    "After two years of work the house at the harbour is ready. There are beds for "
    "forty people and a kitchen for all of them, and on Tuesdays volunteers give "
    "legal advice."
)
DE = (
    "Nach zwei Jahren Arbeit ist das Haus am Hafen fertig. Es gibt Betten für "
    "vierzig Menschen und eine Küche für alle, und am Dienstag beraten dort die "
    "Freiwilligen."
)
FR = (
    "Après deux ans de travail, la maison du port est prête. Il y a des lits pour "
    "quarante personnes et une cuisine pour tous, et le mardi des bénévoles donnent"
    " des conseils."
)
AR = "بعد عامين من العمل أصبح البيت في الميناء جاهزا وفيه أسرة لأربعين شخصا"
UK = "Після двох років роботи будинок у гавані готовий, і в ньому є ліжка для всіх"
EL = "Μετά από δύο χρόνια δουλειάς το σπίτι στο λιμάνι είναι έτοιμο για όλους"
HE = "אחרי שנתיים של עבודה הבית בנמל מוכן ויש בו מיטות לארבעים איש"
TEXTS = {"nl": NL, "en": EN, "de": DE, "fr": FR, "ar": AR, "uk": UK, "el": EL, "he": HE}


def check(write: Write, text: str, language: str = "nl") -> list[Finding]:
    return check_language_marks(*write(text, language=language))


def test_item_in_another_language_is_told_once_at_its_heading(write: Write) -> None:
    text = f"## Aan de haven\n\n### The house opens\n\n{EN}\n\n{EN}\n"
    assert check(write, text) == [
        Finding(
            "language-unmarked",
            Severity.WARNING,
            Place(FILE, 8, 1),
            'the item "The house opens" is in English, '
            "but screen readers take it for Dutch.",
            "Write {lang=en} on a line of its own before its heading.",
        )
    ]


def test_item_that_is_marked_is_fine(write: Write) -> None:
    text = f"## Aan de haven\n\n{{lang=en}}\n### The house opens\n\n{EN}\n"
    assert check(write, text) == []


def test_item_with_a_wrong_mark_is_told(write: Write) -> None:
    text = f"## Aan de haven\n\n{{lang=en}}\n### Het huis gaat open\n\n{NL}\n"
    (finding,) = check(write, text)
    assert finding.message == (
        'the item "Het huis gaat open" is in Dutch, '
        "but screen readers take it for English."
    )
    assert finding.advice == "Write {lang=nl} in the line before its heading."


def test_paragraph_in_another_language_is_told_where_it_begins(write: Write) -> None:
    text = f"## Aan de haven\n\n### Het huis\n\n{NL} {NL}\n\n{EN}\n"
    assert check(write, text) == [
        Finding(
            "language-unmarked",
            Severity.WARNING,
            Place(FILE, 12, 1),
            "this paragraph is in English, but screen readers take it for Dutch.",
            "Write {lang=en} on a line of its own before it.",
        )
    ]


def test_paragraphs_before_any_item_are_told_together(write: Write) -> None:
    (finding,) = check(write, f"{EN}\n\n{NL}\n\n{EN}\n")
    assert finding.message == (
        "this paragraph, as in line 10, is in English, "
        "but screen readers take it for Dutch."
    )
    assert finding.advice == "Write {lang=en} on a line of its own before each."


@pytest.mark.parametrize("written", TEXTS)
@pytest.mark.parametrize("declared", ["nl", "en", "de", "fr", "ar", "uk"])
def test_each_language_is_known_under_each_other(
    write: Write, written: str, declared: str
) -> None:
    found = check(write, f"### A house\n\n{TEXTS[written]}\n", declared)
    told = [finding.advice for finding in found]
    if written == declared:
        assert told == []
    else:
        assert told == [
            f"Write {{lang={written}}} on a line of its own before its heading."
        ]


@pytest.mark.parametrize(
    "text",
    [
        "### The house opens\n\nSee you there on Friday, at the harbour of Utrecht.\n",
        f"### Het huis\n\n{NL}\n\n> {EN}\n",
        f"### Het huis\n\n{NL}\n\n```\n{EN}\n```\n",
        f"### Het huis\n\n{NL} `{EN}`\n",
        "### Namen\n\n"
        + "Jan de Vries, The Hague University of Applied Sciences; " * 4,
        f"{{lang=en}}\n## The harbour\n\n### The house\n\n{EN}\n",
        f"### Het huis\n\n{{lang=en}}\n{EN}\n",
    ],
)
def test_short_quoted_marked_and_listed_words_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("af", NL),
        ("da", DE),
        ("ca", FR),
        ("sr-Cyrl", UK),
        ("fa", AR),
        ("nl-BE", NL),
    ],
)
def test_language_near_another_is_not_judged(
    write: Write, language: str, text: str
) -> None:
    assert check(write, f"### A house\n\n{text}\n", language) == []


def test_english_is_told_under_a_language_not_known_here(write: Write) -> None:
    (finding,) = check(write, f"### A house\n\n{EN}\n", "pl")
    assert finding.message == (
        'the item "A house" is in English, but screen readers take it for pl.'
    )


@pytest.mark.parametrize(
    ("is_marked", "lines"), [(True, []), (False, [7, 73])], ids=["marked", "unmarked"]
)
def test_english_items_of_the_real_issue_are_told_without_their_marks(
    write: Write, shared: Path, is_marked: bool, lines: list[int]
) -> None:
    issue = (shared / "real" / "2023-02.md").read_text(encoding="utf-8")
    body = issue.split("---\n", 2)[2].replace("(ecli:", "(https://example.org/")
    if not is_marked:
        body = body.replace("{lang=en}\n", "")
    assert [finding.place.line for finding in check(write, body)] == lines


@pytest.mark.parametrize("marks", ["“{}”", '"{}"', "„{}“", "«{}»", "« {} »"])
def test_long_quotation_within_a_sentence_is_fine(write: Write, marks: str) -> None:
    text = (
        f"### The book\n\nIn het boek staat het zo: {marks.format(EN)} Mooi is dat.\n"
    )
    assert check(write, f"## Boeken\n\n{text}") == []
