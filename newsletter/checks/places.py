"""How several places of one cause are named in one finding. Pure."""

from collections.abc import Iterable

from newsletter.model.problem import Place

#: Longest address repeated in a message; the place leads to the whole of it.
_MAX_SHOWN = 70


def named_lines(places: Iterable[Place]) -> str:
    """Return ``line 12`` or ``lines 12, 18 and 40``, each line once."""
    numbers = [str(line) for line in sorted({place.line for place in places})]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"lines {', '.join(numbers[:-1])} and {numbers[-1]}"


def shown_url(url: str) -> str:
    """Return an address as it is repeated in a message."""
    return url if len(url) <= _MAX_SHOWN else f"{url[: _MAX_SHOWN - 1]}…"
