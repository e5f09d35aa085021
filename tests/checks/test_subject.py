from collections.abc import Callable

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
            "the subject is empty.",
            "Say in a few words what is new.",
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


@pytest.mark.parametrize(
    ("words", "rule", "severity", "message", "advice"),
    [
        (
            "",
            "preheader-missing",
            Severity.WARNING,
            "for some readers the preheader is empty: "
            "mail programs show the first words they find.",
            "Write words of which some are left without a personal field.",
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
