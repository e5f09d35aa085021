"""Words that were seen -> where the editor wrote them. Pure.

A word may stand in many places, so only words that are there once have a place: no line
is better than a wrong one.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from newsletter.model.problem import Place

#: Ends the front matter.
_FENCE = "---"
#: As many characters are looked for: what follows may be written in another way.
_ENOUGH = 40


class Definition:
    """The text of a definition below its front matter, to find words in."""

    def __init__(self, file: str, lines: Sequence[str]) -> None:
        self._file = file
        self._lines = lines

    def holds(self, words: str) -> bool:
        """Whether the editor wrote these words; their spaces are single."""
        return words[:_ENOUGH] in self._text

    def place_of(self, words: str) -> Place | None:
        """Return where these words stand, or None if nowhere or more than once."""
        sought = words[:_ENOUGH]
        at = self._text.find(sought)
        if at < 0 or self._text.find(sought, at + 1) >= 0:
            return None
        index = bisect_right(self._starts, at) - 1
        line = self._lines[index]
        indent = len(line) - len(line.lstrip())
        return Place(self._file, index + 1, at - self._starts[index] + indent + 1)

    @cached_property
    def _cleaned(self) -> list[str]:
        """Lines with single spaces; those of the front matter are empty."""
        fences = [at for at, line in enumerate(self._lines) if line.strip() == _FENCE]
        body = fences[1] + 1 if fences[:1] == [0] and len(fences) > 1 else 0
        return [""] * body + [" ".join(line.split()) for line in self._lines[body:]]

    @cached_property
    def _text(self) -> str:
        return " ".join(self._cleaned)

    @cached_property
    def _starts(self) -> list[int]:
        """For each line the offset of its first character in `_text`."""
        return [0, *accumulate(len(line) + 1 for line in self._cleaned)][:-1]
