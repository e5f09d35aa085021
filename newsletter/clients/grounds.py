"""Can words still be read where the ground they stand on is missing? Pure.

Looks at what elements say of themselves: style attributes and ``bgcolor``. Without any
colour, words are black and the ground is white, as in a mail program.
"""

from collections.abc import Iterator
from functools import lru_cache

import tinycss2
from lxml.html import HtmlElement
from tinycss2.color3 import RGBA, parse_color

from newsletter.clients.colours import BLACK, WHITE, Colour, contrast
from newsletter.clients.css import Style, read_style
from newsletter.clients.usage import Use

#: WCAG 1.4.3 asks 3 of large words; less than that nobody reads with ease.
_LEAST_CONTRAST = 3.0


def is_unreadable_without_ground(use: Use) -> bool:
    """Whether words vanish where a background picture or gradient is missing.

    A colour in any declaration of the same style, also of the same one, stays.
    """
    return _is_unreadable(use, use.style)


def is_unreadable_without_value(use: Use) -> bool:
    """Whether words vanish where the whole declaration is left out."""
    return _is_unreadable(use, (*use.style[: use.index], *use.style[use.index + 1 :]))


def _is_unreadable(use: Use, kept: Style) -> bool:
    ground = _ground_in(kept)
    if not use.elements:
        words = _words_in(use.style)
        return words is not None and _is_faint(words, ground or WHITE)
    return any(_is_faint_on(element, ground) for element in use.elements)


def _is_faint_on(element: HtmlElement, ground: Colour | None) -> bool:
    """Whether any words of an element are lost on this ground, or on what is behind."""
    ground = ground or _attribute(element) or _ground_behind(element)
    return any(_is_faint(words, ground) for words in _words_of(element))


def _is_faint(words: Colour, ground: Colour) -> bool:
    return contrast(words, ground) < _LEAST_CONTRAST


def _words_of(element: HtmlElement) -> Iterator[Colour]:
    """Yield the colours of the words that stand on the ground of an element."""
    colour = next(
        (c for e in (element, *element.iterancestors()) if (c := _own_words(e))),
        BLACK,
    )
    yield from _words_within(element, colour)


def _words_within(element: HtmlElement, colour: Colour) -> Iterator[Colour]:
    if (element.text or "").strip():
        yield colour
    for child in element:
        if isinstance(child.tag, str) and _own_ground(child) is None:
            yield from _words_within(child, _own_words(child) or colour)
        if (child.tail or "").strip():
            yield colour


def _ground_behind(element: HtmlElement) -> Colour:
    above = (_own_ground(e) for e in element.iterancestors())
    return next((ground for ground in above if ground), WHITE)


def _own_ground(element: HtmlElement) -> Colour | None:
    return _ground_in(read_style(element.get("style", ""))) or _attribute(element)


def _own_words(element: HtmlElement) -> Colour | None:
    return _words_in(read_style(element.get("style", "")))


def _attribute(element: HtmlElement) -> Colour | None:
    return _colour_in(element.get("bgcolor", ""))


def _ground_in(style: Style) -> Colour | None:
    return _last(style, ("background", "background-color"))


def _words_in(style: Style) -> Colour | None:
    return _last(style, ("color",))


def _last(style: Style, properties: tuple[str, ...]) -> Colour | None:
    values = (d.value for d in reversed(style) if d.property in properties)
    return next((c for value in values if (c := _colour_in(value))), None)


@lru_cache(maxsize=1024)
def _colour_in(value: str) -> Colour | None:
    """Return the colour in a value, if it is solid and every program knows it."""
    for token in tinycss2.parse_component_value_list(value):
        colour = parse_color(token) if token.type in ("hash", "ident") else None
        if isinstance(colour, RGBA) and colour.alpha == 1:
            return Colour(*colour)
    return None
