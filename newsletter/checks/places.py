"""How several places of one cause are named in one finding. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from newsletter.model.problem import Place

#: Longest address repeated in a message; the place leads to the whole of it.
_MAX_SHOWN = 70
#: So many lines in a row are named by the first and the last.
_LEAST_RUN = 3


def named_lines(places: Iterable[Place]) -> str:
    """Return ``line 12`` or ``lines 12, 18 and 40``, each line once."""
    return listed_lines(place.line for place in places)


def listed_lines(lines: Iterable[int]) -> str:
    """Return ``line 7``, ``lines 7 and 8``, ``lines 7-9 and 12``, each line once."""
    numbers = sorted(set(lines))
    return f"line{'s' if len(numbers) > 1 else ''} {joined(list(_runs(numbers)))}"


def _runs(numbers: Sequence[int]) -> Iterator[str]:
    """Yield numbers, and those of three and more that follow one another as one."""
    first = 0
    for at, number in enumerate(numbers, start=1):
        if at < len(numbers) and numbers[at] == number + 1:
            continue
        if at - first >= _LEAST_RUN:
            yield f"{numbers[first]}-{number}"
        else:
            yield from map(str, numbers[first:at])
        first = at


def other_lines(places: Sequence[Place]) -> str:
    """Return `` (also on lines 14 and 20)``, all but the first place, or nothing."""
    others = {place.line for place in places} - {places[0].line}
    return f" (also on {listed_lines(others)})" if others else ""


def joined(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    *firsts, last = words
    return f"{', '.join(firsts)} and {last}" if firsts else last


def shown_url(url: str) -> str:
    """Return an address as it is repeated in a message."""
    return url if len(url) <= _MAX_SHOWN else f"{url[: _MAX_SHOWN - 1]}…"
