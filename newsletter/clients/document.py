"""HTML of a mail -> a tree that may be changed -> HTML. Pure.

Conditional comments are comments here, the names of VML keep their colon, and no tree
is ever shared: a transform may do with it what it likes.
"""

from collections.abc import Callable, Iterator

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring, tostring

#: Elements whose content nobody sees or hears.
UNSEEN = frozenset({"head", "noscript", "script", "style", "template", "title"})

#: Deeper than any mail is nested (MJML needs about 30), and less than Python can walk.
_TOO_DEEP = etree.XPath("//*[count(ancestor::*) = 150]")


def read_document(html: str) -> HtmlElement:
    """Return the root of a mail's HTML; of an empty one an empty document."""
    # As bytes: lxml refuses text that begins with an XML declaration. Half a surrogate
    # pair cannot travel, and a null character ends what libxml2 reads.
    data = html.replace("\0", "").encode("utf-8", errors="replace")
    root = _parsed(data)
    for element in _TOO_DEEP(root):
        element.drop_tree()
    return root


def _parsed(data: bytes) -> HtmlElement:
    parser = HTMLParser(encoding="utf-8", default_doctype=False)
    try:
        root = document_fromstring(data, parser)
    except etree.ParserError:
        # It has no element at all: nothing, or comments alone.
        root = document_fromstring(b"<html></html>", parser)
    assert isinstance(root, HtmlElement)  # noqa: S101 - what document_fromstring gives
    return root


def write_document(root: HtmlElement) -> str:
    """Return the HTML of a tree with its doctype, if it had one."""
    tree = root.getroottree()
    return str(tostring(tree, encoding="unicode", include_meta_content_type=True))


def elements(root: HtmlElement) -> list[HtmlElement]:
    """Return every element in document order; a list, so that some may be removed."""
    return list(root.iter(etree.Element))


def head_of(root: HtmlElement) -> HtmlElement:
    """Return the head; made where there is none."""
    head = root.find("head")
    if head is None:
        head = etree.SubElement(root, "head")
        root.insert(0, head)
    return head


def body_of(root: HtmlElement) -> HtmlElement:
    """Return the body; made where there is none."""
    body = root.find("body")
    return etree.SubElement(root, "body") if body is None else body


def add_style(root: HtmlElement, css: str) -> None:
    """Add a style sheet at the end of the head."""
    etree.SubElement(head_of(root), "style").text = css


def each_style(root: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the style elements in order."""
    yield from list(root.iter("style"))


def change_inline(
    root: HtmlElement, change: Callable[[HtmlElement, str], str | None]
) -> None:
    """Give each style attribute to *change*; None or empty removes it."""
    for element in elements(root):
        style = element.get("style")
        if style is None:
            continue
        changed = change(element, style)
        if changed:
            element.set("style", changed)
        else:
            del element.attrib["style"]


def in_body(element: HtmlElement) -> bool:
    """Whether an element stands in the body."""
    return any(above.tag == "body" for above in element.iterancestors())
