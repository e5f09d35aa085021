"""What pydantic refuses, in our words."""

import pytest
from pydantic_core import PydanticCustomError

from newsletter.validation import nearest, parse_language, shown, suggest


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("nl", "nl"),
        ("NL-be", "nl-BE"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("ca-ES-VALENCIA", "ca-ES-valencia"),
        ("fil", "fil"),
    ],
)
def test_language_tag_gets_its_usual_case(text: str, tag: str) -> None:
    assert parse_language(text) == tag


@pytest.mark.parametrize("text", ["", "n", "dutch", "nl_NL", "nl-", "nl BE", "nl-x y"])
def test_what_is_no_language_tag_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError, match=r"^must be a language tag"):
        parse_language(text)


@pytest.mark.parametrize(
    ("word", "near"),
    [("langage", "language"), ("LANGUAGE", "language"), ("xyz", ""), ("x" * 9999, "")],
)
def test_misspelt_word_is_recognised(word: str, near: str) -> None:
    assert nearest(word, ["subject", "language"]) == near


def test_suggestion_is_a_question_or_nothing() -> None:
    assert suggest("datum", ["date"]) == 'Did you mean "date"?'
    assert suggest("kleur", ["date"]) == ""


def test_shown_value_is_one_line_and_not_long() -> None:
    assert shown("a\n b") == '"a b"'
    assert shown("x" * 61) == f'"{"x" * 60}…"'
