"""What readers who listen to a mail, or enlarge it, need of its HTML.

Headings an editor can set right are shown at her line; all else is the template's.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from lxml.html import HtmlElement

from newsletter.addresses import parse_mailbox
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import Page, first_page, seen_text, style_of
from newsletter.i18n import direction
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Inline, Issue, Item, Subheading
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks
from newsletter.model.words import plain_words

#: BCP 47 as far as a newsletter needs it: language, script, region, variants.
_LANGUAGE: Final = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*",
    re.IGNORECASE,
)
#: Titles that editors of HTML write by themselves.
_NO_TITLES: Final = frozenset(
    {"", "document", "untitled", "untitled document", "title"}
)
_LAYOUT: Final = frozenset({"presentation", "none"})
_DATA: Final = frozenset({"table", "grid", "treegrid"})
_HEADING: Final = re.compile(r"h([1-6])")
_TABLE_TAG: Final = re.compile(r"<table\b([^>]*)>", re.IGNORECASE)
_ROLE: Final = re.compile(r"\brole\s*=\s*[\"']?(presentation|none)\b", re.IGNORECASE)


def check_accessibility(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report what makes a mail hard to listen to."""
    page = first_page(facts)
    if page is None:
        return []
    issue = assembled.issue

    def place(pattern: str) -> Place:
        return template_place(issue, facts, pattern)

    return [
        *_language_findings(page, issue.language, place("<mjml")),
        *_title_findings(page, facts, place("<mj-title|<title|<mj-head")),
        *_table_findings(page, place(r"<table(?![^>]*\brole=)")),
        *_heading_findings(page, issue, place),
        *_justified_findings(page, place(r"\bjustify\b")),
    ]


def _language_findings(page: Page, language: str, place: Place) -> Iterator[Finding]:
    wanted = f'lang="{language}" dir="{direction(language)}"'
    for element, name in _language_bearers(page):
        fault = _language_fault(element, language)
        if fault:
            yield found(
                "language-missing",
                place,
                f"{name} {fault}; screen readers read the mail by the rules "
                "of another language.",
                f"Write {wanted} on <html> and on the first element of the body, for "
                f"webmail drops <html>: <mjml {wanted}> does both.",
            )
            return


def _language_bearers(page: Page) -> Iterator[tuple[HtmlElement, str]]:
    yield page.root, "<html>"
    for body in page.root.iter("body"):
        for element in body:
            if isinstance(element.tag, str) and seen_text(element):
                yield element, f"the first <{element.tag}> with text in it"
                return


def _language_fault(element: HtmlElement, language: str) -> str:
    """Return what is wrong with language and direction, a verb with its object."""
    tag, way = element.get("lang", ""), element.get("dir", "").lower()
    if not tag:
        return "has no language"
    if not _LANGUAGE.fullmatch(tag):
        return f'has the language "{tag}", which is no language tag'
    if tag.lower().split("-")[0] != language.lower().split("-")[0]:
        return f'has the language "{tag}", and the issue is in "{language}"'
    if way not in ("ltr", "rtl"):
        return "has no direction"
    if way != direction(language):
        return f'has the direction "{way}"'
    return ""


def _title_findings(page: Page, facts: Facts, place: Place) -> Iterator[Finding]:
    if not any(facts.copies[0].values("Subject")):
        return  # the title is the subject, which is told of
    title = next((seen.text or "" for seen in page.root.iter("title")), None)
    words = " ".join((title or "").split())
    advice = "Write <title>{{ subject }}</title>: <mj-title> in MJML."
    if words.casefold() in _NO_TITLES:
        message = "the mail has no title, which is read out first."
        yield found("title-missing", place, message, advice)
    elif facts.sender and words.casefold() == _name_of(facts.sender):
        message = f'the title of the mail is only "{words}", the same in every issue.'
        yield found("title-missing", place, message, advice)


def _name_of(sender: str) -> str:
    return parse_mailbox(sender).name.casefold()


def _table_findings(page: Page, place: Place) -> Iterator[Finding]:
    tables = [element for element in page.elements if element.tag == "table"]
    bare = sum(not _is_told_apart(table) for table in tables)
    bare += sum(
        not _ROLE.search(attributes)
        for conditional in page.conditionals
        for attributes in _TABLE_TAG.findall(conditional.content)
    )
    if bare:
        number = "a layout table" if bare == 1 else f"{bare} layout tables"
        yield found(
            "table-role",
            place,
            f"the mail has {number} without a role; "
            "screen readers count out rows and columns that mean nothing.",
            'Add role="presentation", or <th> cells if it holds data.',
        )


def _is_told_apart(table: HtmlElement) -> bool:
    role = table.get("role", "").lower()
    if role in _LAYOUT or role in _DATA:
        return True
    heads = (*table.iter("th"), *table.iter("caption"))
    return any(next(head.iterancestors("table")) is table for head in heads)


def _heading_findings(
    page: Page, issue: Issue, place: Callable[[str], Place]
) -> Iterator[Finding]:
    headings = list(_headings(page))
    if not any(level == 1 for level, _ in headings):
        yield found(
            "heading-missing",
            place(r"<h[1-6]\b"),
            "the mail has no heading of the first level, by which "
            "screen readers find its beginning.",
            "Make the name of the newsletter, or the subject, an <h1>.",
        )
    level = 0
    for deeper, words in headings:
        if level and deeper > level + 1:
            yield found(
                "heading-skipped",
                _heading_place(issue, words) or place(re.escape(words[:20])),
                f'the heading "{words}" is of level {deeper} below one of level '
                f"{level}; who listens looks for what lies between.",
                "Use the next level: ## for a section, ### for an item, #### in it.",
            )
        level = deeper


def _headings(page: Page) -> Iterator[tuple[int, str]]:
    for element in page.elements:
        match = _HEADING.fullmatch(element.tag)
        if match:
            yield int(match[1]), " ".join(seen_text(element).split())
        elif element.get("role") == "heading":
            level = element.get("aria-level", "2")
            yield int(level) if level.isdecimal() else 2, seen_text(element)


def _heading_place(issue: Issue, words: str) -> Place | None:
    """Return where the editor wrote a heading; a number may stand before its words."""
    places = {plain_words(heading).strip(): at for heading, at in _written(issue)}
    return places.get(words) or next(
        (at for said, at in places.items() if said and words.endswith(f" {said}")), None
    )


def _written(issue: Issue) -> Iterator[tuple[Sequence[Inline], Place]]:
    items: list[Item] = [*issue.leads, *(i for s in issue.sections for i in s.items)]
    yield from ((item.heading, item.place) for item in items)
    yield from ((section.heading, section.place) for section in issue.sections)
    for block in walk_blocks(issue):
        if isinstance(block, Subheading):
            yield block.content, block.place


def _justified_findings(page: Page, place: Place) -> Iterator[Finding]:
    justified = any(
        style_of(element).get("text-align", "").lower() == "justify"
        or element.get("align", "").lower() == "justify"
        for element in page.elements
    ) or any(
        re.search(r"text-align\s*:\s*justify", style.css, re.IGNORECASE)
        for style in page.styles
    )
    if justified:
        yield found(
            "text-justified",
            place,
            "text is justified; the gaps between words make it hard to read for some.",
            "Let lines end where they end: text-align: start.",
        )
