"""Where words stand in the definition: its lines, without code and addresses. Pure."""

import re
from collections.abc import Iterator, Sequence

from newsletter.model.problem import Place

#: A line that begins or ends a block of code.
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
#: Code spans, targets of links, bare addresses: not what a reader reads.
_UNREAD = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|(?<=\])\([^)]*\)|https?://\S+")


def prose_lines(source: Sequence[str]) -> list[str]:
    """Return the lines of a definition with what is no prose blanked, same columns."""
    lines, is_code = list[str](), False
    for line in source:
        is_fence = bool(_FENCE.match(line))
        is_code ^= is_fence
        hidden = is_code or is_fence
        lines.append("" if hidden else _UNREAD.sub(lambda m: " " * len(m[0]), line))
    return lines


def find_words(
    pattern: re.Pattern[str], prose: Sequence[str], file: str
) -> Iterator[tuple[str, Place]]:
    """Yield what *pattern* finds in `prose_lines`, with its place."""
    for number, line in enumerate(prose, 1):
        for match in pattern.finditer(line):
            yield match[0], Place(file, number, match.start() + 1)
