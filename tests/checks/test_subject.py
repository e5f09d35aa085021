from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.subject import check_subject
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Field, Text
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
SUBJECT = Place("issues/2023-02.md", 2, 10)
PREHEADER = Place("issues/2023-02.md", 3, 12)
#: A personal field of which nothing is left where the reader has none.
NAME = Field("first_name", "", PREHEADER)
SHORTEN = "Put what matters first, and leave out what can be left out."


def test_usual_subject_and_preheader_are_fine(assemble: Assemble, facts: Facts) -> None:
    assert check_subject(assemble(), facts) == []


def test_subject_of_an_empty_field_is_an_error(
    assemble: Assemble, facts: Facts
) -> None:
    subject = (Field("first_name", "", SUBJECT), Text(" "))
    assert check_subject(assemble(subject=subject), facts) == [
        Finding(
            "subject-empty",
            Severity.ERROR,
            SUBJECT,
            "for some readers the subject is empty.",
            "Write some words beside the personal field: what is new.",
        )
    ]


def test_line_that_was_not_written_is_left_to_the_definition(
    assemble: Assemble, facts: Facts
) -> None:
    assert check_subject(assemble(subject=(), preheader=()), facts) == []


@pytest.mark.parametrize(
    ("length", "rule", "severity", "message"),
    [
        (
            61,
            "subject-cut",
            Severity.INFO,
            "the subject has 61 characters; many lists of mails show the first 60.",
        ),
        (
            79,
            "subject-long",
            Severity.WARNING,
            "the subject has 79 characters; beyond 78 hardly anybody sees them.",
        ),
        (
            999,
            "subject-refused",
            Severity.ERROR,
            "the subject has 999 characters; mail servers refuse more than 998.",
        ),
    ],
)
def test_long_subject_is_reported_once(
    assemble: Assemble,
    facts: Facts,
    length: int,
    rule: str,
    severity: Severity,
    message: str,
) -> None:
    subject = (Text("a" * length),)
    assert check_subject(assemble(subject=subject), facts) == [
        Finding(rule, severity, SUBJECT, message, SHORTEN)
    ]


@pytest.mark.parametrize(
    ("length", "rules"),
    [(60, []), (78, ["subject-cut"]), (998, ["subject-long"])],
)
def test_subject_at_a_limit_is_within_it(
    assemble: Assemble, facts: Facts, length: int, rules: list[str]
) -> None:
    subject = (Text("a" * length),)
    found = check_subject(assemble(subject=subject), facts)
    assert [finding.rule for finding in found] == rules


def test_subject_in_capitals_is_a_warning(assemble: Assemble, facts: Facts) -> None:
    subject = (Text("TEKEN NU DE PETITIE"),)
    assert check_subject(assemble(subject=subject), facts) == [
        Finding(
            "subject-capitals",
            Severity.WARNING,
            SUBJECT,
            "the subject is all in capitals, as in advertising.",
            "Write it as a sentence.",
        )
    ]


@pytest.mark.parametrize("words", ["NATO 2023", "العربية لغة جميلة", "IND: NIEUW x"])
def test_abbreviation_or_script_without_capitals_is_fine(
    assemble: Assemble, facts: Facts, words: str
) -> None:
    assert check_subject(assemble(subject=(Text(words),)), facts) == []


@pytest.mark.parametrize("mark", ["Re:", "RE :", "Fwd:", "AW:", "Antw:", "Doorst:"])
def test_subject_that_pretends_to_be_an_answer_is_a_warning(
    assemble: Assemble, facts: Facts, mark: str
) -> None:
    assembled = assemble(subject=(Text(f"{mark} your petition"),))
    assert check_subject(assembled, facts) == [
        Finding(
            "subject-punctuation",
            Severity.WARNING,
            SUBJECT,
            f'the subject begins with "{mark}" as if it were an answer.',
            "Take it out: readers feel misled, and filters know the trick.",
        )
    ]


@pytest.mark.parametrize("marks", ["!!", "???", "! !", "?!?", "؟؟"])
def test_subject_that_shouts_is_a_warning(
    assemble: Assemble, facts: Facts, marks: str
) -> None:
    assembled = assemble(subject=(Text(f"Sign the petition{marks} Now"),))
    assert check_subject(assembled, facts) == [
        Finding(
            "subject-punctuation",
            Severity.WARNING,
            SUBJECT,
            f'the subject has "{marks}", as in advertising.',
            "One mark is enough.",
        )
    ]


def test_subject_that_begins_with_an_empty_field_is_a_warning(
    assemble: Assemble, facts: Facts
) -> None:
    subject = (Field("first_name", "", SUBJECT), Text(", four rulings for you"))
    assert check_subject(assemble(subject=subject), facts) == [
        Finding(
            "subject-punctuation",
            Severity.WARNING,
            SUBJECT,
            'for some readers the subject begins with ",".',
            "Give the field there something to say where nothing is known: "
            '{{ first_name or "reader" }}.',
        )
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Re-integratie: wat werkt",
        "Reactie: een brief",
        "Regel 1: hou vol! En dan?",
        "Wat nu? Doe mee!",
        "Really?! It is so",
        "Een re:start voor de stad",
        "RE:start in de haven",
        '"Een stad" en meer…',
        " A meeting and a card ",
    ],
)
def test_usual_marks_are_fine(assemble: Assemble, facts: Facts, words: str) -> None:
    assert check_subject(assemble(subject=(Text(words),)), facts) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("🎉 A meeting 🎈", "the subject has 2 emoji."),
        ("❤️ and ✨ and 👩‍👩‍👧 and 🇳🇱", "the subject has 4 emoji."),
    ],
)
def test_several_emoji_are_worth_knowing(
    assemble: Assemble, facts: Facts, words: str, message: str
) -> None:
    advice = "Keep one: to readers who hear their mail each is read out by its name."
    assert check_subject(assemble(subject=(Text(words),)), facts) == [
        Finding("subject-emoji", Severity.INFO, SUBJECT, message, advice)
    ]


