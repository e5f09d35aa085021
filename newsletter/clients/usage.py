"""Which features of HTML and CSS a mail uses, and where. Pure.

What comes in is the parsed document of the HTML part; it is only looked at. What a mail
hides by its own style is passed over: nobody sees what becomes of it. What stands in a
conditional comment counts for classic Outlook alone, and what is kept from it
(``<!--[if !mso]><!-->``, ``mso-hide``) for all others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

from newsletter.clients.conditionals import END, holds_in_word, read_comment
from newsletter.clients.css import Rule, Sheet, Style, read_sheet, read_style
from newsletter.clients.features import (
    at_rule_features,
    declaration_features,
    element_features,
    link_features,
    picture_features,
    pseudo_features,
)


class Audience(Enum):
    """Which programs a part of the mail is meant for."""

    ALL = "all"
    #: In a conditional comment.
    OUTLOOK = "classic Outlook"
    OTHERS = "all but classic Outlook"


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which a mail uses a feature, at all places written alike."""

    #: As the support table names it.
    feature: str
    #: As it stands in the mail: "display: grid", "a:hover", "<svg>".
    shown: str
    #: What to look for in a template: a property, a selector's end, an element; and a
    #: word of the value, or nothing.
    written: tuple[str, str]
    #: The elements that carry it; none for a rule of a style sheet.
    elements: tuple[HtmlElement, ...] = ()
    #: The declarations it stands among, itself included.
    style: Style = ()
    #: Its place in *style*; -1 for what is no declaration.
    index: int = -1
    #: At-rules around it: what stands in one is meant for who knows it.
    conditions: tuple[str, ...] = ()
    audience: Audience = Audience.ALL

    @property
    def has_fallback(self) -> bool:
        """Whether an earlier declaration holds where this one is unknown."""
        return self.index >= 0 and self.style[self.index].has_fallback


@dataclass(frozen=True, slots=True)
class Usage:
    """What a mail uses."""

    uses: tuple[Use, ...]
    #: Its style sheets, in order; those of conditional comments are left out.
    sheets: tuple[Sheet, ...] = ()


@dataclass(slots=True)
class _Findings:
    """What the walk gathers: equal things once, with their elements."""

    styled: dict[tuple[str, Audience], list[HtmlElement]] = field(default_factory=dict)
    named: dict[tuple[str, Audience], list[HtmlElement]] = field(default_factory=dict)
    #: Text, media attribute and audience of each style element.
    sheets: list[tuple[str, str, Audience]] = field(default_factory=list)
    #: What stands in conditional comments that hold in classic Outlook.
    comments: list[str] = field(default_factory=list)


def read_usage(root: HtmlElement) -> Usage:
    """Return what a document uses, in order of kind and then of place."""
    found = _Findings()
    _walk(root, Audience.ALL, found)
    uses = [
        replace(use, elements=tuple(elements), audience=audience)
        for (style, audience), elements in found.styled.items()
        for use in _style_uses(style)
    ]
    uses += [
        Use(feature, *_named(feature, elements[0]), tuple(elements), audience=audience)
        for (feature, audience), elements in found.named.items()
    ]
    for css, media, audience in found.sheets:
        uses += (replace(u, audience=audience) for u in _sheet_uses(css, media))
    painted: set[str] = set()
    for content in dict.fromkeys(found.comments):
        conditional = _read_conditional(content)
        uses += conditional.uses
        painted |= conditional.painted
    if painted:
        uses = [_spare_outlook(use, painted) for use in uses]
    sheets = tuple(read_sheet(css) for css, media, _ in found.sheets if not media)
    return Usage(tuple(uses), sheets)


def _walk(element: HtmlElement, audience: Audience, found: _Findings) -> None:
    """Gather an element and what it holds, unless it hides itself."""
    style = element.get("style", "")
    if style:
        if _hides(style):
            return
        if "mso-hide" in style:
            audience = Audience.OTHERS
        found.styled.setdefault((style, audience), []).append(element)
    if element.tag == "style":
        found.sheets.append((element.text or "", element.get("media", ""), audience))
    for feature in _features_of(element):
        found.named.setdefault((feature, audience), []).append(element)
    _walk_children(element, audience, found)


def _walk_children(element: HtmlElement, audience: Audience, found: _Findings) -> None:
    inside = audience
    for child in element:
        if isinstance(child.tag, str):
            _walk(child, inside, found)
        elif child.tag is etree.Comment:
            condition, content = read_comment(child.text or "")
            if condition == END:
                inside = audience
            elif condition and not content:
                inside = audience if holds_in_word(condition) else Audience.OTHERS
            elif condition and holds_in_word(condition):
                found.comments.append(content)


