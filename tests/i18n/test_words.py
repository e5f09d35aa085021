import re
import string
from pathlib import Path

import pytest

from newsletter.i18n import CATALOGUES, words
from newsletter.i18n.words import read_catalogue

ROOT = Path(__file__).resolve().parents[2]

#: How our words are asked for: `words(...).text("…")` or `say("…")`, also in templates.
ASKED_FOR = re.compile(r"""(?:\bwords\.text|\)\.text|\bsay)\(\s*"((?:[^"\\]|\\.)*)\"""")

#: What speaks English to the editor; its `say` is another.
FACES = ("cli", "studio")


def asked_for() -> list[tuple[str, str]]:
    """Return every English text the code asks for, with the file that does."""
    package = ROOT / "newsletter"
    sources = [
        *package.rglob("*.py"),
        *package.rglob("*.j2"),
        *(ROOT / "templates").rglob("*.j2"),
    ]
    return [
        (msgid, str(path.relative_to(ROOT)))
        for path in sources
        if not any(path.is_relative_to(package / face) for face in FACES)
        for msgid in ASKED_FOR.findall(path.read_text("utf-8"))
    ]


def places_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue_of_each_language_has_every_text_asked_for(name: str) -> None:
    catalogue = read_catalogue(name)
    missing = [use for use in asked_for() if not catalogue.get(use[0])]
    assert missing == []


def test_catalogue_has_no_text_that_nobody_asks_for() -> None:
    assert set(read_catalogue("nl")) - {msgid for msgid, _ in asked_for()} == set()


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue_has_the_same_texts_as_the_others(name: str) -> None:
    assert list(read_catalogue(name)) == list(read_catalogue("nl"))


@pytest.mark.parametrize("name", CATALOGUES)
def test_translation_has_the_places_of_the_english_text(name: str) -> None:
    differing = [
        msgid
        for msgid, text in read_catalogue(name).items()
        if places_in(msgid) != places_in(text)
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "Uitschrijven"),
        ("nl-BE", "Uitschrijven"),
        ("NL", "Uitschrijven"),
        ("de-AT", "Abmelden"),
        ("fr", "Se désabonner"),
        ("ar", "إلغاء الاشتراك"),
        ("en", "Unsubscribe"),
        ("en-US", "Unsubscribe"),
        ("ti", "Unsubscribe"),
    ],
)
def test_text_in_each_language_is_its_own_or_english(
    language: str, expected: str
) -> None:
    assert words(language).text("Unsubscribe") == expected


def test_text_with_a_value_is_filled_in_and_never_read_as_a_pattern() -> None:
    text = words("nl").text("You will not receive {name} any more.", name="{Braces}")
    assert text == "U ontvangt {Braces} niet meer."


def test_text_without_translation_is_the_english_one() -> None:
    assert words("nl").text("A new text") == "A new text"


def test_words_of_an_unknown_language_say_that_they_are_english() -> None:
    assert words("ti").language == "en"
