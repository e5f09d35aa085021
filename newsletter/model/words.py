"""The words of inline content, without what makes them bold or a link."""

from collections.abc import Iterable

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


def plain_words(content: Iterable[Inline]) -> str:
    """Return the words alone; a personal field shows its fallback."""
    return "".join(_words(part) for part in content)


def _words(part: Inline) -> str:
    match part:
        case Text(text) | Code(text):
            return text
        case Field():
            return part.fallback
        case LineBreak():
            return " "
        case Strong(content) | Emphasis(content) | Link(content):
            return plain_words(content)
