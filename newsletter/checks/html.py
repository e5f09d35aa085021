"""What mail programs take out of an HTML mail, and what they take for a trick.

Only a template can bring these: raw HTML in an issue is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from lxml.html import HtmlElement

from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import Page, first_page
from newsletter.checks.unseen import unseen_texts
from newsletter.clients.gmail_faults import STYLE_BYTES, block_faults
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding

#: So many words find a text in a template; later ones may come from a value.
_WORDS_LOOKED_FOR: Final = 3

#: By this at-rule MJML has Gmail drop the styles of an accordion, which then is open.
_MEANT_TO_GO: Final = "@goodbye"

#: Tag -> what to write instead.
_FORBIDDEN: Final = {
    "script": "Take it out; a mail runs no scripts.",
    "form": "Link to a form on a web page.",
    "input": "Link to a form on a web page.",
    "iframe": "Show a picture, and link to the page.",
    "frame": "Show a picture, and link to the page.",
    "object": "Show a picture, and link to the page.",
    "embed": "Show a picture, and link to the page.",
    "applet": "Show a picture, and link to the page.",
    "base": "Write every address in full.",
}


@dataclass(frozen=True, slots=True)
class _Fault:
    rule: str
    message: str
    advice: str
    #: Regular expression by which its place in the templates is found; may be empty.
    written: str = ""


def check_html(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report what the HTML of the mail holds and readers will not get."""
    page = first_page(facts)
    if page is None:
        return []
    faults = (
        *_forbidden_elements(page),
        *_silent_media(page),
        *_outer_styles(page),
        *_actions(page),
        *_styles_for_gmail(page),
        *_hidden_texts(page),
    )
    return [
        found(
            fault.rule,
            template_place(assembled.issue, facts, fault.written),
            fault.message,
            fault.advice,
        )
        for fault in faults
    ]


def _forbidden_elements(page: Page) -> Iterator[_Fault]:
    tags = [element.tag for element in page.elements if not _is_of_mjml(element)]
    inside_form = "form" in tags
    for tag, advice in _FORBIDDEN.items():
        if tag in tags and not (tag == "input" and inside_form):
            message = f"the mail has <{tag}>, which mail programs take out."
            yield _Fault("html-forbidden", message, advice, rf"<{tag}\b")


def _is_of_mjml(element: HtmlElement) -> bool:
    """Whether it is a switch of a menu, accordion or carousel: all works without."""
    names = str(element.get("class", ""))
    return element.tag == "input" and names.startswith("mj-")


def _silent_media(page: Page) -> Iterator[_Fault]:
    """Report video and audio that leave nothing where they are not played."""
    for tag in ("video", "audio"):
        media = (element for element in page.elements if element.tag == tag)
        if any(not _has_fallback(element) for element in media):
            yield _Fault(
                "html-forbidden",
                f"the mail has <{tag}> with nothing in its stead: "
                "most mail programs play none.",
                "Put a picture with a link between its tags.",
                rf"<{tag}\b",
            )


def _has_fallback(media: HtmlElement) -> bool:
    inner = [e for e in media.iterdescendants() if e.tag not in ("source", "track")]
    return bool(inner) or bool(media.text_content().strip())


def _outer_styles(page: Page) -> Iterator[_Fault]:
    linked = any(
        element.tag == "link" and "stylesheet" in element.get("rel", "").lower().split()
        for element in page.elements
    )
    if linked or any("@import" in style.css.lower() for style in page.styles):
        yield _Fault(
            "html-forbidden",
            "the mail fetches a style sheet, which most mail programs do not.",
            "Write the styles into the template.",
            r"@import|<link\b",
        )


def _actions(page: Page) -> Iterator[_Fault]:
    if any(_is_refresh(element) for element in page.elements):
        yield _Fault(
            "html-forbidden",
            "the mail sends its readers on by <meta http-equiv=refresh>; "
            "mail programs take that for an attack.",
            "Take it out, and write a link.",
            r"http-equiv=.?refresh",
        )
    handlers = [
        name
        for element in page.elements
        for name in element.attrib
        if name.lower().startswith("on") and name.isalpha()
    ]
    if handlers:
        yield _Fault(
            "html-forbidden",
            f'the mail has the attribute "{handlers[0]}", which would run a script; '
            "mail programs take it out.",
            "Take it out; a mail runs no scripts.",
            rf"\b{handlers[0]}\s*=",
        )


def _is_refresh(element: HtmlElement) -> bool:
    return bool(
        element.tag == "meta" and element.get("http-equiv", "").lower() == "refresh"
    )


def _styles_for_gmail(page: Page) -> Iterator[_Fault]:
    heads = (style.css for style in page.styles if not style.is_in_body)
    total = sum(len(css.encode()) for css in heads)
    if total > STYLE_BYTES:
        yield _Fault(
            "style-gmail",
            f"the mail has {ceil(total / 1024)} KB of style blocks; "
            f"Gmail drops what goes beyond {STYLE_BYTES // 1024} KB.",
            "Take out rules that nothing uses.",
        )
    sheets = (style.css for style in page.styles if _MEANT_TO_GO not in style.css)
    faults = [fault.words for css in sheets for fault in block_faults(css)]
    if any(style.is_in_body for style in page.styles):
        faults.append("stands in the body, not in the head")
    for fault in dict.fromkeys(faults):
        yield _Fault(
            "style-gmail",
            f"a style block {fault}; Gmail drops the whole block.",
            "Put it right, or move what it holds to a block of its own.",
        )


def _hidden_texts(page: Page) -> Iterator[_Fault]:
    for how, text in unseen_texts(page):
        yield _Fault(
            "hidden-text",
            f'"{_shortened(text)}" {how}; spam filters take that for a trick.',
            "Show the words, or take them out.",
            r"\s+".join(map(re.escape, text.split()[:_WORDS_LOOKED_FOR])),
        )


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39].rstrip()}…"
