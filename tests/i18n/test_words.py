import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from newsletter.i18n import CATALOGUES, page_words, words
from newsletter.i18n.words import read_catalogue

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "newsletter"

#: Who asks for words by its first value: `say("…")`, a statement of the privacy page.
ASKING = {"say", "Statement"}

#: Whose method `text` asks: `words.text("…")`, `page_words(language).text("…")`.
WORDS = re.compile(r"\bwords$|words\(.*\)$")

#: What speaks English to the editor; its `say` is another.
FACES = ("cli", "studio")

#: What has the words of mail alone: `words(...)`, not `page_words(...)`.
MAIL = (
    PACKAGE / "assembly",
    PACKAGE / "i18n",
    PACKAGE / "workflow" / "letters.py",
    ROOT / "templates",
)

FOLDERS = ("mail", "pages")


@cache
def asked_for() -> tuple[tuple[str, Path], ...]:
    """Return every English text the code asks for, with the file that does."""
    uses = [
        *((path, texts_in_code(path)) for path in PACKAGE.rglob("*.py")),
        *((path, texts_in_template(path)) for path in PACKAGE.rglob("*.j2")),
        *((path, texts_in_template(path)) for path in ROOT.glob("templates/**/*.j2")),
    ]
    return tuple(
        (msgid, path)
        for path, msgids in uses
        if not any(path.is_relative_to(PACKAGE / face) for face in FACES)
        for msgid in msgids
    )


def texts_in_code(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and is_asking(node.func):
            for inner in ast.walk(node.args[0]):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


def is_asking(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute) and called.attr == "text":
        return WORDS.search(ast.unparse(called.value)) is not None
    return isinstance(called, ast.Name) and called.id in ASKING


def texts_in_template(path: Path) -> Iterator[str]:
    parsed = Environment(autoescape=True).parse(path.read_text("utf-8"))
    for call in parsed.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ASKING:
            first = call.args[0]
            texts = [first, *first.find_all(nodes.Const)]
            yield from (
                text.value
                for text in texts
                if isinstance(text, nodes.Const) and isinstance(text.value, str)
            )


def is_of_mail(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in MAIL)


def places_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue_of_each_language_has_every_text_asked_for(name: str) -> None:
    mail, pages = words(name).translations, page_words(name).translations
    missing = [
        f"{path.relative_to(ROOT)}: {msgid}"
        for msgid, path in asked_for()
        if not (mail if is_of_mail(path) else pages).get(msgid)
    ]
    assert missing == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_catalogue_has_no_text_that_nobody_asks_for(folder: str) -> None:
    asked = {msgid for msgid, _ in asked_for()}
    assert set(read_catalogue("nl", folder)) - asked == set()


def test_text_stands_in_one_catalogue_alone() -> None:
    assert read_catalogue("nl").keys() & read_catalogue("nl", "pages").keys() == set()


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue_has_the_same_texts_as_the_others(name: str, folder: str) -> None:
    assert list(read_catalogue(name, folder)) == list(read_catalogue("nl", folder))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", CATALOGUES)
def test_translation_has_the_places_of_the_english_text(name: str, folder: str) -> None:
    differing = [
        msgid
        for msgid, text in read_catalogue(name, folder).items()
        if places_in(msgid) != places_in(text)
    ]
    assert differing == []


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", CATALOGUES)
def test_translation_ends_as_the_english_text_does(name: str, folder: str) -> None:
    differing = [
        msgid
        for msgid, text in read_catalogue(name, folder).items()
        if closing_sign(msgid) != closing_sign(text)
    ]
    assert differing == []


def closing_sign(text: str) -> str:
    """Return the sign a text ends with: what follows it on the page relies on it."""
    last = text.replace("؟", "?")[-1]
    return last if last in ".:?" else ""


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
    text = words("nl").text("Issue {number}", number="{Braces}")
    assert text == "Nummer {Braces}"


def test_text_without_translation_is_the_english_one() -> None:
    assert words("nl").text("A new text") == "A new text"


def test_words_of_an_unknown_language_say_that_they_are_english() -> None:
    assert words("ti").language == "en"
