"""Links that are promised and not given: no address, or words such as "Zie hier"."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.checks.calls import MASK, find_acts, find_calls, find_pointers
from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled, LinkKind
from newsletter.model.finding import Finding
from newsletter.model.issue import (
    Block,
    Button,
    Code,
    Emphasis,
    Event,
    Field,
    Image,
    Inline,
    Issue,
    LineBreak,
    Link,
    Paragraph,
    Strong,
    Table,
    Text,
)
from newsletter.model.problem import Place
from newsletter.model.walk import blocks_within, walk_blocks

#: What a source line has beyond the words a reader sees: addresses, never calls.
_ADDRESSES = re.compile(r"(?<=\])\([^)\n]*\)|https?://\S+")

#: Words point at a link in their own block or in so many after it; one that holds
#: others, such as a list, counts too.
_NEAR = 2
#: A number to call, an account to pay to, an address to write to.
_CONTACT = re.compile(r"\d(?:[ ()/.-]?\d){6}|@\w|\bwww\.")

_KINDS: dict[LinkKind, str] = {
    "text": "link",
    "heading": "link",
    "button": "button",
    "event": "link of the event",
    "image": "link of the picture",
    "own": "link",
}


def check_promised_links(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report links without an address, and calls outside any link."""
    return [*_empty_targets(assembled, facts), *_calls(assembled, facts)]


def _empty_targets(assembled: Assembled, facts: Facts) -> Iterator[Finding]:
    for use in assembled.links:
        # An address that cannot be used is a problem, and leaves none either.
        if not use.url and use.place not in facts.problems:
            kind = _KINDS[use.kind]
            yield found(
                "promised-link",
                use.place,
                f'the {kind} "{use.words}" has no address.',
                f"Write it between the round brackets: [{use.words}](https://…).",
            )


def _calls(assembled: Assembled, facts: Facts) -> Iterator[Finding]:
    blocks = list(walk_blocks(assembled.issue))
    under_links = set(_places_under_links(assembled.issue))
    for number, block in enumerate(blocks):
        if isinstance(block, Paragraph | Table):
            passage = _read(block)
            spans = list(find_calls(passage.masked))
            if not any(map(_has_link, blocks[number : number + 1 + _NEAR])):
                spans += find_pointers(passage.masked)
            around = blocks[max(number - 1, 0) : number + 1 + _NEAR]
            if block.place not in under_links and not any(map(_is_answered, around)):
                spans += find_acts(passage.masked)
            yield from _told(passage, spans, block.place, facts)


def _places_under_links(issue: Issue) -> Iterator[Place]:
    """Yield the places of blocks whose item has a link in its heading."""
    items = (*issue.leads, *(item for s in issue.sections for item in s.items))
    for item in items:
        if any(isinstance(part, Link) for part in item.heading):
            yield from (block.place for block in blocks_within(item.blocks))


def _is_answered(block: Block) -> bool:
    """Whether readers who are asked to act learn here where or how."""
    if isinstance(block, Paragraph | Table) and _CONTACT.search(_read(block).text):
        return True
    return _has_link(block)


def _has_link(block: Block) -> bool:
    match block:
        case Paragraph() | Table():
            return MASK in _read(block).masked
        case Event():
            return bool(block.link or block.online)
        case Image():
            return bool(block.target)
        case _:
            return isinstance(block, Button)


def _told(
    passage: "_Passage", spans: Iterable[tuple[int, int]], block: Place, facts: Facts
) -> Iterator[Finding]:
    for start, end in sorted(set(spans)):
        words = passage.text[start:end]
        yield found(
            "promised-link",
            _place_of(passage.text, start, words, block, facts.source),
            f'"{words}" promises a link, and there is none.',
            f"Write [{words}](https://…), or take the words out.",
        )


@dataclass(frozen=True, slots=True)
class _Passage:
    #: The words of a block.
    text: str
    #: As long as *text*, with the words of links and code masked.
    masked: str


def _read(block: Paragraph | Table) -> _Passage:
    if isinstance(block, Paragraph):
        parts = list(_parts(block.content))
    else:
        rows = (block.header, *block.rows)
        parts = [
            part
            for row in rows
            for cell in row
            for part in (*_parts(cell), ("\n", False))
        ]
    masked = "".join(MASK * len(text) if hide else text for text, hide in parts)
    return _Passage("".join(text for text, _ in parts), masked)


def _parts(content: Iterable[Inline]) -> Iterator[tuple[str, bool]]:
    """Yield runs of words and whether they are hidden from the search for calls."""
    for part in content:
        match part:
            case Text(text):
                yield text, False
            case Code(text):
                yield text, True
            case LineBreak():
                yield "\n", False
            case Field():
                yield part.fallback, False
            case Strong() | Emphasis():
                yield from _parts(part.content)
            case Link():
                yield from ((text, True) for text, _ in _parts(part.content))


def _place_of(
    text: str, start: int, words: str, block: Place, source: tuple[str, ...]
) -> Place:
    """Return where the words that begin at *start* of a block's *text* are written.

    Blocks do not say where each of their words stands. So count: the third "Zie hier" a
    reader sees in a block is the third that is written there.
    """
    if not 1 <= block.line <= len(source):
        return block
    # Emphasis, quotation and line ends may stand between two words of a call.
    wanted = re.compile(r"[\s>*_]+".join(map(re.escape, words.split())))
    number = len(wanted.findall(text, 0, start))
    written = _written(block, source)
    matches = list(wanted.finditer(written))
    if number >= len(matches):
        return block
    before = written[: matches[number].start()]
    line = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1)
    return Place(block.file, block.line + line, column + 1)


def _written(block: Place, source: tuple[str, ...]) -> str:
    """Return the lines of a block, up to the next empty one, with addresses blanked."""
    lines = []
    for line in source[block.line - 1 :]:
        if not line.strip():
            break
        lines.append(line)
    skipped = max(block.column - 1, 0)
    text = " " * skipped + "\n".join(lines)[skipped:]
    return _ADDRESSES.sub(lambda match: " " * len(match[0]), text)
