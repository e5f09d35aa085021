"""What comes along from Word, PDF or another editor and stays text. Pure.

Law: what might have been meant is left alone. Judgments have "[eiser]", footnotes have
"**", and "in- en uitvoer" ends a word with a hyphen.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from newsletter.checks.calls import find_calls
from newsletter.checks.facts import Facts, found
from newsletter.checks.languages import COMMON_WORDS
from newsletter.checks.passages import MARK, Said, all_said, lines_of, place_of
from newsletter.checks.places import other_lines
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

#: "<o:p>", "</w:sdt>": tags with a prefix, which CommonMark 0.31, section 6.6, takes
#: neither for HTML nor, with so short a prefix or an end sign, for an address.
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,3}:[A-Za-z][^<>\n]{0,80}>")
#: Bold that begins at a word: no footnote ("5 euro**"), no "f**k", no "__init__".
_OPENED = re.compile(r"(?<![\w*])\*\*(?=[^\W_])[^\s*]+|(?<![\w_])__(?=[^\W_])[^\s_]+")
#: The sign of a footnote, at the end of a word.
_FOOTNOTE = re.compile(r"\w(?:\*\*|__)(?!\w)")
#: "[words] (https://…)", with a blank that keeps it from being a link.
_APART = re.compile(rf"\[(?P<words>[^\[\]\n]+)\]\s+\({MARK}\)")
_BRACKETS = re.compile(r"(?<!\])\[(?P<words>[^\[\]\n]{2,40})\](?![\[(:{])")
#: In brackets these stand for a link, beside the words that ask to be clicked.
_LINK_WORDS: Final = frozenset({"link", "hier", "here", "ici", "url", "hyperlink"})

_SITE = re.compile(r"(?<![\w@/.:-])www\.(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s<>\"\])]*)?")
_MAILBOX = re.compile(r"(?<![\w@/.:+-])[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w@-])")
#: Who writes about such an address does not ask to be written to.
_NOREPLY = re.compile(r"(?:no-?reply|do-?not-?reply)", re.IGNORECASE)

_HYPHEN = re.compile(
    r"(?<![\w-])([^\W\d_]{2,}(?:-[^\W\d_]+)*)- ([^\W\d_]{3,})(?![\w-])"
)
#: After the hyphen of a word that is completed later: "zowel in- als uitvoer".
_JOINING: Final = frozenset(
    word
    for words in (
        "alsmede alsook danwel doch evenals hetzij maar naar noch nog plus resp",
        "respectievelijk soms tot tussen versus",
        "aber als beziehungsweise bzw bis noch oder respektive samt sondern sowie",
        "statt und wie",
        "and but nor not or rather than then through versus via yet",
        "comme mais ou puis voire con pero sin",
    )
    for word in words.split()
)


def check_pasted(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report signs of markup, addresses and hyphens that readers see as they are."""
    said = list(all_said(assembled.issue, hides_links=True))
    return [
        *_report(_tags_in, said, facts, _tag_finding),
        *_report(_bold_in, said, facts, _bold_finding),
        *_report(_brackets_in, said, facts, _bracket_finding),
        *_report(_sites_in, said, facts, _site_finding),
        *_report(_mailboxes_in, said, facts, _mailbox_finding),
        *_report(_hyphens_in, said, facts, _hyphen_finding),
    ]


def _report(
    find: Callable[[str], Iterable[str]],
    said: list[Said],
    facts: Facts,
    finding_of: Callable[[str, list[Place]], Finding],
) -> Iterator[Finding]:
    """Yield one finding for all that *find* sees, at the first of it."""
    seen = [
        (place_of(words, passage.place, facts.source), words)
        for passage in said
        for words in find(passage.words)
        if _is_written(words, passage, facts.source)
    ]
    if seen:
        seen.sort()
        yield finding_of(seen[0][1], [place for place, _ in seen])


def _is_written(words: str, passage: Said, source: tuple[str, ...]) -> bool:
    """Whether the signs stand in the definition without a backslash before them."""
    written = " ".join(line for _, line in lines_of(passage.place, source))
    return " ".join(words.split()) in " ".join(written.split())


def _tags_in(words: str) -> Iterator[str]:
    return (match[0] for match in _TAG.finditer(words))


def _tag_finding(words: str, places: list[Place]) -> Finding:
    advice = "Take it out: it came along from another program."
    return _markup_finding(words, places, advice)


def _bold_in(words: str) -> Iterator[str]:
    if not _FOOTNOTE.search(words):
        yield from (match[0] for match in _OPENED.finditer(words))


def _bold_finding(words: str, places: list[Place]) -> Finding:
    sign = words[:2]
    advice = (
        f"Write {sign} right behind the last bold word, without a blank before it, "
        "or take the sign out."
    )
    return _markup_finding(words, places, advice)


def _brackets_in(words: str) -> Iterator[str]:
    yield from (f"[{match['words']}]" for match in _APART.finditer(words))
    for match in _BRACKETS.finditer(_APART.sub("", words)):
        inside = match["words"].strip()
        is_call = (0, len(inside)) in find_calls(inside)
        if is_call or inside.lower() in _LINK_WORDS:
            yield match[0]


def _bracket_finding(words: str, places: list[Place]) -> Finding:
    advice = f"Write {words}(https://…), without a blank before the round bracket."
    return _markup_finding(words, places, advice)


def _markup_finding(words: str, places: list[Place], advice: str) -> Finding:
    message = f'readers see "{words}" as it is{other_lines(places)}.'
    return found("markup-left", places[0], message, advice)


def _sites_in(words: str) -> Iterator[str]:
    yield from (match[0].rstrip(".,;:!?") for match in _SITE.finditer(words))


def _site_finding(words: str, places: list[Place]) -> Finding:
    message = f'"{words}" is no link for readers{other_lines(places)}.'
    advice = f"Write https://{words}, or [words](https://{words})."
    return found("address-unlinked", places[0], message, advice)


def _mailboxes_in(words: str) -> Iterator[str]:
    for match in _MAILBOX.finditer(words):
        if not _NOREPLY.match(match[0]):
            yield match[0]


def _mailbox_finding(words: str, places: list[Place]) -> Finding:
    message = f'"{words}" is no link for readers{other_lines(places)}.'
    advice = f"Write [{words}](mailto:{words})."
    return found("address-unlinked", places[0], message, advice)


def _hyphens_in(words: str) -> Iterator[str]:
    for match in _HYPHEN.finditer(" ".join(words.split())):
        if match[2].islower() and match[2] not in _JOINING | COMMON_WORDS:
            yield match[0]


def _hyphen_finding(words: str, places: list[Place]) -> Finding:
    first, rest = words.split("- ")
    joined = f"{first}-{rest}" if first.isupper() else f"{first}{rest}"
    message = f'"{words}" has the hyphen of a line end{other_lines(places)}.'
    advice = f'Write "{joined}"; for a dash, put a blank before it too.'
    return found("hyphen-left", places[0], message, advice)
