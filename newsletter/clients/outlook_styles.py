"""What Word's engine leaves of style sheets and style attributes. Pure.

Source: caniemail of 2026-06-29: the support table for outlook/windows, and the notes of
the features named beside the code.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement
from tinycss2.color3 import parse_color

from newsletter.clients.css import Declaration, Style, read_style
from newsletter.clients.document import each_style
from newsletter.clients.sheets import (
    AtRule,
    Item,
    Rule,
    declare,
    read_tree,
    with_value,
    write_style,
    write_tree,
)
from newsletter.clients.unsupported import lacks_declaration, lacks_selector

PROGRAM = "outlook/windows"

#: css-padding: only table cells have one.
_PADDED = frozenset({"td", "th"})
#: css-width and css-height: not on these.
_UNSIZED = frozenset({"body", "div", "img", "p", "span"})
#: Left out without a word: tables give the width in Outlook.
_SIZES = frozenset({"width", "height", "max-width"})
#: css-margin: not on these.
_UNSPACED = frozenset({"body", "span"})

#: Fonts that Word goes to when the first of a list is a web font (css-at-font-face).
_FALLBACK = "'Times New Roman'"

_SUBJECT = re.compile(r"(?:^|[\s>+~])([a-z][a-z0-9]*)[^\s>+~]*$", re.IGNORECASE)
_FUNCTION = re.compile(r"[\w-]+\([^()]*(?:\([^()]*\)[^()]*)*\)")
_SIZE = re.compile(r"[\d.]+[a-z%]+(?:\s*/\s*\S+)?")
_FAMILY = re.compile(r"[?&]family=([^&)\"']+)")
_BELOW_ZERO = re.compile(r"(?:^|\s)-\d*\.?\d+[a-z%]*")


@dataclass(slots=True)
class WordLosses:
    """What was left out so far; the transforms count here."""

    at_rules: list[str] = field(default_factory=list)
    selectors: int = 0
    corners: int = 0
    layouts: int = 0
    grounds: int = 0
    paddings: int = 0
    texts: int = 0
    declarations: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    pictures: int = 0
    drawings: int = 0
    fonts: int = 0


def web_fonts(root: HtmlElement) -> frozenset[str]:
    """Return the names, in lower case, of fonts that are to be loaded.

    Those declared inside ``@media`` are not seen by Word, which is a known way round.
    """
    addresses = [e.get("href", "") for e in root.iter("link")]
    names = []
    for element in each_style(root):
        for item in read_tree(element.text or ""):
            if isinstance(item, AtRule) and item.keyword == "font-face":
                names += [d.value for d in item.style if d.property == "font-family"]
            elif isinstance(item, AtRule) and item.keyword == "import":
                addresses.append(item.prelude)
    for address in addresses:
        for family in _FAMILY.findall(address):
            names += [f.partition(":")[0].replace("+", " ") for f in family.split("|")]
    return frozenset(map(_family, names))


def kept_sheet(css: str, fonts: frozenset[str], losses: WordLosses) -> str:
    """Return what is left of a style element."""
    return write_tree(_kept_rules(read_tree(css), fonts, losses))


def kept_inline(
    element: HtmlElement, style: str, fonts: frozenset[str], losses: WordLosses
) -> str:
    """Return what is left of a style attribute."""
    tag = str(element.tag)
    return write_style(_kept_style(read_style(style), tag, fonts, losses))


def _kept_rules(
    items: Iterable[Item], fonts: frozenset[str], losses: WordLosses
) -> Iterator[Rule]:
    for item in items:
        if isinstance(item, AtRule):
            losses.at_rules.append(f"@{item.keyword}")
            continue
        known = [s for s in item.selectors if not lacks_selector(PROGRAM, s)]
        losses.selectors += len(item.selectors) - len(known)
        style = _kept_style(item.style, _subject(known), fonts, losses)
        if known and style:
            yield Rule(tuple(known), style)


def _subject(selectors: list[str]) -> str:
    """Return the element that all selectors of a rule are about, or nothing."""
    found = {match[1] if (match := _SUBJECT.search(s)) else "" for s in selectors}
    return found.pop().lower() if len(found) == 1 else ""


def _kept_style(
    style: Style, tag: str, fonts: frozenset[str], losses: WordLosses
) -> Style:
    kept: Style = ()
    for declaration in style:
        kept += _kept(declaration, tag, fonts, losses)
    return kept


def _kept(
    declaration: Declaration, tag: str, fonts: frozenset[str], losses: WordLosses
) -> Style:
    """Return a declaration as Word reads it, in a list; empty when it does not."""
    name = declaration.property
    if name.startswith("mso-"):
        return _own(declaration, tag)
    if name.startswith("background"):
        return _ground(declaration, losses)
    if name.startswith("font") and _begins_with(declaration, fonts):
        losses.fonts += 1
        return with_value(declaration, _in_fallback(declaration))
    if name.startswith("padding") and tag and tag not in _PADDED:
        losses.paddings += not _is_nothing(declaration.value)
        return ()
    if name.startswith("margin") and tag not in _UNSPACED:
        return with_value(declaration, _spaced(declaration.value))
    if _is_left_out(declaration, tag):
        _count(declaration, losses)
        return ()
    return (declaration,)


def _own(declaration: Declaration, tag: str) -> Style:
    """Return what a property of Word's own means in CSS."""
    name, value = declaration.property, declaration.value
    if name == "mso-hide" and value == "all":
        return declare("display", "none", is_important=True)
    if name.startswith("mso-padding") and tag in _PADDED:
        return declare(f"{name.removeprefix('mso-').removesuffix('-alt')}", value)
    return ()


