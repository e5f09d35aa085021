"""VML drawings, named in the place where Word would draw them. Pure.

Backgrounds and round buttons for Outlook are drawn in VML, a language that only Word
reads. Here a drawing becomes a box of its size and colour with its words and a label.
"""

import re

from lxml.html import HtmlElement

from newsletter.clients.css import read_style
from newsletter.clients.document import elements

LABEL = "VML drawing: not shown here"

_SHAPES = frozenset(
    f"v:{name}"
    for name in (
        *("arc", "background", "curve", "image", "line", "oval"),
        *("polyline", "rect", "roundrect", "shape"),
    )
)
_SIZE = re.compile(r"\d+(?:\.\d+)?(?:px|pt|%)")
_COLOUR = re.compile(r"#?[a-z0-9]+", re.IGNORECASE)
_LABEL_STYLE = (
    "background:#ffffff; color:#3c3c3c; font:11px/1.3 Arial, sans-serif; "
    "border:2px solid #ffffff; display:inline-block; text-align:left"
)


def name_drawings(root: HtmlElement) -> int:
    """Put a labelled box in place of each drawing; return how many there were."""
    drawings = [e for e in elements(root) if e.tag in _SHAPES]
    for drawing in drawings:
        _name(drawing)
    for element in elements(root):
        if element.tag == "xml":
            element.drop_tree()
        elif ":" in element.tag:
            element.drop_tag()
    return len(drawings)


def _name(drawing: HtmlElement) -> None:
    label = drawing.makeelement("span", {"data-vml": "", "style": _LABEL_STYLE})
    label.text, label.tail = LABEL, drawing.text
    drawing.text = None
    drawing.insert(0, label)
    style = "; ".join(_box(drawing))
    drawing.attrib.clear()
    drawing.tag = "div"
    drawing.attrib.update({"data-vml": "", "style": style})


def _box(drawing: HtmlElement) -> list[str]:
    sizes = [
        f"{d.property}: {d.value}"
        for d in read_style(drawing.get("style", ""))
        if d.property in ("width", "height") and _SIZE.fullmatch(d.value)
    ]
    fills = [part.get("color", "") for part in drawing if part.tag == "v:fill"]
    colour = next(filter(None, (drawing.get("fillcolor", ""), *fills)), "")
    ground = [f"background-color: {colour}"] if _COLOUR.fullmatch(colour) else []
    return ["outline: 1px dashed #8c8c8c", "max-width: 100%", *sizes, *ground]
