"""Attribute lists: ``{lang=ar dir=rtl .wide}``, or ``{.button}`` after a link."""

import re
from dataclasses import replace

from pydantic_core import PydanticCustomError

from newsletter.definition.reading import Reading
from newsletter.model.issue import NO_ATTRIBUTES, Attributes, Direction
from newsletter.model.problem import Place
from newsletter.validation import parse_language, shown, suggest

#: The class that makes a link a button.
BUTTON = "button"

_ENTRY = re.compile(
    r"""(?P<class>\.[A-Za-z][\w-]*)(?=\s|$)
      | (?P<key>[A-Za-z][\w-]*)=(?:"(?P<a>[^"]*)"|'(?P<b>[^']*)'|(?P<c>[^\s"']+))
        (?=\s|$)
      | (?P<other>\S+)""",
    re.VERBOSE | re.ASCII,
)
_KNOWN = ("lang", "dir")
_DIRECTIONS: dict[str, Direction] = {"ltr": "ltr", "rtl": "rtl"}


def read_attributes(written: str, place: Place, reading: Reading) -> Attributes:
    """Return what ``{…}`` says; what it should not say is a problem.

    Args:
        written: With its braces.
        place: Of the opening brace.
        reading: Takes the problems.
    """
    found = NO_ATTRIBUTES
    for match in _ENTRY.finditer(written, 1, len(written) - 1):
        at = Place(place.file, place.line, place.column + match.start())
        if match["class"]:
            found = replace(found, classes=(*found.classes, match["class"][1:]))
        elif match["key"] in _KNOWN:
            value = next(match[k] for k in "abc" if match[k] is not None)
            found = _with_value(found, match["key"], value, at, reading)
        else:
            _refuse_unknown(match["key"] or match["other"], at, reading)
    return found


def joined(first: Attributes, second: Attributes) -> Attributes:
    """Return both together; where they differ, the second holds."""
    return Attributes(
        second.language or first.language,
        second.direction or first.direction,
        (*first.classes, *second.classes),
    )


def _with_value(
    found: Attributes, key: str, value: str, place: Place, reading: Reading
) -> Attributes:
    if key == "dir":
        direction = _DIRECTIONS.get(value.lower())
        if direction is None:
            what = f'"dir" must be ltr or rtl, not {shown(value)}.'
            reading.refuse(place, what)
        return replace(found, direction=direction)
    try:
        return replace(found, language=parse_language(value))
    except PydanticCustomError as error:
        context = error.context or {}
        reading.refuse(place, f'"lang" {context["message"]}', context["advice"])
        return found


def _refuse_unknown(name: str, place: Place, reading: Reading) -> None:
    advice = suggest(name, _KNOWN) or (
        "Attributes are lang=…, dir=ltr or dir=rtl, and .name for a class."
    )
    reading.refuse(place, f"unknown attribute {shown(name)}.", advice)
