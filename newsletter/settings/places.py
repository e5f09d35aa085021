"""Where the settings stand in newsletter.toml: the TOML reader of Python does not say.

In: text that is valid TOML. Out: the place of each table and key, found line by line.
What stands inside an inline table has the place of the key before it.
"""

import re
from collections import Counter
from collections.abc import Mapping

from newsletter.model.problem import Place

Path = tuple[str, ...]

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TABLE = re.compile(
    rf"\s*(?P<brackets>\[{{1,2}})\s*(?P<name>{_DOTTED})\s*\]{{1,2}}\s*(?:#.*)?"
)
_KEY = re.compile(rf"\s*(?P<name>{_DOTTED})\s*=")
_MULTILINE = re.compile(r'"""|\'\'\'')


def locate_settings(text: str, file: str) -> Mapping[Path, Place]:
    """Return the place of each table and key by its path: ("web", "port").

    Of several tables of one name each has its number: ("server", "1", "host").
    """
    places: dict[Path, Place] = {}
    counts: Counter[Path] = Counter()
    table: Path = ()
    quotes = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not quotes:
            header, key = _TABLE.fullmatch(line.rstrip("\r")), _KEY.match(line)
            match = header or key
            path = _path_of(match["name"]) if match else ()
            if header:
                table = path
            if match:
                place = Place(file, number, len(line) - len(line.lstrip()) + 1)
                places.setdefault(path if header else table + path, place)
            if header and header["brackets"] == "[[":
                table = (*path, str(counts[path]))
                counts[path] += 1
                places[table] = place
        quotes = _open_quotes(line, quotes)
    return places


def place_of(path: tuple[str | int, ...], places: Mapping[Path, Place]) -> Place | None:
    """Return the place of a setting, or of the nearest thing around it."""
    names = tuple(str(part) for part in path)
    for length in range(len(names), 0, -1):
        if names[:length] in places:
            return places[names[:length]]
    return None


def _path_of(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, dotted))


def _open_quotes(line: str, quotes: str) -> str:
    """Return the triple quotes that are still open at the end of a line, or nothing."""
    for match in _MULTILINE.finditer(line):
        if not quotes:
            quotes = match[0]
        elif match[0] == quotes:
            quotes = ""
    return quotes
