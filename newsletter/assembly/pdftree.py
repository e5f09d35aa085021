"""Issue -> plain values (a tree of dicts and lists) for the PDF's template.

Blocks come in one flat run: headings of leads, sections and items are blocks too. Every
value of the tree is text to be shown, an address, or a number; none is markup.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from newsletter.assembly.links import web_address
from newsletter.assembly.mail import Surroundings
from newsletter.assembly.outline import numbered_sections, paragraphs_of
from newsletter.assembly.palette import light_palette
from newsletter.i18n import direction, format_date, format_event_time, words
from newsletter.model.assembled import AssembledImage
from newsletter.model.issue import (
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
    Issue,
    Item,
    LineBreak,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Section,
    Strong,
    Subheading,
    Table,
    Text,
)
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.model.words import plain_words

Tree = dict[str, Any]

#: Width of the text on an A4 page with the template's margins, in points.
_ROOM = 459

#: CSS pixels and points: 96 and 72 to the inch.
_POINTS_PER_PIXEL = 0.75


def issue_tree(
    issue: Issue, settings: Settings, images: Mapping[str, AssembledImage]
) -> Tree:
    """Return all that the template needs but for fonts; fields show their fallback."""
    newsletter, theme = settings.newsletter, settings.template
    say = words(issue.language).text
    around = Surroundings(issue.language, direction(issue.language), _ROOM)
    colours = light_palette(theme.colour, theme.accent)
    date = format_date(issue.date, issue.language)
    number = say("Issue {number}", number=issue.number) if issue.number else ""
    writer = _TreeWriter(images)
    return _place(around) | {
        "title": plain_words(issue.subject),
        "summary": plain_words(issue.preheader),
        "newsletter": newsletter.name,
        "dateline": " · ".join(filter(None, (number, date))),
        "year": issue.date.year,
        "month": issue.date.month,
        "day": issue.date.day,
        "page_of": say("Page {page} of {pages}", page="{page}", pages="{pages}"),
        "colours": {
            name: getattr(colours, name) for name in colours.__dataclass_fields__
        },
        "room": _ROOM,
        "blocks": list(writer.issue(issue, around, theme.number_sections)),
        "closing": _closing(newsletter),
    }


def _closing(newsletter: NewsletterSettings) -> list[Tree]:
    """Return the closing lines, which are in the newsletter's own language."""
    home = Surroundings(newsletter.language, direction(newsletter.language), _ROOM)
    texts = (*paragraphs_of(newsletter.about), *newsletter.address.strip().splitlines())
    return [
        _place(home)
        | {"kind": "paragraph", "content": [{"kind": "text", "text": text}]}
        for text in texts
    ]


def _place(around: Surroundings) -> Tree:
    """Return language and direction as typst wants them."""
    first, *rest = around.language.split("-")
    region = next((part for part in rest if len(part) == 2 and part.isalpha()), None)
    is_known = first.isalpha() and len(first) in (2, 3)
    return {
        "lang": first.lower() if is_known else "und",
        "region": region.upper() if region else None,
        "rtl": around.direction == "rtl",
    }


