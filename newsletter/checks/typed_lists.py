"""Bullets and numbers typed by hand, as they come along from Word, PDF and web pages.

A list that is one is indented, and read out with the number of its entries; a typed one
runs into one paragraph. A typed number goes wrong with the next change, or stands twice
where sections are numbered.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from newsletter.checks.facts import Facts, found
from newsletter.checks.passages import lines_of
from newsletter.checks.places import listed_lines
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Block, Issue, ListBlock, Paragraph, Quote, Subheading
from newsletter.model.problem import Place
from newsletter.model.walk import blocks_within, walk_blocks
from newsletter.model.words import plain_words

#: Nothing else begins with these.
_BULLET = re.compile(r"([•▪◦‣●■➢➤❖✓✔·\uf0b7])\s*\S")
#: These may begin a sentence too; two in a row are a list.
_MAYBE_BULLET = re.compile(
    r"([–—➜➔→▶►☐☑✅👉🔹🔸⭐★]|o(?=\s)|[-*](?=[^\W\d_]))\ufe0f?\s*\S"
)
#: A line of its own may well begin with these.
_POINTERS = frozenset("➜➔→▶►☐☑✅👉🔹🔸⭐★")
#: Ends what somebody says, or a sentence; an entry of a list mostly has no such end.
_SENTENCE_END = re.compile(r"[.!?…؟][)\]»”“\"'’]*\\?$")
#: Two entries have at most this many lines between them.
_NEAR = 4

#: "(1)", "1.Next", "a)": what Markdown itself does not take for a numbered list.
_LABEL = re.compile(r"(?:\((\w{1,2})\)|([a-z])\)|(\d{1,2})\.)(?=\s*[^\W\d_])")
_MARK = re.compile(f"{_BULLET.pattern}|{_MAYBE_BULLET.pattern}|{_LABEL.pattern}")
_HEADING_NUMBER = re.compile(r"\(?(\d{1,2}|[IVX]{1,4}|[A-H](?=\)))[.)]\s+(?=\S)")
#: Languages that write "first" as "1.".
_DOTTED_ORDINALS = frozenset(
    {
        *("cs", "da", "de", "et", "fi", "hr", "hu", "is", "lb"),
        *("lv", "nb", "nn", "no", "pl", "sk", "sl", "sr", "tr"),
    }
)
_MONTH = re.compile(
    r"(?:jan|feb|mär|mar|apr|jun|jul|aug|sept?|okt|nov|de[csz])\b\.?"
    r"|(?:jänner|januar|feber|februar|märz|marts?|april|ma[ij]|jun[ij]|jul[ij]"
    r"|august|september|oktober|november|de[sz]ember)\b",
    re.IGNORECASE,
)
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
#: A heading has so many words at the most.
_HEADING_WORDS = 8


def check_typed_lists(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report bullets and numbers that are letters."""
    issue = assembled.issue
    blocks = list(walk_blocks(issue))
    listed = {
        inner.place
        for block in blocks
        if isinstance(block, ListBlock)
        for inner in chain.from_iterable(block.entries)
    }
    quoted = {
        inner.place
        for block in blocks
        if isinstance(block, Quote)
        for inner in blocks_within(block.blocks)
    }
    written = {
        block.place: lines_of(block.place, facts.source)
        for block in blocks
        if isinstance(block, Paragraph) and block.place not in listed
    }
    paragraphs = list(written.values())
    # The numbers of a law or a contract belong to what is quoted.
    own = [lines for place, lines in written.items() if place not in quoted]
    return [
        *_bullet_findings(paragraphs, issue.file),
        *_label_findings(own, issue.file),
        *_heading_findings(issue),
        *_lonely_entries(
            [b for b in blocks if b.place not in listed], paragraphs, issue.file
        ),
    ]


Lines = Sequence[tuple[int, str]]


def _set_apart(paragraphs: Iterable[Lines]) -> dict[int, str]:
    r"""Return the marked lines that run into no other: number -> how they end.

    Each has a paragraph of its own, or stands between line breaks (``\``).
    """
    ends: dict[int, str] = {}
    for lines in paragraphs:
        stretch: list[tuple[int, str]] = []
        for line in lines:
            stretch.append(line)
            if line[1].endswith("\\") or line is lines[-1]:
                marked = [number for number, text in stretch if _MARK.match(text)]
                if marked == [stretch[0][0]]:
                    ends[marked[0]] = line[1]
                stretch = []
    return ends


