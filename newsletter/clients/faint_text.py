"""Words whose colour is too near to that of their ground. Pure.

Reads style attributes, colour attributes and style sheets with simple selectors
(elements, classes, ids, one within another), and inherits as browsers do. Words on a
picture or gradient without a colour of its own cannot be judged and are left out; the
rules that use Chromium measure more exactly.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from textwrap import shorten

from lxml.html import HtmlElement

from newsletter.clients.colours import (
    BLACK,
    WHITE,
    Colour,
    colours_in,
    contrast,
    lay_over,
    read_attribute,
)
from newsletter.clients.css import Declaration, Style, read_style
from newsletter.clients.document import UNSEEN, each_style
from newsletter.clients.sheets import AtRule, Item, Rule, read_tree

#: WCAG 2.2, 1.4.3: for text of a usual size.
LEAST_CONTRAST = 4.5

#: Media queries that hold in every window.
_ALWAYS = re.compile(r"(?:all|screen|only|and|\(min-width: 0\)|\s)*")
_COMPOUND = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_NAMES = re.compile(r"[.#][\w-]+")


@dataclass(frozen=True, slots=True)
class FaintPair:
    """Two colours that are too near, and the first words in them."""

    words: str
    #: ``#rrggbb``.
    text: str
    ground: str
    #: 1 to 21.
    contrast: float


@dataclass(frozen=True, slots=True)
class _Look:
    """What a child inherits; a ground of None cannot be judged."""

    text: Colour
    ground: Colour | None


@dataclass(frozen=True, slots=True)
class _Simple:
    """A selector that can be matched here, with what it says about colours."""

    #: From the element itself outwards: its tag (or empty), classes and ids.
    steps: tuple[tuple[str, frozenset[str]], ...]
    weight: tuple[int, int]
    style: Style


def faint_pairs(root: HtmlElement) -> tuple[FaintPair, ...]:
    """Return pairs of text and ground colour with a contrast below 4.5, each once."""
    rules = [rule for element in each_style(root) for rule in _rules(element)]
    pairs: dict[tuple[Colour, Colour], str] = {}
    for text, ground, words in _seen(root, _Look(BLACK, WHITE), rules):
        pairs.setdefault((text, ground), words)
    found = (
        FaintPair(words, text.hex, ground.hex, contrast(text, ground))
        for (text, ground), words in pairs.items()
    )
    return tuple(pair for pair in found if pair.contrast < LEAST_CONTRAST)


def _seen(
    element: HtmlElement, look: _Look, rules: list[_Simple]
) -> Iterator[tuple[Colour, Colour, str]]:
    """Yield colour, ground and words of each text in an element."""
    if element.tag in UNSEEN:
        return
    held = _held(element, rules)
    if _is_hidden(held):
        return
    inside = _inside(element, look, held)
    yield from _shown(inside, element.text)
    for child in element:
        if isinstance(child.tag, str):
            yield from _seen(child, inside, rules)
        yield from _shown(inside, child.tail)


def _shown(look: _Look, text: str | None) -> Iterator[tuple[Colour, Colour, str]]:
    words = (text or "").strip("\u00a0\u200c\u034f \t\r\n·|")
    if words and look.ground is not None:
        told = shorten(words, 60, placeholder="…")
        yield lay_over(look.text, look.ground), look.ground, told


def _inside(element: HtmlElement, look: _Look, held: dict[str, Declaration]) -> _Look:
    attributes = (read_attribute(element.get(n, "")) for n in ("color", "text"))
    text = next(filter(None, attributes), look.text)
    if "color" in held:
        text = next(iter(colours_in(held["color"].value)), text)
    return _Look(text, _ground(element, look.ground, held))


def _ground(
    element: HtmlElement, behind: Colour | None, held: dict[str, Declaration]
) -> Colour | None:
    own = read_attribute(element.get("bgcolor", ""))
    declared = held.get("background") or held.get("background-color")
    has_picture = "background" in element.attrib or "background-image" in held
    if declared is not None:
        has_picture |= bool(declared.addresses) or "gradient(" in declared.value
        bare = declared.value if "gradient(" not in declared.value else ""
        own = next(iter(colours_in(bare)), own)
    if own is None or not own.alpha:
        return None if has_picture else behind
    return own if own.alpha == 1 else behind and lay_over(own, behind)


def _is_hidden(held: dict[str, Declaration]) -> bool:
    return ("display" in held and held["display"].value == "none") or (
        "visibility" in held and held["visibility"].value == "hidden"
    )


_OF_INTEREST = frozenset(
    {"color", "background", "background-color", "background-image"}
    | {"display", "visibility"}
)


def _held(element: HtmlElement, rules: list[_Simple]) -> dict[str, Declaration]:
    """Return the declarations that hold for an element, one background at most."""
    own = _interesting(element.get("style", ""))
    ranked = [
        ((d.is_important, 0, *rule.weight), d)
        for rule in rules
        if _matches(element, rule)
        for d in rule.style
    ]
    ranked += [((d.is_important, 1, 0, 0), d) for d in own]
    held: dict[str, Declaration] = {}
    for _, declaration in sorted(ranked, key=lambda pair: pair[0]):
        if declaration.property in ("background", "background-color"):
            held.pop("background", None)
            held.pop("background-color", None)
        held[declaration.property] = declaration
    return held


@lru_cache(maxsize=4096)
def _interesting(style: str) -> Style:
    return tuple(d for d in read_style(style) if d.property in _OF_INTEREST)


def _matches(element: HtmlElement, rule: _Simple) -> bool:
    if not _is(element, rule.steps[0]):
        return False
    above = element.iterancestors()
    return all(any(_is(e, step) for e in above) for step in rule.steps[1:])


def _is(element: HtmlElement, step: tuple[str, frozenset[str]]) -> bool:
    tag, names = step
    if tag and element.tag != tag:
        return False
    if not names:
        return True
    own = {f".{name}" for name in element.get("class", "").split()}
    return names <= own | {f"#{element.get('id')}"}


def _rules(element: HtmlElement) -> Iterator[_Simple]:
    media = element.get("media", "").lower()
    if _ALWAYS.fullmatch(media):
        yield from _simple_rules(read_tree(element.text or ""))


def _simple_rules(items: tuple[Item, ...]) -> Iterator[_Simple]:
    for item in items:
        if isinstance(item, AtRule):
            if item.keyword == "media" and _ALWAYS.fullmatch(item.prelude.lower()):
                yield from _simple_rules(item.items)
        elif style := tuple(d for d in item.style if d.property in _OF_INTEREST):
            yield from _simple(item, style)


def _simple(rule: Rule, style: Style) -> Iterator[_Simple]:
    for selector in rule.selectors:
        compounds = [_COMPOUND.fullmatch(c) for c in selector.split()]
        steps = tuple(
            ((c[1] or "").lower().strip("*"), frozenset(_NAMES.findall(c[2])))
            for c in reversed(compounds)
            if c is not None
        )
        if len(steps) == len(compounds) and steps:
            names = [name for _, found in steps for name in found]
            ids = sum(name.startswith("#") for name in names)
            tags = sum(bool(tag) for tag, _ in steps)
            yield _Simple(steps, (ids, 100 * (len(names) - ids) + tags), style)
