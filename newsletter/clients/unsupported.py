"""What a mail program leaves out of a style sheet, by the support table. Pure.

Law: only what a test found unsupported is left out. Partly supported and unknown things
stay, unless the imitation of that program knows better and says why.
"""

import re
from functools import cache, lru_cache

from newsletter.clients.css import Declaration
from newsletter.clients.features import declaration_features, pseudo_features
from newsletter.clients.support import Support, support_of

_PSEUDO = re.compile(r"::?(-?[a-zA-Z][\w-]*)")
_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)")
_SIGNS = {
    ">": "css-selector-child",
    "+": "css-selector-adjacent-sibling",
    "~": "css-selector-general-sibling",
    "*": "css-selector-universal",
}
#: Two classes or ids of one element: ``.a.b``, ``p.a#b``.
_CHAIN = re.compile(r"[.#][\w-]+[.#][\w-]+")


@cache
def lacks(program: str, feature: str) -> bool:
    """Whether a program was found not to support a feature.

    Args:
        program: As in the support table: "gmail/desktop-webmail".
        feature: Likewise: "css-position"; one without tests is not lacking.
    """
    test = support_of(feature).get(program)
    return test is not None and test.support is Support.NO


@lru_cache(maxsize=4096)
def lacks_declaration(program: str, declaration: Declaration) -> bool:
    """Whether a program leaves a declaration out for its property or its value."""
    return any(lacks(program, f) for f in declaration_features(declaration))


@lru_cache(maxsize=1024)
def lacks_selector(program: str, selector: str) -> bool:
    """Whether a program does not understand a selector."""
    return any(lacks(program, f) for f in _selector_features(selector))


def _selector_features(selector: str) -> frozenset[str]:
    used = {f for name in _PSEUDO.findall(selector) for f in pseudo_features(name)}
    if "[" in selector:
        used.add("css-selector-attribute")
    bare = _BRACKETS.sub("", selector)
    used |= {feature for sign, feature in _SIGNS.items() if sign in bare}
    if _CHAIN.search(bare):
        used.add("css-selector-chaining")
    return frozenset(used)
