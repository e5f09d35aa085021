"""What a use comes to where its feature is missing, by what surrounds it. Pure.

A use is harmless where an at-rule asks for it first, where an earlier declaration holds
instead, or where its surroundings are known to be good: the entries of `_JUDGES`, each
with its reason.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from newsletter.clients.css import Declaration, Rule, Sheet
from newsletter.clients.grounds import (
    is_unreadable_without_ground,
    is_unreadable_without_value,
)
from newsletter.clients.ratings import RATINGS, Consequence
from newsletter.clients.usage import Use


def consequence_of(use: Use) -> Consequence:
    """Return what a use comes to where its feature is missing."""
    rating = RATINGS.get(use.feature)
    if rating is None or use.has_fallback:
        return Consequence.HARMLESS
    if use.conditions and use.feature != "css-at-media":
        return Consequence.HARMLESS
    judge = _JUDGES.get(use.feature)
    return judge(use) if judge else rating.usual


# --- whole style sheets ---------------------------------------------------------------

#: What MJML writes into every mail: it undoes quirks of one program, which reads it.
_RESETS = frozenset(
    {"#outlook a", "body", "table, td", "img", "p", ":root", ".mj-outlook-group-fix"}
)
#: Properties whose absence nobody sees: where lines break, and how dark mode is asked.
_UNSEEN = frozenset(
    {"overflow-wrap", "word-break", "color-scheme", "supported-color-schemes"}
)


def sheet_uses(sheets: Iterable[Sheet]) -> Iterator[Use]:
    """Yield uses that only a whole style sheet shows: styles left in it, and swaps."""
    for sheet in sheets:
        for rule in sheet.rules:
            if _is_left_in(rule):
                yield Use(
                    "html-style", rule.selector, (rule.selector, ""), style=rule.style
                )
        yield from _swaps(sheet)


def _is_left_in(rule: Rule) -> bool:
    """Whether a rule matters and did not become style attributes."""
    if rule.conditions or rule.pseudo or rule.selector in _RESETS:
        return False
    if ".mj-" in rule.selector:  # MJML's own: it works without, or is for one program
        return False
    names = {declaration.property for declaration in rule.style}
    return any(n not in _UNSEEN and not n.startswith(("-", "mso-")) for n in names)


def _swaps(sheet: Sheet) -> Iterator[Use]:
    """Yield a use where one part is hidden on wide screens, another on narrow ones.

    A program that does not know @media shows both.
    """
    hiding = [
        rule
        for rule in sheet.rules
        if any(d.property == "display" and "none" in d.words for d in rule.style)
    ]
    wide = [r for r in hiding if any("min-width" in c for c in r.conditions)]
    narrow = [r for r in hiding if any("max-width" in c for c in r.conditions)]
    selectors = {rule.selector for rule in wide}
    if wide and any(rule.selector not in selectors for rule in narrow):
        for rule in (*wide, *narrow):
            shown = f"{rule.selector} {{ display: none }}"
            yield Use("css-at-media", shown, ("display", "none"), style=rule.style)


# --- what stands around a use ---------------------------------------------------------


def _declared(use: Use) -> Declaration:
    return use.style[use.index]


def _properties(use: Use) -> set[str]:
    return {declaration.property for declaration in use.style}


def _layout(use: Use) -> Consequence:
    """A grid or row with one part in it, or none, has nothing to put side by side."""
    if use.elements and all(len(element) < 2 for element in use.elements):
        return Consequence.HARMLESS
    return Consequence.BREAKS


_OFFSETS = frozenset({"top", "right", "bottom", "left", "inset"})


def _position(use: Use) -> Consequence:
    if _declared(use).words & {"absolute", "fixed", "sticky"}:
        return Consequence.BREAKS
    # Relative alone moves nothing: it is the frame of what is placed in it.
    return Consequence.DEGRADES if _properties(use) & _OFFSETS else Consequence.HARMLESS


def _ground(use: Use) -> Consequence:
    if not _declared(use).property.startswith("background"):
        return Consequence.DEGRADES
    is_lost = is_unreadable_without_ground(use)
    return Consequence.BREAKS if is_lost else Consequence.DEGRADES


def _colour(use: Use) -> Consequence:
    """A colour that is unknown takes its whole declaration with it."""
    if not _declared(use).property.startswith("background"):
        return Consequence.DEGRADES
    is_lost = is_unreadable_without_value(use)
    return Consequence.BREAKS if is_lost else Consequence.DEGRADES


def _rgba(use: Use) -> Consequence:
    # In a shadow or a border it goes with what it colours.
    if _declared(use).property in ("box-shadow", "text-shadow", "filter"):
        return Consequence.HARMLESS
    return _colour(use)


def _picture(use: Use) -> Consequence:
    """A picture without words is ornament."""
    if any(element.get("alt", "").strip() for element in use.elements):
        return Consequence.BREAKS
    return Consequence.DEGRADES


def _drawing(use: Use) -> Consequence:
    if all(element.get("aria-hidden") == "true" for element in use.elements):
        return Consequence.DEGRADES
    return Consequence.BREAKS


def _with_fallback_inside(use: Use) -> Consequence:
    """What does not play a film shows what stands between its tags."""
    inside = all(
        element.xpath("boolean(normalize-space() or .//img)")
        for element in use.elements
    )
    return Consequence.HARMLESS if inside else Consequence.BREAKS


def _hiding(use: Use) -> Consequence:
    is_hidden = "hidden" in _declared(use).words
    return Consequence.BREAKS if is_hidden else Consequence.HARMLESS


def _generated(use: Use) -> Consequence:
    written = "".join(d.value for d in use.style if d.property == "content")
    if any(letter.isalpha() for letter in written):
        return Consequence.BREAKS
    return Consequence.DEGRADES


def _animation(use: Use) -> Consequence:
    starts_hidden = any(d.property == "opacity" and d.value == "0" for d in use.style)
    return Consequence.BREAKS if starts_hidden else Consequence.DEGRADES


#: Up to here nobody sees that a corner is square: 6 px is ours, 3 px that of MJML.
_SMALL_CORNER_PIXELS = 8.0


def _corners(use: Use) -> Consequence:
    """A button or card with slightly round corners loses nothing."""
    parts = _declared(use).value.replace("/", " ").split()
    sizes = [part.removesuffix("px") for part in parts]
    if all(_number(size) <= _SMALL_CORNER_PIXELS for size in sizes):
        return Consequence.HARMLESS
    return Consequence.DEGRADES


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # 50%, 1em: as round as can be
        return float("inf")


def _float(use: Use) -> Consequence:
    is_off = "none" in _declared(use).words
    return Consequence.HARMLESS if is_off else Consequence.DEGRADES


def _opacity(use: Use) -> Consequence:
    return Consequence.HARMLESS if _declared(use).value == "1" else Consequence.DEGRADES


#: Feature -> what its surroundings make of it.
_JUDGES: Mapping[str, Callable[[Use], Consequence]] = {
    "css-animation": _animation,
    "css-background-image": _ground,
    "css-border-radius": _corners,
    "css-border-radius-logical": _corners,
    "css-conic-gradient": _ground,
    "css-display-flex": _layout,
    "css-display-grid": _layout,
    "css-float": _float,
    "css-function-light-dark": _colour,
    "css-linear-gradient": _ground,
    "css-modern-color": _colour,
    "css-opacity": _opacity,
    "css-position": _position,
    "css-pseudo-element-after": _generated,
    "css-pseudo-element-before": _generated,
    "css-radial-gradient": _ground,
    "css-rgba": _rgba,
    "css-variables": _colour,
    "css-visibility": _hiding,
    "html-audio": _with_fallback_inside,
    "html-svg": _drawing,
    "html-video": _with_fallback_inside,
    **{
        f"image-{name}": _picture
        for name in (
            *("avif", "base64", "bmp", "hdr", "heif", "ico", "mp4", "svg", "tiff"),
            "webp",
        )
    },
    # Alone it asks a question; what breaks is told by `sheet_uses`.
    "css-at-media": lambda use: (
        Consequence.BREAKS if use.style else Consequence.HARMLESS
    ),
    # The element itself is in every mail; what is left in it is told by `sheet_uses`.
    "html-style": lambda use: (
        Consequence.DEGRADES if use.style else Consequence.HARMLESS
    ),
}
