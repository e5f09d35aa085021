"""Style sheets and style attributes, read in order and with what stands around. Pure.

What does not parse is left out, as programs do. A declaration whose property was given
before in the same list keeps that as what programs fall back on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tinycss2

#: At-rules that hold rules, which count under their condition.
_GROUPING = frozenset({"media", "supports", "layer", "container", "document"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """``display: grid``, with what its value is made of; all names in lower case."""

    property: str
    value: str
    is_important: bool
    #: An earlier declaration of the same list gives the same property.
    has_fallback: bool
    #: Words of the value: "grid", "hidden".
    words: frozenset[str]
    #: Functions, also nested ones: "calc", "rgba"; without that of an address.
    functions: frozenset[str]
    #: Units of its numbers: "px", "rem".
    units: frozenset[str]
    #: What stands in ``url(…)``.
    addresses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.property}: {self.value}"


Style = tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """``a:hover { … }`` and the at-rules it stands in."""

    selector: str
    #: Names after colons: "hover", "before".
    pseudo: frozenset[str]
    style: Style
    #: Preludes of the at-rules around it, outermost first: "@media print".
    conditions: tuple[str, ...] = ()
    #: It stands inside another rule.
    is_nested: bool = False


@dataclass(frozen=True, slots=True)
class AtRule:
    """``@media …``, ``@font-face``."""

    keyword: str
    prelude: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet: its rules, those inside at-rules too, in order."""

    rules: tuple[Rule, ...]
    at_rules: tuple[AtRule, ...]


# A mail of 200 elements has about 40 different styles, one of 2,000 about 60.
@lru_cache(maxsize=1024)
def read_style(style: str) -> Style:
    """Return the declarations of a style attribute, in order."""
    parts = tinycss2.parse_blocks_contents(
        style, skip_comments=True, skip_whitespace=True
    )
    return _declarations(parts)


# An issue has some four sheets, which stay the same from save to save.
@lru_cache(maxsize=64)
def read_sheet(css: str) -> Sheet:
    """Return the rules of a ``style`` element."""
    rules: list[Rule] = []
    at_rules: list[AtRule] = []
    parts = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    _read_rules(parts, (), rules, at_rules)
    return Sheet(tuple(rules), tuple(at_rules))


def _read_rules(
    parts: Iterable[Any],
    conditions: tuple[str, ...],
    rules: list[Rule],
    at_rules: list[AtRule],
    outer: str = "",
) -> None:
    for part in parts:
        if part.type == "at-rule":
            _read_at_rule(part, conditions, rules, at_rules)
        elif part.type == "qualified-rule":
            inside = tinycss2.parse_blocks_contents(
                part.content, skip_comments=True, skip_whitespace=True
            )
            selector = tinycss2.serialize(part.prelude).strip()
            style = _declarations(inside)
            pseudo = frozenset(_pseudo(part.prelude))
            rules.append(Rule(selector, pseudo, style, conditions, bool(outer)))
            _read_rules(inside, conditions, rules, at_rules, selector)


def _read_at_rule(
    part: Any, conditions: tuple[str, ...], rules: list[Rule], at_rules: list[AtRule]
) -> None:
    keyword = part.lower_at_keyword
    prelude = tinycss2.serialize(part.prelude).strip()
    at_rules.append(AtRule(keyword, prelude, conditions))
    if keyword in _GROUPING and part.content is not None:
        inside = tinycss2.parse_blocks_contents(
            part.content, skip_comments=True, skip_whitespace=True
        )
        _read_rules(inside, (*conditions, f"@{keyword} {prelude}"), rules, at_rules)


def _declarations(parts: Iterable[Any]) -> Style:
    seen: set[str] = set()
    found = []
    for part in parts:
        if part.type == "declaration":
            found.append(_declaration(part, has_fallback=part.lower_name in seen))
            seen.add(part.lower_name)
    return tuple(found)


def _declaration(part: Any, *, has_fallback: bool) -> Declaration:
    tokens = tuple(_flat(part.value))
    return Declaration(
        property=part.lower_name,
        value=tinycss2.serialize(part.value).strip(),
        is_important=part.important,
        has_fallback=has_fallback,
        words=frozenset(t.lower_value for t in tokens if t.type == "ident"),
        functions=frozenset(t.lower_name for t in tokens if t.type == "function"),
        units=frozenset(t.lower_unit for t in tokens if t.type == "dimension"),
        addresses=tuple(filter(None, map(_address, tokens))),
    )


def _flat(tokens: Iterable[Any]) -> Iterator[Any]:
    """Yield tokens and what stands in their brackets."""
    for token in tokens:
        yield token
        if token.type == "function":
            yield from _flat(token.arguments)
        elif token.type.endswith(" block"):
            yield from _flat(token.content)


def _address(token: Any) -> str:
    """Return the address of ``url(x)`` or ``url("x")``, or nothing."""
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name == "url":
        return "".join(a.value for a in token.arguments if a.type == "string")
    return ""


def _pseudo(prelude: Iterable[Any]) -> Iterator[str]:
    previous = ""
    for token in prelude:
        if previous == ":" and token.type == "ident":
            yield token.lower_value
        elif previous == ":" and token.type == "function":
            yield token.lower_name
        previous = token.value if token.type == "literal" else ""
