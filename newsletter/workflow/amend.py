"""The text of a definition -> the same text with one address written anew. Pure.

Law: nothing else changes. Where an address stands is guessed from the text, and proven
by parsing the changed text: exactly the links meant lead elsewhere; all others, all
words and all problems are as they were. What cannot be proven is not written.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from ipaddress import ip_network
from urllib.parse import quote

from newsletter.assembly.links import collect_links
from newsletter.checks.links.clean import clean_address
from newsletter.definition.links import resolve_target
from newsletter.definition.parse import parse
from newsletter.definition.reading import Reading
from newsletter.model.assembled import LinkUse
from newsletter.model.link import BrokenAddress
from newsletter.model.problem import Place
from newsletter.model.settings import Settings

#: What may stand in an address in a definition as it is; brackets and asterisks mean
#: something there.
_SAFE = "-._~:/?#@!$&'+,;=%()"

#: Places where an address may stand, each with the address as its only group.
_PLACES = (
    re.compile(r"\]\(\s*<([^<>\r\n]*)>"),
    re.compile(r"\]\(\s*((?:[^\s()<\\]|\\.|\([^\s()]*\))+)"),
    re.compile(r"^[ \t>]*(?:link|online):[ \t]*\"?([^\s\"]+)", re.MULTILINE),
    re.compile(r"^[ \t>]*\[[^\]\r\n]+\]:[ \t]*<?([^\s<>]+)", re.MULTILINE),
    re.compile(r"(https?://[^\s<>\"]+?)(?=[.,;:!?)*_'\"\]]*(?:[\s<>\"|{}]|$))", re.I),
)
_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Source:
    """A definition as it is parsed."""

    #: With its own line ends and byte order mark.
    text: str
    #: Path as shown to the editor.
    file: str
    slug: str
    settings: Settings

    def lines(self) -> tuple[str, ...]:
        """Return its lines as the parser counts them."""
        return tuple(_LINE_END.split(self.text.removeprefix("\ufeff")))


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a text comes to, as far as an address may change it."""

    links: tuple[LinkUse, ...]
    #: Line and message of each problem; columns move with the addresses before them.
    problems: tuple[tuple[int, str], ...]


def spell(url: str) -> str:
    """Return an address as it can be written into a definition, or empty."""
    plain, mark, fragment = url.partition("#")
    # Whether it may be asked was decided when it was.
    cleaned = clean_address(plain, _ANYWHERE)
    if not isinstance(cleaned, str):
        return ""
    return quote(cleaned + mark + fragment, safe=_SAFE)


def written_at(source: Source, place: Place, url: str) -> str:
    """Return how the address of a link is written, or empty where it is not found.

    Args:
        source: The definition.
        place: Of the link.
        url: Its complete address.
    """
    for start, end in _candidates(source, place.line, url):
        return source.text[start:end]
    return ""


def move(source: Source, place: Place, old: str, new: str) -> str | None:
    """Return the text in which the link at *place* leads to *new*; None if unsure.

    Args:
        source: The definition.
        place: Of the link, before the change.
        old: Its complete address.
        new: As `spell` gives it.
    """
    before = _meaning(source, source.text)
    for start, end in _candidates(source, place.line, old):
        changed = source.text[:start] + new + source.text[end:]
        if _is_moved(before, _meaning(source, changed), place, (old, new)):
            return changed
    return None


def join(source: Source, broken: BrokenAddress, whole: str) -> str | None:
    """Return the text with a broken address whole on its first line; None if unsure."""
    span = _broken_span(source, broken)
    if span is None:
        return None
    start, end, rest_of_line = span
    changed = source.text[:start] + whole + rest_of_line + source.text[end:]
    before, after = _meaning(source, source.text), _meaning(source, changed)
    return changed if _is_joined(before, after, broken, whole) else None


def _meaning(source: Source, text: str) -> _Meaning:
    parsed = parse(text, file=source.file, slug=source.slug, settings=source.settings)
    links = collect_links(parsed.issue) if parsed.issue else ()
    problems = tuple((p.place.line, p.message) for p in parsed.problems)
    return _Meaning(links, problems)


def _candidates(source: Source, line: int, url: str) -> Iterator[tuple[int, int]]:
    """Yield where *url* may be written, from the given line on, then before it."""
    reading = Reading(source.file, [], source.settings)
    spans = {m.span(1) for place in _PLACES for m in place.finditer(source.text)}
    found = [
        (start, end)
        for start, end in sorted(spans)
        if resolve_target(_meant(source.text[start:end]), Place(""), reading) == url
    ]
    begin = _start_of_line(source.text, line)
    return iter(sorted(found, key=lambda span: (span[0] < begin, span[0])))


def _meant(written: str) -> str:
    """Return an address without the escapes of Markdown."""
    return unescape(_ESCAPED.sub(r"\1", written))


def _start_of_line(text: str, line: int) -> int:
    ends = [match.end() for match in _LINE_END.finditer(text)]
    return [0, *ends][min(line - 1, len(ends))]


def _is_moved(
    before: _Meaning, after: _Meaning, place: Place, urls: tuple[str, str]
) -> bool:
    if len(before.links) != len(after.links) or before.problems != after.problems:
        return False
    pairs = zip(before.links, after.links, strict=True)
    changed = [(b, a) for b, a in pairs if _unplaced(b) != _unplaced(a)]
    return any(b.place == place for b, _ in changed) and all(
        (b.url, a.url) == urls and a.words in (b.words, a.url) for b, a in changed
    )


def _unplaced(use: LinkUse) -> tuple[str, str, str, int]:
    return use.url, use.words, use.kind, use.place.line


def _broken_span(source: Source, broken: BrokenAddress) -> tuple[int, int, str] | None:
    """Return where both parts begin and end, and what is to stand behind them.

    What follows the second part without a space stays with it; what follows with one
    stays on its own line; a line of which nothing is left goes.
    """
    start = _start_of_line(source.text, broken.place.line)
    pattern = re.compile(
        rf"{re.escape(broken.first)}[ \t]*(\r\n?|\n)[ \t>]*"
        rf"{re.escape(broken.rest)}(\S*)[ \t]*(?=(\S|\r|\n|$))"
    )
    match = pattern.search(source.text, start)
    if match is None or _LINE_END.search(source.text, start, match.start()):
        return None
    line_end = match[1] if match[3].strip() else ""
    return match.start(), match.end(), match[2] + line_end


def _is_joined(
    before: _Meaning, after: _Meaning, broken: BrokenAddress, whole: str
) -> bool:
    old, new = (Counter((u.url, u.kind) for u in m.links) for m in (before, after))
    gone, come = old - new, new - old
    messages = [Counter(text for _, text in m.problems) for m in (after, before)]
    return (
        [url for url, _ in come] == [whole]
        and all(broken.first.startswith(url.rstrip("-")) for url, _ in gone)
        and gone.total() <= 1
        and not messages[0] - messages[1]
    )
