"""Every block of an issue, in reading order, those inside others included."""

from collections.abc import Iterable, Iterator
from itertools import chain

from newsletter.model.issue import Block, Image, Issue, ListBlock, Note, Quote


def walk_blocks(issue: Issue) -> Iterator[Block]:
    """Yield each block; one that holds others comes before them."""
    yield from _walk(issue.opening)
    for lead in issue.leads:
        yield from _walk(lead.blocks)
    for section in issue.sections:
        yield from _walk(section.blocks)
        for item in section.items:
            yield from _walk(item.blocks)


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
