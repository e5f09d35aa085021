"""``key: value`` lines: the front matter of an issue, and the bodies of its events.

A value is literal to the end of its line; one pair of quotes around it is dropped.
In: lines. Out: pairs with their places, and where the text below them begins.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from newsletter.definition.reading import Reading
from newsletter.model.problem import Place

FENCE = "---"

_PAIR = re.compile(r"\s*(?P<key>[^\W\d][\w-]*)\s*:(?P<value>.*)")
#: What can only stand below front matter: a heading, a container.
_BODY_LINE = re.compile(r"#{1,6}\s|:::")


@dataclass(frozen=True, slots=True)
class Pair:
    """One ``key: value`` line."""

    key: str
    value: str
    #: Of the key.
    place: Place
    #: Of the first character of the value, or of the end of an empty one.
    value_place: Place


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The pairs at the head of a definition."""

    pairs: Mapping[str, Pair]
    #: Of the opening fence.
    place: Place
    #: Line of the file where the text begins, from 1.
    body_line: int


def read_front_matter(reading: Reading, *, keys: Iterable[str]) -> FrontMatter | None:
    """Return the front matter, or None beside a problem when there is none.

    Args:
        reading: The whole file.
        keys: What may stand there, for the advice about a line that cannot be read.
    """
    lines = reading.lines
    opening = next((n for n, line in enumerate(lines, 1) if line.strip()), 1)
    if not lines or lines[opening - 1].rstrip() != FENCE:
        reading.refuse(
            reading.place(1),
            "the first lines are missing.",
            'Begin the file with a line "---", then the lines "subject: …", '
            '"preheader: …" and "date: …", and one more line "---".',
        )
        return None
    end, body = _find_end(lines, opening)
    if body == end:
        what = "the first lines, which begin here, have no end."
        reading.refuse(
            reading.place(opening), what, 'Write a line "---" below the last of them.'
        )
    numbered = [(n, lines[n - 1]) for n in range(opening + 1, end)]
    pairs = read_pairs(numbered, reading, keys=keys)
    return FrontMatter(pairs, reading.place(opening), body)


def declared(text: str, key: str) -> str:
    """Return the value of one key of the front matter, or empty; reads nothing else."""
    lines = [line.rstrip() for line in text.removeprefix("\ufeff").splitlines()]
    opening = next((n for n, line in enumerate(lines) if line), 0)
    if not lines or lines[opening] != FENCE:
        return ""
    for line in lines[opening + 1 :]:
        pair = _PAIR.fullmatch(line)
        if line == FENCE:
            break
        if pair and pair["key"] == key:
            return _without_quotes(pair["value"].strip())
    return ""


def _find_end(lines: list[str], opening: int) -> tuple[int, int]:
    """Return the line after the last pair, and the line where the text begins.

    Without a closing fence both are the same: the first line that cannot be front
    matter, so that a divider further down is not taken for the fence.
    """
    for number in range(opening + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.rstrip() == FENCE:
            return number, number + 1
        is_text = _BODY_LINE.match(line) or (
            not lines[number - 2].strip() and line.strip() and not _PAIR.match(line)
        )
        if is_text:
            return number, number
    return len(lines) + 1, len(lines) + 1


def read_pairs(
    lines: Iterable[tuple[int, str]], reading: Reading, *, keys: Iterable[str]
) -> dict[str, Pair]:
    """Return the pairs of numbered lines by key; what is no pair is a problem."""
    pairs: dict[str, Pair] = {}
    known = tuple(keys)
    for number, line in lines:
        if not line.strip():
            continue
        pair = _read_pair(number, line, reading)
        pair = pair or _refuse_line(number, line, known, reading)
        if pair is None:
            continue
        if pair.key in pairs:
            first = pairs[pair.key].place.line
            what = f'the key "{pair.key}" stands in line {first} already.'
            reading.refuse(pair.place, what, "Keep one of the two lines.")
        else:
            pairs[pair.key] = pair
    return pairs


def _read_pair(number: int, line: str, reading: Reading) -> Pair | None:
    match = _PAIR.fullmatch(line)
    if match is None:
        return None
    # No header takes a tab.
    key, value = match["key"], match["value"].replace("\t", " ")
    # Markers of a quote or list around an event are no part of *line*.
    shift = len(reading.lines[number - 1]) - len(line)
    column = shift + match.start("value") + len(value) - len(value.lstrip()) + 1
    stripped = value.strip()
    unquoted = _without_quotes(stripped)
    return Pair(
        key,
        unquoted,
        reading.place(number, shift + match.start("key") + 1),
        reading.place(number, column + (len(stripped) - len(unquoted)) // 2),
    )


def _without_quotes(value: str) -> str:
    """Drop one pair of outer quotes; ``"A" and "B"`` has none that is outer."""
    for quote in "\"'":
        inner = value[1:-1]
        if len(value) > 1 and value[0] == value[-1] == quote and quote not in inner:
            return inner.strip()
    return value


def _refuse_line(
    number: int, line: str, keys: tuple[str, ...], reading: Reading
) -> Pair | None:
    """Note a line that is no pair; return the pair it was surely meant to be."""
    place = reading.start_of(number)
    first, _, rest = line.strip().partition(" ")
    is_meant = first in keys and rest
    advice = (
        f'Write "{first}: {rest.strip()}".'
        if is_meant
        else 'Write it as "key: value" on one line.'
    )
    what = "this line does not begin with a key and a colon."
    reading.refuse(place, what, advice)
    return Pair(first, rest.strip(), place, place) if is_meant else None
