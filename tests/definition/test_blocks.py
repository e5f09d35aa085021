"""Blocks other than tables, events and pictures."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import (
    CodeBlock,
    Divider,
    Inline,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Subheading,
    Text,
)
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]


def _at(line: int, column: int = 1) -> Place:
    return Place("x.md", line, column)


def _text(words: str) -> tuple[Inline, ...]:
    return (Text(words),)


def test_quote_holds_blocks(read: ReadAny) -> None:
    result = read("> een\n>\n> > twee\n")
    assert result.problems == []
    assert result.block == Quote(
        (
            Paragraph(_text("een"), _at(7, 3)),
            Quote((Paragraph(_text("twee"), _at(9, 5)),), _at(9)),
        ),
        _at(7),
    )


def test_bulleted_list_holds_blocks(read: ReadAny) -> None:
    result = read("- een\n- twee\n\n  meer\n")
    assert result.problems == []
    assert result.block == ListBlock(
        (
            (Paragraph(_text("een"), _at(7, 3)),),
            (
                Paragraph(_text("twee"), _at(8, 3)),
                Paragraph(_text("meer"), _at(10, 3)),
            ),
        ),
        is_ordered=False,
        start=1,
        place=_at(7),
    )


def test_numbered_list_keeps_its_first_number(read: ReadAny) -> None:
    block = read("3. een\n4. twee\n").block
    assert (block.is_ordered, block.start, len(block.entries)) == (True, 3, 2)


def test_note_holds_blocks_and_notes(read: ReadAny) -> None:
    result = read("::: note\nEen\n\n::: note\nTwee\n:::\n\nDrie\n:::\n\nBuiten\n")
    assert result.problems == []
    note, outside = result.issue.opening
    assert isinstance(note, Note)
    assert [type(b).__name__ for b in note.blocks] == ["Paragraph", "Note", "Paragraph"]
    assert outside.content == _text("Buiten")


def test_note_follows_text_without_an_empty_line(read: ReadAny) -> None:
    result = read("Tekst\n::: note\nEen\n:::\nMeer\n")
    assert result.problems == []
    kinds = [type(b).__name__ for b in result.issue.opening]
    assert kinds == ["Paragraph", "Note", "Paragraph"]


def test_code_in_a_note_may_look_like_its_end(read: ReadAny) -> None:
    result = read("::: note\n```\n:::\n# a\n```\n:::\n")
    assert result.problems == []
    assert result.block.blocks == (CodeBlock(":::\n# a", _at(8)),)


def test_divider_below_text_is_no_heading(read: ReadAny) -> None:
    result = read("Tekst\n---\nMeer\n")
    assert result.problems == []
    assert result.issue.opening[1] == Divider(_at(8))


def test_subheading_stands_inside_an_item_or_note(read: ReadAny) -> None:
    result = read("::: note\n#### Kop ####\n:::\n")
    assert result.problems == []
    assert result.block.blocks == (Subheading(_text("Kop"), _at(8)),)


_UNCLOSED_CODE = (
    'x.md:7:1: this block of code is not closed. Write a line "{}" below it.'
)
_NOT_INSIDE = (
    "a section or item cannot begin inside a quote, list or note. "
    'Use "####" for a heading inside.'
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "::: evnt\nwhen: x\n:::",
            ['x.md:7:1: there is no "::: evnt". Did you mean "event"?'],
        ),
        (
            ":::kader\na\n:::",
            ['x.md:7:1: there is no "::: kader". Use "::: event" or "::: note".'],
        ),
        (
            "::: note {lang=en}\na\n:::",
            [
                'x.md:7:1: nothing can stand behind "::: note" here: "{lang=en}". '
                "Put attributes on a line of their own above it."
            ],
        ),
        (
            "::: note\na\n",
            [
                'x.md:7:1: "::: note" is not closed. '
                'Write a line ":::" below its last line.'
            ],
        ),
        (
            "::: note\na\n\n### Kop\n\nb\n",
            [
                'x.md:7:1: "::: note" is not closed. '
                'Write a line ":::" below its last line.'
            ],
        ),
        (
            "- ::: note\n  a\n\nb\n",
            [
                'x.md:7:1: "::: note" is not closed. '
                'Write a line ":::" below its last line.'
            ],
        ),
        (
            "a\n:::\nb",
            [
                'x.md:8:1: this ":::" closes nothing. '
                'Delete it, or write a line above such as "::: note".'
            ],
        ),
        (
            "```\na\n",
            [_UNCLOSED_CODE.format("```")],
        ),
        (
            "> ~~~\n> a\n\nb",
            [_UNCLOSED_CODE.format("~~~")],
        ),
        (
            "```",
            [_UNCLOSED_CODE.format("```")],
        ),
        (
            "##",
            [
                "x.md:7:1: this heading has no words. "
                "Write them behind the #, or delete the line."
            ],
        ),
        (
            "##### Kop",
            [
                'x.md:7:1: there are no headings with 5 "#". '
                'Use "####" for a heading inside an item.'
            ],
        ),
        ("> ### Kop", [f"x.md:7:1: {_NOT_INSIDE}"]),
        ("- a\n\n  ## Kop", [f"x.md:9:3: {_NOT_INSIDE}"]),
    ],
)
def test_wrong_block_is_explained(
    read: ReadAny, text: str, problems: list[str]
) -> None:
    assert read(text).problems == problems


def test_content_of_an_unknown_container_stays(read: ReadAny) -> None:
    assert read("::: kader\nTekst\n:::\n").block.content == _text("Tekst")


def test_unclosed_container_leaves_the_items_below_it(read: ReadAny) -> None:
    issue = read("::: note\na\n\n### Kop\n\nb\n").issue
    assert issue.sections[0].items[0].heading == _text("Kop")


_TOO_DEEP = (
    "x.md:7:1: quotes, lists and notes stand too deep inside each other here. "
    "Use eight levels at the most."
)


def test_two_thousand_nested_quotes_are_a_problem(read: ReadAny) -> None:
    assert read(">" * 2000 + " diep").problems == [_TOO_DEEP]


@pytest.mark.parametrize("mark", ["- ", "1. ", "> - "])
def test_deep_lists_are_a_problem_and_never_silently_cut(
    read: ReadAny, mark: str
) -> None:
    assert read(mark * 200 + "diep").problems == [_TOO_DEEP]


@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_eight_levels_are_read_whole(read: ReadAny, mark: str) -> None:
    result = read(mark * 8 + "diep")
    assert result.problems == []
    assert "diep" in repr(result.issue)


def test_deep_containers_are_a_problem(read: ReadAny) -> None:
    text = "::: note\n" * 30 + "diep\n" + ":::\n" * 30
    assert read(text).problems == [_TOO_DEEP.replace(":7:", ":26:")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "##Nieuws",
            'x.md:7:1: a space is missing behind "##". '
            r'Write "## Nieuws", or \# for a sign that readers should see.',
        ),
        (
            "Eerst dit.\n###[Een item](https://example.org)",
            'x.md:8:1: a space is missing behind "###". '
            r'Write "### [Een", or \# for a sign that readers should see.',
        ),
    ],
)
def test_heading_without_a_space_is_explained(
    read: ReadAny, text: str, problem: str
) -> None:
    assert problem in read(text).problems


@pytest.mark.parametrize(
    "text", ["#metoo", "#1 van #2", r"\##Nieuws", "`##x`", "a ##x"]
)
def test_number_sign_that_is_no_heading_is_text(read: ReadAny, text: str) -> None:
    assert read(text).problems == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "Tot ziens\n===\n",
            "x.md:7:1: a heading is not made by a line of equals signs below it. "
            'Write "## Tot ziens" instead of both.',
        ),
        (
            "Een regel.\nTot ziens\n==\nMeer.\n",
            "x.md:8:1: a heading is not made by a line of equals signs below it. "
            'Write "## Tot ziens" instead of both.',
        ),
        (
            "=====\n",
            "x.md:7:1: this line of equals signs means nothing. "
            'Write "---" for a line from side to side, or delete it.',
        ),
    ],
)
def test_line_of_equals_signs_is_a_problem(
    read: ReadAny, body: str, problem: str
) -> None:
    assert read(body).problems == [problem]


@pytest.mark.parametrize("body", ["a\n\\===\n", "a == b\n", "a\n=\n"])
def test_other_equals_signs_are_text(read: ReadAny, body: str) -> None:
    assert read(body).problems == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("Tekst.\n\n[^1]: note\n", "9:1"),
        ("Tekst[^1].\n\n[^1]: note\n", "7:6"),
        ("Tekst.\n\n[^1]: een hele noot\n", "9:1"),
    ],
)
def test_footnote_is_explained(read: ReadAny, body: str, place: str) -> None:
    assert read(body).problems == [
        f"x.md:{place}: a letter has no footnotes. Write the words where they "
        r"belong, or \[ for a bracket readers should see."
    ]
