"""Conditional comments, decided as Outlook with Word's engine decides them. Pure.

Three forms: hidden from everybody else (``<!--[if mso]>…<![endif]-->``), shown to
everybody else (``<!--[if !mso]><!-->…<!--<![endif]-->``), and bare (``<![if !mso]>…
<![endif]>``). Source: "About conditional comments" (Microsoft, MSDN ms537512), and the
feature names ``mso`` and ``vml`` of Office's own HTML.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

#: Outlook 2016 to 2024 and the classic Outlook of Microsoft 365 call themselves this.
OFFICE_VERSION = 16.0

_MARK = re.compile(
    r"""
    (?:<!--\s*)?<!\[endif\]\s*(?P<end>(?:--)?)>
    | <!--\[if\s+(?P<hidden>[^\]]*)\]>(?:\s*<!\s*--\s*>|\s*<!--\s*-->|\s*-->)?
    | <!\[if\s+(?P<bare>[^\]]*)\]>
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WORD = re.compile(r"[()!&|]|[a-z]+|\d+(?:\.\d+)?", re.IGNORECASE)

_COMPARISONS = {
    "gt": lambda ours, given: ours > given,
    "gte": lambda ours, given: ours >= given,
    "lt": lambda ours, given: ours < given,
    "lte": lambda ours, given: ours <= given,
    "": lambda ours, given: ours == given,
}
#: What Word is and has; it is no Internet Explorer.
_FEATURES = {"mso": OFFICE_VERSION, "vml": 1.0, "true": 1.0}


#: Stands for the mark that ends what a condition shows.
END = "endif"
_COMMENT = re.compile(r"\s*\[if\s+([^\]]*)\]>(.*)", re.DOTALL | re.IGNORECASE)


# Those of a template are the same in every section and at every save.
@lru_cache(maxsize=256)
def read_comment(text: str) -> tuple[str, str]:
    """Return condition and content of a comment.

    `END` for the mark that ends one; both empty for any other comment; no content where
    all see what follows it.
    """
    if text.lstrip().lower().startswith("<![endif]"):
        return END, ""
    match = _COMMENT.match(text)
    if match is None:
        return "", ""
    content = match[2].partition("<![endif]")[0].strip()
    return match[1].strip(), "" if content == "<!" else content


def decide_conditionals(html: str) -> str:
    """Return the HTML that Word reads: marks gone, and with them what is not for it."""
    return "".join(_shown(html))


def _shown(html: str) -> Iterator[str]:
    open_conditions: list[bool] = []
    at = 0
    for mark in _MARK.finditer(html):
        if all(open_conditions):
            yield html[at : mark.start()]
        at = mark.end()
        condition = mark["hidden"] if mark["hidden"] is not None else mark["bare"]
        if condition is not None:
            open_conditions.append(holds_in_word(condition))
        elif open_conditions:
            open_conditions.pop()
    if all(open_conditions):
        yield html[at:]


def holds_in_word(condition: str) -> bool:
    """Whether a condition holds: "mso | IE", "gte mso 9"; a broken one does not."""
    words = _WORD.findall(condition.lower())
    words.reverse()
    try:
        return _either(words)
    except IndexError:
        return False


def _either(words: list[str]) -> bool:
    """Read ``a & b | c`` off the end of *words*, which stand in reverse order."""
    holds = _both(words)
    while words and words[-1] == "|":
        words.pop()
        holds = _both(words) or holds
    return holds


def _both(words: list[str]) -> bool:
    holds = _single(words)
    while words and words[-1] == "&":
        words.pop()
        holds = _single(words) and holds
    return holds


def _single(words: list[str]) -> bool:
    word = words.pop()
    if word == "!":
        return not _single(words)
    if word == "(":
        holds = _either(words)
        words.pop()
        return holds
    comparison = word if word in _COMPARISONS else ""
    return _has(words.pop() if comparison else word, comparison, words)


def _has(feature: str, comparison: str, words: list[str]) -> bool:
    # [if !supportLists] is how Word writes what is for programs without its lists.
    version = 1.0 if feature.startswith("support") else _FEATURES.get(feature)
    if words and words[-1][0].isdecimal():
        given = float(words.pop())
        return version is not None and _COMPARISONS[comparison](version, given)
    return version is not None
