"""The HTML of a copy, parsed once for all checks that look at it. Pure.

Law: what is given out is looked at and never changed: it is shared and remembered.
A conditional comment for Outlook is a comment here, as it is to every other program.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

from newsletter.checks.css import declarations
from newsletter.checks.facts import Facts
from newsletter.clients.conditionals import END, read_comment
from newsletter.clients.document import UNSEEN, read_document

#: Elements whose content starts on a line of its own.
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "center", "dd"),
        *("dl", "dt", "div", "figcaption", "figure", "footer", "form", "h1", "h2"),
        *("h3", "h4", "h5", "h6", "hr", "header", "html", "li", "main", "nav", "ol"),
        *("ul", "p", "pre", "section", "table", "tbody", "td", "th", "tr", "tfoot"),
        "thead",
    )
)
#: Stands for a line end while text is gathered: the one sign that no document has.
_EDGE = "\0"

_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, slots=True)
class PageLink:
    """An ``a`` with an address."""

    href: str
    element: HtmlElement

    @property
    def words(self) -> str:
        """What is seen between its tags, with the words of pictures."""
        pictures = (one.get("alt", "").strip() for one in self.element.iter("img"))
        words = " ".join(filter(None, (seen_text(self.element), *pictures)))
        return words.replace("\n", " ")


@dataclass(frozen=True, slots=True)
class StyleBlock:
    """A ``style`` element."""

    css: str
    #: Its media attribute, or empty.
    media: str
    is_in_body: bool


@dataclass(frozen=True, slots=True)
class Conditional:
    """``<!--[if mso]>…<![endif]-->``: what only Outlook reads."""

    #: Between "if" and the bracket: "mso | IE", "!mso".
    condition: str
    #: As written; empty where the content is open to all.
    content: str


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What several checks need of an HTML part."""

    root: HtmlElement
    #: Every element in document order, the root first; no comments.
    elements: tuple[HtmlElement, ...]
    #: What a reader sees, a line for each block; spaces are single.
    text: str
    links: tuple[PageLink, ...]
    styles: tuple[StyleBlock, ...]
    #: The different texts of style attributes, by first use.
    inline_styles: tuple[str, ...]
    conditionals: tuple[Conditional, ...]


# Edge recipients of an issue are a handful, and each of their copies is asked for by
# half a dozen checks in turn.
@lru_cache(maxsize=16)
def page_of(html: str) -> Page:
    """Return the HTML of a copy, taken apart; without any element an empty page."""
    root = read_document(html)
    elements = tuple(root.iter(etree.Element))
    return Page(
        root=root,
        elements=elements,
        text=seen_text(root),
        links=tuple(
            PageLink(element.get("href", "").strip(), element)
            for element in elements
            if element.tag == "a" and "href" in element.attrib
        ),
        styles=tuple(_style_block(e) for e in elements if e.tag == "style"),
        inline_styles=tuple(dict.fromkeys(filter(None, map(_style_text, elements)))),
        conditionals=tuple(_conditionals(root)),
    )


def first_page(facts: Facts) -> Page | None:
    """Return the copy of a reader of whom nothing is known; None without a mail."""
    return page_of(facts.copies[0].html) if facts.copies else None


def style_of(element: HtmlElement) -> Mapping[str, str]:
    """Return the declarations of the style attribute of an element."""
    return declarations(_style_text(element))


def is_hidden(element: HtmlElement) -> bool:
    """Whether an element and all in it is taken out of sight by its own style."""
    if element.get("hidden") is not None:
        return True
    text = _style_text(element)
    return bool(text) and _hides(text)


@lru_cache(maxsize=1024)
def _hides(text: str) -> bool:
    style = declarations(text)
    return (
        style.get("display", "").lower() == "none"
        or style.get("visibility", "").lower() == "hidden"
    )


def seen_text(element: HtmlElement) -> str:
    """Return what a reader sees of an element, a line for each block."""
    pieces: list[str] = []
    _collect(element, pieces)
    lines = _SPACE.sub(" ", "".join(pieces)).split(_EDGE)
    return "\n".join(filter(None, (line.strip(" ") for line in lines)))


def _collect(element: HtmlElement, pieces: list[str]) -> None:
    # Into one list: handed up through a dozen nested tables, each piece would be
    # yielded a dozen times (200 items: 500,000 steps for 40,000 pieces).
    tag = element.tag
    if tag in UNSEEN or is_hidden(element):
        return
    edge = _EDGE if tag in _BLOCKS else ""
    pieces += (edge, element.text or "")
    for child in element:
        if isinstance(child.tag, str):
            _collect(child, pieces)
        pieces.append(child.tail or "")
    pieces.append(edge)


def _style_block(element: HtmlElement) -> StyleBlock:
    is_in_body = any(above.tag == "body" for above in element.iterancestors())
    return StyleBlock(element.text or "", element.get("media", ""), is_in_body)


def _style_text(element: HtmlElement) -> str:
    return str(element.get("style", "")).strip()


def _conditionals(root: HtmlElement) -> Iterator[Conditional]:
    for comment in root.getroottree().iter(etree.Comment):
        condition, content = read_comment(comment.text or "")
        if condition not in ("", END):
            yield Conditional(condition, content)
