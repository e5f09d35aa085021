"""Where a place of the definition is found again in the mail. Pure.

In: an assembled issue and a place. Out: the words that stand there in the mail, what
kind of thing they are, and how often the same words came before. The page looks for
them in the frame; so nothing is added to the mail in order to point at it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from newsletter.i18n import format_event_time
from newsletter.model.assembled import Assembled
from newsletter.model.issue import (
    Block,
    Button,
    CodeBlock,
    Emphasis,
    Event,
    Field,
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
    Text,
)
from newsletter.model.problem import Place
from newsletter.model.words import plain_words

Kind = Literal["subject", "preheader", "heading", "link", "image", "text"]

#: Longer needles break at the first number of a link in the text part.
_MOST_CHARACTERS = 60
#: Shorter stretches stand in too many places.
_FEWEST_CHARACTERS = 12
#: ``[words](target)``: brackets that belong to a link besides words and target.
_LINK_MARKS = 4

_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Landmark:
    """What to look for in the mail."""

    kind: Kind
    #: The first words of it; for an image its alternative text, or empty.
    words: str
    #: So many times the same words stand before it.
    nth: int = 0
    #: File name of an image, as in the address of the picture.
    picture: str = ""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Something of the issue that can be seen in the mail."""

    place: Place
    kind: Kind
    words: str
    #: Everything it says, to count repetitions in.
    whole: str
    picture: str = ""
    #: Last column of a link.
    end: int = 0


class Landmarks:
    """The landmarks of one mail.

    Args:
        assembled: The mail.
    """

    def __init__(self, assembled: Assembled) -> None:
        self._issue = assembled.issue
        pictures = {image.source: image.name for image in assembled.images}
        spots = list(_spots(assembled.issue, pictures))
        self._links = [spot for spot in spots if spot.kind == "link"]
        self._blocks = [spot for spot in spots if spot.kind != "link"]
        self._starts = [_key(spot.place) for spot in self._blocks]

    def at(self, place: Place) -> Landmark | None:
        """Return what stands at *place*, or nothing where it cannot be seen."""
        if place.file != self._issue.file or not place.line:
            return None
        if front := self._in_front_matter(place):
            return front
        for link in self._links:
            if _holds(link, place):
                return _landmark(link, self._links)
        return self._block_at(place)

    def _in_front_matter(self, place: Place) -> Landmark | None:
        for key, at in self._issue.places.items():
            if at.line == place.line and key in ("subject", "preheader"):
                return Landmark("subject" if key == "subject" else "preheader", "")
        return None

    def _block_at(self, place: Place) -> Landmark | None:
        head = max((at.line for at in self._issue.places.values()), default=0)
        if place.line <= head or not self._blocks:
            return None
        # Without a column the first thing of that line is meant.
        after = bisect_right(self._starts, (place.line, place.column or 1))
        return _landmark(self._blocks[max(0, after - 1)], self._blocks)


def _key(place: Place) -> tuple[int, int]:
    return place.line, place.column


def _holds(link: _Spot, place: Place) -> bool:
    at = link.place
    return at.line == place.line and at.column <= (place.column or 1) <= link.end


def _landmark(spot: _Spot, among: list[_Spot]) -> Landmark:
    words = _first_words(spot.words)
    before = among[: among.index(spot)]
    if spot.kind == "image":
        return Landmark("image", words, 0, spot.picture)
    same = (
        one for one in before if (one.kind == "heading") == (spot.kind == "heading")
    )
    needle = _folded(words)
    nth = sum(_folded(one.whole).count(needle) for one in same) if needle else 0
    return Landmark(spot.kind, words, nth)


def _folded(words: str) -> str:
    """Return letters and digits alone: typography and line ends differ by edition."""
    return _NO_LETTER.sub("", words).casefold()


def _first_words(words: str) -> str:
    if len(words) <= _MOST_CHARACTERS:
        return words
    return words[: _MOST_CHARACTERS + 1].rpartition(" ")[0] or words[:_MOST_CHARACTERS]


# --- everything that can be seen, in reading order ------------------------------------


def _spots(issue: Issue, pictures: dict[str, str]) -> Iterator[_Spot]:
    language = issue.language
    yield from _block_spots(issue.opening, pictures, language)
    for lead in issue.leads:
        yield from _item_spots(lead, pictures, language)
    for section in issue.sections:
        yield from _inline_spots(section.heading, section.place, "heading")
        around = section.attributes.language or language
        yield from _block_spots(section.blocks, pictures, around)
        for item in section.items:
            yield from _item_spots(item, pictures, around)


def _item_spots(item: Item, pictures: dict[str, str], language: str) -> Iterator[_Spot]:
    yield from _inline_spots(item.heading, item.place, "heading")
    around = item.attributes.language or language
    yield from _block_spots(item.blocks, pictures, around)


def _block_spots(
    blocks: Iterable[Block], pictures: dict[str, str], language: str
) -> Iterator[_Spot]:
    for block in blocks:
        match block:
            case Paragraph():
                yield from _inline_spots(block.content, block.place, "text")
            case Subheading():
                yield from _inline_spots(block.content, block.place, "heading")
            case Button():
                yield from _inline_spots(block.content, block.place, "text")
            case ListBlock():
                yield from _block_spots(
                    chain.from_iterable(block.entries), pictures, language
                )
            case Quote() | Note():
                yield from _block_spots(block.blocks, pictures, language)
            case Table():
                yield from _row_spots(block)
            case Event():
                # Its title may be that of the item, which is shown once; what is said
                # of an event is most often said of its time.
                when = format_event_time(block, block.attributes.language or language)
                yield _Spot(block.place, "text", when, when)
            case CodeBlock(text):
                yield _Spot(block.place, "text", " ".join(text.split()), text)
            case Image():
                yield _Spot(
                    block.place, "image", block.alt, "", pictures.get(block.source, "")
                )
            case _:
                pass


def _row_spots(table: Table) -> Iterator[_Spot]:
    """Yield each row: the line of dashes stands after the first."""
    start = table.place.line
    lines = (start, *range(start + 2, start + 2 + len(table.rows)))
    for line, cells in zip(lines, (table.header, *table.rows), strict=True):
        content = tuple(chain.from_iterable(cells))
        place = Place(table.place.file, line, 1)
        first = next((plain_words(cell) for cell in cells if cell), "")
        yield _Spot(place, "text", first, plain_words(content))
        yield from _link_spots(content)


def _inline_spots(
    content: tuple[Inline, ...], place: Place, kind: Kind
) -> Iterator[_Spot]:
    if not content:
        return
    yield _Spot(place, kind, _impersonal(content), plain_words(content))
    yield from _link_spots(content)


def _link_spots(content: Iterable[Inline]) -> Iterator[_Spot]:
    for part in content:
        match part:
            case Link():
                words = plain_words(part.content)
                end = part.place.column + len(words) + len(part.written) + _LINK_MARKS
                yield _Spot(part.place, "link", words, words, end=end)
            case Strong(inner) | Emphasis(inner):
                yield from _link_spots(inner)
            case _:
                pass


def _impersonal(content: Iterable[Inline]) -> str:
    """Return the first stretch without a personal field, as those differ by reader."""
    stretches = [""]
    for part in content:
        if isinstance(part, Field):
            stretches.append("")
        else:
            stretches[-1] += (
                part.text if isinstance(part, Text) else plain_words((part,))
            )
    words = [stretch.strip() for stretch in stretches]
    long = (stretch for stretch in words if len(stretch) >= _FEWEST_CHARACTERS)
    return next(long, max(words, key=len))
