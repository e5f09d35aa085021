"""A mail in a program that is dark and obeys the mail's own dark rules. Pure.

Apple Mail, Outlook.com and Samsung Email do (caniemail, 2026-06-29, feature
css-at-media-prefers-color-scheme). Here the question is answered before the mail is
shown, since not every browser passes the scheme of a frame on to the page in it.
"""

import re

from lxml.html import HtmlElement

from newsletter.clients.document import (
    add_style,
    each_style,
    elements,
    read_document,
    write_document,
)
from newsletter.clients.imitated import Imitated

_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)", re.IGNORECASE)

#: Conditions that always hold, and never do, in a window that can be seen.
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"

_NO_RULES = (
    "This mail has no dark rules of its own: a program that obeys shows it light, or "
    "chooses colours itself."
)


def show_dark_rules(html: str) -> Imitated:
    """Return a mail with its dark rules in force."""
    root = read_document(html)
    has_rules = False
    for style in each_style(root):
        css = style.text or ""
        has_rules |= bool(_DARK.search(css) or _DARK.search(style.get("media", "")))
        style.text = _answered(css)
    for element in elements(root):
        if element.get("media"):
            element.set("media", _answered(element.get("media", "")))
    if not has_rules:
        return Imitated(write_document(root), (_NO_RULES,))
    add_style(root, ":root { color-scheme: dark !important; }")
    return Imitated(write_document(root))


def without_dark_rules(root: HtmlElement) -> bool:
    """Take a mail's dark rules out of force; return whether it had any."""
    had_rules = False
    for element in elements(root):
        css = (element.text or "") if element.tag == "style" else ""
        media = element.get("media", "")
        had_rules |= bool(_DARK.search(css) or _DARK.search(media))
        if css:
            element.text = _DARK.sub(_NEVER, css)
        if media:
            element.set("media", _DARK.sub(_NEVER, media))
        if element.tag == "meta" and "color-scheme" in element.get("name", ""):
            element.drop_tree()
    return had_rules


def _answered(css: str) -> str:
    return _LIGHT.sub(_NEVER, _DARK.sub(_ALWAYS, css))
