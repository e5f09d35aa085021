"""A mail as it looks while its pictures are not loaded. Pure.

Many programs show pictures only after a press of a button. Until then a reader sees
the alternative text in a frame of the picture's size. This is exact but for the frame,
which each program draws in its own way.
"""

from lxml.html import HtmlElement

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
    Declaration,
    read_declarations,
    read_sheet,
    with_declarations,
    write_declarations,
    write_sheet,
)

#: Drawn inside the size of the picture, so that nothing moves when it is loaded.
_FRAME = (
    "[data-image-off] { display: inline-block; overflow: hidden; max-width: 100%; "
    "outline: 1px solid #8c8c8c; outline-offset: -1px; vertical-align: middle; "
    "text-align: start; text-indent: 4px; font-size: 14px; line-height: 1.4; }"
)
_SIZES = frozenset({"width", "height", "max-width", "display", "margin", "float"})
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
    size = [
        Declaration(name, f"{value}px" if value.isdecimal() else value)
        for name in ("width", "height")
        if (value := image.get(name, "").strip()) and value.rstrip("%px").isdecimal()
    ]
    own = [d for d in read_declarations(image.get("style", "")) if _is_kept(d)]
    kept = {k: image.get(k) for k in ("class", "id", "dir", "lang") if image.get(k)}
    image.attrib.clear()
    image.tag = "span"
    image.text = alt
    image.attrib.update(kept)
    image.set("data-image-off", "")
    image.set("style", write_declarations([*size, *own]))


def _is_kept(declaration: Declaration) -> bool:
    """Whether a declaration of a picture says where or how large its frame is."""
    name, value = declaration.name, declaration.value
    is_size = name in _SIZES or name.startswith("margin-")
    # A frame has no height of its own to be kept in proportion.
    return is_size and not (name == "height" and value == "auto")


def _drop_grounds(root: HtmlElement) -> int:
    """Take out background pictures; return how many there were."""
    dropped = 0

    def bare(declarations: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
        nonlocal dropped
        kept = tuple(map(without_picture, declarations))
        dropped += sum(new != old for new, old in zip(kept, declarations, strict=True))
        return tuple(d for d in kept if d.value)

    change_inline(root, lambda _, s: write_declarations(bare(read_declarations(s))))
    for style in each_style(root):
        items = read_sheet(style.text or "").items
        style.text = write_sheet(with_declarations(items, bare))
    for element in elements(root):
        if element.attrib.pop("background", None):
            dropped += 1
    return dropped


def without_picture(declaration: Declaration) -> Declaration:
    """Return a declaration without its ``url(…)``; its value may be empty then."""
    if declaration.name not in _GROUND or "url(" not in declaration.value.lower():
        return declaration
    return declaration.without_addresses()
