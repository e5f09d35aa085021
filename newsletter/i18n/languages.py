"""What a language tag says by itself: its parts, its direction, its CLDR locale."""

import re
from functools import cache

from babel import Locale, UnknownLocaleError

from newsletter.model.issue import Direction

#: Languages usually written from right to left (CLDR 47, character order).
_RIGHT_TO_LEFT_LANGUAGES = frozenset(
    re.findall(
        r"\w+", "ar arc ckb dv fa he iw ks lrc mzn nqo pnb ps sd sdh syr ug ur yi"
    )
)

#: Scripts written from right to left (ISO 15924).
_RIGHT_TO_LEFT_SCRIPTS = frozenset(
    re.findall(r"\w+", "adlm arab aran hebr mand mend nkoo rohg samr syrc thaa")
)

#: Dates in plain English are British, as the words are.
_DEFAULT_LOCALE = "en_GB"


def direction(language: str) -> Direction:
    """Return "rtl" for a language written from right to left, else "ltr".

    A script in the tag decides ("ku-Arab", "az-Latn"); otherwise the language does.
    """
    first, *rest = language.lower().replace("_", "-").split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    if script:
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT_LANGUAGES else "ltr"


def primary_language(language: str) -> str:
    """Return a tag without region, script or variant: "nl" of "nl-BE"."""
    return language.lower().replace("_", "-").split("-")[0]


def has_region(language: str) -> bool:
    """Whether the tag names a country, as "en-US" does."""
    _, *rest = language.replace("_", "-").split("-")
    return any(len(part) == 2 and part.isalpha() for part in rest)


@cache
def locale_of(language: str) -> Locale:
    """Return the CLDR locale nearest to a tag; British English where there is none."""
    tag = language.replace("_", "-")
    if tag.lower() == "en":
        return Locale.parse(_DEFAULT_LOCALE)
    for candidate in (tag, primary_language(tag)):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(_DEFAULT_LOCALE)


def language_name(tag: str, language: str) -> str:
    """Return what a language is called in another: "nl" is "Dutch" in English.

    One that CLDR does not know is its tag.
    """
    try:
        known = Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return tag
    return known.get_display_name(locale_of(language)) or tag
