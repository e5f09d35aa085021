"""Personal fields and left-over braces."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import Code, Field, Link, Text
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]

_LEFT_OVER = (
    'Write a field as {{ first_name or "reader" }}, '
    r"or \{ for a curly bracket that readers should see."
)


@pytest.mark.parametrize(
    ("written", "name", "fallback"),
    [
        ('{{ first_name or "lezer" }}', "first_name", "lezer"),
        ("{{first_name or 'lezer'}}", "first_name", "lezer"),
        ("{{ first_name or “beste lezer” }}", "first_name", "beste lezer"),
        ("{{ first_name or „lezer” }}", "first_name", "lezer"),
        ("{{ first_name or ‘lezer’ }}", "first_name", "lezer"),
        ('{{ first_name\nor "beste\nlezer" }}', "first_name", "beste lezer"),
        ('{{ first_name or "" }}', "first_name", ""),
        ("{{ city }}", "city", "u"),
        ('{{ city or "jou" }}', "city", "jou"),
        ("{{ email }}", "email", "…"),
        ('{{ email or "you" }}', "email", "you"),
    ],
)
def test_field_is_read_with_its_fallback(
    read: ReadAny, written: str, name: str, fallback: str
) -> None:
    result = read(f"Dag {written}")
    assert result.problems == []
    place = Place("x.md", 7, 5)
    assert result.block.content == (Text("Dag "), Field(name, fallback, place))


def test_field_may_stand_in_subject_and_preheader(read_file: ReadAny) -> None:
    read = read_file(
        '---\nsubject: "Dag {{ first_name or "u" }}"\n'
        "preheader: {{ email }} \\{ok\\} C:\\temp\ndate: 2023-02-14\n---\nx"
    )
    assert read.problems == []
    assert read.issue.subject == (
        Text('"Dag '),
        Field("first_name", "u", Place("x.md", 2, 15)),
        Text('"'),
    )
    assert read.issue.preheader == (
        Field("email", "…", Place("x.md", 3, 12)),
        Text(" {ok} C:\\temp"),
    )


def test_field_may_stand_in_heading_and_words_of_a_link(read: ReadAny) -> None:
    result = read("### [Voor {{ city }}](https://example.org/)\n")
    assert result.problems == []
    (link,) = result.issue.sections[0].items[0].heading
    assert isinstance(link, Link)
    assert link.content == (Text("Voor "), Field("city", "u", Place("x.md", 7, 11)))


def test_escaped_braces_and_code_are_literal(read: ReadAny) -> None:
    result = read(r"a \{b\} `{{ c }}` d")
    assert result.problems == []
    assert result.block.content == (Text("a {b} "), Code("{{ c }}"), Text(" d"))


def test_code_block_is_literal(read: ReadAny) -> None:
    result = read("```\n{{ a }} <b> {x}\n```\n")
    assert result.problems == []
    assert result.block.text == "{{ a }} <b> {x}"


def test_closing_brace_alone_is_text(read: ReadAny) -> None:
    assert read("dag :} dag").block.content == (Text("dag :} dag"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'Dag {{ frist_name or "u" }}',
            'x.md:7:5: unknown field "frist_name". Did you mean "first_name"?',
        ),
        (
            'Dag {{ leeftijd or "u" }}',
            'x.md:7:5: unknown field "leeftijd". Declare it in newsletter.toml with a '
            "line [fields.leeftijd], or use one of: first_name, city, email.",
        ),
        (
            "Dag {{ first_name }}",
            'x.md:7:5: the field "first_name" has no fallback for readers without one. '
            'Write {{ first_name or "…" }} with the words they should see.',
        ),
        (
            "Dag {{ first_name or lezer }}",
            "x.md:7:5: this personal field cannot be read: "
            '"{{ first_name or lezer }}". '
            'Write it as {{ first_name or "reader" }}.',
        ),
        (
            "Dag {{ first-name }}",
            'x.md:7:5: this personal field cannot be read: "{{ first-name }}". '
            'Write it as {{ first_name or "reader" }}.',
        ),
        (
            "Dag {naam}",
            f'x.md:7:5: these curly brackets are left over: "{{naam}}". {_LEFT_OVER}',
        ),
        (
            "Dag {{ naam",
            f'x.md:7:5: these curly brackets are left over: "{{{{ naam". {_LEFT_OVER}',
        ),
        (
            "Dag naam }}",
            f'x.md:7:10: these curly brackets are left over: "}}}}". {_LEFT_OVER}',
        ),
        (
            "Dag {% if x %}",
            'x.md:7:5: these curly brackets are left over: "{% if x %}". '
            f"{_LEFT_OVER}",
        ),
        (
            "[Teken](https://example.org) {.button}",
            'x.md:7:30: these curly brackets are left over: "{.button}". '
            "Put {.button} right behind a link, without a space between.",
        ),
        (
            "### Kop {lang=en}",
            'x.md:7:9: these curly brackets are left over: "{lang=en}". '
            "Put attributes on a line of their own above the block.",
        ),
        (
            "[a](https://example.org/{{email}})",
            "x.md:7:1: an address holds curly brackets: "
            '"https://example.org/{{email}}". '
            "No address is personal; write %7B and %7D for brackets that belong to it.",
        ),
    ],
)
def test_wrong_field_is_explained(read: ReadAny, text: str, problem: str) -> None:
    assert read(text).problems == [problem]


def test_wrong_field_of_the_subject_has_its_own_place(read_file: ReadAny) -> None:
    text = '---\nsubject: "Dag {naam}"\npreheader: P\ndate: 2023-02-14\n---\nx'
    assert read_file(text).problems == [
        f'x.md:2:15: these curly brackets are left over: "{{naam}}". {_LEFT_OVER}'
    ]


def test_wrong_field_stays_visible_in_the_preview(read: ReadAny) -> None:
    assert read("a {{ x }} b {y}").block.content == (Text("a {{ x }} b {y}"),)


def test_place_of_a_field_in_a_later_line_is_its_own(read: ReadAny) -> None:
    result = read("> eerste regel\n> tweede {{ x }}\n")
    assert [str(p.place) for p in result.parsed.problems] == ["x.md:8:10"]


@pytest.mark.parametrize("name", ["voornaam", "Vorname", "firstname"])
def test_field_in_another_language_is_suggested(read: ReadAny, name: str) -> None:
    assert read(f'{{{{ {name} or "x" }}}}').problems == [
        f'x.md:7:1: unknown field "{name}". Did you mean "first_name"?'
    ]
