"""Headings: long issues without any, and headings with nothing below them. Pure."""

from collections.abc import Iterator
from typing import Final

from newsletter.checks.facts import Facts, found
from newsletter.checks.places import other_lines
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Inline, Issue, Link, Paragraph, Section, Subheading
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks
from newsletter.model.words import plain_words

#: A page of a letter; what is longer is looked through before it is read.
_MANY_WORDS: Final = 250
#: A letter is one text from "Dear" to the name below it.
_LETTER: Final = "letter"


def check_structure(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report headings that are missing, and those that head nothing."""
    del facts
    issue = assembled.issue
    return [*_missing_findings(issue), *_empty_findings(issue)]


def _missing_findings(issue: Issue) -> Iterator[Finding]:
    blocks = list(walk_blocks(issue))
    has_headings = (
        issue.template == _LETTER
        or issue.leads
        or any(section.heading or section.items for section in issue.sections)
        or any(isinstance(block, Subheading) for block in blocks)
    )
    if has_headings:
        return
    paragraphs = [block for block in blocks if isinstance(block, Paragraph)]
    number = sum(len(plain_words(block.content).split()) for block in paragraphs)
    if number > _MANY_WORDS:
        yield found(
            "structure-missing",
            paragraphs[0].place,
            f"the text has {number} words and no heading: "
            "readers cannot see what it is about, nor go to what they look for.",
            'Begin the title of each item with "### ", on a line of its own.',
        )


def _empty_findings(issue: Issue) -> Iterator[Finding]:
    empty = sorted(_empty_headings(issue))
    if empty:
        place, words = empty[0]
        places = [place for place, _ in empty]
        yield found(
            "item-empty",
            place,
            f'there is nothing below the heading "{words}"{other_lines(places)}.',
            "Write the text that belongs there, or take the heading out.",
        )


def _empty_headings(issue: Issue) -> Iterator[tuple[Place, str]]:
    for section in issue.sections:
        is_empty = not (section.blocks or section.items)
        if section.heading and is_empty and not _has_link(section.heading):
            yield section.place, plain_words(section.heading)
        yield from _empty_items(section)


def _empty_items(section: Section) -> Iterator[tuple[Place, str]]:
    # A heading that is a link, or a row of nothing but headings, was meant so.
    if all(not item.blocks for item in section.items) and len(section.items) > 1:
        return
    for item in section.items:
        if not item.blocks and not _has_link(item.heading):
            yield item.place, plain_words(item.heading)
        last = item.blocks[-1] if item.blocks else None
        if isinstance(last, Subheading) and not _has_link(last.content):
            yield last.place, plain_words(last.content)


def _has_link(content: tuple[Inline, ...]) -> bool:
    return any(isinstance(part, Link) for part in content)
