"""Tables: a header row, then rows of as many cells."""

import re
from collections.abc import Iterator

from markdown_it.token import Token

from newsletter.definition.inlines import read_inlines
from newsletter.definition.reading import Reading, Stretch
from newsletter.model.issue import Alignment, Inline, Table

_ALIGNMENTS: dict[object, Alignment] = {
    "text-align:left": "left",
    "text-align:center": "center",
    "text-align:right": "right",
}
#: The parser takes a bar for text when any backslash stands before it.
_BAR = re.compile(r"(?<!\\)\|")

_Row = tuple[tuple[Inline, ...], ...]


def read_table(line: int, tokens: Iterator[Token], reading: Reading) -> Table:
    """Return the table that begins at *line*; its opening token has been taken."""
    rows: list[_Row] = []
    alignments: list[Alignment] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            number = token.map[0] + 1 if token.map else line
            row, styles = _read_row(number, tokens, reading)
            alignments = alignments or styles
            _refuse_surplus(number, len(alignments), reading)
            rows.append(row)
    return Table(
        header=rows[0],
        rows=tuple(rows[1:]),
        alignments=tuple(alignments),
        place=reading.start_of(line),
    )


def _read_row(
    line: int, tokens: Iterator[Token], reading: Reading
) -> tuple[_Row, list[Alignment]]:
    cells: list[tuple[Inline, ...]] = []
    styles: list[Alignment] = []
    start = 0
    for token in tokens:
        if token.type == "tr_close":
            break
        if token.type in ("th_open", "td_open"):
            styles.append(_ALIGNMENTS.get(token.attrs.get("style"), ""))
        elif token.type == "inline":
            stretch = Stretch(reading, token.content, line, cell_start=start)
            cells.append(read_inlines(token.children or (), stretch))
            start = stretch.place().column - 1 + len(token.content)
    return tuple(cells), styles


def _refuse_surplus(line: int, columns: int, reading: Reading) -> None:
    """Note cells beyond the header, which the parser would drop without a word."""
    written = reading.lines[line - 1].lstrip(" \t>").rstrip()
    cells = _BAR.split(re.sub(r"^\||(?<!\\)\|$", "", written))
    if len(cells) > columns:
        reading.refuse(
            reading.start_of(line),
            f"this row has {len(cells)} cells, the head of its table {columns}.",
            r"Write \| for a bar that readers should see.",
        )
