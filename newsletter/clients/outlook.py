"""What classic Outlook for Windows makes of a mail, roughly. Pure.

It lays out with Word. What Word leaves out can be repeated here; how it then lays out
what is left cannot. Sources: caniemail of 2026-06-29 (outlook/windows), Microsoft on
conditional comments. Microsoft supports it until at least 2029 (MC949965).
"""

from collections.abc import Iterator

from lxml.html import HtmlElement

from newsletter.clients.conditionals import decide_conditionals
from newsletter.clients.document import (
    add_style,
    change_inline,
    each_style,
    elements,
    read_document,
    write_document,
)
from newsletter.clients.features import picture_features
from newsletter.clients.imitated import Imitated
from newsletter.clients.outlook_styles import (
    PROGRAM,
    WordLosses,
    kept_inline,
    kept_sheet,
    web_fonts,
)
from newsletter.clients.remarks import counted, listed, told
from newsletter.clients.unsupported import lacks
from newsletter.clients.vml import name_drawings

#: Gone with all within; forms are not shown (html-form and its parts).
_REMOVED = frozenset(
    {
        *("script", "iframe", "noscript", "template", "svg", "source", "track"),
        *("base", "input", "link", "select", "textarea", "embed"),
    }
)
#: Nobody sees them anyway.
_SILENT = frozenset({"script", "noscript", "template", "base", "link"})
#: Word does not know them and reads on inside (html-semantics, html-form, html-video).
_UNWRAPPED = frozenset(
    {
        *("article", "aside", "details", "figcaption", "figure", "footer", "header"),
        *("main", "mark", "nav", "section", "summary", "time", "picture", "video"),
        *("audio", "object", "dialog", "form", "button", "fieldset", "label"),
    }
)
#: Media of a style element that Word reads too.
_EVERYWHERE = ("", "all", "screen")

#: What holds whatever a class says: only cells have padding, text elements no size
#: (css-padding, css-width, css-height, css-max-width).
_WORD = """
:not(td):not(th):not(ul):not(ol):not(dl):not(dd) { padding: 0 !important; }
body, div, p, span { width: auto !important; height: auto !important; }
* { max-width: none !important; min-width: 0 !important; }
[data-vml] { max-width: 100% !important; }
"""


def show_in_outlook(html: str) -> Imitated:
    """Return a mail as classic Outlook reads it."""
    root = read_document(decide_conditionals(html))
    losses = WordLosses()
    losses.drawings = name_drawings(root)
    fonts = web_fonts(root)
    for element in each_style(root):
        if element.attrib.pop("media", "").strip().lower() in _EVERYWHERE:
            element.text = kept_sheet(element.text or "", fonts, losses)
        else:
            losses.at_rules.append("@media")
            element.drop_tree()
    change_inline(root, lambda e, style: _inline(e, style, fonts, losses))
    _change_elements(root, losses)
    add_style(root, _WORD)
    remarks, details = told(_remarks(losses), _details(losses))
    return Imitated(write_document(root), remarks, details)


def _inline(
    element: HtmlElement, style: str, fonts: frozenset[str], losses: WordLosses
) -> str:
    # A drawing's box is ours.
    if "data-vml" in element.attrib:
        return style
    return kept_inline(element, style, fonts, losses)


def _change_elements(root: HtmlElement, losses: WordLosses) -> None:
    for element in elements(root):
        if element.tag in _REMOVED:
            if element.tag not in _SILENT:
                losses.elements.append(element.tag)
            element.drop_tree()
        elif element.tag in _UNWRAPPED:
            losses.elements.append(element.tag)
            element.drop_tag()
        elif element.tag == "img":
            _size_picture(element, losses)
        for name in ("hidden", "srcset", "sizes"):
            element.attrib.pop(name, None)
        # html-background: only on the body.
        if element.tag != "body" and element.attrib.pop("background", None):
            losses.grounds += 1


def _size_picture(image: HtmlElement, losses: WordLosses) -> None:
    """Give a picture the size of its attributes, or its own (css-width)."""
    if any(lacks(PROGRAM, f) for f in picture_features(image.get("src", ""))):
        losses.pictures += 1
        del image.attrib["src"]
    sizes = [
        f"{name}: {_length(image.get(name, ''))} !important"
        for name in ("width", "height")
    ]
    style = image.get("style", "")
    image.set("style", "; ".join(filter(None, [style, *sizes])))


def _length(value: str) -> str:
    number = value.strip().removesuffix("px")
    if number.isdecimal():
        return f"{number}px"
    return value if value.strip().endswith("%") else "auto"


def _remarks(losses: WordLosses) -> Iterator[str]:
    """Yield what a reader sees; some are empty."""
    yield counted(
        losses.drawings,
        "VML drawing is named in its place, not drawn.",
        "VML drawings are named in their place, not drawn.",
    )
    if "@media" in losses.at_rules:
        yield "Rules for small screens are not read: the mail keeps its desktop form."
    yield counted(
        losses.layouts,
        "group of parts stands below each other, not side by side.",
        "groups of parts stand below each other, not side by side.",
    )
    yield counted(
        losses.grounds,
        "background picture or gradient is not shown.",
        "background pictures or gradients are not shown.",
    )
    yield counted(
        losses.texts,
        "text colour is not understood.",
        "text colours are not understood.",
    )
    if losses.corners:
        yield "Rounded corners are square."
    if losses.paddings:
        yield "Space around words is left out here and there."
    yield counted(
        losses.fonts,
        "text in a web font falls back to Times New Roman (Outlook 2007 to 2016).",
        "texts in a web font fall back to Times New Roman (Outlook 2007 to 2016).",
    )
    yield counted(
        losses.pictures,
        "picture is of a kind that is not shown.",
        "pictures are of a kind that is not shown.",
    )


def _details(losses: WordLosses) -> Iterator[str]:
    """Yield what was left out, by its names; some are empty."""
    yield counted(
        len(losses.at_rules),
        f"block of rules is not read: {listed(losses.at_rules)}.",
        f"blocks of rules are not read: {listed(losses.at_rules)}.",
    )
    yield counted(
        losses.selectors, "selector is not known.", "selectors are not known."
    )
    yield counted(
        losses.layouts,
        "layout by grid or flex is not known.",
        "layouts by grid or flex are not known.",
    )
    yield counted(
        losses.corners,
        "style has border-radius, which is not known.",
        "styles have border-radius, which is not known.",
    )
    yield counted(
        losses.paddings,
        "padding outside a table cell is left out.",
        "paddings outside table cells are left out.",
    )
    yield counted(
        len(losses.declarations),
        f"declaration is left out: {listed(losses.declarations)}.",
        f"declarations are left out: {listed(losses.declarations)}.",
    )
    yield counted(
        len(losses.elements),
        f"element is not known: {listed(losses.elements)}.",
        f"elements are not known: {listed(losses.elements)}.",
    )
