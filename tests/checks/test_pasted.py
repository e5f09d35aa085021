from collections.abc import Callable

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.pasted import check_pasted
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Write = Callable[[str], tuple[Assembled, Facts]]
FILE = "issues/2023-02.md"


def check(write: Write, text: str) -> list[Finding]:
    return check_pasted(*write(text))


def warning(rule: str, place: tuple[int, int], message: str, advice: str) -> Finding:
    return Finding(rule, Severity.WARNING, Place(FILE, *place), message, advice)


def test_tags_of_word_are_told_once_with_all_lines(write: Write) -> None:
    text = "One<o:p></o:p> more.\n\nTwo.\n\n> Three <w:sdt id=1> and four.\n"
    assert check(write, text) == [
        warning(
            "markup-left",
            (6, 4),
            'readers see "<o:p>" as it is (also on line 10).',
            "Take it out: it came along from another program.",
        )
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("This is **bold without an end.\n", "**bold"),
        ("This is **bold **text with a blank.\n", "**bold"),
        ("This is __bold without an end.\n", "__bold"),
    ],
)
def test_bold_without_an_end_is_told(write: Write, text: str, words: str) -> None:
    assert check(write, text) == [
        warning(
            "markup-left",
            (6, 9),
            f'readers see "{words}" as it is.',
            f"Write {words[:2]} right behind the last bold word, without a blank "
            "before it, or take the sign out.",
        )
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The judge said so [Read more].\n", "[Read more]"),
        ("The judge said so [klik hier].\n", "[klik hier]"),
        ("The judge said so [link].\n", "[link]"),
        ("The judge said so [full text] (https://court.test/a).\n", "[full text]"),
    ],
)
def test_link_that_stayed_text_is_told(write: Write, text: str, words: str) -> None:
    assert check(write, text) == [
        warning(
            "markup-left",
            (6, 19),
            f'readers see "{words}" as it is.',
            f"Write {words}(https://…), without a blank before the round bracket.",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "This is **bold** and __bold__ and *soft*.\n",
        "It costs 5 euro**.\n\nMore. 6 euro** and **Without taxes.\n",
        "This is \\*\\*not bold, and `**this` is code.\n",
        "Write f**k, 2**3 or __init__ in it.\n",
        "Fill in: Name ______ and date __-__-2023.\n",
        "He said [sic] that [eiser] and [the minister] came [red.] [1] […].\n",
        "[Read more](https://court.test/a) and [all](https://court.test/b) (here).\n",
        "We love you <3 and a < b > c.\n",
        "At 10:00 <https://court.test/a:b> it is `<o:p>`.\n",
    ],
)
def test_signs_that_are_meant_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []


def test_site_without_https_is_told_with_all_lines(write: Write) -> None:
    text = "See www.court.test/a?b=1, and more.\n\nThe [page](https://a.test)\nwww.b.test.\n"
    assert check(write, text) == [
        warning(
            "address-unlinked",
            (6, 5),
            '"www.court.test/a?b=1" is no link for readers (also on line 9).',
            "Write https://www.court.test/a?b=1, or "
            "[words](https://www.court.test/a?b=1).",
        )
    ]


def test_bare_mail_address_is_told(write: Write) -> None:
    assert check(write, "Write to info@court.test.\n") == [
        warning(
            "address-unlinked",
            (6, 10),
            '"info@court.test" is no link for readers.',
            "Write [info@court.test](mailto:info@court.test).",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[www.court.test](https://www.court.test) and https://www.court.test/b\n",
        "<https://www.court.test> and [**www.a.test**](https://www.a.test)\n",
        "[info@court.test](mailto:info@court.test), <info@court.test>\n",
        "Never open `www.fraud.test` nor `info@fraud.test`.\n",
        "This mail comes from noreply@court.test.\n",
        "We post as @court on www, and as @court@social.test there.\n",
    ],
)
def test_links_and_addresses_not_to_be_opened_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("De staats- secretaris kwam.\n", "staatssecretaris"),
        ("De staats-\nsecretaris kwam.\n", "staatssecretaris"),
        ("Een IND- medewerker kwam.\n", "IND-medewerker"),
    ],
)
def test_hyphen_of_a_line_end_is_told(write: Write, text: str, joined: str) -> None:
    words = " ".join(text.split()[1:3])
    assert check(write, text) == [
        warning(
            "hyphen-left",
            (6, text.index(words[:4]) + 1),
            f'"{words}" has the hyphen of a line end.',
            f'Write "{joined}"; for a dash, put a blank before it too.',
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "De in- en uitvoer, voor- of nadelen, zowel in- als uitvoer.\n",
        "Ein- und Ausgang, zwei- bis dreimal, Kinder- sowie Jugendhilfe.\n",
        "First- or second-hand, short- versus long-term, two- to three-fold.\n",
        "Land-, tuin- en bosbouw; sur- et sous-estimer.\n",
        "Vreemdelingen- Wet, EU- Kinderen, 10- jarig, a - b, well-known people.\n",
    ],
)
def test_hyphens_that_are_meant_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []
