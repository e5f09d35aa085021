"""Items and paragraphs in another language than they stand under.

A screen reader reads Dutch words by English rules unless it is told. Quotations and
code are left alone: they belong to the text around them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.checks.facts import Facts, found
from newsletter.checks.languages import Told, foreign_language, language_name
from newsletter.checks.places import listed_lines
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import (
    Block,
    Code,
    Inline,
    Item,
    ListBlock,
    Note,
    Paragraph,
    Table,
)
from newsletter.model.problem import Place
from newsletter.model.words import plain_words

#: Somebody else's words within a sentence; a title in quotes is shorter.
_QUOTATION = re.compile(r"[“”„«\"][^“”„«»\"]{15,}[“”»\"]")


@dataclass(frozen=True, slots=True)
class _Passage:
    """A block's words, and the language they stand under."""

    words: str
    language: str
    place: Place


def check_language_marks(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report items and paragraphs whose language is not said."""
    issue = assembled.issue
    findings = list(_passage_findings(_passages(issue.opening, issue.language)))
    for lead in issue.leads:
        findings += _item_findings(lead, issue.language)
    for section in issue.sections:
        language = section.attributes.language or issue.language
        findings += _passage_findings(_passages(section.blocks, language))
        for item in section.items:
            findings += _item_findings(item, language)
    return findings


def _item_findings(item: Item, around: str) -> Iterator[Finding]:
    """Yield one finding: of the whole item, or of the first paragraph that differs."""
    language = item.attributes.language or around
    heading = plain_words(item.heading)
    said = _QUOTATION.sub(" ", heading)
    passages = list(_passages(item.blocks, language))
    alike = (passage.words for passage in passages if passage.language == language)
    told = foreign_language(" ".join((said, *alike)), language)
    if told is None:
        yield from _passage_findings(passages)
        return
    yield found(
        "language-unmarked",
        item.place,
        _message(f'the item "{heading}"', told, language),
        _advice(told, "its heading", is_marked=bool(item.attributes.language)),
    )


def _passage_findings(passages: Iterable[_Passage]) -> Iterator[Finding]:
    """Yield one finding, of the first that differs and all that do as it does."""
    foreign = [
        (passage, told)
        for passage in passages
        if (told := foreign_language(passage.words, passage.language)) is not None
    ]
    if foreign:
        first, told = foreign[0]
        lines = [passage.place.line for passage, other in foreign if other == told]
        also = f", as in {listed_lines(lines[1:])}," if lines[1:] else ""
        yield found(
            "language-unmarked",
            first.place,
            _message(f"this paragraph{also}", told, first.language),
            _advice(told, "each" if also else "it", is_marked=False),
        )


def _message(what: str, told: Told, language: str) -> str:
    name = language_name(language)
    return f"{what} is in {told.name}, but screen readers take it for {name}."


def _advice(told: Told, what: str, *, is_marked: bool) -> str:
    mark = f"{{lang={told.tag}}}"
    if is_marked:
        return f"Write {mark} in the line before {what}."
    return f"Write {mark} on a line of its own before {what}."


def _passages(blocks: Iterable[Block], around: str) -> Iterator[_Passage]:
    for block in blocks:
        language = block.attributes.language or around
        match block:
            case Paragraph():
                yield _Passage(_words(block.content), language, block.place)
            case Table():
                rows = (block.header, *block.rows)
                words = " ".join(_words(cell) for row in rows for cell in row)
                yield _Passage(words, language, block.place)
            case ListBlock():
                yield _Passage(_list_words(block, language), language, block.place)
            case Note():
                yield from _passages(block.blocks, language)
            case _:
                pass


def _list_words(block: ListBlock, language: str) -> str:
    """Return the words of all entries: one alone is too short to tell."""
    inner = (
        passage.words
        for entry in block.entries
        for passage in _passages(entry, language)
        if passage.language == language
    )
    return " ".join(inner)


def _words(content: Iterable[Inline]) -> str:
    words = plain_words(part for part in content if not isinstance(part, Code))
    return _QUOTATION.sub(" ", words)
