"""The rows of a list of people, wherever they come from: who is in each of them.

Law: every row is either a `Row` or a `Problem` with its number (as a spreadsheet counts
them, the header is row 1), or empty. Only an address makes a row: of another value that
cannot be used it is told, and the person stays. No sentence repeats an address: it may
end up in a log or a mail. Rows come one by one, and none is kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple

from newsletter.addresses import (
    address_key,
    mask_addresses,
    normalise_address,
    parse_mailbox,
)
from newsletter.model.problem import Place, Problem
from newsletter.subscribers.dates import DateOrder, read_date
from newsletter.subscribers.fields import clean_cell, clean_text, field_cleaners
from newsletter.subscribers.sheet import Sheet
from newsletter.validation import shown

#: So many values of a column are cleaned once: names and towns come again and again.
_REMEMBERED = 4096
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})

#: What makes a value of a cell; it raises a sentence that follows "which".
_Clean = Callable[[str], str]


class Omission(NamedTuple):
    """A value that cannot be used."""

    #: The field that it would have filled.
    field: str
    #: What stands there, and why: ``"soon", which is not a number``.
    told: str


class Row(NamedTuple):
    """One person of a file."""

    #: As a spreadsheet counts; the header is row 1.
    number: int
    email: str
    #: `addresses.address_key` of it.
    key: str
    #: Declared fields and the language, where they have a value.
    fields: Mapping[str, str] = _NO_FIELDS
    omissions: Sequence[Omission] = ()


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
    cleaners = _cleaners(sheet)
    # Of who left, nothing else counts.
    tells_values = not sheet.is_address_enough

    def read(number: int, cells: Sequence[str]) -> Row:
        is_torn = len(cells) > width and any(map(str.strip, cells[width:]))
        if is_torn and tells_values:
            # Where its cells belong is anybody's guess: nothing more is said of them.
            raise ValueError(_torn(len(cells), width, sheet.separator))
        count = len(cells)
        fields = {}
        omissions: list[Omission] = []
        for name, place, clean, explain in cleaners:
            cell = cells[place] if place < count else ""
            value = clean(cell)
            if value:
                fields[name] = value
            elif cell and tells_values and (told := explain(cell)):
                omissions.append(Omission(name, told))
        try:
            email = _read_address(cells[email_at] if email_at < count else "")
        except ValueError as error:
            raise ValueError(_all_faults(sheet, str(error), omissions)) from error
        if omissions:
            return Row(number, email, address_key(email), fields, omissions)
        return Row(number, email, address_key(email), fields)

    return read


def _cleaners(sheet: Sheet) -> list[tuple[str, int, _Clean, _Clean]]:
    """Return for each field of the file: name, column, its value, why it has none."""
    cleaners = field_cleaners(sheet.fields)
    for name, kind in sheet.fields.items():
        if kind == "date":
            order = sheet.dates.get(name, DateOrder.MIXED)
            cleaners[name] = _date_cleaner(order)
    return [
        (
            name,
            place,
            lru_cache(_REMEMBERED)(partial(_value, cleaners[name])),
            lru_cache(_REMEMBERED)(partial(_explain, cleaners[name])),
        )
        for name, place in sheet.columns.fields.items()
    ]


def _date_cleaner(order: DateOrder) -> _Clean:
    def clean(value: str) -> str:
        text = clean_text(value)
        return read_date(text, order) if text else ""

    return clean


def _value(clean: _Clean, cell: str) -> str:
    """Return the value of a cell, or nothing."""
    try:
        return clean(clean_cell(cell))
    except ValueError:
        return ""


def _explain(clean: _Clean, cell: str) -> str:
    """Return what stands in a cell and why it is no value; nothing of an empty one."""
    try:
        clean(clean_cell(cell))
    except ValueError as error:
        held = shown(mask_addresses(clean_text(cell)))
        return f"{held}, which {str(error).rstrip('.')}"
    return ""


def _read_address(cell: str) -> str:
    """Return the address of a cell, be it written as ``Name <address>``."""
    text = clean_cell(cell)
    if text.endswith(">"):
        text = parse_mailbox(text).address
    return normalise_address(text)


def _all_faults(sheet: Sheet, fault: str, omissions: Sequence[Omission]) -> str:
    """Return one sentence on all that is wrong in a row without an address."""
    names = sheet.columns.names
    others = (f'; "{names[field]}" holds {told}' for field, told in omissions)
    return f"{fault.rstrip('.')}{''.join(others)}."


def _torn(cells: int, width: int, separator: str) -> str:
    sentence = f"this row has {cells} cells, the header {width}"
    if not separator:
        return f"{sentence}; write a header above each column that counts."
    return f'{sentence}; write a value with "{separator}" in it between quotes.'
