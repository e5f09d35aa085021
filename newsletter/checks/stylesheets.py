"""What is wrong with a style sheet, as Gmail sees it. Pure.

tinycss2 follows the standard, by which an unclosed brace is closed at the end and is no
fault. Gmail drops the whole block, so braces are counted here.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import tinycss2
from tinycss2.ast import AtRule, Node

#: Comments and strings, in which braces mean nothing.
_LITERALS = re.compile(
    r"/\*.*?(?:\*/|$)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)


# The style blocks of a template change only when the template does.
@lru_cache(maxsize=64)
def style_faults(css: str) -> tuple[str, ...]:
    """Return what makes Gmail drop a style block, each a verb with its object.

    Source: email-bugs#21 and #90; caniemail#144.
    """
    # A brace too many makes nonsense of what follows.
    return tuple(_brace_faults(css)) or tuple(dict.fromkeys(_parse_faults(css)))


def _brace_faults(css: str) -> Iterator[str]:
    depth = 0
    for brace in re.findall(r"[{}]", _LITERALS.sub("", css)):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            yield "closes a brace that was never opened"
            return
    if depth:
        yield "has a brace that is never closed"


def _parse_faults(css: str) -> Iterator[str]:
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    for rule in rules:
        if rule.type == "error":
            yield f"does not parse in line {rule.source_line}"
        elif rule.type == "at-rule":
            yield from _at_rule_faults(rule)


def _at_rule_faults(rule: AtRule) -> Iterator[str]:
    content: list[Node] = rule.content or []
    if any(token.type == "at-keyword" for token in content):
        yield f"has an at-rule inside @{rule.at_keyword}"
