"""Text in a mail that nobody is meant to see. Pure.

The preheader is such text by its nature: taken out of sight, and before all that is
seen. What a media query shows on some screens is none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import dropwhile

from lxml.html import HtmlElement

from newsletter.checks.page import Page, is_hidden, style_of
from newsletter.clients.colours import BLACK, WHITE, Colour, read_colour
from newsletter.clients.document import UNSEEN

#: So small that SpamAssassin's FONT_INVIS rules count it (+1.0, measured 2026-11).
_INVISIBLE_PX = 2.0

_SEEN = ""
_AWAY = "is taken out of sight"
_TINY = "is set in letters of 2 pixels or less"
_SAME = "has the colour of its background"

_LENGTH = re.compile(r"([\d.]+)\s*(px|pt|em|rem|%|)", re.IGNORECASE)
_PT_IN_PX = 4 / 3
_ROOT_PX = 16.0
#: Blanks, and what pads a preheader.
_NOTHING = re.compile(r"[\s\u00ad\u034f\u061c\u200b-\u200f\u2060\ufeff\u2007]*")
_SHOWN = re.compile(r"([^{}]*)\{[^{}]*\bdisplay\s*:\s*(?!none)\w", re.IGNORECASE)
_NAMES = re.compile(r"[.#]([\w-]+)")


@dataclass(frozen=True, slots=True)
class _Ink:
    """What an element inherits, or shows through."""

    size_px: float = _ROOT_PX
    #: None: unknown.
    colour: Colour | None = BLACK
    ground: Colour | None = WHITE
    is_away: bool = False


def unseen_texts(page: Page) -> Iterator[tuple[str, str]]:
    """Yield in which way a text is hidden, and the text; each way once."""
    shown = _names_shown_by_queries(page)
    texts = [
        pair for body in page.root.iter("body") for pair in _texts(body, _Ink(), shown)
    ]
    after_preheader = dropwhile(lambda pair: pair[0] == _AWAY, texts)
    told = set()
    for how, text in after_preheader:
        if how and how not in told:
            told.add(how)
            yield how, text


def _names_shown_by_queries(page: Page) -> frozenset[str]:
    """Return classes and ids that a media query makes visible."""
    return frozenset(
        name
        for style in page.styles
        if "@media" in style.css or style.media
        for selector in _SHOWN.findall(style.css)
        for name in _NAMES.findall(selector)
    )


def _texts(
    element: HtmlElement, around: _Ink, shown: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield each run of text with how it is hidden, empty for what is seen."""
    if element.tag in UNSEEN:
        return
    names = {*element.get("class", "").split(), element.get("id", "")}
    if names & shown:
        return
    ink = _ink(element, around)
    yield from _text(element.text, ink)
    for child in element:
        if isinstance(child.tag, str):
            yield from _texts(child, ink, shown)
        yield from _text(child.tail, ink)


def _text(text: str | None, ink: _Ink) -> Iterator[tuple[str, str]]:
    if text and not _NOTHING.fullmatch(text):
        yield _way(ink), " ".join(text.split())


def _way(ink: _Ink) -> str:
    if ink.is_away:
        return _AWAY
    if ink.size_px <= _INVISIBLE_PX:
        return _TINY
    if ink.colour is not None and ink.colour == ink.ground:
        return _SAME
    return _SEEN


def _ink(element: HtmlElement, around: _Ink) -> _Ink:
    style = style_of(element)
    return replace(
        around,
        size_px=_size(style.get("font-size", ""), around.size_px),
        colour=_colour_of(element, style, around.colour),
        ground=_ground_of(element, style, around.ground),
        is_away=around.is_away or is_hidden(element) or _is_shut(style),
    )


def _is_shut(style: Mapping[str, str]) -> bool:
    is_flat = style.get("max-height", "1").rstrip("px") == "0"
    return style.get("opacity") == "0" or (
        is_flat and style.get("overflow", "") == "hidden"
    )


def _size(written: str, around_px: float) -> float:
    match = _LENGTH.match(written)
    if match is None:
        return around_px if written in ("", "inherit") else _ROOT_PX
    number, unit = float(match[1]), match[2].lower()
    scale = {"px": 1.0, "": 1.0, "pt": _PT_IN_PX, "rem": _ROOT_PX, "%": around_px / 100}
    return number * scale.get(unit, around_px)


def _colour_of(
    element: HtmlElement, style: Mapping[str, str], around: Colour | None
) -> Colour | None:
    written = style.get("color") or element.get("color")
    if written:
        return around if written.lower() == "inherit" else read_colour(written)
    # A link without a colour of its own has that of the mail program.
    return None if element.tag == "a" else around


def _ground_of(
    element: HtmlElement, style: Mapping[str, str], around: Colour | None
) -> Colour | None:
    written = style.get("background-color") or style.get("background")
    written = written or element.get("bgcolor", "")
    if "(" in written.replace("rgb(", "").replace("rgba(", ""):
        return None  # a picture or a gradient
    colours = [colour for word in _words(written) if (colour := read_colour(word))]
    if not colours or not colours[0].alpha:
        return None if element.get("background") else around
    return colours[0]


def _words(written: str) -> list[str]:
    """Return the values of a shorthand; a colour such as ``rgb(0, 0, 0)`` is one."""
    return re.findall(r"[^\s(]+(?:\([^)]*\))?", written)
