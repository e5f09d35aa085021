"""Whole definitions."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from newsletter.config import read_settings
from newsletter.definition.files import read_definition
from newsletter.definition.parse import Parsed, parse
from newsletter.model.issue import Block, Button, Event, Issue, Item, Link, Text
from newsletter.model.settings import (
    FieldSettings,
    NewsletterSettings,
    Settings,
)

ReadAny = Callable[[str], Any]

_HEAD = "---\nsubject: S\npreheader: P\ndate: 2023-02-14\n---\n\n"


def _items(issue: Issue) -> Iterator[Item]:
    yield from issue.leads
    for section in issue.sections:
        yield from section.items


def _blocks(issue: Issue) -> Iterator[Block]:
    for item in _items(issue):
        yield from item.blocks


# --- the real issues ------------------------------------------------------------------


def _parse_real(shared: Path, name: str) -> Parsed:
    root = shared / "real"
    definition = read_definition(root / name, root=root)
    return parse(
        definition.text,
        file=definition.file,
        slug=definition.slug,
        settings=read_settings(root),
    )


@pytest.mark.parametrize("name", ["2023-02.md", "2023-03.md"])
def test_real_issue_has_no_problems(shared: Path, name: str) -> None:
    parsed = _parse_real(shared, name)
    assert parsed.problems == ()
    assert parsed.issue is not None


def test_real_issue_keeps_its_short_links_exact(shared: Path) -> None:
    issue = _parse_real(shared, "2023-02.md").issue
    assert issue is not None
    headings = [item.heading[0] for item in _items(issue)]
    targets = [link.target for link in headings if isinstance(link, Link)]
    verdicts = "https://deeplink.rechtspraak.nl/uitspraak?id=ECLI:NL:RBDHA:2023:"
    numbers = [t.removeprefix(verdicts) for t in targets if t.startswith(verdicts)]
    assert numbers == ["1296", "841", "1375", "922"]


def test_real_issue_has_its_events_in_their_zone(shared: Path) -> None:
    issue = _parse_real(shared, "2023-02.md").issue
    assert issue is not None
    zone = ZoneInfo("Europe/Amsterdam")
    events = [block for block in _blocks(issue) if isinstance(block, Event)]
    assert [(e.title, e.start, e.end) for e in events] == [
        (
            "Event: good employership for migrant domestic workers",
            datetime(2023, 2, 28, 19, tzinfo=zone),
            datetime(2023, 2, 28, 20, 30, tzinfo=zone),
        ),
        (
            "Event: Kickoff Refugee Platform",
            datetime(2023, 2, 15, 16, tzinfo=zone),
            datetime(2023, 2, 15, 18, 30, tzinfo=zone),
        ),
    ]


def test_real_issue_has_english_items_in_a_dutch_letter(shared: Path) -> None:
    issue = _parse_real(shared, "2023-02.md").issue
    assert issue is not None
    assert (issue.language, issue.number) == ("nl", "2")
    english = [i.place.line for i in _items(issue) if i.attributes.language == "en"]
    assert english == [10, 77]


def test_real_issue_without_targets_has_its_button(shared: Path) -> None:
    issue = _parse_real(shared, "2023-03.md").issue
    assert issue is not None
    (button,) = [block for block in _blocks(issue) if isinstance(block, Button)]
    assert (button.target, button.place.line) == ("", 18)


# --- text as it comes -----------------------------------------------------------------


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_make_no_difference(
    read_file: ReadAny, line_end: str, mark: str
) -> None:
    text = _HEAD + "een\ntwee {x}\n\n```\na\nb\n```\n"
    expected = read_file(text).parsed
    assert expected.problems
    assert read_file(mark + text.replace("\n", line_end)).parsed == expected


def test_text_becomes_nfc(read: ReadAny) -> None:
    assert read("Oekrai\u0308ens").block.content == (Text("Oekraïens"),)


@pytest.mark.parametrize(
    ("character", "code"),
    [
        ("\x00", "0000"),
        ("\x07", "0007"),
        ("\x0b", "000B"),
        ("\x0c", "000C"),
        ("\x1b", "001B"),
        ("\x7f", "007F"),
        ("\x85", "0085"),
        ("\x92", "0092"),
        ("\u2028", "2028"),
        ("\ud800", "D800"),
        ("\uffff", "FFFF"),
    ],
)
def test_control_character_is_a_problem_and_becomes_a_space(
    read: ReadAny, character: str, code: str
) -> None:
    result = read(f"een\ntwee{character}drie\n")
    assert result.problems == [
        f"x.md:8:5: this line holds an invisible character (U+{code}). "
        "Delete it; it often comes along when text is pasted from a document."
    ]
    assert result.block.content == (Text("een twee drie"),)


def test_control_character_in_front_matter_is_a_problem(read_file: ReadAny) -> None:
    read = read_file("---\nsubject: S\x92\npreheader: P\ndate: 2023-02-14\n---\nx")
    assert read.problems == [
        "x.md:2:11: this line holds an invisible character (U+0092). "
        "Delete it; it often comes along when text is pasted from a document."
    ]
    assert read.issue.subject == (Text("S"),)


def test_line_separator_moves_no_line(read: ReadAny) -> None:
    problems = read("a\u2028b\n\n<b>").problems
    assert [problem.partition(" ")[0] for problem in problems] == [
        "x.md:7:2:",
        "x.md:9:1:",
    ]


@pytest.mark.parametrize("text", ["", "\ufeff", " \n\t\r\n"])
def test_empty_file_is_a_problem(read_file: ReadAny, text: str) -> None:
    assert read_file(text).problems == [
        'x.md:1:1: this file is empty. Begin one with: newsletter new "Title"'
    ]


def test_front_matter_without_text_is_a_problem(read: ReadAny) -> None:
    assert read("").problems == [
        "x.md:7:1: there is no text below the first lines. "
        "Write a paragraph, or an item that begins with ###."
    ]


# --- problems together ----------------------------------------------------------------


def test_all_problems_are_told_in_order_of_place(read_file: ReadAny) -> None:
    text = (
        "---\nsubject:\nlangage: nl\ndate: 2023-02-14\n---\n\n"
        "<b>a</b> [x](javascript:1)\n\n## Een\n\n# Lead\n\n"
        "::: event\nwhen: x\n:::\n\n{{ name }}\n\n![a]()\n"
    )
    read = read_file(text)
    assert [str(problem.place) for problem in read.parsed.problems] == [
        "x.md:1:1",
        "x.md:2:9",
        "x.md:3:1",
        "x.md:7:1",
        "x.md:7:10",
        "x.md:11:1",
        "x.md:14:7",
        "x.md:17:1",
        "x.md:19:1",
    ]
    assert read.issue.sections


def test_problems_of_the_subject_are_told_without_a_date(read_file: ReadAny) -> None:
    read = read_file("---\nsubject: {a}\npreheader: P\n---\nx")
    assert [str(p.place) for p in read.parsed.problems] == ["x.md:1:1", "x.md:2:10"]


def test_same_text_gives_the_same_value(read: ReadAny) -> None:
    text = "# Lead\n\n[a](https://example.org/) {x}\n"
    assert read(text).parsed == read(text).parsed


# --- any text -------------------------------------------------------------------------

_SETTINGS = Settings(
    NewsletterSettings("N", "n@example.org", time_zone="Europe/Amsterdam"),
    shortlinks={"ecli": "https://example.org/{}"},
    fields={"first_name": FieldSettings()},
)

# fmt: off
_FRAGMENTS = st.sampled_from(
    [
        "---\n", "subject: ", "date: 2023-02-14\n", "# ", "## ", "#### ", "> ", "- ",
        "1. ", "::: event\n", "::: note\n", ":::\n", "when: 2023-02-15 19:00\n", "{{",
        "{{ first_name }}", "}}", "{", "}", "[", "](", "](x)", "!", "![", "(", ")", "`",
        "https://", "https://x.example", "```\n", "**", "*", "_", "<b>", "<!--", "<",
        "&#10;", "{.button}", "{lang=en}\n", "\\", "\t", "    ", "\r", "\x92", "[a]",
        "[a]: b\n", "e\u0301", "\u2028", "ecli:", "mailto:", "a", " ", "\n", "\n\n",
        "\0", "\ufeff", "|", "|---|\n",
    ]
)
# fmt: on


@given(
    st.one_of(st.text(), st.lists(_FRAGMENTS, max_size=40).map("".join)), st.booleans()
)
@effort(max_examples=400, deadline=None)
def test_no_text_raises_and_every_problem_has_a_place_in_it(
    text: str, has_head: bool
) -> None:
    text = _HEAD + text if has_head else text
    parsed = parse(text, file="x.md", slug="x", settings=_SETTINGS)
    assert (parsed.issue is not None) or parsed.problems
    lines = text.count("\n") + text.count("\r") + 1
    for problem in parsed.problems:
        assert 1 <= problem.place.line <= lines
        assert problem.place.column >= 1
        assert problem.message.endswith((".", "?"))


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "![",
        "[a](",
        "](",
        "*a ",
        "_a",
        "`",
        "<",
        "<a ",
        "{a",
        "{{ a",
        "https://",
        "https://x ",
        "lorem\n",
        "> a\n",
        "- a\n",
        "![a](b)\n",
        "<b>x</b> ",
        "[a](https://x.example) ",
        "::: note\n",
        "::: event\n",
        "|a|\n",
        "\x07\n",
        "&amp;",
    ],
)
def test_long_odd_text_takes_no_longer_than_its_length_allows(
    read: ReadAny, piece: str
) -> None:
    """Quadratic work would take minutes here; what is measured is processor time."""
    from time import process_time

    start = process_time()
    read(piece * 6000)
    assert process_time() - start < 5
