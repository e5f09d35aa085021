"""A mail in the order in which a screen reader speaks it. Pure.

In: the HTML part. Out: what is spoken, one entry for each stop. Sources: HTML
Accessibility API Mappings 1.0 (roles), Accessible Name Computation 1.2 (names). Style
sheets are not read: only style attributes hide. Each screen reader has its own words
for a role.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from newsletter.clients.css import read_style
from newsletter.clients.document import UNSEEN, body_of, read_document


class Kind(StrEnum):
    """What a screen reader says an entry is; the value can be shown."""

    #: What the inbox speaks behind the subject; in the mail itself it is hidden.
    PREHEADER = "preview line"
    #: A named part of the page: an article, a navigation.
    REGION = "region"
    HEADING = "heading"
    TEXT = "text"
    LINK = "link"
    #: Spoken as a link, seen as a button.
    BUTTON = "link, looks like a button"
    IMAGE = "picture"
    #: Without alternative text: the file name is spoken, or nothing.
    MUTE_IMAGE = "picture without text"
    #: Its entries follow.
    LIST = "list"
    #: Its cells follow. A table for layout has the role presentation and is not spoken.
    TABLE = "table"
    QUOTE = "quotation"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One stop of a screen reader."""

    kind: Kind
    #: Of a heading 1 to 6; of a list its entries; of a table its rows; else 0.
    level: int
    #: What is said; empty where there is nothing to say, which is a fault in a link.
    text: str
    #: Language of the words as the mail names it ("nl"), or empty.
    language: str
    #: Where a link, or a heading that is one, leads; else empty.
    target: str = ""


#: Characters that fill a preview line and are not spoken: combining grapheme joiner,
#: soft hyphen, zero-width space, word joiner, byte order mark. Joiners and marks of
#: direction mean something within words and emoji, and nothing beside a space.
_FILLERS = re.compile(
    "[\u034f\u00ad\u200b\u2060\ufeff]+"
    r"|(?<!\S)[\u200c-\u200f]+|[\u200c-\u200f]+(?!\S)"
)
_SPACES = re.compile(r"[\s\u00a0]+")
#: What stands between links; hardly any screen reader says it.
_SIGNS = " ·•|/–—-"
_HEADING = re.compile(r"h([1-6])")
_INLINE = frozenset(
    {
        *("abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins"),
        *("kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup"),
        *("time", "u", "var", "wbr"),
    }
)
_REGIONS = frozenset(
    {
        *("article", "banner", "complementary", "contentinfo", "form", "main"),
        *("navigation", "region", "search"),
    }
)
_PRESENTATION = frozenset({"presentation", "none"})


def reading_order(html: str) -> tuple[Spoken, ...]:
    """Return what is spoken of a mail, in order; the preview line first."""
    root = read_document(html)
    voice = _Voice(language=root.get("lang", ""))
    body = body_of(root)
    preheader = preheader_in(body)
    if preheader:
        voice.say(Kind.PREHEADER, preheader)
    voice.read(body)
    voice.flush()
    return tuple(voice.spoken)


def preheader_in(body: HtmlElement) -> str:
    """Return the text that is hidden before anything is seen, or nothing."""
    for element in body.iter():
        if not isinstance(element.tag, str) or element.tag in UNSEEN:
            continue
        if _is_hidden(element):
            return _cleaned(element.text_content())
        if _cleaned(element.text or "") or element.tag == "img":
            return ""
    return ""


