"""A style sheet as values that can be chosen from and written again. Pure.

In: the text of a style element or attribute. Out: rules and declarations without their
places, since what is written from them is not the mail's any more. Both readings are
remembered: MJML repeats a few dozen style attributes hundreds of times, and tinycss2
needs about 2 ms for a kilobyte (measured 2026-11: 104 KB in 0.19 s).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import tinycss2
from tinycss2 import ast

#: Strings, comments and addresses, in which a brace is no brace.
_QUOTED = re.compile(
    r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|url\([^)]*\)", re.DOTALL
)
_ADDRESS = re.compile(r"url\(\s*(?:\"[^\"]*\"|'[^']*'|[^)]*)\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Declaration:
    """``name: value``."""

    #: Lower case; a custom property as written.
    name: str
    #: As written, without outer spaces and without ``!important``.
    value: str
    is_important: bool = False

    def without_addresses(self) -> "Declaration":
        """Return it without ``url(…)``; the value is empty when that was all."""
        return replace(self, value=" ".join(_ADDRESS.sub(" ", self.value).split()))


@dataclass(frozen=True, slots=True)
class Rule:
    """``selector, selector { declarations }``."""

    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class AtRule:
    """``@keyword prelude { … }`` or ``@keyword prelude;``."""

    #: Lower case, without the ``@``.
    keyword: str
    prelude: str
    #: Rules within, for those that hold rules (``@media``, ``@supports``); else empty.
    items: tuple["Rule | AtRule", ...] = ()
    #: Declarations within, for those that hold some (``@font-face``); else empty.
    declarations: tuple[Declaration, ...] = ()
    #: Whether it has a block at all.
    has_block: bool = True


Item: TypeAlias = Rule | AtRule


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands in one style element."""

    items: tuple[Item, ...]
    #: What does not parse, in tinycss2's words, and an unclosed brace.
    errors: tuple[str, ...]


def write_sheet(items: Iterable[Item]) -> str:
    """Return the text of rules, one a line."""
    return "\n".join(map(_write_item, items))


def write_declarations(declarations: Iterable[Declaration]) -> str:
    """Return the text of a style attribute or of a block."""
    return "; ".join(
        f"{d.name}: {d.value}{' !important' if d.is_important else ''}"
        for d in declarations
    )


def rules_in(items: Iterable[Item]) -> Iterator[Rule]:
    """Yield every rule, also those within at-rules, in order."""
    for item in items:
        if isinstance(item, Rule):
            yield item
        else:
            yield from rules_in(item.items)


def with_declarations(
    items: Iterable[Item],
    change: Callable[[tuple[Declaration, ...]], tuple[Declaration, ...]],
) -> Iterator[Item]:
    """Yield rules whose blocks went through *change*; emptied rules are left out."""
    for item in items:
        if isinstance(item, AtRule):
            within = tuple(with_declarations(item.items, change))
            yield replace(item, items=within)
            continue
        declarations = change(item.declarations)
        if declarations:
            yield replace(item, declarations=declarations)


# A mail has three or four style elements; the preview makes five imitations of each.
@lru_cache(maxsize=128)
def read_sheet(css: str) -> Sheet:
    """Return the rules of a style sheet; what does not parse is told and left out."""
    parsed = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    errors = list(_errors(parsed))
    if not _is_balanced(css):
        errors.append("a brace is never closed")
    return Sheet(tuple(_items(parsed)), tuple(errors))


@lru_cache(maxsize=4096)
def read_declarations(style: str) -> tuple[Declaration, ...]:
    """Return the declarations of a style attribute, in order."""
    return _declarations(
        tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    )


def _items(nodes: Sequence[ast.Node]) -> Iterator[Item]:
    for node in nodes:
        if isinstance(node, ast.QualifiedRule):
            yield Rule(_selectors(node.prelude), _declarations(_block(node.content)))
        elif isinstance(node, ast.AtRule):
            yield _at_rule(node)


def _at_rule(node: ast.AtRule) -> AtRule:
    content = _block(node.content or [])
    return AtRule(
        keyword=node.lower_at_keyword,
        prelude=tinycss2.serialize(node.prelude).strip(),
        items=tuple(_items(content)),
        declarations=_declarations(content),
        has_block=node.content is not None,
    )


def _block(content: Sequence[ast.Node]) -> list[ast.Node]:
    return list(
        tinycss2.parse_blocks_contents(
            content, skip_comments=True, skip_whitespace=True
        )
    )


def _declarations(nodes: Iterable[ast.Node]) -> tuple[Declaration, ...]:
    return tuple(
        Declaration(
            name=node.name if node.name.startswith("--") else node.lower_name,
            value=tinycss2.serialize(node.value).strip(),
            is_important=node.important,
        )
        for node in nodes
        if isinstance(node, ast.Declaration)
    )


def _selectors(prelude: Sequence[ast.Node]) -> tuple[str, ...]:
    """Return the selectors of a group; commas within parentheses do not part them."""
    groups: list[list[ast.Node]] = [[]]
    for node in prelude:
        if isinstance(node, ast.LiteralToken) and node.value == ",":
            groups.append([])
        else:
            groups[-1].append(node)
    return tuple(tinycss2.serialize(group).strip() for group in groups)


def _errors(nodes: Sequence[ast.Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ParseError):
            yield node.message
        elif isinstance(node, ast.QualifiedRule | ast.AtRule) and node.content:
            yield from _errors(_block(node.content))


def _is_balanced(css: str) -> bool:
    """Whether each brace is closed; tinycss2 closes them at the end, silently."""
    bare = _QUOTED.sub("", css)
    return bare.count("{") == bare.count("}")


def _write_item(item: Item) -> str:
    if isinstance(item, Rule):
        return (
            f"{', '.join(item.selectors)} {{ {write_declarations(item.declarations)} }}"
        )
    if not item.has_block:
        return f"@{item.keyword} {item.prelude};"
    inner = write_sheet(item.items) or write_declarations(item.declarations)
    return f"@{item.keyword} {item.prelude} {{\n{inner}\n}}"
