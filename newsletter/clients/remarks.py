"""What an imitation says was lost, in words. Pure."""

from collections import Counter
from collections.abc import Iterable

#: Where only the details know more.
_SMALL = "Small things of the style are left out."


def counted(number: int, one: str, many: str) -> str:
    """Return "1 …" or "n …"; empty for none."""
    if not number:
        return ""
    return f"{number} {one if number == 1 else many}"


def listed(names: Iterable[str], most: int = 4) -> str:
    """Return the most frequent names: "position, z-index and 3 more"."""
    frequent = [name for name, _ in Counter(names).most_common()]
    rest = len(frequent) - most
    told = ", ".join(frequent[:most])
    return f"{told} and {rest} more" if rest > 0 else told


def told(remarks: Iterable[str], details: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return both without empty ones; details alone get a sentence before them."""
    seen, fine = (tuple(filter(None, lines)) for lines in (remarks, details))
    return (seen or (_SMALL,)) if fine else seen, fine
