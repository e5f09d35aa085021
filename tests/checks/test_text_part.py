from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.text_part import check_text_part
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
Look = Callable[..., list[Finding]]
ISSUE = Place("issues/2023-02.md")
ADVICE = (
    "The text says what the issue says. Write into the issue what readers should get, "
    "instead of into the template."
)
#: A hundred different words.
WORDS = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]


@pytest.fixture
def look(assemble: Assemble, facts: Facts, make_copy: MakeCopy) -> Look:
    """Return a function: HTML, text -> findings."""

    def check(html: str, text: str) -> list[Finding]:
        return check_text_part(
            assemble(), replace(facts, copies=(make_copy(html, text),))
        )

    return check


def page(words: list[str]) -> str:
    return f"<p>{' '.join(words)}</p>"


def test_text_that_says_what_the_page_says_is_fine(look: Look) -> None:
    assert look(page(WORDS), f"{' '.join(WORDS[:50]).upper()}\n\n{WORDS[50:]}") == []


@pytest.mark.parametrize("text", ["", " \n"])
def test_missing_text_is_an_error(look: Look, text: str) -> None:
    assert look(page(WORDS), text) == [
        Finding(
            "text-missing",
            Severity.ERROR,
            ISSUE,
            "the mail has no plain text.",
            "This is a fault of newsletter: please report it with this line.",
        )
    ]


def test_text_that_only_points_to_the_page_is_an_error(look: Look) -> None:
    message = "the plain text has 4 of about 100 words."
    assert look(page(WORDS), "View this in browser\n") == [
        Finding("text-stub", Severity.ERROR, ISSUE, message, ADVICE)
    ]


def test_text_with_half_of_the_words_is_a_warning(look: Look) -> None:
    message = "HTML and plain text of the mail share 59% of their words."
    assert look(page(WORDS), " ".join(WORDS[:59])) == [
        Finding("text-differs", Severity.WARNING, ISSUE, message, ADVICE)
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (page(WORDS), " ".join(WORDS[:60])),
        (page(WORDS[:49]), "Nothing of it"),
        ("<p>Straße</p>" * 60, "STRASSE " * 60),
        (f"<img src='cid:x' alt='{' '.join(WORDS)}'>", " ".join(WORDS)),
        (f"<p style='display:none'>{WORDS}</p>{page(WORDS)}", " ".join(WORDS)),
    ],
)
def test_text_near_enough_is_fine(look: Look, html: str, text: str) -> None:
    assert look(html, text) == []


def test_text_that_is_a_stub_for_every_reader_is_told_once(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    reader = Reader("a reader with a long name", "long@example.org")
    copies = (
        make_copy(page(WORDS), "View this in browser"),
        make_copy(page([*WORDS, "Maximiliana"]), "View this", reader=reader),
    )
    told = check_text_part(assemble(), replace(facts, copies=copies))
    assert [finding.message for finding in told] == [
        "the plain text has 4 of about 100 words."
    ]


#: In every address of the reader's own; see `read_copy`.
TOKEN = "sample" + "a" * 34
A, B, C, D = (f"https://harbour.test/{name}" for name in "abcd")


def linked(*urls: str) -> str:
    return "".join(f'<a href="{url}">A page</a>' for url in urls)


@pytest.mark.parametrize(
    ("html", "text", "message"),
    [
        (
            linked(A, B),
            f"A page <{A}>",
            f"{B}: in the HTML of the mail, not in its plain text.",
        ),
        (
            linked(A),
            f"<{A}> and <{B}>",
            f"{B}: in the plain text of the mail, not in its HTML.",
        ),
        (
            linked(A, B, C, D),
            "nothing",
            f"{A}, {B}, {C} and 1 more: in the HTML of the mail, not in its plain "
            "text.",
        ),
    ],
)
def test_link_that_one_part_lacks_is_a_warning(
    look: Look, html: str, text: str, message: str
) -> None:
    assert look(html, text) == [
        Finding("text-links", Severity.WARNING, ISSUE, message, ADVICE)
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (linked(f"{A}?x=1&amp;y=2"), f"[1] <{A}?x=1&y=2>"),
        (linked("#top", "mailto:a@harbour.test", "tel:+31"), "a@harbour.test"),
        (linked(A), f"See ({A})."),
        (f"<p>Written out: {B}</p>", f"Written out: {B}"),
        # told by rules of their own
        (linked(f"{A}/u/{TOKEN}"), "nothing"),
        ("<p>Nothing</p>", f"{A}/u/{TOKEN}"),
    ],
)
def test_same_addresses_are_fine(look: Look, html: str, text: str) -> None:
    assert look(html, text) == []


def test_page_of_the_issue_may_stand_in_the_text_alone(look: Look) -> None:
    assert look(linked(A), f"<{A}> <https://news.harbour.test/2023-02/>") == []
