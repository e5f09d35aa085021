"""Addresses broken over two lines, as a PDF leaves them. Pure.

In: the lines of a definition. Out: where such an address begins, and the whole ones it
may be. Law: an address at the end of a line is complete unless it, or the next line,
shows that it goes on; words that follow an address are words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from newsletter.model.link import BrokenAddress
from newsletter.model.problem import Place

_ADDRESS = r"https?://[^\s<>\"'`|\\{}\[\]]+"
_ANYWHERE = re.compile(_ADDRESS, re.IGNORECASE)
_AT_END = re.compile(rf"(?<![\w/]){_ADDRESS}$", re.IGNORECASE)
_FIRST_TOKEN = re.compile(r"\s*([^\s<>\"'`|\\{}\[\]]+)")
#: What begins a block of its own, or another address.
_OTHER_BLOCK = re.compile(r"\s*(?:[#>|{!\[]|:::|[*+-]\s|\d+[.)]\s|https?:)", re.I)
_FENCE = re.compile(r"\s*(?:```|~~~)")
#: Of a sentence, not of an address; a bracket, where none was opened.
_PUNCTUATION = ".,;:!?*_"

_FILE = r"\.(?:html?|pdf|php|aspx?|docx?|xlsx?|jpe?g|png)\b"
#: "kickoff-event-refugee-platform": three parts at least, as no usual word has.
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+){2,}\S*")
_TELLING = re.compile(rf"[/=%]|\d|{_FILE}")
#: A programme names the day below the address: it is no part of it.
_DATE = re.compile(r"\d{1,4}(?:[-./:]\d{1,4}){1,2}(?:-\d{1,2}(?:[:.]\d{2})?)?|\d+")
#: Last character of the first part -> how the next line must begin to belong to it.
_GOES_ON: Mapping[str, re.Pattern[str]] = {
    "-": re.compile(r"[a-z0-9]"),
    "_": re.compile(r"[a-z0-9]"),
    "=": re.compile(r"[A-Za-z0-9]"),
    "&": re.compile(r"[\w.-]+="),
    "?": re.compile(r"[\w.-]+="),
    "%": re.compile(r"[0-9A-Fa-f]{2}"),
    ".": re.compile(rf"(?:{_FILE[2:]})|[a-z]{{2,10}}/"),
}
#: Begins a part of an address whatever stands before it.
_PART = re.compile(rf"/[\w%~-]+[\w%./~-]{{2,}}|[?&][\w.-]+=\S|{_FILE}")


def find_breaks(lines: Sequence[str], file: str) -> tuple[BrokenAddress, ...]:
    """Return the addresses that are broken over two lines.

    Args:
        lines: Of the definition.
        file: Its path as shown to the editor.
    """
    return tuple(_breaks(lines, file))


def _breaks(lines: Sequence[str], file: str) -> Iterator[BrokenAddress]:
    is_code = False
    for number, line in enumerate(lines[:-1]):
        is_code ^= bool(_FENCE.match(line))
        if is_code or "://" not in line:
            continue
        begun = _AT_END.search(line.rstrip())
        rest = _continuation(lines[number + 1])
        if begun is None or not rest or _is_closed(begun[0]):
            continue
        joins = _joined(begun[0], rest)
        whole = _find_whole(joins, lines, number)
        is_alone = lines[number + 1].strip() == rest
        if whole or _goes_on(begun[0], rest, is_alone=is_alone):
            place = Place(file, number + 1, begun.start() + 1)
            yield BrokenAddress(place, begun[0], rest, joins, whole)


def _continuation(line: str) -> str:
    """Return what an address may go on with at the beginning of a line, or nothing."""
    if _OTHER_BLOCK.match(line):
        return ""
    token = _FIRST_TOKEN.match(line)
    if token is None or token[1].endswith(":"):  # "where:" of an event
        return ""
    return _bare(token[1])


def _bare(text: str) -> str:
    """Return an address without what belongs to the sentence around it."""
    text = text.rstrip(_PUNCTUATION)
    while text.endswith(")") and text.count("(") < text.count(")"):
        text = text[:-1].rstrip(_PUNCTUATION)
    return text


def _is_closed(address: str) -> bool:
    """Whether a bracket says that the address ends where its line does."""
    return address.count(")") > address.count("(") or address.endswith("*")


def _joined(first: str, rest: str) -> tuple[str, ...]:
    """Return the whole addresses: a hyphen at the break is kept, or was put there."""
    kept = first + rest
    is_split_word = first.endswith("-") and rest[:1].isalpha()
    return (kept, first[:-1] + rest) if is_split_word else (kept,)


def _find_whole(joins: tuple[str, ...], lines: Sequence[str], number: int) -> str:
    """Return the join that stands elsewhere in the same text, or nothing."""
    others = (*lines[:number], *lines[number + 2 :])
    written = {_bare(a) for line in others for a in _ANYWHERE.findall(line)}
    return next((join for join in joins if join in written), "")


def _goes_on(first: str, rest: str, *, is_alone: bool) -> bool:
    opening = _GOES_ON.get(first[-1])
    if opening is not None:
        return opening.match(rest) is not None
    if _PART.match(rest):
        return True
    is_slug = _SLUG.fullmatch(rest) is not None and not _DATE.fullmatch(rest)
    return is_slug and (is_alone or _TELLING.search(rest) is not None)
