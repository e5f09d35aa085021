"""What Gmail leaves of style sheets and style attributes. Pure.

Sources: caniemail of 2026-06-29 (the support table, and the notes of the features named
beside the code), and the reports hteumeuleu/email-bugs 21 and 90.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml.html import HtmlElement

from newsletter.clients.css import Declaration, Style, read_style
from newsletter.clients.document import each_style, in_body
from newsletter.clients.gmail_faults import STYLE_BYTES, block_faults, has_spaced_colour
from newsletter.clients.gmail_losses import Losses
from newsletter.clients.gmail_names import prefixed_selector
from newsletter.clients.sheets import (
    AtRule,
    Item,
    Rule,
    read_tree,
    rules_in,
    without_addresses,
    write_style,
    write_tree,
)
from newsletter.clients.unsupported import lacks, lacks_declaration, lacks_selector

WEB = "gmail/desktop-webmail"
#: The apps, in which other accounts than Google's can be read.
APP = "gmail/android"

_CLASS_TEST = re.compile(r"\[\s*class\s*~=")
_HEIGHT_QUERY = re.compile(r"(?:min-|max-)?height", re.IGNORECASE)
#: Selectors that match nothing: Gmail has no such element around a mail.
_PAGE = re.compile(r"(?:^|[\s>+~])(?:html|body)(?![\w-])|:root", re.IGNORECASE)
_NEGATIVE = re.compile(r"(?:^|\s)-\d*\.?\d")
#: Needs ``display`` values that other accounts do not get (caniemail, css-display).
_LAYOUTS = frozenset({"flex", "grid", "inline-flex", "inline-grid", "contents"})


def kept_styles(root: HtmlElement, losses: Losses) -> Iterator[str]:
    """Yield what is left of each style element in the head."""
    total = 0
    for element in each_style(root):
        css = element.text or ""
        if in_body(element):
            losses.blocks["Gmail reads none in the body"] += 1
            continue
        total += len(css.encode())
        reason = _why_dropped(css, total)
        if reason:
            losses.blocks[reason] += 1
            continue
        kept = write_tree(_kept_items(read_tree(css), losses))
        media = element.get("media", "")
        if kept and not _is_asked_in_vain(media):
            yield f"@media {media} {{\n{kept}\n}}" if media else kept


def _why_dropped(css: str, total: int) -> str:
    """Return why Gmail drops a whole style element, or nothing."""
    if total > STYLE_BYTES:
        return f"Gmail reads {STYLE_BYTES // 1024} KB of styles and no more"
    faults = block_faults(css)
    return faults[0].kind.value if faults else ""


def _kept_items(items: tuple[Item, ...], losses: Losses) -> Iterator[Item]:
    for item in items:
        if isinstance(item, AtRule):
            if item.keyword != "media" or _is_asked_in_vain(item.prelude):
                losses.at_rules.append(_name_of(item))
            else:
                yield replace(item, items=tuple(_kept_items(item.items, losses)))
        else:
            yield from _kept_rule(item, losses)


def _name_of(rule: AtRule) -> str:
    is_dark = "prefers-color-scheme" in rule.prelude
    return "dark colours" if is_dark else f"@{rule.keyword}"


def _is_asked_in_vain(query: str) -> bool:
    """Whether Gmail leaves out what stands under a media query."""
    features = {
        "prefers-color-scheme": "css-at-media-prefers-color-scheme",
        "prefers-reduced-motion": "css-at-media-prefers-reduced-motion",
        "hover": "css-at-media-hover",
        "device-pixel-ratio": "css-at-media-device-pixel-ratio",
    }
    asked = [feature for words, feature in features.items() if words in query.lower()]
    # caniemail, css-at-media: no queries about the height.
    return any(lacks(WEB, f) for f in asked) or bool(_HEIGHT_QUERY.search(query))


def _kept_rule(rule: Rule, losses: Losses) -> Iterator[Rule]:
    of_mail = [s for s in rule.selectors if not _PAGE.search(s)]
    if not of_mail and any(d.property in _SEEN for d in rule.style):
        losses.page_rules += 1
    known = [s for s in of_mail if not _is_unknown(s)]
    losses.selectors += len(of_mail) - len(known)
    style = _kept_style(rule.style, WEB, losses)
    if known and style:
        yield Rule(tuple(map(prefixed_selector, known)), style)


#: Properties of the page whose loss is seen.
_SEEN = frozenset({"background", "background-color", "color", "font", "font-family"})


def _is_unknown(selector: str) -> bool:
    tests = selector.count("[")
    # caniemail, css-selector-attribute: only [class~=name] is kept.
    return lacks_selector(WEB, selector) or tests > len(_CLASS_TEST.findall(selector))


def kept_inline(style: str, program: str, losses: Losses) -> str:
    """Return what is left of a style attribute."""
    if has_spaced_colour(style):
        losses.attributes += 1
        return ""
    return write_style(_kept_style(read_style(style), program, losses))


def _kept_style(style: Style, program: str, losses: Losses) -> Style:
    kept: Style = ()
    for declaration in style:
        if program == APP and declaration.addresses:
            losses.grounds += 1
            kept += without_addresses(declaration)
        elif _is_left_out(declaration, program):
            losses.declarations.append(declaration.property)
        else:
            kept += (declaration,)
    return kept


def _is_left_out(declaration: Declaration, program: str) -> bool:
    name = declaration.property
    if name.startswith("margin") or name == "text-indent":
        # caniemail, css-margin and css-text-indent: no values below zero.
        return bool(_NEGATIVE.search(declaration.value))
    if name == "display" and program == APP:
        return bool(declaration.words & _LAYOUTS)
    return lacks_declaration(program, declaration)


def remove_styles(root: HtmlElement, losses: Losses | None) -> None:
    """Take out every style element; *losses* counts them where all are lost."""
    for element in each_style(root):
        if losses is not None:
            losses.blocks["accounts that are not Google's get no style sheet"] += bool(
                list(rules_in(_items_of(element)))
            )
        element.drop_tree()


def _items_of(element: HtmlElement) -> tuple[Item, ...]:
    return read_tree(element.text or "")
