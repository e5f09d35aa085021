from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.structure import check_structure
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Write = Callable[[str], tuple[Assembled, Facts]]
FILE = "issues/2023-02.md"
PARAGRAPH = "word " * 126 + "\n\n"


def test_long_text_without_headings_is_told(write: Write) -> None:
    assert check_structure(*write(PARAGRAPH * 2)) == [
        Finding(
            "structure-missing",
            Severity.WARNING,
            Place(FILE, 6, 1),
            "the text has 252 words and no heading: "
            "readers cannot see what it is about, nor go to what they look for.",
            'Begin the title of each item with "### ", on a line of its own.',
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        PARAGRAPH,
        "# A title\n\n" + PARAGRAPH * 2,
        "## A section\n\n" + PARAGRAPH * 2,
        PARAGRAPH * 2 + "### An item\n\nText.\n",
    ],
)
def test_short_text_and_headings_are_fine(write: Write, text: str) -> None:
    assert check_structure(*write(text)) == []


def test_long_letter_needs_no_headings(write: Write) -> None:
    assembled, facts = write(PARAGRAPH * 2)
    letter = replace(assembled, issue=replace(assembled.issue, template="letter"))
    assert check_structure(letter, facts) == []


def test_headings_above_nothing_are_told_once(write: Write) -> None:
    text = "## News\n\n### One\n\n### Two\n\nText.\n\n#### Three\n\n## Four\n"
    assert check_structure(*write(text)) == [
        Finding(
            "item-empty",
            Severity.WARNING,
            Place(FILE, 8, 1),
            'there is nothing below the heading "One" (also on lines 14 and 16).',
            "Write the text that belongs there, or take the heading out.",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# A title\n\n## News\n\nText.\n\n### One\n\nText.\n",
        "## News\n\n### [One](https://court.test/a)\n\n### Two\n\nText.\n",
        "## Agenda\n\n### 7 March, Utrecht\n\n### 9 March, Delft\n",
        "## [All news](https://court.test/a)\n",
    ],
)
def test_titles_and_headings_that_are_links_are_fine(write: Write, text: str) -> None:
    assert check_structure(*write(text)) == []
