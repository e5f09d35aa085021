"""Marked places for personal values; no marker occurs in what an editor wrote.

A marker has ASCII letters, digits, ``@`` and ``_`` only, so that it passes MJML, the
CSS inliner and quoted-printable untouched. The same issue always gets the same markers.
"""

import hashlib
from collections.abc import Collection
from itertools import count

from newsletter.model.assembled import PREFERENCES_URL, UNSUBSCRIBE_URL, Slot
from newsletter.model.issue import Field


class SlotMarker:
    """Hands out one marker for each (field, fallback) and each personal address."""

    def __init__(
        self, written: str, *, language: str = "", dates: Collection[str] = ()
    ) -> None:
        """Choose markers.

        Args:
            written: All text around them, in which they must not occur.
            language: Of the issue.
            dates: Fields that are dates.
        """
        self._prefix = _unused_prefix(written)
        self._language = language
        self._dates = frozenset(dates)
        self._slots: dict[tuple[str, str], Slot] = {}

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots asked for so far, in that order."""
        return tuple(self._slots.values())

    def field(self, field: Field) -> str:
        """Return the marker where a subscriber's *field* goes."""
        return self._marker(field.name, field.fallback)

    def unsubscribe_url(self) -> str:
        """Return the marker where the personal address for leaving goes."""
        return self._marker(UNSUBSCRIBE_URL, "")

    def preferences_url(self) -> str:
        """Return the marker where the address of somebody's own settings goes."""
        return self._marker(PREFERENCES_URL, "")

    def _marker(self, name: str, fallback: str) -> str:
        key = (name, fallback)
        if key not in self._slots:
            marker = f"@@{self._prefix}_{len(self._slots)}@@"
            language = self._language if name in self._dates else ""
            self._slots[key] = Slot(marker, name, fallback, language)
        return self._slots[key].marker


def _unused_prefix(written: str) -> str:
    for attempt in count():
        seed = f"{attempt} {written}".encode(errors="surrogatepass")
        prefix = hashlib.sha256(seed).hexdigest()[:6]
        if f"@@{prefix}_" not in written:
            return prefix
    raise AssertionError  # pragma: no cover - count() does not end
