"""Several words in one sentence, as the language joins them: "A, B en C"."""

from collections.abc import Sequence

from babel.lists import format_list

from newsletter.i18n.languages import locale_of


def join_words(parts: Sequence[str], language: str) -> str:
    """Return words joined as a reader of the language writes them; empty for none."""
    return format_list(parts, locale=locale_of(language))
