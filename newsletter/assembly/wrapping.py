"""Words -> lines of a limited width, for readers with a fixed-width font.

Lines break at spaces, and between characters of scripts that have none (Chinese,
Japanese); never inside a word, an address or a marker, however long. No line ends in a
space.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: Marks that take no room of their own: combining marks and format characters.
_WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})

#: Where a line may end; a no-break space is none of them.
_SPACES = " \t\n"
_PIECES = re.compile(f"[{_SPACES}]+|[^{_SPACES}]+")

#: Must not begin a line (a short form of the Japanese rules, JIS X 4051).
_NOT_AT_START = "、。，．・：；？！）」』】〕》〉ー々"


@dataclass(frozen=True, slots=True)
class Unbroken:
    """Characters that stay together and count for another width than their own."""

    text: str
    width: int


class Break:
    """The end of a line, as the editor asked for it."""


#: What a paragraph is made of.
Run = str | Unbroken | Break


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the columns it takes once its markers are filled in."""

    text: str
    width: int


@dataclass(slots=True)
class _Word:
    text: str
    width: int
    #: What stands between it and the word before: a space, or nothing.
    gap: str


def width_of(text: str) -> int:
    """Return the columns of a text: two for a wide character, none for a mark."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def wrap(runs: Iterable[Run], width: int) -> list[str]:
    """Return runs as lines of at most *width* columns, longer words excepted."""
    return [line.text for line in lay_out(runs, width)]


def lay_out(runs: Iterable[Run], width: int) -> list[Line]:
    """Return what `wrap` does, with the columns that each line takes."""
    return _fill(list(_words(runs)), width)


def lay_out_evenly(runs: Iterable[Run], width: int) -> list[Line]:
    """Return a heading as lines of about one width, no more of them than needed."""
    words = list(_words(runs))
    lines = _fill(words, width)
    while len(lines) > 1 and max(line.width for line in lines) <= width:
        # A line that was not full does not care: go straight to where one breaks anew.
        width = max(line.width for line in lines) - 1
        narrower = _fill(words, width)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def indent(lines: Iterable[str], first: str, rest: str | None = None) -> list[str]:
    """Return lines behind a mark (``- ``), the others behind *rest* or spaces."""
    rest = " " * width_of(first) if rest is None else rest
    marked = ((rest if at else first) + line for at, line in enumerate(lines))
    return [line.rstrip(" ") for line in marked]


def _fill(words: Sequence[_Word | Break], width: int) -> list[Line]:
    """Put words into lines, as many into each as fit."""
    lines: list[Line] = []
    parts: list[str] = []
    taken = 0
    for word in words:
        if isinstance(word, Break):
            lines.append(Line("".join(parts), taken))
            parts, taken = [], 0
        elif parts and taken + len(word.gap) + word.width <= width:
            parts += (word.gap, word.text)
            taken += len(word.gap) + word.width
        else:
            if parts:
                lines.append(Line("".join(parts), taken))
            parts, taken = [word.text], word.width
    return [*lines, Line("".join(parts), taken)]


def _character_width(character: str) -> int:
    if unicodedata.category(character) in _WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _words(runs: Iterable[Run]) -> Iterator[_Word | Break]:
    word: _Word | None = None
    gap = ""
    for text, width in _pieces(runs):
        if text == " " or width < 0:
            if word:
                yield word
            word, gap = None, " "
            if width < 0:
                yield Break()
        elif word is None or (not gap and _may_part(word.text, text)):
            if word:
                yield word
            word, gap = _Word(text, width, gap), ""
        else:
            word.text += text
            word.width += width
    if word:
        yield word


def _pieces(runs: Iterable[Run]) -> Iterator[tuple[str, int]]:
    """Yield what cannot be broken with its width; a space is " ", a line end is -1."""
    for run in runs:
        if isinstance(run, Break):
            yield "", -1
        elif isinstance(run, Unbroken):
            yield run.text, run.width
        else:
            for piece in _PIECES.findall(run):
                if piece[0] in _SPACES:
                    yield " ", 1
                elif piece.isascii():
                    yield piece, len(piece)
                else:
                    yield from ((part, width_of(part)) for part in _split(piece))


def _split(piece: str) -> Iterable[str]:
    if not any(map(_is_ideograph, piece)):
        return (piece,)
    return re.findall(f".[{_NOT_AT_START}]*", piece)


def _may_part(before: str, after: str) -> bool:
    return after[0] != " " and (_is_ideograph(before[-1]) or _is_ideograph(after[0]))


def _is_ideograph(character: str) -> bool:
    """Whether lines may break beside it without a space."""
    is_wide = unicodedata.east_asian_width(character) in "WF"
    return is_wide and unicodedata.category(character) == "Lo"
