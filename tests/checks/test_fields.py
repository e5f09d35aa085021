from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.fields import check_fields
from newsletter.model.assembled import Assembled, LinkUse, Slot
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import (
    Block,
    Code,
    CodeBlock,
    Field,
    Image,
    Paragraph,
    Strong,
    Text,
)
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
FILE = "issues/2023-02.md"
AT = Place(FILE, 7, 1)
FILL_IN = (
    'Write a field of this newsletter, such as {{ first_name or "reader" }}, '
    "or take it out. To show it to readers as it is, put it between backticks."
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
    "mark",
    [
        *("|FNAME|", "|MERGE12|", "%%first_name%%", "[[name]]", "[[First Name]]"),
        *("[[data:first_name:]]", "[[voornaam]]", "%FIRSTNAME%", "%recipient.name%"),
    ],
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
        (r"Write \[[name]].", Paragraph((Text("Write [[name]]."),), AT)),
        (r"Write \*|FNAME|\*.", Paragraph((Text("Write *|FNAME|*."),), AT)),
        ("![A](a.png)", Image("a.png", "Write {{ name }}.", "", AT)),
    ],
)
def test_mark_that_is_meant_is_fine(look: Look, body: str, block: Block) -> None:
    shown = body.replace("`", "").replace("\\", "")
    shown = shown.replace("![A](a.png)", "Write {{ name }}.")
    assert look(body, block, html=f"<p>{shown}</p>") == []


@pytest.mark.parametrize("edge", ["", "> ", "| ", "  "])
def test_code_that_goes_on_in_the_next_line_of_the_text_is_fine(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy, edge: str
) -> None:
    code = '{{ first_name or "dear reader" }}'
    text = f'{edge}Write {{{{ first_name or\n{edge}"dear reader" }}}}.\n'
    copies = (make_copy(f"<p>Write {code}.</p>", text),)
    assembled = assemble(Paragraph((Text("Write "), Code(code)), AT))
    assert check_fields(assembled, replace(facts, copies=copies)) == []


