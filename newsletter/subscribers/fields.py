"""Values of fields: what somebody typed, made fit to stand in a mail."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from string import ascii_lowercase, ascii_uppercase

from pydantic_core import PydanticCustomError

from newsletter.model.settings import FieldType
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.subscribers.languages import is_known, tag_of
from newsletter.validation import parse_language

#: Longer than any name; a whole paragraph in a name column is a shifted column.
MAX_VALUE = 200
#: Of a field of type "list": some ten words with the commas between them.
_MAX_LIST = 1000

_NO_LANGUAGE = 'is not a language tag such as "nl" or "pt-BR".'
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
#: What people put between the words of a list.
_BETWEEN = re.compile(r"[,;\n]")
#: What a spreadsheet would compute, be it guarded: apostrophes before it make it text.
_COMPUTED = re.compile(r"'*[=+\-@\t\r]")
#: Capitals that do not tell two words of a list apart; so judge segments too.
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
#: Joiners that Persian, Arabic and Indic names are written with.
_JOINERS = "\u200c\u200d"


def clean_cell(cell: str) -> str:
    """Return a cell without the apostrophe that guards it from being computed."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and _COMPUTED.match(text) else text


def clean_text(value: str) -> str:
    """Return *value* on one line, without hidden characters, however long it is."""
    visible = _visible(value) if not value.isprintable() else value
    return " ".join(unicodedata.normalize("NFC", visible).split())


def clean_value(value: str, kind: FieldType) -> str:
    """Return *value* without hidden characters, on one line.

    A list is its words with commas between them, each once, A to Z in either case.

    Raises:
        ValueError: With a sentence: it is too long, or not of its kind.
    """
    if kind == "list":
        return _clean_list(value)
    text = clean_text(value)
    if len(text) > MAX_VALUE:
        raise ValueError(f"is longer than {MAX_VALUE} characters.")
    if text and kind == "number" and not _NUMBER.fullmatch(text):
        raise ValueError("is not a number.")
    if text and kind == "date":
        _refuse_date(text)
    return text


def clean_language(value: str) -> str:
    """Return a language tag in its usual case: "NL", "pt_br", "Dutch" are understood.

    Raises:
        ValueError: With a sentence: it is not one.
    """
    text = clean_text(value)
    if not text:
        return ""
    try:
        tag = parse_language(tag_of(text))
    except PydanticCustomError as error:
        raise ValueError(_NO_LANGUAGE) from error
    if not is_known(tag.partition("-")[0]):
        raise ValueError(_NO_LANGUAGE)
    return tag


def field_cleaners(
    fields: Mapping[str, FieldType],
) -> dict[str, Callable[[str], str]]:
    """Return what cleans the values of each field; language is always one of them."""

    def cleaner(kind: FieldType) -> Callable[[str], str]:
        return lambda value: clean_value(value, kind)

    cleaners = {name: cleaner(kind) for name, kind in fields.items()}
    return cleaners | {LANGUAGE_FIELD: clean_language}


def guard_cell(text: str) -> str:
    """Return a cell that no spreadsheet computes; `clean_cell` undoes it."""
    return f"'{text}" if _COMPUTED.match(text) else text


def _clean_list(value: str) -> str:
    words: dict[str, str] = {}
    for part in _BETWEEN.split(value):
        word = clean_text(part)
        if word:
            words.setdefault(word.translate(_LOWER), word)
    text = ", ".join(words.values())
    if len(text) > _MAX_LIST:
        raise ValueError(f"is longer than {_MAX_LIST} characters.")
    return text


def _visible(value: str) -> str:
    """Return *value* with a space for each control, and without marks nobody sees.

    Direction marks among them: in a name they could turn the words that follow.
    """
    return "".join(
        " " if character.isspace() else character
        for character in value
        if character in _JOINERS
        or character.isspace()
        or unicodedata.category(character) not in _HIDDEN
    )


def _refuse_date(text: str) -> None:
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise ValueError("is not a date like 2024-05-03.")
