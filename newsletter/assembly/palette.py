"""Every colour of a mail from the two an editor chooses, readable on light and on dark.

Colours in and out are ``#rrggbb``. The law: text keeps a contrast of at least 4.5 to 1
with what it stands on, in both schemes, whatever was chosen (WCAG 2.2, 1.4.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

#: Contrast that text needs (WCAG 2.2, level AA), with room for rounding.
_READABLE = 4.55

#: Contrast that small grey print needs on light, to keep 4.5 in a program that turns
#: all colours round as Outlook does (`clients.dark`, 2026-11-21): 4.8 would become 4.
_TURNABLE = 6.0

#: Contrast that headings keep, so that they look like ink and not like a link.
_INK = 8.0

#: Steps in which a colour is moved towards black or white until it is readable.
_STEPS = 20

_BLACK = "#000000"
_WHITE = "#ffffff"
_DARK_PAPER = "#15171a"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme."""

    #: What everything lies on.
    paper: str
    #: Cards, notes and the footer.
    card: str
    #: Hairlines.
    line: str
    text: str
    #: Captions, dates, the footer.
    muted: str
    heading: str
    #: Links, section labels.
    link: str
    #: The fill of buttons, the rule of masthead and events.
    accent: str
    #: The line under a heading that is a link.
    underline: str
    #: Words on *accent*.
    on_accent: str


@cache
def light_palette(colour: str, accent: str) -> Palette:
    """Return the colours on white paper."""
    card = _mix(accent, "#f7f7f6", 0.05)
    return Palette(
        paper=_WHITE,
        card=card,
        line="#e2e3e5",
        text="#2c3138",
        muted=_readable("#626973", card, _BLACK, _TURNABLE),
        heading=_readable(colour, card, _BLACK, _INK),
        link=_readable(accent, card, _BLACK, _READABLE),
        accent=accent,
        underline=_mix(accent, _WHITE, 0.55),
        on_accent=_on(accent),
    )


@cache
def dark_palette(colour: str, accent: str) -> Palette:
    """Return the colours on near-black paper."""
    card = _mix(accent, "#212429", 0.06)
    accent = _readable(accent, card, _WHITE, _READABLE)
    return Palette(
        paper=_DARK_PAPER,
        card=card,
        line="#383c43",
        text="#d8dadf",
        muted=_readable("#9aa1ab", card, _WHITE, _READABLE),
        heading=_readable(_mix(colour, "#f4f5f6", 0.05), card, _WHITE, _INK),
        link=_readable(accent, card, _WHITE, 6.0),
        accent=accent,
        underline=_mix(accent, _DARK_PAPER, 0.55),
        on_accent=_on(accent),
    )


@cache
def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21.

    Source: WCAG 2.2, "contrast ratio".
    """
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _on(background: str) -> str:
    """Return white where it is readable, else black: one of them always is."""
    return _WHITE if contrast(_WHITE, background) >= _READABLE else _BLACK


def _readable(colour: str, background: str, towards: str, ratio: float) -> str:
    """Return *colour*, moved *towards* black or white as far as *ratio* asks."""
    for step in range(_STEPS):
        moved = _mix(towards, colour, step / _STEPS)
        if contrast(moved, background) >= ratio:
            return moved
    return towards


def _mix(colour: str, base: str, share: float) -> str:
    """Return *base* with a *share* (0 to 1) of *colour* in it."""
    pairs = zip(_channels(colour), _channels(base), strict=True)
    mixed = (round(a * share + b * (1 - share)) for a, b in pairs)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= 0.04045:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)


def _channels(colour: str) -> Iterator[int]:
    return (int(colour[at : at + 2], 16) for at in (1, 3, 5))