@pytest.mark.parametrize("words", ["🎉", "🎉!", "👍🏽 – 🏠"])
def test_emoji_without_words_are_worth_knowing(
    assemble: Assemble, facts: Facts, words: str
) -> None:
    advice = "Say it in words: readers who hear their mail get long names read out."
    message = "the subject has no words, only emoji."
    assert check_subject(assemble(subject=(Text(words),)), facts) == [
        Finding("subject-emoji", Severity.INFO, SUBJECT, message, advice)
    ]


@pytest.mark.parametrize(
    "words",
    ["🎉 A meeting", "Ja ✓ nee ✗ – 12 → 14", "© 2023 LOS™", "#1, *2* en 3", "—"],
)
def test_one_emoji_or_a_sign_is_fine(
    assemble: Assemble, facts: Facts, words: str
) -> None:
    assert check_subject(assemble(subject=(Text(words),)), facts) == []


@pytest.mark.parametrize("words", ["Newsletter of LOS", "NEWSLETTER  of Los "])
def test_subject_of_the_issue_before_is_a_warning(
    assemble: Assemble, facts: Facts, words: str
) -> None:
    before = replace(assemble().issue, subject=(Text("Newsletter of LOS"),))
    before = replace(before, file="issues/2023-01.md")
    known = replace(facts, previous=before)
    assert check_subject(assemble(subject=(Text(words),)), known) == [
        Finding(
            "subject-repeated",
            Severity.WARNING,
            SUBJECT,
            "the subject is that of the issue before, issues/2023-01.md.",
            "Say what is new in this one.",
        )
    ]


def test_subject_with_another_number_is_fine(assemble: Assemble, facts: Facts) -> None:
    before = replace(assemble().issue, subject=(Text("Newsletter 12"),))
    known = replace(facts, previous=before)
    assert check_subject(assemble(subject=(Text("Newsletter 13"),)), known) == []


@pytest.mark.parametrize(
    ("words", "rule", "severity", "message", "advice"),
    [
        (
            "",
            "preheader-missing",
            Severity.WARNING,
            "for some readers the preheader is empty: "
            "mail programs show the first words they find.",
            "Write some words beside the personal field.",
        ),
        (
            "a Meeting, a Card and four Rulings",
            "preheader-repeats",
            Severity.WARNING,
            "the preheader says what the subject says.",
            "Let it go on where the subject ends.",
        ),
        (
            "a" * 29,
            "preheader-short",
            Severity.INFO,
            "the preheader has 29 characters; there is room for about 100.",
            "Say one thing more.",
        ),
        (
            "a",
            "preheader-short",
            Severity.INFO,
            "the preheader has 1 character; there is room for about 100.",
            "Say one thing more.",
        ),
        (
            "a" * 131,
            "preheader-long",
            Severity.INFO,
            "the preheader has 131 characters; mail programs show 130 at the most.",
            "Shorten it.",
        ),
    ],
)
def test_poor_preheader_is_reported(
    assemble: Assemble,
    facts: Facts,
    words: str,
    rule: str,
    severity: Severity,
    message: str,
    advice: str,
) -> None:
    assembled = assemble(preheader=(Text(words) if words else NAME,))
    assert check_subject(assembled, facts) == [
        Finding(rule, severity, PREHEADER, message, advice)
    ]


@pytest.mark.parametrize("length", [30, 130])
def test_preheader_at_a_limit_is_within_it(
    assemble: Assemble, facts: Facts, length: int
) -> None:
    assert check_subject(assemble(preheader=(Text("a" * length),)), facts) == []


def test_key_without_a_place_is_reported_on_the_file(
    assemble: Assemble, facts: Facts
) -> None:
    (finding,) = check_subject(assemble(preheader=(NAME,), places={}), facts)
    assert finding.place == Place("issues/2023-02.md")


@pytest.mark.parametrize("end", [", ?", ",", "، ؟"])
def test_subject_that_ends_with_an_empty_field_is_a_warning(
    assemble: Assemble, facts: Facts, end: str
) -> None:
    field = Field("first_name", "", SUBJECT)
    subject = (Text(f"Are you coming{end[:1]} "), field, Text(end[1:].strip()))
    (finding,) = check_subject(assemble(subject=subject), facts)
    assert finding.message == f'for some readers the subject ends with "{end}".'


def test_subject_of_abbreviations_is_fine(assemble: Assemble, facts: Facts) -> None:
    subject = (Text("CAO VVT 2023: FNV, CNV"),)
    assert check_subject(assemble(subject=subject), facts) == []
