"""The text part of a mail -> its passages: heading, and what stands below it. Pure.

Comes in: what `assembly.plaintext` lays out in 72 columns, now or when a test was
stored. Goes out: lines joined to paragraphs again, so that a word that moved to the
next line is no difference. Left out are numbers of links and of sections (one more
would change all that follow), and the addresses behind the closing lines, which belong
to the reader or to the issue.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from newsletter.assembly.wrapping import width_of

#: Columns of the text part: a line that had room for the next word ends a paragraph.
_COLUMNS = 72
_GAP = "\n\n\n"
_FOOTER = "-" * _COLUMNS
_OWN_ADDRESS = re.compile(r" ?<(\S+)>")
_REFERENCE = re.compile(r"\[(\d+)\] \S+")
_UNDERLINE = re.compile(r"=+|-+")
_NUMBER = re.compile(r"\d+\. ")
_MARK = re.compile(r"\s*(?:-|\d+\.) ")
#: Behind these marks quotes and notes are laid out.
_EDGE = re.compile(r"^[>|] ")
_FIRST_WORD = re.compile(r"\S+(?: \[\d+\]\S*)*")
#: Scripts that are written without spaces.
_SPACELESS = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(rf"[{_SPACELESS}]\s*|[^\s{_SPACELESS}]+\s*")
_INSIDE_SPACELESS = re.compile(rf"(?<=[{_SPACELESS}]) (?=[{_SPACELESS}])")


class Role(StrEnum):
    """Where in the mail a passage stands."""

    #: Name, number and date at the top.
    MASTHEAD = "masthead"
    #: Text before the first heading.
    OPENING = "opening"
    #: A heading with nothing below it but items: that of a section.
    HEADING = "heading"
    ITEM = "item"
    #: Closing lines, address, leaving.
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of the text part."""

    role: Role
    #: Words of its heading, or empty.
    title: str
    paragraphs: tuple[str, ...]


def read_passages(text: str) -> tuple[Passage, ...]:
    """Return the passages of a text part, in order."""
    masthead, _, rest = text.strip("\n").partition(_GAP)
    body, line, closing = (
        rest.rpartition(_FOOTER) if _FOOTER in rest else (rest, "", "")
    )
    numbers = frozenset(_REFERENCE.findall(rest))
    passages = [Passage(Role.MASTHEAD, "", _paragraphs([masthead], numbers))]
    passages += _body(body, numbers)
    if line:
        blocks = _OWN_ADDRESS.sub("", closing).split("\n\n")
        passages.append(Passage(Role.CLOSING, "", _paragraphs(blocks, numbers)))
    return tuple(passage for passage in passages if passage.paragraphs or passage.title)


def own_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses in the closing lines: for leaving, and the issue's page."""
    return tuple(_OWN_ADDRESS.findall(text.rpartition(_FOOTER)[2]))


def words_of(text: str) -> list[str]:
    """Return the words of a paragraph, each with the space after it."""
    return _WORD.findall(text)


def _body(text: str, numbers: frozenset[str]) -> Iterator[Passage]:
    title, below = "", list[str]()
    for block in filter(None, map(_without_references, text.split("\n\n"))):
        lines = block.split("\n")
        if len(lines) == 1 or not _UNDERLINE.fullmatch(lines[-1]):
            below.append(block)
            continue
        yield _passage(title, below, numbers)
        words = _NUMBER.sub("", block, count=1) if lines[-1][0] == "=" else block
        title = _cleaned(" ".join(words.split("\n")[:-1]), numbers)
        below = []
    yield _passage(title, below, numbers)


def _passage(title: str, blocks: list[str], numbers: frozenset[str]) -> Passage:
    role = (Role.ITEM if blocks else Role.HEADING) if title else Role.OPENING
    return Passage(role, title, _paragraphs(blocks, numbers))


def _without_references(block: str) -> str:
    """Return a block without the addresses of links, which are compared as links."""
    lines = block.strip("\n").split("\n")
    kept = [line for line in lines if not _REFERENCE.fullmatch(line)]
    is_title_of_them = len(kept) == 2 and len(kept) < len(lines)
    return "" if is_title_of_them else "\n".join(kept)


def _paragraphs(blocks: Iterable[str], numbers: frozenset[str]) -> tuple[str, ...]:
    joined = (paragraph for block in blocks for paragraph in _join(block.split("\n")))
    return tuple(filter(None, (_cleaned(text, numbers) for text in joined)))


def _join(lines: list[str]) -> Iterator[str]:
    """Yield the paragraphs of a block: lines that go on are one again."""
    paragraph = ""
    before = ""
    for line in lines:
        if paragraph and _goes_on(before, line):
            paragraph += " " + _EDGE.sub("", line).strip()
        else:
            yield paragraph
            paragraph = line.strip()
        before = line
    yield paragraph


def _goes_on(before: str, line: str) -> bool:
    """Whether *line* was broken off *before*, which had no room for its first word."""
    word = _FIRST_WORD.search(_EDGE.sub("", line))
    if word is None or _MARK.match(_EDGE.sub("", line)):
        return False
    return width_of(before) + 1 + width_of(word[0]) > _COLUMNS


def _cleaned(text: str, numbers: frozenset[str]) -> str:
    shown = re.sub(
        r" \[(\d+)\]", lambda match: "" if match[1] in numbers else match[0], text
    )
    return _INSIDE_SPACELESS.sub("", " ".join(shown.split()))
