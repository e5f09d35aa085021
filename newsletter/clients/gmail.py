"""What Gmail makes of a mail, as far as it is documented. Pure.

Gmail rewrites a mail before it shows it; these are transforms of text, which can be
repeated here. Sources: caniemail of 2026-06-29 (the support table), and the reports
hteumeuleu/email-bugs 21, 56 and 90, each named where it is used.
"""

from collections.abc import Iterator

from lxml.html import HtmlElement

from newsletter.clients.document import (
    add_style,
    body_of,
    change_inline,
    elements,
    read_document,
    write_document,
)
from newsletter.clients.features import picture_features
from newsletter.clients.gmail_losses import (
    Losses,
    block_remarks,
    part_details,
    part_remarks,
)
from newsletter.clients.gmail_names import prefix_names
from newsletter.clients.gmail_styles import (
    APP,
    WEB,
    kept_inline,
    kept_styles,
    remove_styles,
)
from newsletter.clients.imitated import Imitated
from newsletter.clients.remarks import told
from newsletter.clients.unsupported import lacks

#: Where Gmail clips; the size is that of the HTML as it travels.
CLIP_BYTES = 102 * 1024
#: Gone with all within.
_REMOVED = frozenset({"script", "iframe", "noscript", "template", "svg", "title"})
#: Replaced by ``<u></u>`` before and after their content (caniemail, html-semantics).
_UNWRAPPED = frozenset({"details", "main", "nav", "summary"})

#: How Gmail's page sets a message that says nothing itself.
_PANE = (
    "body { margin: 0; } .gmail-pane { font: small/1.5 Arial, Helvetica, sans-serif; "
    "color: #222222; overflow-wrap: break-word; } .gmail-clipped { font: small/1.5 "
    "Arial, sans-serif; color: #222222; background: #ffffff; margin: 0; padding: 12px; "
    "} .gmail-clipped span { color: #1155cc; }"
)


def show_in_gmail(html: str, html_bytes: int | None) -> Imitated:
    """Return a mail as Gmail in a browser shows it."""
    return _show(html, html_bytes, WEB)


def show_in_gmail_app(html: str, html_bytes: int | None) -> Imitated:
    """Return a mail as Gmail's app shows it in an account that is not Google's."""
    return _show(html, html_bytes, APP)


def _show(html: str, html_bytes: int | None, program: str) -> Imitated:
    shown = clipped(html, html_bytes)
    root = read_document(shown)
    losses = Losses()
    css = [] if program == APP else list(kept_styles(root, losses))
    remove_styles(root, losses if program == APP else None)
    _change_elements(root, program, losses)
    change_inline(root, lambda _, style: kept_inline(style, program, losses))
    prefix_names(root)
    _put_in_pane(root, is_clipped=shown != html)
    for sheet in (_PANE, *css):
        add_style(root, sheet)
    remarks, details = told(
        _remarks(losses, is_clipped=shown != html), part_details(losses)
    )
    return Imitated(write_document(root), remarks, details)


def clipped(html: str, html_bytes: int | None) -> str:
    """Return as much of the HTML as Gmail shows; all of it below 102 KB."""
    data = html.encode("utf-8", errors="replace")
    size = len(data) if html_bytes is None else html_bytes
    if size <= CLIP_BYTES:
        return html
    cut = data[: len(data) * CLIP_BYTES // size].decode("utf-8", errors="ignore")
    return cut[: cut.rfind("<")] if cut.rfind("<") > cut.rfind(">") else cut


def _change_elements(root: HtmlElement, program: str, losses: Losses) -> None:
    for element in elements(root):
        if element in (root, root.find("head"), root.find("body")):
            continue
        if element.tag == "img":
            _change_picture(element, program, losses)
        elif element.tag in _REMOVED or _is_outside(element):
            if element.tag not in ("title", "meta"):
                losses.elements.append(element.tag)
            element.drop_tree()
        elif element.tag in _UNWRAPPED or lacks(program, f"html-{element.tag}"):
            losses.elements.append(element.tag)
            element.drop_tag()
        else:
            _change_attributes(element, program, losses)


def _is_outside(element: HtmlElement) -> bool:
    """Whether an element speaks of the page or fetches something for it."""
    return element.tag in ("link", "meta", "base")


def _change_picture(image: HtmlElement, program: str, losses: Losses) -> None:
    if any(lacks(program, f) for f in picture_features(image.get("src", ""))):
        losses.pictures += 1
        del image.attrib["src"]
    _change_attributes(image, program, losses)


def _change_attributes(element: HtmlElement, program: str, losses: Losses) -> None:
    for name in list(element.attrib):
        if name.startswith("on") or name in ("hidden", "srcset", "sizes", "inert"):
            del element.attrib[name]
    if program == APP and element.attrib.pop("background", None):
        losses.grounds += 1


def _put_in_pane(root: HtmlElement, *, is_clipped: bool) -> None:
    """Make the body a div, with its attributes, and the page Gmail's."""
    body = body_of(root)
    body.tag = "div"
    pane = body.makeelement("body")
    body.addprevious(pane)
    frame = pane.makeelement("div", {"class": "gmail-pane"})
    pane.append(frame)
    frame.append(body)
    root.attrib.clear()
    if is_clipped:
        note = pane.makeelement("p", {"class": "gmail-clipped"})
        note.text = "[Message clipped]  "
        link = note.makeelement("span")
        link.text = "View entire message"
        note.append(link)
        pane.append(note)


def _remarks(losses: Losses, *, is_clipped: bool) -> Iterator[str]:
    if is_clipped:
        yield (
            "Clipped after 102 KB: the rest stands behind “View entire message”, and "
            "there without any style sheet."
        )
    yield from (*block_remarks(losses.blocks), *part_remarks(losses))
