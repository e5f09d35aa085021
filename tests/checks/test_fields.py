from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.fields import check_fields
from newsletter.model.assembled import Assembled, Slot
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Block, Code, CodeBlock, Field, Paragraph, Text
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
FILE = "issues/2023-02.md"
AT = Place(FILE, 7, 1)
FILL_IN = (
    'Write a field of this newsletter, such as {{ first_name or "reader" }}, '
    "or take it out."
)
ELSEWHERE = (
    'It does not stand in the issue: look for it in "about" and "address" of '
    "newsletter.toml, and in the template."
)


def error(rule: str, place: Place, message: str, advice: str) -> Finding:
    return Finding(rule, Severity.ERROR, place, message, advice)


@pytest.fixture
def look(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> Callable[..., list[Finding]]:
    """Return a function: body of the definition, blocks -> findings.

    HTML and text of the mail say what the definition says.
    """

    def check(body: str, *blocks: Block, html: str = "") -> list[Finding]:
        lines = ("---", "subject: A", "preheader: B", "date: 2023-02-14", "---", "")
        copy = make_copy(html or f"<p>{body}</p>", f"{body}\n")
        known = replace(facts, copies=(copy,), source=(*lines, *body.split("\n")))
        return check_fields(assemble(*blocks), known)

    return check


Look = Callable[..., list[Finding]]


# --- field-unfilled -------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark", ["|FNAME|", "|MERGE12|", "%%first_name%%", "[[name]]", "[[First Name]]"]
)
def test_mark_of_another_program_is_an_error(look: Look, mark: str) -> None:
    assert look(f"Hello {mark}, and\nonce more {mark}.") == [
        error(
            "field-unfilled",
            Place(FILE, 7, 7),
            f'"{mark}" is still in the mail: nobody fills it in (also on line 8).',
            FILL_IN,
        )
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<p>We write to {{ name }}.</p>",
        '<a href="https://harbour.test/?n={{ name }}">A</a>',
    ],
)
def test_mark_that_is_not_in_the_issue_is_looked_for_elsewhere(
    look: Look, html: str
) -> None:
    message = '"{{ name }}" is still in the mail: nobody fills it in.'
    found = look("Good morning.", html=html)
    assert found == [error("field-unfilled", Place(FILE), message, ELSEWHERE)]


def test_mark_of_the_compiler_is_an_error(look: Look) -> None:
    (finding,) = look("Hello", html="<p>Hello @@3fa9c1_0@@</p>")
    assert finding.message.startswith('"@@3fa9c1_0@@" is still in the mail')


def test_stars_that_markdown_takes_away_are_not_needed(look: Look) -> None:
    (finding,) = look("Dear *|PLACE|*", html="<p>Dear <em>|PLACE|</em></p>")
    assert finding.message == '"|PLACE|" is still in the mail: nobody fills it in.'


def test_mark_in_the_subject_is_an_error(
    assemble: Assemble, facts: Facts, make_headers: MakeCopy
) -> None:
    facts = replace(facts, copies=(make_headers(Subject="Dear *|FNAME|*"),))
    (finding,) = check_fields(assemble(), facts)
    assert (finding.rule, finding.place) == ("field-unfilled", Place(FILE))


@pytest.mark.parametrize(
    ("body", "block"),
    [
        ("Write `{{ name }}`.", Paragraph((Code("{{ name }}"),), AT)),
        ("Write `*|FNAME|*`.", Paragraph((Code("*|FNAME|*"),), AT)),
        ("```\n[[name]]\n```", CodeBlock("[[name]]\n", AT)),
        (r"Write \{{ name }}.", Paragraph((Text("Write {{ name }}."),), AT)),
    ],
)
def test_mark_that_is_meant_is_fine(look: Look, body: str, block: Block) -> None:
    shown = body.replace("`", "").replace("\\", "")
    assert look(body, block, html=f"<p>{shown}</p>") == []


@pytest.mark.parametrize(
    "body",
    [
        "See [[1]] and [sic], 100%% sure, 5 %% or 6 %%.",
        "Braces { one } and }} two.",
        "a|*|b, *|x|* and *bold*",
    ],
)
def test_what_only_looks_like_a_mark_is_fine(look: Look, body: str) -> None:
    assert look(body) == []


