"""Back from what an issue says to the lines in which an editor wrote it. Pure.

The model knows where each block begins; where in it some words stand is looked up in
the source. Where that fails, the beginning of the block is near enough.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from newsletter.model.issue import (
    Block,
    Button,
    Code,
    Emphasis,
    Event,
    Inline,
    Issue,
    Link,
    Paragraph,
    Strong,
    Subheading,
    Table,
)
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks
from newsletter.model.words import plain_words

#: What stands between two words in the source and is not read.
_BETWEEN = r"[\s>*_\[]+"
#: Stands for what is not read as words: a code span, or a link when asked for.
MARK = "\ufffc"


@dataclass(frozen=True, slots=True)
class Said:
    """A heading, or the words of a block, without code spans."""

    words: str
    place: Place
    is_heading: bool = False


def all_said(issue: Issue, *, hides_links: bool = False) -> Iterator[Said]:
    """Yield headings and words of blocks, in reading order within each part.

    Args:
        issue: The issue.
        hides_links: Put a mark, as for a code span, where the words of a link are.
    """
    read = _unlinked if hides_links else _readable
    for lead in issue.leads:
        yield Said(read(lead.heading), lead.place, is_heading=True)
    for section in issue.sections:
        yield Said(read(section.heading), section.place, is_heading=True)
        for item in section.items:
            yield Said(read(item.heading), item.place, is_heading=True)
    for block in walk_blocks(issue):
        yield from _said(block, read)


def _said(block: Block, read: Callable[[Iterable[Inline]], str]) -> Iterator[Said]:
    match block:
        case Paragraph() | Button():
            yield Said(read(block.content), block.place)
        case Subheading():
            yield Said(read(block.content), block.place, is_heading=True)
        case Event():
            yield Said(block.title, block.place, is_heading=True)
        case Table():
            for row in (block.header, *block.rows):
                yield from (Said(read(cell), block.place) for cell in row)
        case _:
            pass


def _unlinked(content: Iterable[Inline]) -> str:
    return _readable(content, hides_links=True)


def _readable(content: Iterable[Inline], *, hides_links: bool = False) -> str:
    """Return the words; a code span, whose letters are to be kept, is a mark."""
    parts = []
    for part in content:
        match part:
            case Code():
                parts.append(MARK)
            case Link() if hides_links:
                parts.append(MARK)
            case Strong() | Emphasis() | Link():
                parts.append(_readable(part.content, hides_links=hides_links))
            case _:
                parts.append(plain_words((part,)))
    return "".join(parts)


def lines_of(place: Place, source: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return number and text of each line of a block, up to the next empty one.

    Signs of a quotation and blanks before the words are left out.
    """
    lines = []
    if place.line:
        for number, line in enumerate(source[place.line - 1 :], start=place.line):
            words = line.lstrip("> \t").rstrip()
            if not words:
                break
            lines.append((number, words))
    return lines


def place_of(words: str, block: Place, source: tuple[str, ...]) -> Place:
    """Return where words of a block are written first, or where it begins."""
    lines = []
    for line in source[max(block.line - 1, 0) :]:
        if not line.strip():
            break
        lines.append(line)
    written = "\n".join(lines)
    match = re.search(_BETWEEN.join(map(re.escape, words.split())), written)
    if not block.line or match is None:
        return block
    before = written[: match.start()]
    column = len(before) - (before.rfind("\n") + 1)
    return Place(block.file, block.line + before.count("\n"), column + 1)
