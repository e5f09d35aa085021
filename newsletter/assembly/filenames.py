"""File names that every system, server and mail program takes."""

import re
import unicodedata

#: Longer ones are cut; what tells files apart is added behind it.
_LONGEST = 48


def filename_slug(words: str) -> str:
    """Return words as lower-case ASCII letters, digits, hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if len(slug) <= _LONGEST:
        return slug
    whole_words, _, _ = slug[: _LONGEST + 1].rpartition("-")
    return whole_words or slug[:_LONGEST]
