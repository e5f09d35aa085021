"""The rows of a list of people, wherever they come from: who is in each of them.

Law: every row is either a `Row` or a `Problem` with its number (as a spreadsheet counts
them, the header is row 1), or empty. A problem never repeats an address: it may end up
in a log or a mail. Rows come one by one, and none is kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple

from newsletter.addresses import address_key, normalise_address
from newsletter.model.problem import Place, Problem
from newsletter.subscribers.fields import clean_cell, field_cleaners
from newsletter.subscribers.sheet import Sheet

#: So many values of a column are cleaned once: names and towns come again and again.
_REMEMBERED = 4096
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Row(NamedTuple):
    """One person of a file."""

    #: As a spreadsheet counts; the header is row 1.
    number: int
    email: str
    #: `addresses.address_key` of it.
    key: str
    #: Declared fields and the language, where they have a value.
    fields: Mapping[str, str] = _NO_FIELDS


def read_rows(sheet: Sheet) -> Iterator[Row | Problem]:
    """Give the rows of *sheet* in their order; may be called again."""
    read = _row_reader(sheet)
    file, first_row = sheet.file, sheet.first_row
    for number, cells in sheet.cells():
        if isinstance(cells, str):
            yield Problem(Place(file, number), cells)
            continue
        if number < first_row or not any(map(str.strip, cells)):
            continue
        try:
            yield read(number, cells)
        except ValueError as error:
            yield Problem(Place(file, number), str(error))


def _row_reader(sheet: Sheet) -> Callable[[int, Sequence[str]], Row]:
    """Return what makes a `Row` of the cells of one; it raises a sentence."""
    width, email_at = sheet.width, sheet.columns.email
    cleaners = field_cleaners(sheet.fields)
    attempt = _clean_if_right if sheet.is_address_enough else _clean
    fields_at = [
        (name, place, lru_cache(_REMEMBERED)(partial(attempt, cleaners[name], name)))
        for name, place in sheet.columns.fields.items()
    ]

    def read(number: int, cells: Sequence[str]) -> Row:
        is_torn = len(cells) > width and any(map(str.strip, cells[width:]))
        if is_torn and not sheet.is_address_enough:
            raise ValueError(_torn(len(cells), width, sheet.separator))
        count = len(cells)
        written = cells[email_at] if email_at < count else ""
        email = normalise_address(clean_cell(written))
        fields = {}
        for name, place, clean in fields_at:
            value = clean(cells[place]) if place < count else ""
            if value:
                fields[name] = value
        return Row(number, email, address_key(email), fields)

    return read


def _torn(cells: int, width: int, separator: str) -> str:
    sentence = f"this row has {cells} cells, the header {width}"
    if not separator:
        return f"{sentence}; write a header above each column that counts."
    return f'{sentence}; write a value with "{separator}" in it between quotes.'


def _clean(clean: Callable[[str], str], name: str, cell: str) -> str:
    try:
        return clean(clean_cell(cell))
    except ValueError as error:
        raise ValueError(f'"{name}" {error}') from error


def _clean_if_right(clean: Callable[[str], str], name: str, cell: str) -> str:
    try:
        return _clean(clean, name, cell)
    except ValueError:
        return ""
