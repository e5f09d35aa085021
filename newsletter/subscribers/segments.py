"""``language == "nl" and "volunteer" in tags`` -> Segment, or what is wrong and where.

A small grammar of our own: nothing of it is ever run, and each value is bound. `or`
binds loosest, then `and`, then `not`::

    any         all ("or" all)*
    all         one ("and" one)*
    one         "not" one | "(" any ")" | field OP value | text ["not"] "in" field
    OP          == != < <= > >=
    value       text | number;  text: "…" or '…', curly quotes as well

Law: what could be read in two ways is refused. Who has no value is in no comparison but
``!=`` and ``== ""``.
"""

from collections.abc import Collection, Mapping
from typing import NoReturn

from newsletter.fieldnames import same_field
from newsletter.model.segment import (
    AllOf,
    AnyOf,
    Comparator,
    Condition,
    Kind,
    Membership,
    Not,
    Segment,
)
from newsletter.model.settings import FieldType
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.subscribers.segment_tokens import Token, read_tokens, refuse
from newsletter.subscribers.segment_values import (
    DOMAIN,
    clean_token,
    read_comparison,
)
from newsletter.validation import shown, suggest

#: Longer than any condition somebody can still read.
MAX_CHARACTERS = 1000
#: Brackets and `not`s inside each other: more than anybody means, less than hurts.
MAX_DEPTH = 20

#: What may be asked of everybody, besides declared fields.
_LISTS, _JOINED = "lists", "joined"
_BUILT_IN = (_LISTS, DOMAIN, _JOINED)
#: Not ordered by anything an editor could mean.
_EQUAL_OR_NOT = frozenset({LANGUAGE_FIELD, DOMAIN})
_KINDS = {"number": Kind.NUMBER, "date": Kind.DATE}

