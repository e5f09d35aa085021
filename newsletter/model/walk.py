"""Every block or run of words of an issue, those inside others included."""

from collections.abc import Iterable, Iterator
from itertools import chain

from newsletter.model.issue import (
    Block,
    Button,
    Emphasis,
    Image,
    Inline,
    Issue,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Table,
)


def walk_blocks(issue: Issue) -> Iterator[Block]:
    """Yield each block; one that holds others comes before them."""
    yield from _walk(issue.opening)
    for lead in issue.leads:
        yield from _walk(lead.blocks)
    for section in issue.sections:
        yield from _walk(section.blocks)
        for item in section.items:
            yield from _walk(item.blocks)


def blocks_within(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield some blocks and all inside them, in the order of `walk_blocks`."""
    return _walk(blocks)


def _walk(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        match block:
            case ListBlock():
                yield from _walk(chain.from_iterable(block.entries))
            case Quote() | Note():
                yield from _walk(block.blocks)
            case _:
                pass


def images_of(issue: Issue) -> Iterator[Image]:
    """Yield the pictures of an issue in reading order."""
    return (block for block in walk_blocks(issue) if isinstance(block, Image))


def walk_inlines(issue: Issue) -> Iterator[Inline]:
    """Yield all inline content: subject and preheader, headings, blocks.

    What holds other content comes before it.
    """
    items = (*issue.leads, *(item for s in issue.sections for item in s.items))
    yield from chain(issue.subject, issue.preheader)
    for heading in (*(s.heading for s in issue.sections), *(i.heading for i in items)):
        yield from _inlines(heading)
    for block in walk_blocks(issue):
        match block:
            case Paragraph() | Subheading() | Button():
                yield from _inlines(block.content)
            case Table():
                for cell in chain(block.header, *block.rows):
                    yield from _inlines(cell)
            case _:
                pass


def _inlines(content: Iterable[Inline]) -> Iterator[Inline]:
    for part in content:
        yield part
        match part:
            case Strong() | Emphasis() | Link():
                yield from _inlines(part.content)
            case _:
                pass
