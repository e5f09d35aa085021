"""Classes and ids as Gmail renames them, in the HTML and in the styles alike. Pure."""

import re

from lxml.html import HtmlElement

from newsletter.clients.document import elements

#: Gmail's own has a number of the message behind the letter.
_PREFIX = "m_"
_NAME = re.compile(r"([.#])(?=-?[_a-zA-Z\u0080-\uffff])")
_CLASS_TEST = re.compile(r"(\[\s*class\s*~=\s*[\"']?)")


def prefix_names(root: HtmlElement) -> None:
    """Rename every class and id, and what points at an id."""
    for element in elements(root):
        for attribute in ("class", "headers", "aria-describedby"):
            names = element.get(attribute, "").split()
            if names:
                element.set(attribute, " ".join(_PREFIX + name for name in names))
        for attribute in ("id", "for"):
            if element.get(attribute):
                element.set(attribute, _PREFIX + element.get(attribute, ""))
        if element.tag == "a":
            _prefix_anchor(element)


def prefixed_selector(selector: str) -> str:
    """Return a selector with its classes and ids renamed in the same way."""
    named = _NAME.sub(rf"\1{_PREFIX}", selector)
    return _CLASS_TEST.sub(rf"\1{_PREFIX}", named)


def _prefix_anchor(link: HtmlElement) -> None:
    href = link.get("href", "")
    if href.startswith("#") and len(href) > 1:
        link.set("href", f"#{_PREFIX}{href[1:]}")
    if link.get("name"):
        link.set("name", _PREFIX + link.get("name", ""))