@dataclass(frozen=True, slots=True)
class _TreeWriter:
    """Turns the parts of one issue into trees."""

    images: Mapping[str, AssembledImage]

    def issue(
        self, issue: Issue, around: Surroundings, is_numbered: bool
    ) -> Iterator[Tree]:
        yield from self._blocks(issue.opening, around)
        for lead in issue.leads:
            yield from self._item(lead, around, 2)
        for section, number in numbered_sections(
            issue.sections, is_numbered=is_numbered
        ):
            yield from self._section(section, number, around)

    def _section(
        self, section: Section, number: int, around: Surroundings
    ) -> Iterator[Tree]:
        inside = around.within(section.attributes)
        if section.heading:
            yield _place(inside) | {
                "kind": "label",
                "content": _inlines(section.heading),
                "number": f"{number}. " if number else "",
            }
        level = 3 if section.heading else 2
        yield from self._blocks(section.blocks, replace(inside, level=level))
        for item in section.items:
            yield from self._item(item, inside, level)

    def _item(self, item: Item, around: Surroundings, level: int) -> Iterator[Tree]:
        inside = around.within(item.attributes)
        if item.heading:
            yield _heading(item.heading, inside, level)
        heading = plain_words(item.heading)
        below = replace(inside, level=level + 1, heading=heading)
        yield from self._blocks(item.blocks, below)

    def _blocks(self, blocks: Iterable[Block], around: Surroundings) -> Iterator[Tree]:
        for block in blocks:
            inside = around.within(block.attributes)
            yield _place(inside) | self._block(block, inside)

    def _block(self, block: Block, around: Surroundings) -> Tree:
        match block:
            case ListBlock():
                return self._list(block, around)
            case Quote() | Note():
                kind = "quote" if isinstance(block, Quote) else "note"
                return {
                    "kind": kind,
                    "blocks": list(self._blocks(block.blocks, around)),
                }
            case Image():
                return self._image(block)
            case _:
                return _SIMPLE[type(block)](block, around)

    def _list(self, block: ListBlock, around: Surroundings) -> Tree:
        return {
            "kind": "list",
            "ordered": block.is_ordered,
            "start": block.start,
            "tight": all(len(entry) == 1 for entry in block.entries),
            "entries": [list(self._blocks(entry, around)) for entry in block.entries],
        }

    def _image(self, block: Image) -> Tree:
        image = self.images.get(block.source)
        return {
            "kind": "image",
            "alt": block.alt,
            "caption": block.caption,
            "target": block.target,
            "data": _as_svg(image) if image else "",
            "width": image.width * _POINTS_PER_PIXEL if image else 0,
        }


def _as_svg(image: AssembledImage) -> str:
    """Return a drawing that holds nothing but the picture.

    typst takes text alone as data, and a picture from text only as SVG. The bytes of a
    JPEG come out of it unchanged (measured with typst 0.15).
    """
    data = b64encode(image.data).decode("ascii")
    size = f'width="{image.width}" height="{image.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        f'<image {size} href="data:{image.media_type};base64,{data}"/></svg>'
    )


def _heading(content: tuple[Inline, ...], around: Surroundings, level: int) -> Tree:
    return _place(around) | {
        "kind": "heading",
        "level": level,
        "content": _inlines(content),
    }


def _event(block: Event, around: Surroundings) -> Tree:
    say = words(around.language).text
    is_repeated = block.title.casefold() == around.heading.casefold()
    address = web_address(block.online)
    return {
        "kind": "event",
        "title": "" if is_repeated else block.title,
        "when": format_event_time(block, around.language),
        "where": block.where,
        "online": say("Online") if address else _labelled(say("Online"), block.online),
        "online_address": address,
        "link": block.link,
        "more": say("More information"),
    }


def _labelled(label: str, value: str) -> str:
    return f"{label}: {value}" if value else ""


def _table(block: Table, _around: Surroundings) -> Tree:
    return {
        "kind": "table",
        "header": [_inlines(cell) for cell in block.header],
        "rows": [[{"words": _inlines(cell)} for cell in row] for row in block.rows],
        "alignments": list(block.alignments),
    }


#: Blocks that hold no others.
_SIMPLE: Mapping[type, Callable[[Any, Surroundings], Tree]] = {
    Paragraph: lambda b, _: {"kind": "paragraph", "content": _inlines(b.content)},
    Subheading: lambda b, around: {
        "kind": "heading",
        "level": min(around.level, 6),
        "content": _inlines(b.content),
    },
    Table: _table,
    Button: lambda b, _: {
        "kind": "button",
        "content": _inlines(b.content),
        "target": b.target,
    },
    Event: _event,
    Divider: lambda _b, _: {"kind": "divider"},
    CodeBlock: lambda b, _: {"kind": "code", "text": b.text.rstrip()},
}


def _inlines(content: Iterable[Inline]) -> list[Tree]:
    return [_inline(part) for part in content]


def _inline(part: Inline) -> Tree:
    match part:
        case Text(text):
            return {"kind": "text", "text": text}
        case Field():
            return {"kind": "text", "text": part.fallback}
        case Code(text):
            return {"kind": "code", "text": text}
        case LineBreak():
            return {"kind": "break"}
        case Strong(content):
            return {"kind": "strong", "content": _inlines(content)}
        case Emphasis(content):
            return {"kind": "emphasis", "content": _inlines(content)}
        case Link(content, target):
            kind = "link" if target else "span"
            return {"kind": kind, "content": _inlines(content), "target": target}