def test_marks_of_which_code_has_the_ends_are_fine(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    said = "From {{ to }}."
    copies = (make_copy(f"<p>{said}</p>", f"{said}\n"),)
    words = (Text("From "), Code("{{"), Text(" to "), Code("}}"), Text("."))
    assembled = assemble(Paragraph(words, AT))
    assert check_fields(assembled, replace(facts, copies=copies)) == []


def test_mark_in_an_address_is_placed_at_its_link(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    url = "https://harbour.test/?n=[[name]]"
    copies = (make_copy(f'<p><a href="{url}">Here</a></p>', f"Here: {url}\n"),)
    assembled = replace(assemble(), links=(LinkUse(url, "Here", "text", AT),))
    message = '"[[name]]" is still in the mail: nobody fills it in.'
    found = check_fields(assembled, replace(facts, copies=copies))
    assert found == [error("field-unfilled", AT, message, FILL_IN)]


def test_mark_in_a_caption_has_its_place(look: Look) -> None:
    (finding,) = look('![A house](a.png "[[name]]")', html="<p>[[name]]</p>")
    assert finding.place == Place(FILE, 7, 19)


@pytest.mark.parametrize(
    "body",
    [
        "See [[1]] and [sic], 100%% sure, 5 %% or 6 %%.",
        "Braces { one } and }} two.",
        "The page [[Main page]] of the wiki, [[KNMI]] and [[economy]].",
        "See https://harbour.test/?q=%20EMAIL%20 and 100%ECHT%.",
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
        "tekst volgt",
        "Tekst komt nog",
        "nog in te vullen",
        "Tekst ontbreekt",
        "still to be written",
        "[datum invullen]",
        "[insert a photograph]",
        "à compléter",
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
        "Speaker: TBD. Our TODO list, the TODO-lijst and Ms FIXME-Taylor.",
        "Drie nog in te vullen plekken. De functie is nog in te vullen.",
        "Un texte à venir sur les retraites, et un faux texte.",
        "Ein solcher Text fehlt. Das Angebot wird ergänzt.",
        "[Formulier invullen](https://harbour.test/formulier)",
        "De rechter: [naam] woont in [plaats].",
    ],
)
def test_words_that_stand_for_themselves_are_fine(look: Look, body: str) -> None:
    assert look(body) == []


@pytest.mark.parametrize("body", ["TBD", "- TBD.", "Where: [TBD]", "Where (TBD)"])
def test_decision_to_come_is_told_where_it_is_all_there_is(
    look: Look, body: str
) -> None:
    (finding,) = look(body)
    assert finding.message == '"TBD" stands for a text that is still to come.'


def test_todo_in_capitals_is_a_word_in_spanish(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    assembled = assemble()
    spanish = replace(assembled, issue=replace(assembled.issue, language="es"))
    source = ("---", "---", "¡TODO listo!", "FIXME")
    found = check_fields(spanish, replace(facts, copies=(make_copy(),), source=source))
    assert [finding.place.line for finding in found] == [4]


# --- greeting-empty -------------------------------------------------------------------

NAME = Field("first_name", "", AT)
GIVE = (
    "Give the field something to say where there is no name: "
    '{{ first_name or "reader" }}.'
)


@pytest.fixture
def greet(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> Callable[..., list[Finding]]:
    """Return a function: words before and behind a field -> findings."""

    def check(
        before: str, after: str, *, language: str = "en", known: str = ""
    ) -> list[Finding]:
        words = (Strong((Text(before), NAME)), Text(after))
        assembled = assemble(Paragraph(words, AT))
        issue = replace(assembled.issue, language=language)
        reader = Reader("a reader", "b@example.org", {"first_name": known})
        copies = (make_copy(reader=reader),)
        return check_fields(
            replace(assembled, issue=issue), replace(facts, copies=copies)
        )

    return check


@pytest.mark.parametrize(
    ("before", "after", "greeting"),
    [
        ("Dear ", ", we meet", "Dear ,"),
        ("Beste ", ",", "Beste ,"),
        ("Liebe ", "!", "Liebe !"),
        ("Sehr geehrte ", ":", "Sehr geehrte :"),
        ("عزيزي ", "،", "عزيزي ،"),
        ("Beste ", "", "Beste"),
        ("Cher ", " !", "Cher !"),
    ],
)
def test_greeting_of_nobody_is_an_error(
    greet: Callable[..., list[Finding]], before: str, after: str, greeting: str
) -> None:
    message = f'the greeting "{greeting}" names nobody.'
    assert greet(before, after) == [error("greeting-empty", AT, message, GIVE)]


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("Geachte heer/mevrouw ", ", welkom", "Geachte heer/mevrouw ,"),
        ("Guten Tag ", "!", "Guten Tag !"),
        ("مرحبا ", "، أهلا", "مرحبا ،"),
        ("", ", welcome", ","),
        ("We are glad that you live in ", ".", "that you live in ."),
    ],
)
def test_gap_that_a_field_leaves_is_an_error(
    greet: Callable[..., list[Finding]], before: str, after: str, left: str
) -> None:
    message = f'where first_name is empty, "{left}" is left.'
    assert greet(before, after) == [error("greeting-empty", AT, message, GIVE)]


@pytest.mark.parametrize(
    ("before", "after", "language"),
    [
        ("Bonjour ", " !", "fr"),
        ("Bonjour ", "! Et vous ?", "fr"),
        ("Hello ", "", "en"),
        ("Welcome to our ", " house", "en"),
        ("Hello ", " :)", "en"),
        ("We use ", ".net", "en"),
        ("Hello (", ")", "en"),
    ],
)
def test_field_that_leaves_no_gap_is_fine(
    greet: Callable[..., list[Finding]], before: str, after: str, language: str
) -> None:
    assert greet(before, after, language=language) == []


def test_reader_with_a_name_is_greeted(greet: Callable[..., list[Finding]]) -> None:
    assert greet("Dear ", ",", known="Anna") == []


@pytest.mark.parametrize(
    "words", ["Dear ,", "Beste [naam],", "Liebe …,", "Cher «Prénom»,", "Dear ____,"]
)
def test_greeting_typed_without_a_name_is_an_error(look: Look, words: str) -> None:
    assert look(f"**{words} we meet") == [
        error(
            "greeting-empty",
            Place(FILE, 7, 3),
            f'the greeting "{words}" names nobody.',
            "Write whom it greets.",
        )
    ]


@pytest.mark.parametrize(
    "body",
    [
        "Dear reader, hello",
        "Hallo, hier zijn we",
        "Bonjour !",
        "Bonjour , et merci",
        "Chers amis ,",
        "> Dear [name], so most letters begin.",
        "Beste [Jan](mailto:jan@harbour.test), dag",
        "We say dear , not cheap",
    ],
)
def test_greeting_of_somebody_is_fine(look: Look, body: str) -> None:
    assert look(body) == []


def test_gap_names_nobody_and_begins_with_its_sentence(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    name, city = Field("first_name", "you", AT), Field("city", "", AT)
    words = (Text("Good day. Dear "), name, Text(" in "), city, Text("."))
    reader = Reader("a reader without city", "b@example.org", {"first_name": "Anna"})
    copies = (make_copy(reader=reader),)
    found = check_fields(assemble(Paragraph(words, AT)), replace(facts, copies=copies))
    message = 'where city is empty, "Dear … in ." is left.'
    assert found == [error("greeting-empty", AT, message, GIVE)]
