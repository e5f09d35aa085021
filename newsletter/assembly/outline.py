"""What all editions of an issue agree on: numbers of sections, footer paragraphs."""

import re
from collections.abc import Iterable

from newsletter.model.issue import Section


def numbered_sections(
    sections: Iterable[Section], *, is_numbered: bool
) -> list[tuple[Section, int]]:
    """Return sections with their numbers from 1; 0 where none is shown."""
    numbered, last = [], 0
    for section in sections:
        last += bool(section.heading)
        numbered.append((section, last if is_numbered and section.heading else 0))
    return numbered


def paragraphs_of(text: str) -> list[str]:
    """Return the paragraphs of a text divided by empty lines, each on one line."""
    parts = re.split(r"\n\s*\n", text.strip())
    return [" ".join(part.split()) for part in parts if part.strip()]
