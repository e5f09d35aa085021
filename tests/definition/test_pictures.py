"""Pictures and buttons."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import Attributes, Button, Image, Paragraph, Strong, Text
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]


def _at(line: int, column: int = 1) -> Place:
    return Place("x.md", line, column)


def test_image_on_its_own_line_is_a_block(read: ReadAny) -> None:
    result = read('![Wat *het* toont](../foto.jpg "Bij schrift")\n')
    assert result.problems == []
    assert result.block == Image("../foto.jpg", "Wat het toont", "Bij schrift", _at(7))


def test_image_may_link_and_have_a_class(read: ReadAny) -> None:
    result = read("[![a](a.jpg){.wide}](https://example.org/)\n").issue.opening
    assert result == (
        Image(
            "a.jpg",
            "a",
            "",
            _at(7, 2),
            "https://example.org/",
            Attributes(classes=("wide",)),
        ),
    )


def test_image_between_lines_of_text_divides_the_paragraph(read: ReadAny) -> None:
    result = read("Tekst met\n**vet**\n![a](a.jpg)\n![b](b.jpg)\nen *meer*\nslot\n")
    assert result.problems == []
    first, a, b, last = result.issue.opening
    assert first == Paragraph((Text("Tekst met "), Strong((Text("vet"),))), _at(7))
    assert (a.source, a.place, b.source, b.place) == (
        "a.jpg",
        _at(9),
        "b.jpg",
        _at(10),
    )
    assert (last.place, last.content[0], last.content[-1]) == (
        _at(11),
        Text("en "),
        Text(" slot"),
    )


def test_image_without_words_is_left_to_the_checks(read: ReadAny) -> None:
    result = read("![](a.jpg)")
    assert result.problems == []
    assert result.block.alt == ""


def test_image_file_may_have_spaces_between_brackets(read: ReadAny) -> None:
    assert read("![a](<mijn foto.jpg>)").block.source == "mijn foto.jpg"


def test_caption_may_hold_an_escaped_brace(read: ReadAny) -> None:
    result = read(r'![a](a.jpg "zaal \{3\}")')
    assert result.problems == []
    assert result.block.caption == "zaal {3}"


def test_button_is_alone_in_its_paragraph(read: ReadAny) -> None:
    result = read("[Teken **nu**](ecli:1){.button .big lang=en}\n")
    assert result.problems == []
    assert result.block == Button(
        (Text("Teken "), Strong((Text("nu"),))),
        "https://deeplink.example/uitspraak?id=1",
        "ecli:1",
        _at(7),
        Attributes("en", None, ("big",)),
    )


def test_button_without_target_is_no_problem(read: ReadAny) -> None:
    result = read("[Ik teken](){.button}")
    assert result.problems == []
    assert result.block.target == ""


_INSIDE = "a picture cannot stand inside a line of text. Put it on a line of its own."
_ALONE = (
    "a button must be alone in its paragraph. Leave an empty line before and after it."
)
_LEFT_OVER = (
    'Write a field as {{ first_name or "reader" }}, '
    r"or \{ for a curly bracket that readers should see."
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a ![b](b.jpg) c", [f"x.md:7:3: {_INSIDE}"]),
        (
            "![a](a.jpg) ![b](b.jpg)",
            [f"x.md:7:1: {_INSIDE}", f"x.md:7:13: {_INSIDE}"],
        ),
        ("**![a](a.jpg)**", [f"x.md:7:3: {_INSIDE}"]),
        ("### Kop ![a](a.jpg)", [f"x.md:7:9: {_INSIDE}"]),
        (
            "![a]()",
            [
                "x.md:7:1: this picture names no file. "
                "Write it as ![what it shows](photo.jpg)."
            ],
        ),
        (
            "![a](https://example.org/a.jpg)",
            [
                "x.md:7:1: a picture must be a file of the project, not "
                '"https://example.org/a.jpg". '
                "Save it beside the issue and write its name."
            ],
        ),
        (
            "![a](data:image/png;base64,xx)",
            [
                "x.md:7:1: a picture must be a file of the project, not "
                '"data:image/png;base64,xx". '
                "Save it beside the issue and write its name."
            ],
        ),
        (
            "![a {{ first_name }}](a.jpg)",
            [
                "x.md:7:1: a personal field cannot stand here. Use it in text, "
                "headings, words of links, subject or preheader."
            ],
        ),
        (
            "![a {b}](a.jpg)",
            [f'x.md:7:1: these curly brackets are left over: "{{b}}". {_LEFT_OVER}'],
        ),
        (
            '![a](a.jpg "{b}")',
            [f'x.md:7:1: these curly brackets are left over: "{{b}}". {_LEFT_OVER}'],
        ),
        (
            "![a]({b}.jpg)",
            [
                'x.md:7:1: these curly brackets are left over: "{b}.jpg". '
                f"{_LEFT_OVER}"
            ],
        ),
        (
            "[![a](a.jpg)](javascript:x)",
            [
                'x.md:7:1: an address cannot begin with "javascript:". '
                "Use https:, http:, mailto: or tel:."
            ],
        ),
        (
            "[![a](a.jpg)]()",
            [
                "x.md:7:1: the link around this picture has no address. "
                "Write it, or leave the link out."
            ],
        ),
        ("Zie [a](https://example.org/){.button}", [f"x.md:7:30: {_ALONE}"]),
        (
            "Tekst\n[a](https://example.org/){.button}",
            [f"x.md:8:26: {_ALONE}"],
        ),
        (
            "[a](){.button}\n[b](){.button}",
            [f"x.md:7:6: {_ALONE}", f"x.md:8:6: {_ALONE}"],
        ),
        (
            "[a](https://example.org/){target=_blank}",
            [
                'x.md:7:27: unknown attribute "target". Attributes are lang=…, '
                "dir=ltr or dir=rtl, and .name for a class."
            ],
        ),
        (
            "[a](https://example.org/){.rood}",
            [
                'x.md:7:26: attributes cannot stand here: "{.rood}". '
                "Put them on a line of their own above the block."
            ],
        ),
        (
            "[a](https://example.org/){.buton}",
            [
                'x.md:7:26: attributes cannot stand here: "{.buton}". '
                'Did you mean "{.button}"?'
            ],
        ),
    ],
)
def test_wrong_picture_or_button_is_explained(
    read: ReadAny, text: str, problems: list[str]
) -> None:
    assert read(text).problems == problems
