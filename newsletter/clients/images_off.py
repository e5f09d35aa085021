"""A mail as it looks while its pictures are not loaded. Pure.

Many programs show pictures only after a press of a button. Until then a reader sees
the alternative text in a frame of the picture's size. This is exact but for the frame,
which each program draws in its own way.
"""

from lxml.html import HtmlElement

from newsletter.clients.css import Declaration, Style, read_style
from newsletter.clients.document import (
    add_style,
    change_inline,
    each_style,
    elements,
    read_document,
    write_document,
)
from newsletter.clients.imitated import Imitated
from newsletter.clients.remarks import counted
from newsletter.clients.sheets import (
    read_tree,
    with_styles,
    without_addresses,
    write_style,
    write_tree,
)

#: Drawn inside the size of the picture, so that nothing moves when it is loaded.
_FRAME = (
    "[data-image-off] { display: inline-block; overflow: hidden; max-width: 100%; "
    "outline: 1px solid #8c8c8c; outline-offset: -1px; vertical-align: middle; "
    "text-indent: 4px; }"
)
#: Attributes of a picture that its box has too.
_KEPT = ("class", "id", "dir", "lang", "align")
_GROUND = frozenset({"background", "background-image", "list-style-image"})


def show_without_images(html: str) -> Imitated:
    """Return a mail with a frame and its words in place of each picture."""
    root = read_document(html)
    images = [e for e in elements(root) if e.tag == "img"]
    mute = [image for image in images if image.get("alt") is None]
    for image in images:
        _put_words(image)
    grounds = _drop_grounds(root)
    add_style(root, _FRAME)
    remarks = (
        counted(len(images), "picture is not loaded.", "pictures are not loaded."),
        counted(
            len(mute),
            "of them has no alternative text: nothing tells what is missing.",
            "of them have no alternative text: nothing tells what is missing.",
        ),
        counted(
            grounds,
            "background picture is not loaded.",
            "background pictures are not loaded.",
        ),
    )
    return Imitated(write_document(root), tuple(filter(None, remarks)))


def _put_words(image: HtmlElement) -> None:
    """Turn a picture into a box of its size; a link around it stays."""
    alt = image.get("alt", "")
    style = "; ".join([*_size(image), image.get("style", "")])
    kept = {name: image.get(name, "") for name in _KEPT if image.get(name)}
    image.attrib.clear()
    image.tag = "span"
    image.text = alt
    image.attrib.update({**kept, "data-image-off": "", "style": style})


def _size(image: HtmlElement) -> list[str]:
    """Return the size in the attributes, as CSS that the style may override."""
    sizes = {
        name: value
        for name in ("width", "height")
        if (value := image.get(name, "").strip().removesuffix("px"))
        and value.removesuffix("%").isdecimal()
    }
    if len(sizes) == 2 and not any("%" in value for value in sizes.values()):
        ratio = f"{sizes['width']} / {sizes['height']}"
        return [f"width: {sizes['width']}px", f"aspect-ratio: {ratio}"]
    return [f"{n}: {v}{'' if '%' in v else 'px'}" for n, v in sizes.items()]


def _drop_grounds(root: HtmlElement) -> int:
    """Take out background pictures; return how many there were."""
    dropped = 0

    def bare(style: Style) -> Style:
        nonlocal dropped
        kept: Style = ()
        for declaration in style:
            if has_picture(declaration):
                dropped += 1
                kept += without_addresses(declaration)
            else:
                kept += (declaration,)
        return kept

    change_inline(root, lambda _, style: write_style(bare(read_style(style))))
    for sheet in each_style(root):
        items = read_tree(sheet.text or "")
        sheet.text = write_tree(with_styles(items, bare))
    for element in elements(root):
        if element.attrib.pop("background", None):
            dropped += 1
    return dropped


def has_picture(declaration: Declaration) -> bool:
    """Whether a declaration asks for a background picture."""
    return declaration.property in _GROUND and bool(declaration.addresses)
