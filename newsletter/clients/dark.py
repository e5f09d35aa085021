"""A mail in a program that chooses dark colours itself, whatever the mail says. Pure.

How each program does it is not published, except for one: the editor of Outlook on the
web turns lightness round in CIELAB and squeezes it above that of #333333
(microsoft/roosterjs, getDarkColor, read 2026-11). That is done here, in two strengths:
all colours, or only light grounds and dark words. It is a worst case, not a promise.
"""

from collections.abc import Callable

from lxml import etree
from lxml.html import HtmlElement

from newsletter.clients.colours import (
    BLACK,
    WHITE,
    Colour,
    lightness,
    read_attribute,
    replace_colours,
    with_lightness,
)
from newsletter.clients.css import Declaration, Style, read_style
from newsletter.clients.dark_rules import without_dark_rules
from newsletter.clients.document import (
    change_inline,
    each_style,
    elements,
    head_of,
    read_document,
    write_document,
)
from newsletter.clients.faint_text import faint_pairs
from newsletter.clients.imitated import Imitated
from newsletter.clients.remarks import counted
from newsletter.clients.sheets import (
    read_tree,
    with_styles,
    with_value,
    write_style,
    write_tree,
)

#: Lightness of #333333: what white becomes.
_DARKEST = 21.25
#: Half way: what is lighter is a light ground, what is darker are dark words.
_MIDDLE = 50.0

#: Links without a colour of their own, as browsers show them.
_LINK = Colour(0, 0, 238 / 255)

_GROUNDS = ("background",)
_WORDS = ("color", "text-decoration", "text-emphasis", "-webkit-text")
_LINES = ("border", "outline", "column-rule")
_ATTRIBUTES = {
    "bgcolor": "ground",
    "bordercolor": "line",
    "color": "words",
    **dict.fromkeys(("text", "link", "vlink", "alink"), "words"),
}

Turn = Callable[[str, Colour], Colour]


def show_inverted(html: str) -> Imitated:
    """Return a mail with all its colours turned by lightness; pictures stay."""
    return _show(html, lambda _, colour: turned(colour))


def show_partly_inverted(html: str) -> Imitated:
    """Return a mail whose light grounds became dark and whose dark words light."""
    return _show(html, _turned_partly)


def turned(colour: Colour) -> Colour:
    """Return a colour as dark as it was light: white becomes #333333, black white."""
    if not colour.alpha:
        return colour
    wanted = (100 - lightness(colour)) * (100 - _DARKEST) / 100 + _DARKEST
    return with_lightness(colour, wanted)


def _turned_partly(kind: str, colour: Colour) -> Colour:
    is_light = lightness(colour) > _MIDDLE
    is_turned = {"ground": is_light, "words": not is_light, "line": True}[kind]
    return turned(colour) if is_turned else colour


def _show(html: str, turn: Turn) -> Imitated:
    root = read_document(html)
    had_rules = without_dark_rules(root)

    def change(style: Style) -> Style:
        return tuple(d for old in style for d in _changed(old, turn))

    change_inline(root, lambda _, style: write_style(change(read_style(style))))
    for sheet in each_style(root):
        items = read_tree(sheet.text or "")
        sheet.text = write_tree(with_styles(items, change))
    for element in elements(root):
        _change_attributes(element, turn)
    _put_ground(root)
    return Imitated(write_document(root), tuple(_remarks(root, had_rules=had_rules)))


def _changed(declaration: Declaration, turn: Turn) -> Style:
    kind = _kind(declaration.property)
    if not kind:
        return (declaration,)
    value = replace_colours(declaration.value, lambda colour: turn(kind, colour))
    return with_value(declaration, value)


def _kind(name: str) -> str:
    if name.startswith(_GROUNDS):
        return "ground"
    if name.startswith(_WORDS) and name != "color-scheme":
        return "words"
    return "line" if name.startswith(_LINES) else ""


def _change_attributes(element: HtmlElement, turn: Turn) -> None:
    for name, kind in _ATTRIBUTES.items():
        colour = read_attribute(element.get(name, ""))
        if colour is not None:
            element.set(name, turn(kind, colour).hex)


def _put_ground(root: HtmlElement) -> None:
    """Give the page what a mail without colours would get."""
    sheet = etree.Element("style")
    sheet.text = (
        f"html {{ color-scheme: light; background-color: {turned(WHITE).hex}; "
        f"color: {turned(BLACK).hex}; }} a {{ color: {turned(_LINK).hex}; }}"
    )
    head_of(root).insert(0, sheet)


def _remarks(root: HtmlElement, *, had_rules: bool) -> list[str]:
    faint = faint_pairs(root)
    words = " and ".join(f"“{pair.words}”" for pair in faint[:2])
    told = (
        "The mail's own dark rules are not asked." if had_rules else "",
        counted(
            len(faint),
            f"pair of colours is hard to read, with a contrast below 4.5: {words}.",
            f"pairs of colours are hard to read, with a contrast below 4.5: {words}.",
        ),
    )
    return [remark for remark in told if remark]
