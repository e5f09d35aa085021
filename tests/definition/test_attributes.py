"""Attribute lines."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import Attributes

ReadAny = Callable[[str], Any]


@pytest.mark.parametrize(
    ("line", "attributes"),
    [
        ("{lang=ar dir=rtl .wide}", Attributes("ar", "rtl", ("wide",))),
        ('{ lang="pt-br" }', Attributes("pt-BR")),
        ("{.a .b-c}", Attributes(classes=("a", "b-c"))),
        ("{dir=RTL}", Attributes(direction="rtl")),
        ("{lang=nl}\n{lang=en .x}", Attributes("en", None, ("x",))),
    ],
)
def test_attribute_line_covers_the_block_below(
    read: ReadAny, line: str, attributes: Attributes
) -> None:
    result = read(f"{line}\nTekst\n\nMeer\n")
    assert result.problems == []
    assert [b.attributes for b in result.issue.opening] == [attributes, Attributes()]


@pytest.mark.parametrize(
    "block",
    [
        "> a",
        "- a",
        "1. a",
        "| a |\n|---|\n| b |",
        "![a](a.jpg)",
        "[a](https://example.org/){.button}",
        "::: note\na\n:::",
        "::: event\ntitle: T\nwhen: 2023-02-15\n:::",
        "```\na\n```",
        "---",
        "#### a",
    ],
)
def test_every_block_takes_attributes(read: ReadAny, block: str) -> None:
    result = read(f"{{lang=en}}\n{block}\n")
    assert result.problems == []
    assert result.block.attributes == Attributes("en")


def test_attributes_before_a_heading_cover_the_whole_item(read: ReadAny) -> None:
    issue = read(
        "{lang=en}\n# Lead\n\n{.wide}\n## Section\n\n{dir=rtl}\n### Item\n\nText\n"
    ).issue
    section = issue.sections[0]
    assert issue.leads[0].attributes == Attributes("en")
    assert section.attributes == Attributes(classes=("wide",))
    assert section.items[0].attributes == Attributes(direction="rtl")
    assert section.items[0].blocks[0].attributes == Attributes()


def test_attribute_line_may_follow_text_without_an_empty_line(read: ReadAny) -> None:
    result = read("Tekst\n{lang=en}\nText\n")
    assert result.problems == []
    assert [b.attributes.language for b in result.issue.opening] == [None, "en"]


def test_attribute_line_stands_inside_a_container_or_quote_too(read: ReadAny) -> None:
    result = read("::: note\n{lang=en}\n> {lang=fr}\n> a\n:::\n")
    assert result.problems == []
    (quote,) = result.block.blocks
    assert (quote.attributes.language, quote.blocks[0].attributes.language) == (
        "en",
        "fr",
    )


_KNOWN = "Attributes are lang=…, dir=ltr or dir=rtl, and .name for a class."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{kleur=rood}\na", f'x.md:7:2: unknown attribute "kleur". {_KNOWN}'),
        ("{.a #b}\na", f'x.md:7:5: unknown attribute "#b". {_KNOWN}'),
        (
            "{.a langg=nl}\na",
            'x.md:7:5: unknown attribute "langg". Did you mean "lang"?',
        ),
        (
            "{lang=dutch}\na",
            'x.md:7:2: "lang" must be a language tag such as "nl" or "pt-BR", '
            'not "dutch".',
        ),
        ("{dir=up}\na", 'x.md:7:2: "dir" must be ltr or rtl, not "up".'),
        (
            "a\n\n{lang=nl}\n",
            "x.md:9:1: there is nothing below this line that it could belong to. "
            "Put it above a block, or delete it.",
        ),
        (
            "{.button}\n[a](https://example.org/)",
            "x.md:7:1: a line of attributes makes no button. "
            "Write {.button} right behind the link: [words](address){.button}.",
        ),
    ],
)
def test_wrong_attribute_is_explained(read: ReadAny, text: str, problem: str) -> None:
    assert read(text).problems == [problem]
