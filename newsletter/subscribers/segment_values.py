"""What is compared with a field: values as those of subscribers are kept."""

import re
from datetime import date

from newsletter.addresses import ascii_host
from newsletter.model.segment import Comparator, Comparison, Kind
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.subscribers.fields import clean_language, clean_value
from newsletter.subscribers.segment_tokens import Token, refuse
from newsletter.validation import shown

#: What comes after the ``@``.
DOMAIN = "domain"

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")


def read_comparison(
    name: Token, comparator: Comparator, value: Token, kind: Kind
) -> Comparison:
    """Return what was read, its value checked.

    Raises:
        UsageError: The value is not of its kind.
    """
    text = clean_token(value)
    if not text:
        if comparator not in (Comparator.EQUAL, Comparator.UNEQUAL):
            refuse(value.column, 'with "" only == and != can be asked.')
        kind = Kind.TEXT
    elif name.text == LANGUAGE_FIELD:
        text = _language(value, text)
    elif kind is Kind.NUMBER:
        text = _number(name, value, text)
    elif kind is Kind.DATE:
        _require_date(name, value, text)
    elif name.text == DOMAIN:
        text = _domain(value, text)
    return Comparison(name.text, comparator, text, kind)


def clean_token(value: Token) -> str:
    """Return a value as those of subscribers are kept, so that the two can be equal."""
    try:
        return clean_value(value.text, "text")
    except ValueError as error:
        refuse(value.column, f"this value {error}")


def _language(value: Token, text: str) -> str:
    try:
        return clean_language(text)
    except ValueError as error:
        refuse(value.column, f"{shown(text)} {error}")


def _number(name: Token, value: Token, text: str) -> str:
    if not _NUMBER.fullmatch(text):
        refuse(value.column, f'"{name.text}" is a number; {shown(text)} is none.')
    return text.replace(",", ".")


def _require_date(name: Token, value: Token, text: str) -> None:
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        refuse(
            value.column,
            f'"{name.text}" is a date; {shown(text)} is none.',
            f'Write it like "2024-05-03": {name.text} >= "2024-05-03"',
        )


def _domain(value: Token, text: str) -> str:
    """Return a domain as it stands in addresses: A-labels, lower case."""
    try:
        return ascii_host(text.removeprefix("@").lower())
    except ValueError as error:
        refuse(value.column, f"{shown(text)} is no domain: {error}")
