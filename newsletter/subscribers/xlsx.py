"""Lists of people as spreadsheets (XLSX): from a workbook to rows of cells.

Law: the archive is measured before anything in it is unpacked, and rows come one by
one. Needs the extra ``xlsx``.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from importlib.util import find_spec
from itertools import islice
from typing import Any, BinaryIO
from xml.parsers.expat import ExpatError

from newsletter.errors import DefinitionError, OperationError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.subscribers.headings import (
    find_headings,
    judge_headings,
    no_addresses,
    tell_headings,
)
from newsletter.subscribers.sheet import Cells, Sheet, Wanted
from newsletter.subscribers.text import Source
from newsletter.subscribers.xlsx_size import is_too_large

#: First bytes of such a file, and of every other zip archive.
_ZIP = b"PK\x03\x04"
#: Of the directory of the archive; a workbook has some dozens of parts.
_MAX_DIRECTORY = 1024 * 1024
_MAX_COLUMNS = 500
_MAX_ROW = 20_000
#: Rows that are looked at to find the headings.
_SAMPLE_ROWS = 20


def is_workbook(source: Source) -> bool:
    """Tell whether a file is a spreadsheet of this kind, by its content."""
    with source() as opened:
        if opened.read(4) != _ZIP or _directory_size(opened) > _MAX_DIRECTORY:
            return False
        try:
            with zipfile.ZipFile(opened) as archive:
                return "xl/workbook.xml" in archive.namelist()
        except zipfile.BadZipFile:
            return False


def open_workbook(source: Source, wanted: Wanted) -> Sheet:
    """Find out what the columns of a spreadsheet are.

    Args:
        source: The file.
        wanted: Its name, the fields, and what the editor says of it.

    Raises:
        DefinitionError: It cannot be read, or has no column with addresses.
        UsageError: What the editor says of it cannot be.
        OperationError: The extra is not installed.
    """
    if find_spec("openpyxl") is None:
        raise OperationError(
            f"{wanted.file} is a spreadsheet, and the package that reads those is not "
            "installed.",
            'Install it with: pip install "newsletter[xlsx]", or save the list as '
            '"CSV UTF-8".',
        )
    _refuse_bomb(source, wanted.file)
    name = _choose_sheet(source, wanted)
    cells = partial(_number_rows, source, name, wanted.file)
    headings = find_headings(list(islice(cells(), _SAMPLE_ROWS)), wanted)
    columns = judge_headings(headings, wanted)
    return Sheet(
        file=wanted.file,
        cells=cells,
        columns=columns,
        first_row=headings.number + 1,
        width=_width(headings.cells),
        fields=dict(wanted.fields),
        reading=f'read as a spreadsheet, sheet "{name}"',
        warnings=tell_headings(headings, columns, wanted),
    )


def _width(header: Sequence[str]) -> int:
    """Return how many columns have a header, or stand before one that has."""
    return max(place for place, cell in enumerate(header, start=1) if cell)


def _directory_size(opened: BinaryIO) -> int:
    """Return what an archive says of its directory, which is read as a whole.

    Source: APPNOTE.TXT, section 4.3.16, "End of central directory record".
    """
    end = opened.seek(0, 2)
    opened.seek(max(end - 65_557, 0))
    tail = opened.read()
    record = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[record + 12 : record + 16], "little")


def _refuse_bomb(source: Source, file: str) -> None:
    """Refuse what would unpack to more than any list of people.

    Raises:
        DefinitionError: It would, or it is damaged.
    """
    try:
        with source() as opened, zipfile.ZipFile(opened) as archive:
            is_bomb = is_too_large(archive)
    except _damages() as error:
        raise _damaged(file) from error
    if is_bomb:
        raise _refusal(
            file,
            "this spreadsheet is too large to be read.",
            'Save it as "CSV UTF-8".',
        )


def _choose_sheet(source: Source, wanted: Wanted) -> str:
    """Return the name of the sheet that is meant: the one named, or the first.

    Raises:
        UsageError: There is none of that name.
    """
    with source() as opened:
        book = _load(opened, wanted.file)
        names = [sheet.title for sheet in book.worksheets]
        book.close()
    if not names:
        raise no_addresses(wanted)
    if not wanted.sheet:
        return str(names[0])
    found = [name for name in names if name.casefold() == wanted.sheet.casefold()]
    if not found:
        listed = ", ".join(f'"{name}"' for name in names)
        raise UsageError(
            f'--sheet: there is no sheet "{wanted.sheet}".', f"There are: {listed}."
        )
    return str(found[0])


def _number_rows(source: Source, name: str, file: str) -> Iterator[tuple[int, Cells]]:
    """Give each row with its number as the spreadsheet shows it."""
    with source() as opened:
        book = _load(opened, file)
        # What a file says of its own size need not be true.
        book[name].reset_dimensions()
        rows = book[name].iter_rows(values_only=True)
        try:
            for number, values in enumerate(rows, start=1):
                cells = [_text(value) for value in values[:_MAX_COLUMNS]]
                is_short = sum(map(len, cells)) <= _MAX_ROW
                yield number, cells if is_short else _too_long()
        except _damages() as error:
            raise _damaged(file) from error
        finally:
            book.close()


def _load(opened: BinaryIO, file: str) -> Any:
    # A tenth of a second to import.
    import openpyxl

    try:
        return openpyxl.load_workbook(
            opened, read_only=True, data_only=True, keep_links=False
        )
    except _damages() as error:
        raise _damaged(file) from error


def _damages() -> tuple[type[Exception], ...]:
    """Return how openpyxl and what it stands on fail at a file that is damaged.

    It looks at little before it uses it, so these are many.
    """
    from openpyxl.utils.exceptions import InvalidFileException

    return (
        InvalidFileException,
        # Of every parser of XML.
        SyntaxError,
        ExpatError,
        zipfile.BadZipFile,
        zlib.error,
        # Of `zipfile`, for what is encrypted.
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
    )


def _text(value: object) -> str:
    """Return a cell as its text in a list: dates as ISO 8601, whole numbers whole."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == value.min.time():
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
    return str(value)


def _too_long() -> str:
    return f"this row is longer than {_MAX_ROW} characters."


def _damaged(file: str) -> DefinitionError:
    return _refusal(
        file,
        "this spreadsheet is damaged.",
        'Open it in your spreadsheet and save it as "CSV UTF-8".',
    )


def _refusal(file: str, message: str, advice: str) -> DefinitionError:
    return DefinitionError([Problem(Place(file), message, advice)])
