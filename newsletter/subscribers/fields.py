"""Values of fields: what somebody typed, made fit to stand in a mail."""

import re
import unicodedata
from datetime import date

from newsletter.model.settings import FieldType

#: Longer than any name; a whole paragraph in a name column is a shifted column.
MAX_VALUE = 200

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
#: A spreadsheet shows such a cell as text when an apostrophe stands before it.
_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
#: Joiners that Persian, Arabic and Indic names are written with.
_JOINERS = "\u200c\u200d"


def clean_cell(cell: str) -> str:
    """Return a cell without the apostrophe that guards it from being computed."""
    text = cell.strip()
    return text[1:] if _GUARDED.match(text) else text


def clean_value(value: str, kind: FieldType) -> str:
    """Return *value* without hidden characters, on one line.

    Raises:
        ValueError: With a sentence: it is too long, or not of its kind.
    """
    visible = _visible(value) if not value.isprintable() else value
    text = " ".join(unicodedata.normalize("NFC", visible).split())
    if len(text) > MAX_VALUE:
        raise ValueError(f"is longer than {MAX_VALUE} characters.")
    if text and kind == "number" and not _NUMBER.fullmatch(text):
        raise ValueError("is not a number.")
    if text and kind == "date":
        _refuse_date(text)
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