def _is_spoken(number: int, apart: Mapping[int, str]) -> bool:
    """Whether a line stands for itself and is a sentence: a word in a dialogue."""
    return bool(_SENTENCE_END.search(apart.get(number, "")))


def _what_is_wrong(lines: Iterable[int], apart: Mapping[int, str]) -> str:
    is_apart = all(number in apart for number in lines)
    return "this is no list" + ("" if is_apart else ", and its lines run together")


def _bullet_findings(paragraphs: Sequence[Lines], file: str) -> Iterator[Finding]:
    typed = [
        pair
        for lines in paragraphs
        for pair in (*_bullets(lines), *_maybe_bullets(lines))
    ]
    sure = {number for number, _, is_sure in typed if is_sure}
    apart = _set_apart(paragraphs)
    unsure = [
        (number, mark)
        for number, mark, is_sure in typed
        if not is_sure
        and not _is_spoken(number, apart)
        and not (mark in _POINTERS and number in apart)
    ]
    sure |= {n for n, mark in unsure if _has_neighbour(n, mark, unsure)}
    if sure:
        mark = next(mark for number, mark, _ in typed if number == min(sure))
        yield found(
            "typed-bullets",
            Place(file, min(sure), 1),
            f'{_begin(sure)} with a typed "{mark}": {_what_is_wrong(sure, apart)}.',
            'Begin each line with "- " instead, with an empty line before the first.',
        )


def _begin(lines: Iterable[int]) -> str:
    told = listed_lines(lines)
    return f"{told} {'begin' if told.startswith('lines') else 'begins'}"


def _bullets(lines: Lines) -> list[tuple[int, str, bool]]:
    found_marks = [(n, m[1], True) for n, text in lines if (m := _BULLET.match(text))]
    # One that begins a later line alone may divide words: "Utrecht · Arnhem".
    is_list = len(found_marks) > 1 or (found_marks and found_marks[0][0] == lines[0][0])
    return found_marks if is_list else []


def _maybe_bullets(lines: Lines) -> Iterator[tuple[int, str, bool]]:
    above = ":"
    for number, text in lines:
        match = _MAYBE_BULLET.match(text)
        # In the middle of a paragraph a dash goes on with a sentence.
        if match and (
            above.endswith((":", ";", ",", ".")) or _MAYBE_BULLET.match(above)
        ):
            yield number, match[1], False
        above = text


def _has_neighbour(number: int, mark: str, others: Iterable[tuple[int, str]]) -> bool:
    return any(mark == other and 0 < abs(number - at) <= _NEAR for at, other in others)


def _label_findings(paragraphs: Sequence[Lines], file: str) -> Iterator[Finding]:
    apart = _set_apart(paragraphs)
    labels = [
        (number, match)
        for lines in paragraphs
        for number, text in lines
        if (match := _LABEL.match(text))
        # "(1)" and "a)" are how laws count, and Markdown could not.
        and (match[3] or not _is_spoken(number, apart))
    ]
    typed: set[int] = set()
    for (first, one), (second, two) in pairwise(labels):
        if _follows(_rank(one), _rank(two)) and second - first <= _NEAR:
            typed |= {first, second}
    if typed:
        yield found(
            "typed-numbers",
            Place(file, min(typed), 1),
            f"{_begin(typed)} with a typed number: {_what_is_wrong(typed, apart)}.",
            'Begin each line with "1. ", "2. " and so on, with the space.',
        )


def _rank(label: re.Match[str]) -> int:
    written = next(filter(None, label.groups())).lower()
    if written.isdecimal():
        return int(written)
    return ord(written) - ord("a") + 1 if len(written) == 1 else 0


def _follows(one: int, two: int) -> bool:
    return bool(one) and two == one + 1


@dataclass(frozen=True, slots=True)
class _Numbered:
    rank: int
    words: str
    place: Place


