"""Lists of people as files: bytes in; rows, and what is wrong with the others, out.

Law: every row of the file is either a `Row` or a `Problem` with its number (as a
spreadsheet counts them, the header is row 1), or empty. A problem never repeats an
address: it may end up in a log or a mail.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO

from newsletter.addresses import address_key, normalise_address
from newsletter.errors import DefinitionError
from newsletter.model.problem import Place, Problem
from newsletter.model.settings import FieldType
from newsletter.subscribers.columns import Columns, find_columns
from newsletter.subscribers.fields import clean_cell, clean_value
from newsletter.subscribers.text import decode_list

#: Excel writes ";" where the comma is the decimal sign, and a tab in "Unicode text".
_SEPARATORS = (",", ";", "\t", "|")
#: An unclosed quote makes the rest of a file one cell; no honest row is as long.
_MAX_ROW = 20_000
_TOO_LONG = f"this row is longer than {_MAX_ROW} characters."


@dataclass(frozen=True, slots=True)
class Row:
    """One person of a file."""

    #: As a spreadsheet counts; the header is row 1.
    number: int
    email: str
    #: `addresses.address_key` of it.
    key: str
    #: Declared fields that have a value.
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row whose address stands in an earlier row too."""

    number: int
    #: The row that counts.
    first: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be read, before its rows are."""

    #: As the editor knows it.
    file: str
    text: str = field(repr=False)
    separator: str
    columns: Columns
    #: Number of the first row with people.
    first_row: int
    #: Cells of the header; more in a row means that a value was torn apart.
    width: int
    #: Declared fields and their types.
    fields: Mapping[str, FieldType]
    #: Sentences on what was guessed and what is not used.
    warnings: tuple[str, ...] = ()


def open_sheet(data: bytes, *, file: str, fields: Mapping[str, FieldType]) -> Sheet:
    """Find out how a list file is written: letters, separator, columns.

    Args:
        data: The whole file.
        file: Its name as the editor knows it.
        fields: Declared fields and their types.

    Raises:
        DefinitionError: It is no text, or has no column with addresses.
    """
    text, warnings = decode_list(data, file=file)
    text, declared = _take_separator_line(text)
    number, line = _first_line(text)
    for separator in (declared,) if declared else _rank_separators(line):
        header = _split(line, separator)
        columns = find_columns(header, fields)
        if columns:
            warnings += _unused(columns, file)
            return Sheet(
                file=file,
                text=text,
                separator=separator,
                columns=columns,
                first_row=number + 1,
                width=len(header),
                fields=dict(fields),
                warnings=warnings,
            )
    _refuse_unless_addresses_alone(line, file)
    return Sheet(file, text, ",", Columns(0), number, 1, dict(fields), warnings)


def read_rows(sheet: Sheet) -> Iterator[Row | Duplicate | Problem]:
    """Give the rows of *sheet* in their order; may be called again."""
    seen: dict[str, int] = {}
    for number, cells in _number_rows(sheet):
        if isinstance(cells, str):
            yield _problem(sheet, number, cells)
            continue
        if number < sheet.first_row or not any(cell.strip() for cell in cells):
            continue
        try:
            row = _read_row(sheet, number, cells)
        except ValueError as error:
            yield _problem(sheet, number, str(error))
            continue
        first = seen.setdefault(row.key, number)
        yield row if first == number else Duplicate(number, first)


def _take_separator_line(text: str) -> tuple[str, str]:
    """Take off the line ``sep=;`` that Excel reads, and return what it says."""
    line, end, rest = text.partition("\n")
    word, equals, separator = line.strip("\r").partition("=")
    if end and equals and word.lower() == "sep" and separator in _SEPARATORS:
        return rest, separator
    return text, ""


def _first_line(text: str) -> tuple[int, str]:
    """Return number and text of the first line that is not empty."""
    for number, line in enumerate(StringIO(text, newline=None), start=1):
        if line.strip(" \t\n;,|"):
            return number, line.rstrip("\n")
    return 1, ""


def _rank_separators(line: str) -> Sequence[str]:
    return sorted(_SEPARATORS, key=line.count, reverse=True)


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])


def _unused(columns: Columns, file: str) -> tuple[str, ...]:
    if not columns.unused:
        return ()
    names = ", ".join(f'"{name[:40]}"' for name in columns.unused[:10])
    return (
        f"{file}: not used: {names}. "
        "Declare them under [fields] in newsletter.toml to use them.",
    )


def _refuse_unless_addresses_alone(line: str, file: str) -> None:
    """Raise for a file without a header, unless it is addresses and nothing else."""
    if "@" in line and len(_split(line, _rank_separators(line)[0])) == 1:
        return
    problem = Problem(
        Place(file, 1),
        "no column has addresses.",
        'Write "email" above theirs, for example: email,first_name',
    )
    raise DefinitionError([problem])


def _number_rows(sheet: Sheet) -> Iterator[tuple[int, list[str] | str]]:
    """Give each row with its number, or a sentence instead of one that has no shape."""
    reader = csv.reader(
        StringIO(sheet.text, newline=""),
        delimiter=sheet.separator,
        skipinitialspace=True,
        strict=True,
    )
    number = 0
    while True:
        number += 1
        line = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            lines = reader.line_num - line
            yield number, _shapeless(lines)
            number += lines - 1
        else:
            yield number, cells if _is_short(cells) else _TOO_LONG


def _is_short(cells: Sequence[str]) -> bool:
    return sum(map(len, cells)) <= _MAX_ROW


def _shapeless(lines: int) -> str:
    sentence = "a quote in this row is not closed, or stands inside a value"
    if lines > 1:
        return f"{sentence}; {lines} lines from here on could not be read."
    return f"{sentence}."


def _read_row(sheet: Sheet, number: int, cells: Sequence[str]) -> Row:
    """Return the person in a row.

    Raises:
        ValueError: With a sentence that says what is wrong.
    """
    columns = sheet.columns
    if any(cell.strip() for cell in cells[sheet.width :]):
        raise ValueError(
            f"this row has {len(cells)} cells, the header {sheet.width}; "
            f'write a value with "{sheet.separator}" in it between quotes.'
        )
    email = normalise_address(clean_cell(_cell(cells, columns.email)))
    fields = {}
    for name, column in columns.fields.items():
        value = _clean(name, _cell(cells, column), sheet.fields[name])
        if value:
            fields[name] = value
    return Row(number, email, address_key(email), fields)


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _clean(name: str, cell: str, kind: FieldType) -> str:
    try:
        return clean_value(clean_cell(cell), kind)
    except ValueError as error:
        raise ValueError(f'"{name}" {error}') from error


def _problem(sheet: Sheet, number: int, sentence: str) -> Problem:
    return Problem(Place(sheet.file, number), sentence)
