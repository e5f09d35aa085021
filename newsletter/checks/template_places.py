"""Where the project's own templates write what a mail uses. Pure.

The way from template to mail goes through MJML and an inliner, which keep no places; so
the words are looked for: first the declaration as it is, then its property with the
word that matters, as a value may come from a variable of Jinja.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from newsletter.clients.usage import Use
from newsletter.model.problem import Place

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_NOT_A_LINE_END = re.compile(r"[^\n]")


def find_uses(uses: Iterable[Use], templates: Mapping[str, str]) -> list[Place]:
    """Return the lines that write any of these, a line once, in order.

    Args:
        uses: What is looked for.
        templates: Path as shown -> text.
    """
    found: dict[tuple[str, int], Place] = {}
    for use in uses:
        for place in _find(use, templates):
            found.setdefault((place.file, place.line), place)
    return sorted(found.values())


def _find(use: Use, templates: Mapping[str, str]) -> list[Place]:
    for pattern in _patterns(use):
        places = [
            place
            for file, text in templates.items()
            for place in _matches(pattern, file, _without_comments(text))
        ]
        if places:
            # A selector stands again in media queries, which are no fault.
            return places[:1] if use.feature == "html-style" else places
    return []


def _patterns(use: Use) -> Iterator[re.Pattern[str]]:
    """Yield what to look for, the most exact first."""
    name, word = use.written
    if use.index >= 0:
        # After a bracket it is the question of an @supports.
        property_ = rf"(?<![\w(-]){re.escape(name)}\s*:\s*"
        value = r"\s*".join(map(re.escape, use.style[use.index].value.split()))
        yield re.compile(property_ + value, re.IGNORECASE)
        yield re.compile(rf"{property_}[^;\"'{{}}]*?{re.escape(word)}", re.IGNORECASE)
    elif name.startswith("<"):
        yield re.compile(rf"{name}\b[^>]*?{re.escape(word)}", re.IGNORECASE)
    elif word:
        yield re.compile(rf"(?<![\w-]){name}\s*:\s*{re.escape(word)}", re.IGNORECASE)
    else:
        yield re.compile(rf"{re.escape(name)}(?![\w-])", re.IGNORECASE)


def _matches(pattern: re.Pattern[str], file: str, text: str) -> Iterator[Place]:
    for match in pattern.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        line = text.count("\n", 0, match.start()) + 1
        yield Place(file, line, match.start() - line_start + 1)


@lru_cache(maxsize=64)
def _without_comments(text: str) -> str:
    """Return a template with spaces for what Jinja takes out, so that places stay."""
    return _COMMENT.sub(lambda m: _NOT_A_LINE_END.sub(" ", m[0]), text)
