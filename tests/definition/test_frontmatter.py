"""``key: value`` lines, and where front matter begins and ends."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.definition.frontmatter import read_front_matter, read_pairs
from newsletter.definition.reading import Reading
from newsletter.model.issue import Text
from newsletter.model.settings import Settings

ReadAny = Callable[[str], Any]


def _values(line: str, settings: Settings) -> dict[str, str]:
    reading = Reading("x.md", [line], settings)
    pairs = read_pairs([(1, line)], reading, keys=("subject", "when"))
    return {key: pair.value for key, pair in pairs.items()}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("subject: Petitie: teken nu, en #3", "Petitie: teken nu, en #3"),
        ('subject: "Petitie"', "Petitie"),
        ("subject: 'Petitie'", "Petitie"),
        ('subject: "Samen sterk" en "Thuis"', '"Samen sterk" en "Thuis"'),
        ("subject: 's ochtends en 's avonds", "'s ochtends en 's avonds"),
        ('subject: "', '"'),
        ('subject: ""', ""),
        ("subject:geen spatie", "geen spatie"),
        ("  subject :  rand  ", "rand"),
        ("subject: 19:20", "19:20"),
        ("subject: NO", "NO"),
        ("subject: https://example.org/#a", "https://example.org/#a"),
    ],
)
def test_value_is_literal_to_the_end_of_the_line(
    line: str, value: str, settings: Settings
) -> None:
    assert _values(line, settings) == {"subject": value}


def test_places_of_key_and_value_are_their_first_characters(settings: Settings) -> None:
    reading = Reading("x.md", ['> when:  "2023"'], settings)
    pair = read_pairs([(1, 'when:  "2023"')], reading, keys=())["when"]
    assert (pair.place.column, pair.value_place.column) == (3, 11)


def test_no_front_matter_is_a_problem(read_file: ReadAny) -> None:
    read = read_file("Beste lezer,\n")
    assert read.parsed.issue is None
    assert read.problems == [
        'x.md:1:1: the first lines are missing. Begin the file with a line "---", then '
        'the lines "subject: …", "preheader: …" and "date: …", and one more line "---".'
    ]


def test_text_without_front_matter_has_its_own_problems_too(read_file: ReadAny) -> None:
    assert len(read_file("a <b>c</b>\n\n{{ x }}\n").problems) == 3


def test_unclosed_front_matter_is_a_problem_and_its_text_is_read(
    read_file: ReadAny,
) -> None:
    text = (
        "---\nsubject: S\npreheader: P\ndate: 2023-02-14\n\nBeste lezer,\n\n---\n\nDag"
    )
    read = read_file(text)
    assert read.problems == [
        "x.md:1:1: the first lines, which begin here, have no end. "
        'Write a line "---" below the last of them.'
    ]
    assert len(read.issue.opening) == 3


@pytest.mark.parametrize("body", ["# Kop", "::: note\na\n:::", "\nGewoon tekst"])
def test_unclosed_front_matter_ends_where_text_begins(
    body: str, settings: Settings
) -> None:
    lines = f"---\nsubject: S\n{body}\n".split("\n")
    front = read_front_matter(Reading("x.md", lines, settings), keys=())
    assert front is not None
    assert front.body_line == (4 if body.startswith("\n") else 3)


def test_unclosed_front_matter_may_reach_to_the_end_of_the_file(
    read_file: ReadAny,
) -> None:
    assert read_file("---\nsubject: S\npreheader: P\ndate: 2023-02-14").problems == [
        "x.md:1:1: the first lines, which begin here, have no end. "
        'Write a line "---" below the last of them.'
    ]


def test_empty_lines_around_and_inside_front_matter_do_no_harm(
    read_file: ReadAny,
) -> None:
    text = "\n\n---\nsubject: S\n\npreheader: P\ndate: 2023-02-14\n\n---\nDag"
    assert read_file(text).problems == []


def test_line_without_colon_is_a_problem(read_file: ReadAny) -> None:
    text = "---\nsubject: S\npreheader: P\ndate: 2023-02-14\nzomaar iets\n---\nDag"
    assert read_file(text).problems == [
        "x.md:5:1: this line does not begin with a key and a colon. "
        'Write it as "key: value" on one line.'
    ]


def test_known_key_without_colon_is_understood(read_file: ReadAny) -> None:
    read = read_file(
        "---\nsubject Petitie nu\npreheader: P\ndate: 2023-02-14\n---\nDag"
    )
    assert read.problems == [
        "x.md:2:1: this line does not begin with a key and a colon. "
        'Write "subject: Petitie nu".'
    ]
    assert read.issue.subject == (Text("Petitie nu"),)


def test_duplicate_key_is_a_problem_and_the_first_holds(read_file: ReadAny) -> None:
    text = "---\nsubject: Een\npreheader: P\ndate: 2023-02-14\nsubject: Twee\n---\nDag"
    read = read_file(text)
    assert read.problems == [
        'x.md:5:1: the key "subject" stands in line 2 already. '
        "Keep one of the two lines."
    ]
    assert read.issue.subject == (Text("Een"),)


def test_tab_in_a_value_is_a_space(read_file: Callable[[str], Any]) -> None:
    read = read_file("---\nsubject:\tA\tB {x}\npreheader: P\ndate: 2023-02-14\n---\nx")
    assert read.issue.subject == (Text("A B {x}"),)
    assert [problem.partition(" ")[0] for problem in read.problems] == ["x.md:2:14:"]