@dataclass(slots=True)
class _Voice:
    """Collects what is spoken while the tree is walked."""

    language: str
    spoken: list[Spoken] = field(default_factory=list)
    #: Words that belong to the same stop.
    pending: list[str] = field(default_factory=list)

    def say(self, kind: Kind, text: str, *, level: int = 0, target: str = "") -> None:
        """End the text before it, and add an entry."""
        self.flush()
        self.spoken.append(Spoken(kind, level, text, self.language, target))

    def flush(self) -> None:
        """Make an entry of the words collected so far."""
        text = _cleaned("".join(self.pending))
        self.pending.clear()
        if text.strip(_SIGNS):
            self.spoken.append(Spoken(Kind.TEXT, 0, text, self.language))

    def read(self, element: HtmlElement) -> None:
        """Speak an element and all in it, in the language it is in."""
        if element.tag in UNSEEN or _is_hidden(element):
            return
        outer = self.language
        if element.get("lang", outer) != outer:
            self.flush()
            self.language = element.get("lang", outer)
        self._read_known(element)
        if self.language != outer:
            self.flush()
            self.language = outer

    def _read_known(self, element: HtmlElement) -> None:
        """Speak by what an element is."""
        role = _role(element)
        heading = _level(element)
        if heading:
            self.say(
                Kind.HEADING, _name(element), level=heading, target=_target(element)
            )
        elif element.tag == "a" and element.get("href") is not None:
            kind = Kind.BUTTON if _looks_like_button(element) else Kind.LINK
            self.say(kind, _name(element), target=element.get("href", ""))
        elif element.tag == "img":
            self._read_picture(element)
        elif role not in _PRESENTATION and self._announce(element, role):
            self._read_children(element)
            self.flush()
        else:
            self._read_inside(element)

    def _announce(self, element: HtmlElement, role: str) -> bool:
        """Say what begins here, if anything does."""
        if element.tag in ("ul", "ol"):
            entries = sum(child.tag == "li" for child in element)
            self.say(Kind.LIST, "", level=entries)
        elif element.tag == "table":
            caption = element.find("caption")
            words = _name(caption) if caption is not None else ""
            self.say(Kind.TABLE, words, level=len(list(_rows(element))))
        elif element.tag == "blockquote":
            self.say(Kind.QUOTE, "")
        elif role in _REGIONS and element.get("aria-label"):
            self.say(Kind.REGION, element.get("aria-label", ""))
        else:
            return False
        return True

    def _read_picture(self, image: HtmlElement) -> None:
        alt = image.get("aria-label") or image.get("alt")
        if _role(image) in _PRESENTATION or alt == "":
            return
        if alt is None:
            path = urlsplit(image.get("src", "")).path
            self.say(Kind.MUTE_IMAGE, PurePosixPath(path).name)
        else:
            self.say(Kind.IMAGE, _cleaned(alt))

    def _read_inside(self, element: HtmlElement) -> None:
        is_inline = element.tag in _INLINE
        if not is_inline:
            self.flush()
        self._read_children(element)
        if not is_inline:
            self.flush()

    def _read_children(self, element: HtmlElement) -> None:
        if element.tag != "table":
            self.pending.append(element.text or "")
        for child in element:
            if isinstance(child.tag, str) and child.tag != "caption":
                self.read(child)
            self.pending.append(child.tail or "")


def _is_hidden(element: HtmlElement) -> bool:
    """Whether neither eye nor ear gets an element."""
    if element.get("aria-hidden") == "true" or "hidden" in element.attrib:
        return True
    style = {d.property: d.value.lower() for d in read_style(element.get("style", ""))}
    return style.get("display") == "none" or style.get("visibility") == "hidden"


def _role(element: HtmlElement) -> str:
    return str(element.get("role", "")).strip().lower()


def _level(element: HtmlElement) -> int:
    """Return the level of a heading, or 0."""
    if _role(element) == "heading":
        given = element.get("aria-level", "2")
        return int(given) if given.isdecimal() else 2
    match = _HEADING.fullmatch(element.tag)
    return int(match[1]) if match and _role(element) not in _PRESENTATION else 0


def _target(heading: HtmlElement) -> str:
    """Return where the first link in a heading leads, or nothing."""
    return next((link.get("href", "") for link in heading.iter("a")), "")


def _name(element: HtmlElement) -> str:
    """Return what an element is called: its label, else its words and pictures."""
    label = _cleaned(element.get("aria-label", ""))
    return label or _cleaned("".join(_words(element)))


def _words(element: HtmlElement) -> Iterator[str]:
    if element.tag in UNSEEN or _is_hidden(element):
        return
    if element.tag == "img":
        yield f" {element.get('aria-label') or element.get('alt', '')} "
    yield " " if element.tag == "br" else element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            yield from _words(child)
        yield child.tail or ""


def _looks_like_button(link: HtmlElement) -> bool:
    """Whether a link, or the box it fills alone, has a ground of its own."""
    if _role(link) == "button" or _has_ground(link):
        return True
    box = link.getparent()
    return (
        box is not None
        and box.tag in ("td", "p", "div", "span")
        and _has_ground(box)
        and _name(box) == _name(link)
    )


def _has_ground(element: HtmlElement) -> bool:
    grounds = (
        d.value.lower()
        for d in read_style(element.get("style", ""))
        if d.property in ("background", "background-color")
    )
    return bool(element.get("bgcolor")) or any(
        value not in ("none", "transparent", "inherit") for value in grounds
    )


def _rows(table: HtmlElement) -> Iterator[HtmlElement]:
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is table:
            yield row


def _cleaned(text: str) -> str:
    spaced = _FILLERS.sub("", _SPACES.sub(" ", text))
    return _SPACES.sub(" ", spaced).strip()
