"""Every address an issue asks its reader to follow, in reading order.

Promised links (``[Zie hier]()``) are among them, with an empty address: what to make of
them is a check's business. Personal addresses are not: nothing here leads to a reader.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from newsletter.model.assembled import LinkKind, LinkUse
from newsletter.model.issue import (
    Block,
    Button,
    Emphasis,
    Event,
    Image,
    Inline,
    Issue,
    Item,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Table,
)
from newsletter.model.words import plain_words


def collect_links(issue: Issue) -> tuple[LinkUse, ...]:
    """Return every use of a link in an issue, promised ones included."""
    return tuple(_issue_links(issue))


def _issue_links(issue: Issue) -> Iterator[LinkUse]:
    yield from _block_links(issue.opening)
    yield from chain.from_iterable(map(_item_links, issue.leads))
    for section in issue.sections:
        yield from _inline_links(section.heading, "heading")
        yield from _block_links(section.blocks)
        yield from chain.from_iterable(map(_item_links, section.items))


def _item_links(item: Item) -> Iterator[LinkUse]:
    yield from _inline_links(item.heading, "heading")
    yield from _block_links(item.blocks)


def _block_links(blocks: Iterable[Block]) -> Iterator[LinkUse]:
    for block in blocks:
        match block:
            case Paragraph():
                yield from _inline_links(block.content, "text")
            case Subheading():
                yield from _inline_links(block.content, "heading")
            case ListBlock():
                yield from _block_links(chain.from_iterable(block.entries))
            case Quote() | Note():
                yield from _block_links(block.blocks)
            case Table():
                cells = chain(block.header, *block.rows)
                yield from _inline_links(chain.from_iterable(cells), "text")
            case Button():
                words = plain_words(block.content)
                yield LinkUse(block.target, words, "button", block.place)
            case Image() if block.target:
                yield LinkUse(block.target, block.alt, "image", block.place)
            case Event():
                yield from _event_links(block)
            case _:
                pass


def _event_links(event: Event) -> Iterator[LinkUse]:
    for address in (event.link, web_address(event.online)):
        if address:
            yield LinkUse(address, event.title, "event", event.place)


def _inline_links(content: Iterable[Inline], kind: LinkKind) -> Iterator[LinkUse]:
    for part in content:
        match part:
            case Link():
                words = plain_words(part.content)
                yield LinkUse(part.target, words, kind, part.place)
            case Strong() | Emphasis():
                yield from _inline_links(part.content, kind)
            case _:
                pass


def web_address(online: str) -> str:
    """Return where an event takes place online, or empty when that is said in words."""
    is_address = online.startswith(("https://", "http://")) and " " not in online
    return online if is_address else ""
