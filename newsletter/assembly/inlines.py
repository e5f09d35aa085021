"""Inline content -> HTML: safe whatever was typed, well-formed as MJML must be."""

from collections.abc import Callable, Iterable
from html import escape

from markupsafe import Markup

from newsletter.model.issue import (
    Code,
    Emphasis,
    Field,
    Inline,
    LineBreak,
    Link,
    Strong,
    Text,
)

Marker = Callable[[Field], str]


def render_inlines(content: Iterable[Inline], marker: Marker) -> Markup:
    """Return inline content as HTML; a link without a target is its plain words."""
    parts = [_html(part, marker) for part in content]
    return Markup("".join(parts))  # noqa: S704 - each part is escaped


def _html(part: Inline, marker: Marker) -> str:
    match part:
        case Text(text):
            return escape(text)
        case Strong(content):
            return f"<strong>{render_inlines(content, marker)}</strong>"
        case Emphasis(content):
            return f"<em>{render_inlines(content, marker)}</em>"
        case Code(text):
            return f"<code>{escape(text)}</code>"
        case LineBreak():
            return "<br />"
        case Field():
            return escape(marker(part))
        case Link(content, target):
            return _link(render_inlines(content, marker), target)


def _link(words: str, target: str) -> str:
    return f'<a href="{escape(target)}">{words}</a>' if target else words
