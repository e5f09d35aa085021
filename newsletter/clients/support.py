"""What each mail program supports: the table beside this module. Pure.

The facts are caniemail's; source, date and licence stand at the head of support.tsv.
The table is read when first asked for, and a line of it when its feature is (about
1 ms and 10 µs, measured 2026-11).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

#: State of the dataset, as its last commit says.
FACTS_DATE = "2026-06-29"

#: A version of a web mail is the month of its test; one of a program is a number.
_MONTH = re.compile(r"\d{4}-\d\d")


class Support(Enum):
    """What a test found; the value is what stands in the table."""

    YES = "y"
    NO = "n"
    #: In some accounts, for some values, or changed on the way.
    PARTIAL = "p"
    UNKNOWN = "u"


@dataclass(frozen=True, slots=True)
class Test:
    """What is known of one feature in one program on one platform."""

    #: Its name is no test's.
    __test__ = False

    support: Support
    #: Newest tested version as caniemail writes it: "2019", "16.0" or a month.
    version: str
    #: When it was tested: "2021-03"; of a program with numbers the feature's last test.
    month: str


@cache
def support_of(feature: str) -> Mapping[str, Test]:
    """Return what is known of a feature: ``gmail/ios`` -> test.

    Args:
        feature: As caniemail names it: "css-display-grid". An unknown one has no tests.
    """
    letters, lines = _table()
    if feature not in lines:
        return {}
    tested, cells = lines[feature]
    return {
        letters[letter]: Test(
            Support(group[0]), version, version[:7] if is_month else tested[:7]
        )
        for group, _, at in (cell.partition("=") for cell in cells.split())
        for version in (group[1:],)
        for is_month in (_MONTH.match(version) is not None,)
        for letter in at
    }


def features() -> tuple[str, ...]:
    """Return every feature of the table, sorted."""
    return tuple(_table()[1])


def programs() -> frozenset[str]:
    """Return every program of the table: ``gmail/ios``, ``outlook/windows``, …."""
    return frozenset(_table()[0].values())


@cache
def _table() -> tuple[Mapping[str, str], Mapping[str, tuple[str, str]]]:
    """Return letter -> program, and feature -> date of its last test and cells."""
    text = files(__package__).joinpath("support.tsv").read_text(encoding="utf-8")
    letters: dict[str, str] = {}
    lines: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, *fields = line.split("\t")
        if fields:
            lines[name] = (fields[0], fields[1])
        else:
            letter, _, program = name.partition(" = ")
            letters[letter] = program
    return letters, lines
