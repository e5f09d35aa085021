"""A part of the subscribers, as an editor describes it: ``language == "nl"``."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from newsletter.model.subscriber import LANGUAGE_FIELD

#: What may be asked of everybody besides the declared fields and `LANGUAGE_FIELD`.
#: "lists": slugs somebody gets; "domain": of the address; "joined": a date.
BuiltIn = Literal["lists", "domain", "joined"]
BUILT_IN = frozenset(get_args(BuiltIn))


class Comparator(StrEnum):
    """How a field and a value are compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Kind(StrEnum):
    """As what two values are compared."""

    #: Capitals from A to Z do not count; who has no value has ``""``.
    TEXT = "text"
    NUMBER = "number"
    #: ISO dates, which sort as text.
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field == "value"``. Who has no value is below and above nothing."""

    field: str
    comparator: Comparator
    #: As written, without quotes; a number with a point.
    value: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Membership:
    """``"value" in field``: of a field of type "list", or ``lists``."""

    value: str
    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The others."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class AllOf:
    """``a and b``; two parts or more."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``a or b``; two parts or more."""

    parts: tuple["Condition", ...]


Condition = Comparison | Membership | Not | AllOf | AnyOf


def fields_in(condition: Condition) -> Iterator[str]:
    """Yield the field of each comparison, `BuiltIn` ones too, in order."""
    for comparison in _comparisons_in(condition):
        yield comparison.field


def bare_languages_in(condition: Condition) -> Iterator[str]:
    """Yield the languages without a region that it asks for: "nl", not "nl-BE"."""
    for one in _comparisons_in(condition):
        is_equal = isinstance(one, Comparison) and one.comparator is Comparator.EQUAL
        if is_equal and one.field == LANGUAGE_FIELD and one.value.isalpha():
            yield one.value


def _comparisons_in(condition: Condition) -> Iterator[Comparison | Membership]:
    match condition:
        case Comparison() | Membership():
            yield condition
        case Not():
            yield from _comparisons_in(condition.part)
        case AllOf() | AnyOf():
            for part in condition.parts:
                yield from _comparisons_in(part)


@dataclass(frozen=True, slots=True)
class Segment:
    """A condition, with the words it was written in."""

    #: As the editor wrote it, spaces around it dropped.
    text: str
    condition: Condition
    #: IANA name: in which a day begins, for ``joined``.
    time_zone: str = "UTC"
