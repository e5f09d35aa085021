from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.template_pictures import check_template_pictures
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Look = Callable[..., list[Finding]]
FILE = "issues/2023-02.md"
WORDS = "<p>" + "Enough words for a letter. " * 17 + "</p>"
HOSTED = AssembledImage(
    "house.png",
    "house-1a.png",
    "1a@newsletter",
    "image/png",
    b"",
    9,
    9,
    "",
    Place(FILE),
)


@pytest.fixture
def look(
    assemble: Callable[..., Assembled], facts: Facts, make_copy: Callable[..., Copy]
) -> Look:
    """Return a function: body and head of a mail -> findings."""

    def found(body: str, head: str = "", words: str = WORDS) -> list[Finding]:
        html = f"<html><head>{head}</head><body>{body}{words}</body></html>"
        changed = replace(facts, copies=(make_copy(html),))
        return check_template_pictures(replace(assemble(), images=(HOSTED,)), changed)

    return found


def image(source: str = "cid:x", rest: str = 'alt="A" width="9" height="9"') -> str:
    return f'<img src="{source}" {rest}>'


def test_good_pictures_are_fine(look: Look) -> None:
    own = "https://news.harbour.test/2023-02/a.png"
    body = image() + image(own) + image(rest='alt="" width="9" height="9"')
    assert look(body) == []


def test_pictures_without_an_alt_attribute_are_an_error(look: Look) -> None:
    bare = 'width="9" height="9"'
    assert look(image("cid:a", bare) + image("/b/c.png", bare)) == [
        Finding(
            "alt-missing",
            Severity.ERROR,
            Place(FILE),
            'the template shows the picture "cid:a", "c.png" '
            "without words for who does not see.",
            'Add alt="what it shows", or alt="" where it only decorates.',
        )
    ]


def test_link_of_a_picture_without_words_is_an_error(look: Look) -> None:
    picture = image("cid:a", 'alt="" width="9" height="9"')
    assert look(f'<a href="https://a.test">{picture}</a>') == [
        Finding(
            "alt-missing",
            Severity.ERROR,
            Place(FILE),
            'the template links the picture "cid:a" and says nowhere where to.',
            'Write where the link leads: alt="Our web site".',
        )
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<a href="https://a.test">{}Read it</a>',
        '<a href="https://a.test" aria-label="Read it">{}</a>',
        '<a href="https://a.test">{}<img src="a" alt="It" width="1" height="1"></a>',
        "{}",
    ],
)
def test_link_that_has_words_beside_its_picture_is_fine(look: Look, body: str) -> None:
    assert look(body.format(image("cid:a", 'alt="" width="9" height="9"'))) == []


@pytest.mark.parametrize(
    "source", ["cid:1a@newsletter", "https://news.harbour.test/2023-02/house-1a.png"]
)
def test_linked_picture_of_the_issue_is_told_by_the_issue(
    look: Look, source: str
) -> None:
    picture = image(source, 'alt="" width="9" height="9"')
    assert look(f'<a href="https://a.test">{picture}</a>') == []


def test_pictures_from_elsewhere_are_told_by_their_hosts(look: Look) -> None:
    body = (
        image("https://a.test/x.png") + image("HTTP://b.test/y") + image("//a.test/z")
    )
    assert look(body) == [
        Finding(
            "image-remote",
            Severity.WARNING,
            Place(FILE),
            "the template fetches pictures from a.test, b.test, "
            "where they learn who reads the mail and when.",
            "Put them below your base_url, or make one the logo in newsletter.toml.",
        )
    ]


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ('<table background="https://a.test/x.png"></table>', ""),
        ("<p style=\"background:url('https://a.test/x.png')\">a</p>", ""),
        ("", "<style>p { background-image: URL(https://a.test/x) }</style>"),
        ("", "<style>@media print { p { background: url(//a.test/x) } }</style>"),
        ('<!--[if mso]><v:fill type="frame" src="https://a.test/x" /><![endif]-->', ""),
        (image("https://news.harbour.test.a.test/x.png"), ""),
    ],
)
def test_pictures_fetched_in_other_ways_are_told(
    look: Look, body: str, head: str
) -> None:
    assert [finding.rule for finding in look(body, head)] == ["image-remote"]


@pytest.mark.parametrize(
    "head",
    [
        "<style>@import url(https://a.test/a.css);</style>",
        "<style>@font-face { src: url(https://a.test/a.woff) }</style>",
        "<style>p { background: url(cid:x) }</style>",
    ],
)
def test_what_is_no_picture_or_not_fetched_is_told_by_others(
    look: Look, head: str
) -> None:
    assert look("", head) == []


@pytest.mark.parametrize("size", ['width="9"', 'height="9"', "", 'width="" height="9"'])
def test_pictures_without_a_size_are_told(look: Look, size: str) -> None:
    assert look(image("a/b.png", f'alt="A" {size}')) == [
        Finding(
            "image-size",
            Severity.WARNING,
            Place(FILE),
            'the template shows the picture "b.png" without a size: Outlook shows '
            "pictures as large as their file, and the text jumps as they come.",
            'Add width="…" and height="…" in pixels, without "px".',
        )
    ]


def test_picture_with_hardly_a_word_beside_it_is_an_error(look: Look) -> None:
    assert look(image(), words="<p>Come and see.</p>") == [
        Finding(
            "image-only",
            Severity.ERROR,
            Place(FILE),
            "beside its pictures the mail has only 13 letters of text; "
            "spam filters count that against it, and without pictures it says little.",
            "Say in words what the picture says.",
        )
    ]


@pytest.mark.parametrize(
    ("body", "letters"), [(image(), 450), (image(), 400), ("", 13), (image() * 5, 400)]
)
def test_short_letter_with_a_picture_is_fine(
    look: Look, body: str, letters: int
) -> None:
    assert look(body, words=f"<p>{'a' * letters}</p>") == []


def test_arabic_letter_counts_in_bytes_as_filters_do(look: Look) -> None:
    assert look(image(), words=f"<p>{'م' * 200}</p>") == []
