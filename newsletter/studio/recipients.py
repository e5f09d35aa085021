"""Whose copy is looked at: the edge recipients, and subscribers the editor named.

Law: the page and its address hold keys, never a subscriber's address. Who was named is
kept in memory for the length of this run, and nowhere else.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.model.copy import Copy, Reader

#: So many subscribers can be named in one run; then the first is forgotten.
_MOST_NAMED = 20

_NO_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Choice:
    """A recipient as the page offers them."""

    key: str
    who: str


class Recipients:
    """The recipients that can be chosen."""

    def __init__(self) -> None:
        self._named: dict[str, Reader] = {}
        self._count = 0

    def name(self, reader: Reader) -> str:
        """Keep a subscriber, and return the key."""
        for key, known in self._named.items():
            if known.email == reader.email:
                self._named[key] = reader
                return key
        self._count += 1
        key = f"named-{self._count}"
        self._named[key] = reader
        if len(self._named) > _MOST_NAMED:
            del self._named[next(iter(self._named))]
        return key

    def choices(self, copies: Sequence[Copy]) -> tuple[Choice, ...]:
        """Return who can be chosen; the first is shown unless somebody is chosen."""
        offered: dict[str, str] = {}
        times: Counter[str] = Counter()
        for key, reader in self._all(copies):
            times[reader.who] += 1
            again = f" ({times[reader.who]})" if times[reader.who] > 1 else ""
            offered[key] = f"{reader.who}{again}"
        return tuple(Choice(key, who) for key, who in offered.items())

    def choose(self, key: str, copies: Sequence[Copy]) -> tuple[str, Reader] | None:
        """Return the recipient of *key*, else the first, else None."""
        known = dict(self._all(copies))
        if key in known:
            return key, known[key]
        return next(iter(known.items()), None)

    def _all(self, copies: Sequence[Copy]) -> Iterator[tuple[str, Reader]]:
        for copy in copies:
            yield key_of(copy.reader.who), copy.reader
        yield from self._named.items()


def key_of(who: str) -> str:
    """Return the key of an edge recipient."""
    return _NO_KEY.sub("-", who.lower()).strip("-")