@pytest.mark.parametrize("value", ["None", "nan", "NULL", "undefined", "#N/A"])
def test_value_that_is_none_is_an_error(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy, value: str
) -> None:
    who = f'a reader whose first_name is "{value}"'
    field = Field("first_name", "reader", Place(FILE, 7, 6))
    assembled = replace(
        assemble(Paragraph((Text("Dear "), field), AT)),
        slots=(Slot("@@3fa9c1_1@@", "first_name", "reader"),),
    )
    reader = Reader(who, "b@example.org", {"first_name": value})
    facts = replace(facts, copies=(make_copy(), make_copy(reader=reader)))
    assert check_fields(assembled, facts) == [
        error(
            "field-unfilled",
            Place(FILE, 7, 6),
            f'for {who}: "{value}" stands where a value of first_name belongs.',
            "Import the list again with an empty cell where nothing is known.",
        )
    ]


@pytest.mark.parametrize("value", ["Nan", "Null", "Noné", "", "Anna"])
def test_name_that_people_have_is_fine(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy, value: str
) -> None:
    assembled = replace(assemble(), slots=(Slot("@@3fa9c1_1@@", "first_name"),))
    reader = Reader("somebody", "b@example.org", {"first_name": value})
    facts = replace(facts, copies=(make_copy(reader=reader),))
    assert check_fields(assembled, facts) == []


# --- dummy-text -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "Lorem ipsum",
        "TODO",
        "XXX",
        "TBD",
        "tekst volgt",
        "Tekst komt nog",
        "nog in te vullen",
        "Text folgt",
        "Blindtext",
        "texte à venir",
        "text to follow",
        "نص تجريبي",
    ],
)
def test_text_that_is_still_to_come_is_an_error(look: Look, words: str) -> None:
    assert look(f"About it: {words}.\n\n- {words}") == [
        error(
            "dummy-text",
            Place(FILE, 7, 11),
            f'"{words}" stands for a text that is still to come (also on line 9).',
            "Write the text, or take the item out.",
        )
    ]


@pytest.mark.parametrize(
    "body",
    [
        "Dat is de todo-lijst. Groetjes, xxx",
        "De tekst volgt de wet. Deze tekst komt nog eens terug.",
        "Der Text folgt dem Gesetz.",
        "Le texte à lire",
        "Meer informatie volgt nog.",
        "[A page](https://harbour.test/TODO) and https://harbour.test/XXX",
        "The word `TODO` in code",
        "```\nTODO\n```",
        "Superbowl XXXIV",
    ],
)
def test_words_that_stand_for_themselves_are_fine(look: Look, body: str) -> None:
    assert look(body) == []


# --- greeting-empty -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("greeting", "comma"),
    [
        ("Dear", ","),
        ("Beste", ","),
        ("Liebe", ","),
        ("Sehr geehrte", ","),
        ("Bonjour", ","),
        ("مرحبا", "،"),
    ],
)
def test_greeting_of_nobody_is_an_error(look: Look, greeting: str, comma: str) -> None:
    assert look(f"{greeting} {comma} we meet") == [
        error(
            "greeting-empty",
            Place(FILE, 7, 1),
            f'the greeting "{greeting} {comma}" names nobody.',
            "Give the field something to say where there is no name: "
            '{{ first_name or "reader" }}.',
        )
    ]


def test_greeting_before_a_field_has_its_place(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    source = ("---", "---", "", 'Beste {{ first_name or "" }},')
    copies = (make_copy(text="Beste ,\n"), make_copy(text="Beste Anna,\n"))
    (finding,) = check_fields(assemble(), replace(facts, copies=copies, source=source))
    assert finding.place == Place(FILE, 4, 1)


@pytest.mark.parametrize(
    "body",
    [
        "Dear reader, hello",
        "Hallo, hier zijn we",
        "Bonjour !",
        "We say dear , not cheap",
    ],
)
def test_greeting_of_somebody_is_fine(look: Look, body: str) -> None:
    assert look(body) == []
