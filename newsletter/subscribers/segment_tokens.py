"""The words of a condition, each with its place; and how one is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from newsletter.errors import UsageError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<bracket>[()])
    | (?P<sign>[=!<>&|]+)
    | "(?P<a>[^"]*)" | '(?P<b>[^']*)' | [“”„](?P<c>[^“”„]*)[“”] | [‘’‚](?P<d>[^‘’]*)[‘’]
    | (?P<number>[+-]?[0-9]+(?:[.,][0-9]+)?(?![\w.,:/-]))
    | (?P<word>[^\s()=!<>&|"'“”„‘’‚]+)
    )""",
    re.VERBOSE,
)
TokenKind = Literal["bracket", "sign", "text", "number", "word", "keyword", "end"]
_QUOTED = frozenset("abcd")
_KEYWORDS = frozenset({"and", "or", "not", "in"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign or a value."""

    kind: TokenKind
    text: str
    #: Counted from 1.
    column: int

    def is_word(self, word: str) -> bool:
        """Whether it is the keyword *word*."""
        return self.kind == "keyword" and self.text == word


def refuse(column: int, message: str, advice: str = "") -> NoReturn:
    """Raise what is wrong at *column*, counted from 1."""
    raise UsageError(f"--where:{column}: {message}", advice)


def read_tokens(text: str) -> Iterator[Token]:
    """Yield the words of *text*, and their end."""
    at = 0
    while found := _TOKEN.match(text, at):
        at = found.end()
        kind = found.lastgroup or ""
        written, column = found[kind], found.start(kind) + 1
        if kind in _QUOTED:
            yield Token("text", written, column - 1)
        elif kind == "word" and written.lower() in _KEYWORDS:
            yield Token("keyword", written.lower(), column)
        else:
            yield Token(_as_kind(kind), written, column)
    rest = text[at:].lstrip()
    column = len(text) - len(rest) + 1
    if rest:
        refuse(column, f"the quotation mark {rest[0]} is not closed.")
    yield Token("end", "", column)


def _as_kind(group: str) -> TokenKind:
    match group:
        case "bracket" | "sign" | "number":
            return group
        case _:
            return "word"
