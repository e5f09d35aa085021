"""Lists of people as CSV: from bytes to rows of cells, a few at a time.

Law: a file of any shape is read or refused in the same small memory. What no honest row
holds (an unclosed quote makes the rest of a file one cell) is a sentence in its place.
"""

import csv
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TextIO

from newsletter.errors import UsageError
from newsletter.subscribers.columns import Columns, find_columns
from newsletter.subscribers.headings import (
    find_headings,
    is_filled,
    judge_headings,
    names_addresses,
    tell_headings,
)
from newsletter.subscribers.sheet import Cells, Sheet, Wanted
from newsletter.subscribers.text import (
    Letters,
    Source,
    open_text,
    recognise_letters,
    unreadable,
)

#: Excel writes ";" where the comma is the decimal sign, and a tab in "Unicode text".
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
#: What may be typed after ``--separator`` instead of the sign.
_BY_NAME = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "pipe": "|"}
#: Rows that are looked at to find out what separates the cells.
_SAMPLE_ROWS = 20
_MAX_ROW = 20_000
_TOO_LONG = f"this row is longer than {_MAX_ROW} characters."
#: More of one row is not even read: cells of many lines, or a line without end.
_MAX_FED = 1024 * 1024


def open_csv(source: Source, wanted: Wanted) -> Sheet:
    """Find out how a list file is written: letters, separator, columns.

    Args:
        source: The file.
        wanted: Its name, the fields, and what the editor says of it.

    Raises:
        DefinitionError: It is no text, or has no column with addresses.
        UsageError: What the editor says of it cannot be.
    """
    file = wanted.file
    letters = recognise_letters(source, file=file, wanted=wanted.encoding)
    declared = _declared_separator(wanted, source, letters)
    cells = partial(_number_rows, source, letters, file=file)
    separator = declared or _find_separator(cells, wanted)
    sample = list(islice(cells(separator), _SAMPLE_ROWS))
    headings = find_headings(sample, wanted)
    width = len(headings.cells)
    if not wanted.mapping and _is_address_alone(headings.cells, wanted):
        columns, first_row = Columns(0), headings.number
    else:
        columns, first_row = judge_headings(headings, wanted), headings.number + 1
    return Sheet(
        file=file,
        cells=partial(cells, separator),
        columns=columns,
        first_row=first_row,
        width=width,
        fields=dict(wanted.fields),
        encoding=str(letters),
        separator=separator,
        reading=f"read as {letters}, {_shown(separator, width)}",
        warnings=_guessed(letters, file) + tell_headings(headings, columns, wanted),
    )


def _is_address_alone(header: Sequence[str], wanted: Wanted) -> bool:
    """Tell whether a file begins with its first address, and has nothing else."""
    found = find_columns(header, wanted.field_names)
    return found is None and len(header) == 1 and "@" in header[0]


def _guessed(letters: Letters, file: str) -> tuple[str, ...]:
    if not letters.is_guess:
        return ()
    return (
        f"{file} is not UTF-8; it was read as {letters}. "
        "Look whether letters with accents are right.",
    )


def _shown(separator: str, width: int) -> str:
    if width == 1:
        return "one column"
    return f"separated by {_SEPARATORS.get(separator, separator)}"


def _declared_separator(wanted: Wanted, source: Source, letters: Letters) -> str:
    """Return the separator that the editor or the file itself names, or nothing.

    Raises:
        UsageError: It is none.
    """
    if wanted.separator:
        sign = _BY_NAME.get(wanted.separator.lower(), wanted.separator)
        if len(sign) != 1 or sign.isalnum() or sign in '"\r\n @':
            raise UsageError(
                f'--separator: "{wanted.separator[:40]}" cannot separate cells.',
                "Use comma, semicolon, tab, pipe, or one other sign.",
            )
        return sign
    with open_text(source, letters) as text:
        return _separator_line(text.readline(_MAX_ROW))


def _separator_line(line: str) -> str:
    """Return what the line ``sep=;`` that Excel reads says, or nothing."""
    word, equals, separator = line.rstrip("\r\n").partition("=")
    is_told = equals and word.lower() == "sep" and separator in _SEPARATORS
    return separator if is_told and line.endswith(("\r", "\n")) else ""


def _find_separator(
    cells: "partial[Iterator[tuple[int, Cells]]]", wanted: Wanted
) -> str:
    """Return the sign by which the first rows fall into the same number of cells."""

    def rank(separator: str) -> tuple[bool, bool, int, int]:
        sample = list(islice(cells(separator), _SAMPLE_ROWS))
        rows = [row for _, row in sample if not isinstance(row, str)]
        filled = [row for row in rows if is_filled(row)]
        header = find_headings(sample, wanted).cells
        return (
            names_addresses(header, wanted),
            any(names_addresses(row, wanted) for row in rows),
            sum(len(row) == len(header) > 1 for row in filled),
            len(header),
        )

    return max(_SEPARATORS, key=rank)


def _number_rows(
    source: Source, letters: Letters, separator: str, *, file: str
) -> Iterator[tuple[int, Cells]]:
    """Give each row with its number, or a sentence instead of one that has no shape."""
    with open_text(source, letters) as text:
        feed = _Feed(text)
        reader = csv.reader(
            feed, delimiter=separator, skipinitialspace=True, strict=True
        )
        number = 0
        while True:
            number += 1
            feed.fed = 0
            line = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                lines = max(reader.line_num - line, 1)
                yield number, _TOO_LONG if feed.is_endless else _shapeless(lines)
                number += lines - 1
            except UnicodeDecodeError as error:
                # It was another file when its letters were recognised.
                raise unreadable(file) from error
            else:
                yield number, cells if feed.fed <= _MAX_ROW else _TOO_LONG


class _Feed:
    """The lines of a text for a `csv.reader`, which knows no end of a row."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        #: Characters given since this was set to 0.
        self.fed = 0
        #: Whether the last line was too long to be given.
        self.is_endless = False
        first = text.readline(_MAX_FED)
        self._first = "" if _separator_line(first) else first

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._first or self._text.readline(_MAX_FED)
        self._first = ""
        if not line:
            raise StopIteration
        self.fed += len(line)
        if self.fed > _MAX_FED or len(line) == _MAX_FED:
            self._give_up(line)
        self.is_endless = False
        return line

    def _give_up(self, line: str) -> None:
        """Leave the rest of a line, and say that its row cannot be read."""
        while len(line) == _MAX_FED and not line.endswith(("\r", "\n")):
            line = self._text.readline(_MAX_FED)
        self.is_endless = True
        raise csv.Error


def _shapeless(lines: int) -> str:
    sentence = "a quote in this row is not closed, or stands inside a value"
    if lines > 1:
        return f"{sentence}; {lines} lines from here on could not be read."
    return f"{sentence}."