def _ground(declaration: Declaration, losses: WordLosses) -> Style:
    """Return the colour of a background (css-background: only a colour is read)."""
    value = declaration.value
    losses.grounds += bool(declaration.addresses) or "gradient(" in value.lower()
    if declaration.property not in ("background", "background-color"):
        return ()
    if lacks_declaration(PROGRAM, declaration) and not _FUNCTION.sub("", value).strip():
        return ()
    words = (value, *_FUNCTION.sub(" ", value).split(), *_FUNCTION.findall(value))
    colour = next((w for w in words if _is_plain_colour(w)), "")
    important = declaration.is_important
    return declare("background-color", colour, is_important=important) if colour else ()


def _is_plain_colour(word: str) -> bool:
    # css-rgba: no colours that one can see through.
    return not word.lower().startswith(("rgba", "hsla")) and bool(parse_color(word))


def _in_fallback(declaration: Declaration) -> str:
    if declaration.property == "font-family":
        return _FALLBACK
    # The family stands behind the size: "bold 16px/1.5 'Open Sans', Arial".
    size = _SIZE.search(declaration.value)
    return f"{declaration.value[: size.end()]} {_FALLBACK}" if size else _FALLBACK


def _begins_with(declaration: Declaration, fonts: frozenset[str]) -> bool:
    return bool(fonts) and _first_font(declaration) in fonts


def _first_font(declaration: Declaration) -> str:
    if declaration.property == "font-family":
        return _family(declaration.value.partition(",")[0])
    if declaration.property == "font":
        size = _SIZE.search(declaration.value)
        rest = declaration.value[size.end() :] if size else ""
        return _family(rest.partition(",")[0])
    return ""


def _family(name: str) -> str:
    return name.strip().strip("\"'").lower()


def _spaced(value: str) -> str:
    """Return a margin that Word has: css-margin: no ``auto``, nothing below zero."""
    return _BELOW_ZERO.sub(" 0", value.replace("auto", "0")).strip()


def _is_left_out(declaration: Declaration, tag: str) -> bool:
    name = declaration.property
    if name == "display":
        # css-display: only none, and not on a picture.
        return declaration.value != "none" or tag == "img"
    if name in ("width", "height"):
        return tag in _UNSIZED
    if name == "max-width" or name.startswith("margin"):
        return True
    return lacks_declaration(PROGRAM, declaration)


def _count(declaration: Declaration, losses: WordLosses) -> None:
    name = declaration.property
    is_nothing = _is_nothing(declaration.value)
    if "radius" in name:
        losses.corners += not is_nothing
    elif name == "display":
        losses.layouts += bool(declaration.words & {"flex", "grid"})
    elif name == "color":
        losses.texts += 1
    elif name not in _SIZES and not (name == "margin" and is_nothing):
        losses.declarations.append(name)


def _is_nothing(value: str) -> bool:
    return not any(c in "123456789" for c in value)