#: As other languages write them -> as we do.
_OTHER_SIGNS = {"=": "==", "<>": "!=", "===": "==", "=<": "<=", "=>": ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OTHER_JOINTS = {"&": "and", "&&": "and", "|": "or", "||": "or", "!": "not"}
#: A shell takes the quotation marks away where nothing stands around them.
_BETWEEN = "and the whole condition between ' and '."
_EXAMPLE = 'language == "nl" and "volunteer" in tags'


def parse_segment(
    text: str,
    fields: Mapping[str, FieldType],
    *,
    lists: Collection[str] | None = None,
    time_zone: str = "UTC",
) -> Segment:
    """Return what *text* says.

    Args:
        text: As typed behind ``--where``.
        fields: The declared fields; `LANGUAGE_FIELD` is always there.
        lists: Slugs of the lists there are; None: any may be asked for.
        time_zone: IANA name: in which a day begins, for ``joined``.

    Raises:
        UsageError: It says nothing, with its place: ``--where:12: there is no field
            "langauge". Did you mean "language"?``
    """
    if len(text) > MAX_CHARACTERS:
        refuse(1, f"the condition is longer than {MAX_CHARACTERS} characters.")
    reader = _Reader(text, {**fields, LANGUAGE_FIELD: "text"}, lists)
    condition = reader.any_of(0)
    reader.require_end()
    return Segment(text.strip(), condition, time_zone)


class _Reader:
    """Goes through the tokens once, from left to right."""

    def __init__(
        self,
        text: str,
        fields: Mapping[str, FieldType],
        lists: Collection[str] | None,
    ) -> None:
        self._tokens = list(read_tokens(text))
        self._at = 0
        self._fields = fields
        self._lists = lists

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        """Return the next token; behind the last one is always the end."""
        token = self._next
        self._at += token.kind != "end"
        return token

    def _takes(self, word: str) -> bool:
        """Go past *word* if it is next."""
        is_next = self._next.is_word(word)
        self._at += is_next
        return is_next

    def require_end(self) -> None:
        """Refuse what comes after a whole condition."""
        token = self._next
        if token.kind == "end":
            return
        if token.text in _OTHER_JOINTS:
            refuse(
                token.column,
                f"{token.text} is not known here.",
                f'Write "{_OTHER_JOINTS[token.text]}".',
            )
        if token.text == ")":
            refuse(token.column, "this bracket was never opened.")
        refuse(
            token.column,
            f'"and" or "or" is missing before {_named(token)}.',
        )

    def any_of(self, depth: int) -> Condition:
        parts = [self._all_of(depth)]
        while self._takes("or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, depth: int) -> Condition:
        token = self._take()
        if depth > MAX_DEPTH:
            refuse(
                token.column,
                f'brackets and "not" stand more than {MAX_DEPTH} deep here.',
            )
        if token.is_word("not"):
            return Not(self._one(depth + 1))
        if token.text == "(" and token.kind == "bracket":
            return self._bracketed(token, depth)
        if token.kind in ("text", "number"):
            return self._membership(token)
        if token.kind == "word":
            return self._comparison(token)
        return _refuse_beginning(token)

    def _bracketed(self, opening: Token, depth: int) -> Condition:
        inner = self.any_of(depth + 1)
        if self._next.kind == "end":
            refuse(opening.column, "this bracket is not closed.")
        if self._next.text != ")":
            self.require_end()
        self._take()
        return inner

    # --- "value" in field -------------------------------------------------------------

    def _membership(self, value: Token) -> Condition:
        is_negative = self._takes("not")
        joint = self._take()
        if not joint.is_word("in"):
            _refuse_after_value(value, joint, self._next)
        name = self._take()
        if name.kind != "word":
            refuse(name.column, 'after "in" comes the name of a field.')
        self._require_known(name)
        text = self._member(value, name)
        found = Membership(text, name.text)
        return Not(found) if is_negative else found

    def _member(self, value: Token, name: Token) -> str:
        if name.text == _LISTS:
            return self._list(value)
        kind = self._fields.get(name.text, "text")
        if name.text in _BUILT_IN or kind != "list":
            refuse(
                name.column,
                f'"{name.text}" holds one value, not a list.',
                f'Write {name.text} == "{value.text}"',
            )
        text = clean_token(value)
        if not text or "," in text or ";" in text:
            refuse(
                value.column,
                "one entry of the list belongs here, without comma or semicolon.",
                f'Ask for several by "and": "a" in {name.text} and "b" in {name.text}',
            )
        return text

    def _list(self, value: Token) -> str:
        if self._lists is not None and value.text not in self._lists:
            near = suggest(value.text, self._lists)
            refuse(
                value.column,
                f"there is no list {shown(value.text)}.",
                near or f"There are: {', '.join(self._lists)}.",
            )
        return value.text

    # --- field OP value ---------------------------------------------------------------

    def _comparison(self, name: Token) -> Condition:
        sign = self._take()
        if sign.is_word("in") or sign.is_word("not"):
            self._refuse_swapped(name)
        self._require_known(name)
        comparator = _comparator(name, sign)
        kind = self._kind(name)
        value = self._take()
        if value.kind not in ("text", "number"):
            _refuse_value(name, sign, value)
        if kind is None:
            refuse(
                name.column,
                f'"{name.text}" is a list of values.',
                f'Write "{value.text}" in {name.text}',
            )
        is_ordered = comparator not in (Comparator.EQUAL, Comparator.UNEQUAL)
        if is_ordered and name.text in _EQUAL_OR_NOT:
            refuse(sign.column, f'"{name.text}" is compared by == and != alone.')
        return read_comparison(name, comparator, value, kind)

    def _refuse_swapped(self, name: Token) -> NoReturn:
        """Refuse ``tags in …``, and ``volunteer in tags`` without its quotes."""
        if name.text in self._fields or name.text in _BUILT_IN:
            refuse(name.column, "the value comes first.", f'Write "…" in {name.text}')
        refuse(
            name.column,
            f"{shown(name.text)} needs quotation marks around it.",
            f'Write "{name.text}" in tags, {_BETWEEN}',
        )

    def _kind(self, name: Token) -> Kind | None:
        """Return as what a field is compared; None: it holds several values."""
        if name.text == _JOINED:
            return Kind.DATE
        declared = self._fields.get(name.text, "text")
        is_list = name.text == _LISTS or declared == "list"
        return None if is_list else _KINDS.get(declared, Kind.TEXT)

    def _require_known(self, name: Token) -> None:
        is_declared = name.text in self._fields
        if is_declared and name.text in _BUILT_IN:
            refuse(
                name.column,
                f'"{name.text}" is a field of yours, and has a meaning of its own '
                "here as well.",
                "Give your field another name in newsletter.toml.",
            )
        if is_declared or name.text in _BUILT_IN:
            return
        known = (*self._fields, *_BUILT_IN)
        meant = same_field(name.text, known)
        advice = f'Did you mean "{meant}"?' if meant else suggest(name.text, known)
        refuse(
            name.column,
            f"there is no field {shown(name.text)}.",
            advice or f"There are: {', '.join(known)}.",
        )


def _comparator(name: Token, sign: Token) -> Comparator:
    if sign.kind == "sign" and sign.text in set(Comparator):
        return Comparator(sign.text)
    if sign.kind == "sign" and sign.text in _OTHER_SIGNS:
        meant = _OTHER_SIGNS[sign.text]
        refuse(sign.column, f"{sign.text} is not known here.", f"Write {meant}")
    return refuse(
        sign.column,
        f'a comparison is missing after "{name.text}".',
        f'Write {name.text} == "…"',
    )


def _named(token: Token) -> str:
    if token.kind == "end":
        return "the end"
    return f'"{token.text}"' if token.kind in ("text", "word") else token.text


def _refuse_beginning(token: Token) -> NoReturn:
    if token.kind == "end":
        refuse(token.column, "a condition is missing here.", f"Write {_EXAMPLE}")
    if token.text in _OTHER_JOINTS:
        meant = _OTHER_JOINTS[token.text]
        refuse(token.column, f"{token.text} is not known here.", f'Write "{meant}".')
    refuse(
        token.column,
        f"a condition cannot begin with {_named(token)}.",
        f"Write {_EXAMPLE}",
    )


def _refuse_after_value(value: Token, joint: Token, name: Token) -> NoReturn:
    if joint.kind == "sign":
        sign = _MIRRORED.get(joint.text, joint.text)
        refuse(
            value.column,
            "the name of the field comes first, the value after it.",
            f'Write {name.text or "language"} {sign} "{value.text}"',
        )
    refuse(
        joint.column,
        f'after "{value.text}" comes "in" or "not in", and the name of a field.',
        f'Write "{value.text}" in tags',
    )


def _refuse_value(name: Token, sign: Token, value: Token) -> NoReturn:
    if value.kind == "word":
        refuse(
            value.column,
            f"{shown(value.text)} needs quotation marks around it.",
            f'Write {name.text} {sign.text} "{value.text}", {_BETWEEN}',
        )
    refuse(
        value.column,
        f"a value is missing after {sign.text}.",
        f'Write {name.text} {sign.text} "…"',
    )