@lru_cache(maxsize=1024)
def _hides(style: str) -> bool:
    return any(d.property == "display" and "none" in d.words for d in read_style(style))


def _features_of(element: HtmlElement) -> Iterator[str]:
    tag = element.tag
    kind = element.get("name" if tag == "meta" else "type", "").lower()
    yield from element_features(tag, kind, tuple(element.keys()))
    if tag == "img":
        yield from picture_features(element.get("src", ""))
    elif tag == "a":
        yield from link_features(element.get("href", ""))


def _named(feature: str, element: HtmlElement) -> tuple[str, tuple[str, str]]:
    """Return how an element or its attribute is shown, and what to look for."""
    tag, attribute = element.tag, feature.removeprefix("html-")
    if feature.startswith("image-"):
        return f"<{tag}>", (f"<{tag}", _word_of(feature))
    if attribute in element.attrib:
        return f"{attribute} of <{tag}>", (attribute, "")
    return f"<{tag}>", (f"<{tag}", "")


@lru_cache(maxsize=1024)
def _style_uses(text: str) -> tuple[Use, ...]:
    return tuple(_declared_uses(read_style(text)))


def _declared_uses(style: Style) -> Iterator[Use]:
    for index, declaration in enumerate(style):
        for feature in sorted(declaration_features(declaration)):
            written = (declaration.property, _word_of(feature))
            yield Use(feature, str(declaration), written, style=style, index=index)


#: Features of a value -> the word to look for beside the property.
_WORDS = {
    "css-display-flex": "flex",
    "css-display-grid": "grid",
    "css-display-none": "none",
    "css-background-image": "url",
    "css-unit-calc": "calc",
    "css-variables": "var",
    "css-important": "!",
    "css-modern-color": "l",
    "image-base64": "data:",
}


def _word_of(feature: str) -> str:
    if feature in _WORDS:
        return _WORDS[feature]
    for start in ("css-unit-", "css-function-", "image-"):
        if feature.startswith(start):
            return feature.removeprefix(start)
    return feature.removeprefix("css-") if "gradient" in feature else ""


@lru_cache(maxsize=64)
def _sheet_uses(css: str, media: str) -> tuple[Use, ...]:
    sheet = read_sheet(css)
    outer = (f"@media {media}",) if media else ()
    uses = [
        Use(
            feature,
            f"@{rule.keyword} {rule.prelude}".strip(),
            (f"@{rule.keyword}", ""),
            conditions=outer + rule.conditions,
        )
        for rule in sheet.at_rules
        for feature in at_rule_features(rule)
    ]
    for rule in sheet.rules:
        uses += _rule_uses(rule, outer + rule.conditions)
    return tuple(uses)


def _rule_uses(rule: Rule, conditions: tuple[str, ...]) -> Iterator[Use]:
    if rule.is_nested:
        yield Use(
            "css-nesting", rule.selector, (rule.selector, ""), conditions=conditions
        )
    for name in sorted(rule.pseudo):
        for feature in pseudo_features(name):
            yield Use(
                feature,
                rule.selector,
                (f":{name}", ""),
                style=rule.style,
                conditions=conditions,
            )
    if not rule.pseudo:
        for use in _declared_uses(rule.style):
            yield replace(use, conditions=conditions)


@dataclass(frozen=True, slots=True)
class _Conditional:
    """What stands in ``<!--[if mso]>…<![endif]-->``."""

    uses: tuple[Use, ...] = ()
    #: Addresses of pictures that VML paints in classic Outlook.
    painted: frozenset[str] = frozenset()


@lru_cache(maxsize=256)
def _read_conditional(content: str) -> _Conditional:
    """Return what a conditional comment holds, often half a table."""
    parser = etree.HTMLParser(remove_comments=True)
    parsed = etree.fromstring(f"<div>{content}</div>", parser)
    if parsed is None:
        return _Conditional()
    uses: dict[Use, None] = {}
    painted = set()
    for element in parsed.iter(etree.Element):
        if ":" not in element.tag:  # VML has positions of its own
            uses.update(dict.fromkeys(_style_uses(element.get("style", ""))))
        if element.tag == "style":
            uses.update(dict.fromkeys(_sheet_uses(element.text or "", "")))
        elif element.tag.rpartition(":")[2] in ("fill", "image"):
            painted.add(element.get("src", ""))
    alone = tuple(replace(use, audience=Audience.OUTLOOK) for use in uses)
    return _Conditional(alone, frozenset(painted))


def _spare_outlook(use: Use, painted: set[str]) -> Use:
    """Return a background picture as kept from classic Outlook where VML paints it."""
    if use.feature != "css-background-image" or use.audience is not Audience.ALL:
        return use
    if not painted.intersection(use.style[use.index].addresses):
        return use
    return replace(use, audience=Audience.OTHERS)
