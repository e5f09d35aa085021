"""A list of people as rows of cells, wherever they come from: who is in each of them.

Law: every row is either a `Row` or a `Problem` with its number (as a spreadsheet counts
them, the header is row 1), or empty. A problem never repeats an address: it may end up
in a log or a mail. Rows come one by one, and none is kept.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple

from newsletter.addresses import address_key, mask_addresses, normalise_address
from newsletter.errors import DefinitionError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.model.settings import FieldType
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.subscribers.columns import (
    EMAIL,
    IGNORED,
    Columns,
    find_columns,
    find_header,
)
from newsletter.subscribers.fields import clean_cell, field_cleaners
from newsletter.validation import suggest

#: Cells of a row, or a sentence instead of those of one that has no shape.
Cells = Sequence[str] | str
#: Gives all rows with their numbers, the first one first, each time it is called.
NumberedCells = Callable[[], Iterator[tuple[int, Cells]]]

#: So many headers are named in a sentence.
_MOST_NAMED = 10
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the project and the editor say of a file that is to be read."""

    #: Its name as the editor knows it.
    file: str
    #: Declared fields and their types.
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    #: ``--map``: (field, "email" or "-", header), in the order given.
    mapping: tuple[tuple[str, str], ...] = ()
    #: ``--encoding``, ``--separator``, ``--sheet``; empty: find out.
    encoding: str = ""
    separator: str = ""
    sheet: str = ""

    @property
    def field_names(self) -> tuple[str, ...]:
        """The declared fields, and the language."""
        return tuple(dict.fromkeys([*self.fields, LANGUAGE_FIELD]))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be read, before its rows are."""

    #: As the editor knows it.
    file: str
    cells: NumberedCells = field(repr=False)
    columns: Columns
    #: Number of the first row with people.
    first_row: int
    #: Cells of the header; more in a row means that a value was torn apart.
    width: int
    #: Declared fields and their types.
    fields: Mapping[str, FieldType]
    #: "UTF-8", or empty for a file that says itself how it is written.
    encoding: str = ""
    #: The sign between its cells; empty: as for `encoding`.
    separator: str = ""
    #: What was recognised: "read as UTF-8, separated by semicolons".
    reading: str = ""
    #: Sentences on what was guessed and what is not used.
    warnings: tuple[str, ...] = ()
    #: Whether an address makes a row, whatever is wrong with the rest: who left must
    #: not stay on a list because of a date of birth.
    is_address_enough: bool = False


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


def judge_header(header: Sequence[str], wanted: Wanted) -> Columns:
    """Return what the columns are, by the header that was found.

    Raises:
        UsageError: ``--map`` names a field or a column that is not there.
        DefinitionError: No column has addresses.
    """
    refuse_mapping(wanted)
    for name, title in wanted.mapping:
        if find_header(title, header) is None:
            raise _no_column(name, title, header)
    columns = find_columns(header, wanted.field_names, wanted.mapping)
    if columns is None:
        raise no_addresses(wanted.file)
    return columns


def refuse_mapping(wanted: Wanted) -> None:
    """Refuse a ``--map`` that gives a column to no field we know.

    Raises:
        UsageError: It does.
    """
    known = (EMAIL, *wanted.field_names, IGNORED)
    seen: set[str] = set()
    for name, title in wanted.mapping:
        if name not in known:
            advice = suggest(name, known) or (
                f"Declare it in newsletter.toml with [fields.{name}]."
                if name.isidentifier()
                else ""
            )
            raise UsageError(
                f'--map {name}={title}: there is no field "{name}".', advice
            )
        if name in seen:
            raise UsageError(f"--map {name}={title}: {name} was given a column before.")
        seen |= {name} - {IGNORED}


def no_addresses(file: str) -> DefinitionError:
    """Return what to say of a file without a column of addresses."""
    problem = Problem(
        Place(file, 1),
        "no column has addresses.",
        'Write "email" above theirs, or say what stands there: --map email="Contact"',
    )
    return DefinitionError([problem])


def tell_columns(columns: Columns, file: str) -> tuple[str, ...]:
    """Return sentences on the columns that are not used."""
    sentences = []
    unused = [name for name in columns.unused if name != columns.status]
    if unused:
        sentences.append(
            f"{file}: not used: {_named(unused)}. Declare them under [fields] "
            "in newsletter.toml to use them."
        )
    if columns.status:
        sentences.append(
            f'{file}: the column "{columns.status[:40]}" is not read: everybody in the '
            "file is taken for what --as says. Filter it in your spreadsheet, and "
            "import those who left first, with --as unsubscribed."
        )
    return tuple(sentences)


def _named(headers: Iterable[str]) -> str:
    # Where a header is missing, somebody's address may stand in its place.
    names = [f'"{mask_addresses(name)[:40]}"' for name in headers]
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _no_column(name: str, title: str, header: Sequence[str]) -> UsageError:
    names = [cell.strip() for cell in header if cell.strip()]
    advice = suggest(title, names)
    return UsageError(
        f'--map {name}={title}: there is no column "{title}".',
        f"{advice} There are: {_named(names)}.".strip(),
    )


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
