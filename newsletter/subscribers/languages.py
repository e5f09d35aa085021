"""What people write for a language: "Dutch", "Nederlands", "NL", "dut"."""

from collections.abc import Mapping
from functools import cache

from newsletter.fieldnames import fold_name
from newsletter.i18n.words import CATALOGUES

#: Those whose names are known, each in all of them.
_NAMED = ("en", *CATALOGUES)


def tag_of(written: str) -> str:
    """Return the language tag that is meant: *written* itself where it is no name.

    Codes of three letters become the usual ones of two (ISO 639-2: "dut", "ger-AT").
    """
    named = _names().get(fold_name(written)) if len(written) > 3 else None
    if named is not None:
        return named
    tag = written.replace("_", "-")
    first, hyphen, rest = tag.partition("-")
    return f"{_usual_code(first)}{hyphen}{rest}" if len(first) == 3 else tag


@cache
def is_known(code: str) -> bool:
    """Tell whether a language has that code, in small letters: "ned" is of none."""
    from babel import Locale
    from babel.core import get_global
    from babel.localedata import exists

    # Of each, the others lack some: a rare one, a local one, one of former days.
    return (
        code in Locale("en").languages
        or exists(code)
        or code in get_global("language_aliases")
    )


@cache
def _names() -> Mapping[str, str]:
    from babel import Locale  # 20 ms, for who needs names

    return {
        fold_name(name): tag
        for locale in _NAMED
        for tag, name in Locale(locale).languages.items()
        if tag in _NAMED
    }


@cache
def _usual_code(code: str) -> str:
    from babel.core import get_global

    alias = get_global("language_aliases").get(code.lower(), "")
    return alias if len(alias) == 2 else code
