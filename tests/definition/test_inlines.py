"""Text inside a paragraph."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import (
    Code,
    Emphasis,
    Inline,
    LineBreak,
    Strong,
    Text,
)
from newsletter.model.words import plain_words

ReadAny = Callable[[str], Any]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("een\ntwee", (Text("een twee"),)),
        (
            "**vet** en *schuin*",
            (Strong((Text("vet"),)), Text(" en "), Emphasis((Text("schuin"),))),
        ),
        ("***a***", (Emphasis((Strong((Text("a"),)),)),)),
        (
            "een  \ntwee\\\ndrie",
            (Text("een"), LineBreak(), Text("twee"), LineBreak(), Text("drie")),
        ),
        ("`a *b*`", (Code("a *b*"),)),
        ("a &amp; b &eacute;", (Text("a & b é"),)),
        ("2 < 3 \\<b> \\* \\# \\[", (Text("2 < 3 <b> * # ["),)),
        ("a_b_c", (Text("a_b_c"),)),
        ("“z'n” – 's ochtends (c) ...", (Text("“z'n” – 's ochtends (c) ..."),)),
        ("    ingesprongen", (Text("ingesprongen"),)),
    ],
)
def test_inline_content_is_read(
    read: ReadAny, text: str, content: tuple[Inline, ...]
) -> None:
    result = read(text)
    assert result.problems == []
    assert result.block.content == content


def test_letters_are_composed_also_across_entities(read: ReadAny) -> None:
    assert read("e\u0301 e&#769;").block.content == (Text("\u00e9 \u00e9"),)


def test_control_characters_of_entities_become_spaces(read: ReadAny) -> None:
    assert read("a&#10;b&#9;c").block.content == (Text("a b c"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a <b>vet</b>",
            'x.md:7:3: raw HTML cannot be used: "<b>". Write bold words as **words**.',
        ),
        (
            "a<br/>b",
            'x.md:7:2: raw HTML cannot be used: "<br/>". '
            "End the line with a backslash to begin a new one.",
        ),
        (
            '<a href="https://example.org">a</a>',
            'x.md:7:1: raw HTML cannot be used: "<a href="https://example.org">". '
            "Write a link as [words](https://example.org).",
        ),
        (
            "a </i> b",
            'x.md:7:3: raw HTML cannot be used: "</i>". '
            "Write words in italics as *words*.",
        ),
        (
            "a\nb <Naam> c",
            'x.md:8:3: raw HTML cannot be used: "<Naam>". Write it in Markdown, '
            r"or \< for a less-than sign that readers should see.",
        ),
        (
            "<script>\nalert(1)\n\n</script>",
            'x.md:7:1: raw HTML cannot be used: "<script>". Write it in Markdown, '
            r"or \< for a less-than sign that readers should see.",
        ),
        (
            "> <!-- later -->",
            'x.md:7:3: raw HTML cannot be used: "<!-- later -->". '
            "There are no comments; delete it.",
        ),
        (
            "a <!-- b\n\nc",
            'x.md:7:3: raw HTML cannot be used: "<!--". '
            "There are no comments; delete it.",
        ),
    ],
)
def test_raw_html_is_explained(read: ReadAny, text: str, problem: str) -> None:
    assert read(text).problems == [problem]


def test_too_deep_emphasis_is_a_problem_and_its_words_stay(read: ReadAny) -> None:
    result = read("*" * 300 + "x" + "*" * 300)
    assert result.problems == [
        "x.md:7:1: bold and italics stand too deep inside each other here. "
        r"Write \* for an asterisk that readers should see."
    ]
    assert plain_words(result.block.content) == "x"
