r"""Numbered lists that count otherwise than they are written. Pure.

Markdown takes the first number and counts on: lines that begin with "3. Dezember" and
"10. Dezember" become a list that says 3 and 4. All the same numbers, or one twice, is a
habit of those who know; numbers that all differ were meant.
"""

import re
from collections.abc import Sequence

from newsletter.checks.facts import Facts, found
from newsletter.checks.places import joined
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import ListBlock
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks

_NUMBER = re.compile(r"[\s>]*(?:[-*+]\s+)*(?P<number>\d{1,9})[.)]")
#: So many numbers are repeated in a message.
_MOST_SHOWN = 4


def check_list_numbers(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report each list whose readers see other numbers than the editor wrote."""
    return [
        finding
        for block in walk_blocks(assembled.issue)
        if isinstance(block, ListBlock) and block.is_ordered
        if (finding := _renumbered(block, facts)) is not None
    ]


def _renumbered(block: ListBlock, facts: Facts) -> Finding | None:
    lines = [entry[0].place.line for entry in block.entries if entry]
    written = [_number_in(line, facts.source) for line in lines]
    shown = list(range(block.start, block.start + len(written)))
    is_meant = len(set(written)) == len(block.entries) and all(written)
    if not is_meant or written == shown:
        return None
    at = next(i for i, number in enumerate(written) if number != shown[i])
    return found(
        "list-renumbered",
        Place(block.place.file, lines[at], 1),
        f"this list is written {_listed(written)}, "
        f"and readers see {_listed(shown)}: it counts on by itself.",
        f'For dates, write a backslash before the dot, "{written[at]}\\.", or '
        'begin each line with "- "; for a list, write the numbers that follow.',
    )


def _number_in(line: int, source: Sequence[str]) -> int:
    """Return the number with which a line of the definition begins, or 0."""
    match = _NUMBER.match(source[line - 1]) if 1 <= line <= len(source) else None
    return int(match["number"]) if match else 0


def _listed(numbers: Sequence[int]) -> str:
    shown = [str(number) for number in numbers[:_MOST_SHOWN]]
    if len(numbers) > _MOST_SHOWN:
        return f"{', '.join(shown)} …"
    return joined(shown)