def _heading_findings(issue: Issue) -> Iterator[Finding]:
    items = [item for section in issue.sections for item in section.items]
    subheadings = [b for b in walk_blocks(issue) if isinstance(b, Subheading)]
    sections, *below = (
        _numbered(headings, language=issue.language)
        for headings in (
            [(plain_words(s.heading), s.place) for s in issue.sections],
            [(plain_words(i.heading), i.place) for i in items],
            [(plain_words(b.content), b.place) for b in subheadings],
        )
    )
    advice = "Take them out; number_sections = true in newsletter.toml puts them there."
    yield from _numbered_finding(sections, advice)
    for numbered in below:
        yield from _numbered_finding(numbered, "Take them out.")


def _numbered(
    headings: Iterable[tuple[str, Place]], *, language: str
) -> list[_Numbered]:
    """Return headings whose numbers follow one another; a date or a name does not."""
    numbered = []
    for words, place in headings:
        match = _HEADING_NUMBER.match(words)
        if match:
            rest = words[match.end() :]
            numbered.append(_Numbered(_heading_rank(match[1]), rest, place))
    if language.lower().split("-")[0] in _DOTTED_ORDINALS:
        numbered = _without_ordinals(numbered)
    return [
        heading
        for heading in numbered
        if any(abs(heading.rank - other.rank) == 1 for other in numbered)
    ]


def _without_ordinals(headings: Sequence[_Numbered]) -> list[_Numbered]:
    """Leave out dates, and what there is a first and a second of: "2. Advent"."""
    firsts = [re.split(r"\W", heading.words, maxsplit=1)[0] for heading in headings]
    return [
        heading
        for heading, first in zip(headings, firsts, strict=True)
        if firsts.count(first) == 1 and not _MONTH.match(heading.words)
    ]


def _heading_rank(number: str) -> int:
    if number.isdecimal():
        return int(number)
    return _ROMAN.index(number) + 1 if number in _ROMAN else ord(number) - ord("A") + 1


def _numbered_finding(numbered: Sequence[_Numbered], advice: str) -> Iterator[Finding]:
    if numbered:
        lines = listed_lines(heading.place.line for heading in numbered)
        yield found(
            "typed-numbers",
            numbered[0].place,
            f"the headings in {lines} carry numbers typed by hand, "
            "which are wrong after the next change.",
            advice,
        )


def _lonely_entries(
    blocks: Iterable[Block], paragraphs: Sequence[Lines], file: str
) -> Iterator[Finding]:
    """Report "2. RESIDENCE" on its own: a heading that has become a list of one."""
    lonely = [
        _Numbered(block.start, words, block.place)
        for block in blocks
        if isinstance(block, ListBlock) and (words := _lone_heading(block))
    ]
    ranks = {heading.rank for heading in lonely}
    # Below a line without an empty one between, it has become part of a paragraph.
    lonely += [
        heading
        for lines in paragraphs
        for number, text in lines
        for heading in _numbered_line(text, Place(file, number, 1))
        if heading.rank - 1 in ranks
    ]
    if lonely and (len(lonely) > 1 or lonely[0].words.isupper()):
        first = lonely[0]
        lines = listed_lines(heading.place.line for heading in lonely)
        what = "is a numbered list" if len(lonely) == 1 else "are numbered lists"
        yield found(
            "typed-numbers",
            first.place,
            f"{lines} {what} of one entry, and read{'s' * (len(lonely) == 1)} "
            "like a heading.",
            f"Write a heading: ## {_as_sentence(first.words)}",
        )


def _lone_heading(block: ListBlock) -> str:
    if not block.is_ordered or len(block.entries) != 1 or len(block.entries[0]) != 1:
        return ""
    (only,) = block.entries[0]
    words = plain_words(only.content) if isinstance(only, Paragraph) else ""
    return words if _is_like_heading(words) and not _MONTH.match(words) else ""


def _numbered_line(text: str, place: Place) -> Iterator[_Numbered]:
    match = _HEADING_NUMBER.match(text)
    if match and _is_like_heading(text[match.end() :]):
        yield _Numbered(_heading_rank(match[1]), text[match.end() :], place)


def _is_like_heading(words: str) -> bool:
    is_short = len(words.split()) <= _HEADING_WORDS
    return is_short and not words.endswith((".", ";", ":", "!", "?", ","))


def _as_sentence(words: str) -> str:
    return words.capitalize() if words.isupper() else words
