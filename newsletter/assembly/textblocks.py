"""Blocks of an issue -> lines of plain text, with numbers for the links.

What a block becomes is the table BLOCKS; each of its functions gets the block and the
surroundings it stands in.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from newsletter.assembly.inlines import Marker
from newsletter.assembly.links import web_address
from newsletter.assembly.wrapping import (
    Break,
    Line,
    Run,
    Unbroken,
    indent,
    lay_out,
    lay_out_evenly,
    width_of,
    wrap,
)
from newsletter.i18n import format_event_time, words
from newsletter.model.issue import (
    Attributes,
    Block,
    Button,
    Code,
    CodeBlock,
    Divider,
    Emphasis,
    Event,
    Field,
    Image,
    Inline,
    LineBreak,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Table,
    Text,
)
from newsletter.model.problem import Place
from newsletter.model.words import plain_words

#: Between the columns of a table.
_COLUMN_GAP = "  "

#: Digits of "112"; fewer in the words of a link are no telephone number.
_SHORTEST_NUMBER = 3

#: No cell is as wide.
_ENDLESS = 1_000_000


class References:
    """The numbers of links: the same address always has the same one."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._used: set[str] = set()

    def number(self, target: str) -> int:
        """Return the number of an address, and note that it was used."""
        self._used.add(target)
        return self._numbers.setdefault(target, len(self._numbers) + 1)

    def take_used(self) -> list[str]:
        """Return the lines ``[n] address`` of what was used since the last call."""
        used, self._used = self._used, set()
        numbers = self._numbers
        return [
            f"[{numbers[target]}] {_address(target)}"
            for target in sorted(used, key=numbers.__getitem__)
        ]


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a block stands, and what all blocks share."""

    references: References
    marker: Marker
    #: Address of each event's calendar entry, by the event's place.
    calendars: Mapping[Place, str]
    language: str
    width: int
    #: Words of the heading above it, which need not be said again.
    heading: str = ""

    def within(self, attributes: Attributes) -> "TextPlace":
        """Return the place inside something with a language of its own."""
        return replace(self, language=attributes.language or self.language)

    def narrower(self, columns: int) -> "TextPlace":
        """Return the place with less room."""
        return replace(self, width=max(20, self.width - columns))

    def runs(self, content: Iterable[Inline]) -> list[Run]:
        """Return inline content as runs of text with numbers of links."""
        return [run for part in content for run in self._run(part)]

    def lines(self, content: Iterable[Inline]) -> list[str]:
        """Return inline content as lines."""
        return wrap(self.runs(content), self.width)

    def reference(self, target: str) -> list[Run]:
        """Return the number of a link, which stays at the word before it."""
        if not target:
            return []
        number = f" [{self.references.number(target)}]"
        return [Unbroken(number, len(number))]

    def _run(self, part: Inline) -> list[Run]:
        match part:
            case Text(text) | Code(text):
                return [text]
            case Strong(content):
                return ["*", *self.runs(content), "*"]
            case Emphasis(content):
                return ["_", *self.runs(content), "_"]
            case LineBreak():
                return [Break()]
            case Field():
                return [Unbroken(self.marker(part), width_of(part.fallback))]
            case Link(content, target):
                is_said = _says_address(plain_words(content), target)
                reference = [] if is_said else self.reference(target)
                return [*self.runs(content), *reference]


def render_blocks(blocks: Iterable[Block], place: TextPlace) -> list[str]:
    """Return blocks as lines, with an empty line between them."""
    lines: list[str] = []
    is_attached = True
    for block in blocks:
        own = place.within(block.attributes)
        rendered = BLOCKS[type(block)](block, own)
        if rendered and not is_attached:
            lines.append("")
        lines += rendered
        is_attached = isinstance(block, Subheading) or not lines
    return lines


def _address(target: str) -> str:
    """Return an address as people write it: mail and telephone without their scheme."""
    scheme, _, rest = target.partition(":")
    return rest if scheme in ("mailto", "tel") and "?" not in rest else target


def _says_address(words: str, target: str) -> bool:
    """Whether the words of a link hold its address, so that nothing need be added."""
    address = _address(target)
    if words in (target, address):
        return True
    if target.startswith("mailto:"):
        return address.casefold() in words.casefold()
    if not target.startswith("tel:"):
        return False
    # "020 123 45 67" is +31201234567 at home.
    said, number = (re.sub(r"\D", "", text) for text in (words, address))
    return len(said) >= _SHORTEST_NUMBER and number.endswith(said.lstrip("0"))


def _words_of_block(block: Paragraph | Subheading, place: TextPlace) -> list[str]:
    return place.lines(block.content)


def _list(block: ListBlock, place: TextPlace) -> list[str]:
    last = block.start + len(block.entries) - 1
    mark_width = len(f"{last}. ") if block.is_ordered else len("- ")
    is_loose = any(_is_long(entry) for entry in block.entries)
    lines: list[str] = []
    for at, entry in enumerate(block.entries, block.start):
        mark = f"{at}. ".rjust(mark_width) if block.is_ordered else "- "
        rendered = _entry(entry, place.narrower(mark_width), is_loose=is_loose)
        lines += ([""] if lines and is_loose else []) + indent(rendered or [""], mark)
    return lines


def _is_long(entry: tuple[Block, ...]) -> bool:
    """Whether an entry is more than one paragraph with a list below it."""
    return any(not isinstance(block, ListBlock) for block in entry[1:])


def _entry(entry: tuple[Block, ...], place: TextPlace, *, is_loose: bool) -> list[str]:
    if is_loose:
        return render_blocks(entry, place)
    return [line for block in entry for line in render_blocks([block], place)]


def _quote(block: Quote, place: TextPlace) -> list[str]:
    return indent(render_blocks(block.blocks, place.narrower(2)), "> ", "> ")


def _note(block: Note, place: TextPlace) -> list[str]:
    return indent(render_blocks(block.blocks, place.narrower(2)), "| ", "| ")


def _image(block: Image, place: TextPlace) -> list[str]:
    alt = block.alt or block.caption
    shown: list[Run] = [f"[{alt}]", *place.reference(block.target)] if alt else []
    lines = [line.text for line in lay_out_evenly(shown, place.width)] if shown else []
    if block.caption and block.caption != alt:
        lines += wrap([block.caption], place.width)
    return lines


def _button(block: Button, place: TextPlace) -> list[str]:
    link = Link(block.content, block.target, block.written, block.place)
    return place.lines([link])


def _event(block: Event, place: TextPlace) -> list[str]:
    say = words(place.language).text
    is_repeated = block.title.casefold() == place.heading.casefold()
    title = [] if is_repeated or not block.title else wrap([block.title], place.width)
    online = web_address(block.online)
    facts: dict[str, list[Run]] = {
        say("When"): [format_event_time(block, place.language)],
        say("Where"): [block.where],
        say("Online"): [f"[{place.references.number(online)}]"]
        if online
        else [block.online],
    }
    more = {
        say("More information"): block.link,
        say("Add to calendar"): place.calendars.get(block.place, ""),
    }
    links = [[text, *place.reference(link)] for text, link in more.items() if link]
    return [
        *title,
        *_aligned({label: runs for label, runs in facts.items() if runs[0]}, place),
        *(line for runs in links for line in wrap(runs, place.width)),
    ]


def _aligned(facts: Mapping[str, list[Run]], place: TextPlace) -> list[str]:
    """Return ``Label:  value`` lines whose values stand below each other."""
    column = max(width_of(label) for label in facts) + len(": ")
    lines: list[str] = []
    for label, runs in facts.items():
        mark = f"{label}: " + " " * (column - len(": ") - width_of(label))
        lines += indent(wrap(runs, place.width - column), mark)
    return lines


def _table(block: Table, place: TextPlace) -> list[str]:
    rows = [
        [_on_one_line(place.runs(cell)) for cell in row]
        for row in (block.header, *block.rows)
    ]
    widths = [max(c.width for c in column) for column in zip(*rows, strict=True)]
    if sum(widths) + len(_COLUMN_GAP) * (len(widths) - 1) > place.width:
        return _records(block, place)
    rows.insert(1, [Line("-" * width, width) for width in widths])
    return [_row(row, widths, block) for row in rows]


def _on_one_line(runs: Iterable[Run]) -> Line:
    lines = lay_out([" " if isinstance(run, Break) else run for run in runs], _ENDLESS)
    return lines[0]


def _row(cells: list[Line], widths: list[int], block: Table) -> str:
    padded = []
    for cell, width, side in zip(cells, widths, block.alignments, strict=True):
        free = width - cell.width
        before = {"right": free, "center": free // 2}.get(side, 0)
        padded.append(" " * before + cell.text + " " * (free - before))
    return _COLUMN_GAP.join(padded).rstrip(" ")


def _records(block: Table, place: TextPlace) -> list[str]:
    """Return a table too wide for the page row by row, each cell under its heading."""
    lines: list[str] = []
    for row in block.rows:
        lines += [""] if lines else []
        for heading, cell in zip(block.header, row, strict=True):
            label = [*place.runs(heading), ": "] if heading else []
            lines += indent(
                wrap([*label, *place.runs(cell)], place.width - 2), "", "  "
            )
    return lines


def _divider(_block: Divider, _place: TextPlace) -> list[str]:
    return ["* * *"]


def _code(block: CodeBlock, _place: TextPlace) -> list[str]:
    return [f"    {line}".rstrip() for line in block.text.rstrip().split("\n")]


#: What each block becomes.
BLOCKS: Mapping[type, Callable[[Any, TextPlace], list[str]]] = {
    Paragraph: _words_of_block,
    Subheading: _words_of_block,
    ListBlock: _list,
    Quote: _quote,
    Table: _table,
    Image: _image,
    Button: _button,
    Note: _note,
    Event: _event,
    Divider: _divider,
    CodeBlock: _code,
}
