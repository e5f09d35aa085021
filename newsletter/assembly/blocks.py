"""The blocks of an issue -> HTML inside one cell, each by its template in ``blocks/``.

To add a block: a branch of `newsletter.model.issue.Block`, a template, and a line in
BLOCKS.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from markupsafe import Markup

from newsletter.assembly.inlines import render_inlines
from newsletter.assembly.links import web_address
from newsletter.assembly.mail import Mail, Surroundings
from newsletter.assembly.rendering import Runner, Subject
from newsletter.i18n import format_event_time, words
from newsletter.model.issue import (
    Block,
    Button,
    CodeBlock,
    Divider,
    Event,
    Image,
    Item,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Subheading,
    Table,
)
from newsletter.model.words import plain_words

#: Pixels that a list and the bar of a quote take away from the width.
_INDENT = 24

#: A table in the narrowest mail (320 pixels): its room, and a cell's padding.
_NARROWEST_ROOM = 272
_CELL_PADDING = 8
#: Letters of Arial and Helvetica at 14 pixels: a usual one, and those that differ.
_LETTER_WIDTH = 7.8
_LETTER_WIDTHS = (
    dict.fromkeys("ijl.,:;'|!", 4.0)
    | dict.fromkeys("ftrI()-/", 5.0)
    | dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ", 10.2)
    | dict.fromkeys("mwMW", 12.5)
)
#: So much the widest columns keep: six letters to a line can still be read.
_LEAST_WIDTH = 50

#: Block -> its template ``blocks/….j2``, and its name in messages to the editor.
BLOCKS: Mapping[type, str] = {
    Paragraph: "paragraph",
    Subheading: "subheading",
    ListBlock: "list",
    Quote: "quote",
    Table: "table",
    Image: "image",
    Button: "button",
    Note: "note",
    Event: "event",
    Divider: "divider",
    CodeBlock: "code",
}


class BlockRenderer:
    """Renders the blocks of one mail."""

    def __init__(self, mail: Mail, runner: Runner) -> None:
        """Render for *mail* with the templates of *runner*."""
        self.mail = mail
        self._runner = runner
        self._values: dict[Surroundings, dict[str, Any]] = {}

    def blocks(
        self, blocks: Iterable[Block], around: Surroundings, narrower: int = 0
    ) -> Markup:
        """Return blocks as HTML, in *narrower* pixels less than there are around."""
        inner = replace(around, room=around.room - narrower) if narrower else around
        return Markup("").join(self._block(block, inner) for block in blocks)

    def item(self, item: Item, around: Surroundings, level: int) -> Markup:
        """Return an item as HTML, with its heading at *level*."""
        own = around.within(item.attributes)
        heading = plain_words(item.heading)
        inside = replace(own, level=min(level + 1, 6), heading=heading)
        values = {
            "item": item,
            "level": level,
            "heading": render_inlines(item.heading, self.mail.marker),
            "body": self.blocks(item.blocks, inside),
        }
        subject = Subject("item", item.place)
        html = self._runner.run("blocks/item.j2", self.values(own) | values, subject)
        return self.in_cell(html, own, around, item.attributes.classes)

    def entry(self, entry: tuple[Block, ...], around: Surroundings) -> Markup:
        """Return an entry of a list; one of a single paragraph is its bare words."""
        match entry:
            case (Paragraph(content, attributes=attributes),) if not any(
                (attributes.language, attributes.direction)
            ):
                return render_inlines(content, self.mail.marker)
        return self.blocks(entry, around, _INDENT)

    @staticmethod
    def in_cell(
        html: Markup,
        own: Surroundings,
        outer: Surroundings,
        classes: tuple[str, ...] = (),
    ) -> Markup:
        """Return HTML inside its language, direction and classes, where it has any."""
        if own is outer and not classes:
            return html
        attributes = own.attributes_in(outer)
        if classes:
            attributes += Markup(' class="{}"').format(" ".join(classes))
        return (
            Markup("<div{}>{}</div>").format(attributes, html) if attributes else html
        )

    def values(self, around: Surroundings) -> dict[str, Any]:
        """Return what every template is given in these surroundings."""
        if around not in self._values:
            self._values[around] = self._values_in(around)
        return self._values[around]

    def _values_in(self, around: Surroundings) -> dict[str, Any]:
        mail = self.mail
        return {
            "issue": mail.issue,
            "newsletter": mail.settings.newsletter,
            "theme": mail.settings.template,
            "colours": mail.light,
            "dark": mail.dark,
            "font": mail.font,
            "language": around.language,
            "direction": around.direction,
            "start": around.start,
            "end": around.end,
            "room": around.room,
            "level": around.level,
            "say": words(around.language).text,
            "inline": partial(render_inlines, marker=mail.marker),
            "blocks": partial(self.blocks, around=around),
        }

    def _block(self, block: Block, around: Surroundings) -> Markup:
        name = BLOCKS[type(block)]
        own = around.within(block.attributes)
        values = self.values(own) | {"block": block}
        if more := _FACTS.get(type(block)):
            values |= more(block, own, self)
        template, subject = f"blocks/{name}.j2", Subject(name, block.place)
        html = self._runner.run(template, values, subject)
        return self.in_cell(html, own, around, block.attributes.classes)


def _list_facts(
    block: ListBlock, around: Surroundings, renderer: BlockRenderer
) -> dict[str, Any]:
    entries = (renderer.entry(entry, around) for entry in block.entries)
    return {"entries": list(entries)}


def _table_facts(
    block: Table, around: Surroundings, renderer: BlockRenderer
) -> dict[str, Any]:
    """Say of each column below which width its words may be broken."""
    columns = zip(block.header, *block.rows, strict=True)
    longest = [
        max(map(_word_width, " ".join(map(plain_words, column)).split()), default=0)
        for column in columns
    ]
    indent = renderer.mail.around.room - around.room
    return {"breaks_below": _breaking_widths(longest, _NARROWEST_ROOM - indent)}


def _word_width(word: str) -> float:
    """Return about how many pixels a word takes on a phone, rather too many."""
    return 1 + sum(_LETTER_WIDTHS.get(letter, _LETTER_WIDTH) for letter in word)


def _breaking_widths(longest: Sequence[float], room: float) -> list[int]:
    """Return the pixels that each column keeps, or 0 for all where all words fit.

    Columns with short words leave their room to the others, so that only words wider
    than their share are broken; in larger letters than ours, others too.

    Args:
        longest: Pixels of the widest word of each column.
        room: For the whole table, on the narrowest screen.
    """
    room -= _CELL_PADDING * len(longest)
    if sum(longest) <= room:
        return [0] * len(longest)
    widths = [0] * len(longest)
    narrowest_first = sorted(range(len(longest)), key=longest.__getitem__)
    for done, number in enumerate(narrowest_first):
        others = len(longest) - done - 1
        most = max(room / (others + 1), room - others * _LEAST_WIDTH)
        width = min(longest[number], most)
        widths[number] = max(1, int(width))
        room -= width
    return widths


def _image_facts(
    block: Image, around: Surroundings, renderer: BlockRenderer
) -> dict[str, Any]:
    return {"picture": renderer.mail.picture(block.source, room=around.room)}


def _event_facts(
    block: Event, around: Surroundings, renderer: BlockRenderer
) -> dict[str, Any]:
    mail = renderer.mail
    file = mail.calendars.get(block.place)
    has_heading = block.title.casefold() == around.heading.casefold()
    return {
        "title": "" if has_heading else block.title,
        "when": format_event_time(block, around.language),
        "online_address": web_address(block.online),
        "calendar_address": mail.web_folder + file if file and mail.web_folder else "",
    }


def _code_facts(
    block: CodeBlock, around: Surroundings, renderer: BlockRenderer
) -> dict[str, Any]:
    # Spaces at the start of a line and line ends would not survive mail programs.
    lines = (line.replace("  ", "\u00a0 ") for line in block.text.rstrip().split("\n"))
    return {"lines": Markup("<br />").join(lines)}


#: What a template is given besides its block.
_FACTS: Mapping[type, Callable[[Any, Surroundings, BlockRenderer], dict[str, Any]]] = {
    ListBlock: _list_facts,
    Table: _table_facts,
    Image: _image_facts,
    Event: _event_facts,
    CodeBlock: _code_facts,
}
