"""One reading of a definition: its lines, the settings, the problems so far.

Lines and columns count from 1, in characters of the text after NFC.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from newsletter.model.problem import Place, Problem
from newsletter.model.settings import Settings


@dataclass(slots=True)
class Reading:
    """What the readers of the parts share while one text is read."""

    file: str
    #: Without line ends.
    lines: list[str]
    settings: Settings
    problems: list[Problem] = field(default_factory=list)
    #: Plain words of the heading of the item that is being read, or empty.
    item_title: str = ""

    def place(self, line: int, column: int = 1) -> Place:
        """Return a place in this file."""
        return Place(self.file, line, column)

    def start_of(self, line: int) -> Place:
        """Return the place of the first character of a line that is no space."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return self.place(line, len(text) - len(text.lstrip()) + 1)

    def refuse(self, place: Place, message: str, advice: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(place, message, advice))


class Stretch:
    """Inline content as the Markdown parser got it, and where it stands in the file.

    The parser gives no positions inside a paragraph, a heading or a cell; they are
    found by looking for its lines in the lines of the file, once for each line.
    """

    def __init__(
        self, reading: Reading, content: str, line: int, cell_start: int | None = None
    ) -> None:
        """Take what the parser got.

        Args:
            reading: The file.
            content: Markers of quotes and lists and indents are gone from it.
            line: Line of the file in which it begins, from 1.
            cell_start: Where a cell of a table can begin at the earliest, in
                characters; tells equal cells apart. None outside of tables.
        """
        self.reading = reading
        self.content = content
        self._line = line
        self._cell_start = cell_start
        self._row_starts: list[int] = []
        self._row_places: dict[int, Place] = {}

    def place(self, position: int = 0) -> Place:
        """Return the place of the character at *position* of the content."""
        if not self._row_starts:
            ends = (match.end() for match in re.finditer("\n", self.content))
            self._row_starts = [0, *ends]
        row = bisect_right(self._row_starts, position) - 1
        start = self._row_places.get(row)
        if start is None:
            start = self._row_places[row] = self._place_of_row(row)
        column = start.column + position - self._row_starts[row]
        return self.reading.place(start.line, max(1, column))

    def _place_of_row(self, row: int) -> Place:
        line = min(self._line + row, len(self.reading.lines))
        begin, *after = self._row_starts[row : row + 2]
        written = self.content[begin : after[0] if after else None]
        found = self._find(self.reading.lines[line - 1], written.strip())
        indent = len(written) - len(written.lstrip())
        return self.reading.place(line, found - indent + 1)

    def _find(self, text: str, wanted: str) -> int:
        """Return where *wanted* begins in a line of the file."""
        if self._cell_start is None and text.rstrip().endswith(wanted):
            return len(text.rstrip()) - len(wanted)
        found = text.find(wanted, self._cell_start or 0)
        if found < 0:  # a cell with \\| in it, a heading with # at its end
            found = self._cell_start or len(text) - len(text.lstrip())
        return found
