"""Names of sites that only look like others. Pure, no look-ups."""

import unicodedata
from collections.abc import Iterable

#: Scripts that one language writes together (UTS 39, 5.2, "highly restrictive").
_TOGETHER = (
    frozenset({"Latin", "Han", "Hiragana", "Katakana"}),
    frozenset({"Latin", "Han", "Bopomofo"}),
    frozenset({"Latin", "Han", "Hangul"}),
)
#: Beginning of a character's name in Unicode -> script. Others stand for themselves.
_SCRIPTS = {
    "CJK": "Han",
    "IDEOGRAPHIC": "Han",
    "KATAKANA-HIRAGANA": "Katakana",
    "FULLWIDTH": "Latin",
}
#: Cyrillic letters that cannot be told from Latin ones (as Chromium's own rule, 2026).
_LOOK_ALIKES = frozenset("аԁеһіјӏорсԛѕԝхуъьҽпгѵѡ")


def shown_host(host: str) -> str:
    """Return a host with its A-labels in their own letters."""
    return ".".join(map(_shown_label, host.lower().split(".")))


def _shown_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def forged_scripts(host: str) -> tuple[str, ...]:
    """Return the scripts that make a name look like another, or nothing.

    A name wholly in Cyrillic, Greek or Arabic letters is its language's own name. It is
    doubted only where all its letters are look-alikes below a Latin ending.

    Args:
        host: In its own letters, as `shown_host` gives it.

    Source: UTS 39, sections 4 and 5.1.
    """
    labels = host.split(".")
    for label in labels:
        scripts = _scripts(label)
        if len(scripts) > 1 and not any(scripts <= usual for usual in _TOGETHER):
            return tuple(sorted(scripts))
        is_look_alike = set(label) - set("0123456789-") <= _LOOK_ALIKES
        if scripts == {"Cyrillic"} and is_look_alike and labels[-1].isascii():
            return ("Cyrillic",)
    return ()


def _scripts(letters: Iterable[str]) -> frozenset[str]:
    """Return the scripts of the letters; digits, marks and hyphens have none."""
    found = set()
    for letter in letters:
        if unicodedata.category(letter).startswith("L"):
            first = unicodedata.name(letter, "UNKNOWN").split()[0]
            found.add(_SCRIPTS.get(first, first.capitalize()))
    return frozenset(found)
