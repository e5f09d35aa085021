"""Records of the form ``v=DKIM1; k=rsa; p=…``: text -> tags. Pure.

Source: RFC 6376, section 3.2, which DMARC uses as well (RFC 9989, section 4.7).
"""

import re
from dataclasses import dataclass

_TAG = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags in their order; the first of a name counts."""

    pairs: tuple[tuple[str, str], ...]
    #: Sentences on parts that are no tags, or stand twice.
    flaws: tuple[str, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a tag, without space around it."""
        return next((value for tag, value in self.pairs if tag == name), default)

    def __contains__(self, name: str) -> bool:
        return any(tag == name for tag, _ in self.pairs)


def parse_tags(text: str) -> Tags:
    """Return the tags of a record; nothing stops the reading."""
    pairs: dict[str, str] = {}
    flaws: list[str] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        found = _TAG.fullmatch(part)
        if found is None:
            flaws.append(f'"{part}" is no tag.')
            continue
        name, value = found[1].lower(), found[2].strip()
        if name in pairs:
            flaws.append(f'"{name}=" stands in it twice.')
        pairs.setdefault(name, value)
    return Tags(tuple(pairs.items()), tuple(flaws))


def without_tags(text: str, names: tuple[str, ...]) -> str:
    """Return a record without the tags of these names, to be copied."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    kept = [p for p in parts if p.partition("=")[0].strip().lower() not in names]
    return "; ".join(kept)
