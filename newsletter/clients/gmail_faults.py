"""Why Gmail drops a whole style block. Pure.

tinycss2 follows the standard, by which an unclosed brace is closed at the end and is no
fault. Gmail drops the whole block, so braces are counted here.
"""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import tinycss2
from tinycss2.ast import AtRule, Node, ParseError, QualifiedRule

#: Style blocks of the head together; the one that passes it goes, and all later ones
#: (email-bugs#90; caniemail, 2026-06-29).
STYLE_BYTES = 16 * 1024

#: Comments, strings and addresses, in which braces mean nothing.
_LITERALS = re.compile(
    r"/\*.*?(?:\*/|$)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|url\([^)]*\)",
    re.DOTALL | re.IGNORECASE,
)
#: ``rgb(0 128 0)`` (caniemail, css-rgb, 2026-06-29).
_SPACED_RGB = re.compile(r"rgba?\(\s*[\d.]+%?\s+[\d.]", re.IGNORECASE)


class FaultKind(Enum):
    """What a fault is, in the words of a remark."""

    NESTED = "a rule such as @media stands inside another one"
    BROKEN = "a fault in the CSS makes Gmail drop the whole block"


class Fault(NamedTuple):
    """One reason to drop a block."""

    kind: FaultKind
    #: A verb with its object: "has an at-rule inside @media".
    words: str


# The style blocks of a template change only when the template does.
@lru_cache(maxsize=64)
def block_faults(css: str) -> tuple[Fault, ...]:
    """Return what makes Gmail drop a style block, each once.

    Source: email-bugs#21 and #90; caniemail#144.
    """
    # A brace too many makes nonsense of what follows.
    return tuple(_brace_faults(css)) or tuple(dict.fromkeys(_other_faults(css)))


def has_spaced_colour(css: str) -> bool:
    """Whether a colour is written with spaces, which Gmail drops with all around it."""
    return _SPACED_RGB.search(css) is not None


def _brace_faults(css: str) -> Iterator[Fault]:
    depth = 0
    for brace in re.findall(r"[{}]", _LITERALS.sub("", css)):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            yield Fault(FaultKind.BROKEN, "closes a brace that was never opened")
            return
    if depth:
        yield Fault(FaultKind.BROKEN, "has a brace that is never closed")


def _other_faults(css: str) -> Iterator[Fault]:
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    for rule in rules:
        if isinstance(rule, AtRule) and _holds_at_rule(rule):
            words = f"has an at-rule inside @{rule.at_keyword}"
            yield Fault(FaultKind.NESTED, words)
    for line in _broken_lines(rules):
        yield Fault(FaultKind.BROKEN, f"does not parse in line {line}")
    if has_spaced_colour(css):
        yield Fault(FaultKind.BROKEN, "writes a colour with spaces, rgb(0 0 0)")


def _holds_at_rule(rule: AtRule) -> bool:
    return any(token.type == "at-keyword" for token in rule.content or ())


def _broken_lines(nodes: list[Node]) -> Iterator[int]:
    """Yield the lines of what does not parse, declarations included."""
    for node in nodes:
        if isinstance(node, ParseError):
            yield node.source_line
        elif isinstance(node, QualifiedRule | AtRule) and node.content:
            yield from _broken_lines(
                tinycss2.parse_blocks_contents(
                    node.content, skip_comments=True, skip_whitespace=True
                )
            )
