"""Colours: read from CSS, turned by lightness, laid over each other. Pure.

A colour is red, green, blue and alpha, each 0 to 1. Lightness is that of CIELAB (D65),
0 for black and 100 for white, since equal steps of it look equal.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from tinycss2.color3 import RGBA, parse_color

#: An address (left alone), or what may be a colour.
_PARTS = re.compile(
    r"url\((?:\"[^\"]*\"|'[^']*'|[^)]*)\)|#[0-9a-f]{3,8}\b"
    r"|(?:rgb|hsl)a?\([^)]*\)|(?<![\w-])[a-z]+(?![\w(-])",
    re.IGNORECASE,
)
#: CIELAB: white point D65, and where the cube root gives way to a line.
_WHITE_POINT = (0.95047, 1.0, 1.08883)
_EDGE = 6 / 29


class Colour(NamedTuple):
    """Red, green, blue and alpha, 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def hex(self) -> str:
        """It as ``#rrggbb``, or ``rgba(…)`` where one can see through."""
        channels = [round(255 * c) for c in self[:3]]
        if self.alpha == 1:
            return "#" + "".join(f"{c:02x}" for c in channels)
        return f"rgba({', '.join(map(str, channels))}, {self.alpha:g})"


WHITE, BLACK = Colour(1, 1, 1), Colour(0, 0, 0)


@lru_cache(maxsize=1024)
def read_colour(text: str) -> Colour | None:
    """Return a colour as CSS writes it; None for anything else, also currentColor."""
    read = parse_color(text)
    return Colour(*read) if isinstance(read, RGBA) else None


def read_attribute(text: str) -> Colour | None:
    """Return a colour as ``bgcolor`` writes it, where the sign may be missing."""
    return read_colour(text.strip()) or read_colour(f"#{text.strip()}")


def replace_colours(value: str, change: Callable[[Colour], Colour]) -> str:
    """Return the value of a declaration with each colour in it changed."""

    def changed(match: re.Match[str]) -> str:
        colour = read_colour(match[0])
        return match[0] if colour is None else change(colour).hex

    return _PARTS.sub(changed, value)


def colours_in(value: str) -> list[Colour]:
    """Return the colours in the value of a declaration, in order."""
    read = (read_colour(part) for part in _PARTS.findall(value))
    return [colour for colour in read if colour is not None]


def lay_over(top: Colour, ground: Colour) -> Colour:
    """Return what is seen of a colour on an opaque ground."""
    mixed = (
        t * top.alpha + g * (1 - top.alpha) for t, g in zip(top, ground, strict=True)
    )
    red, green, blue, _ = mixed
    return Colour(red, green, blue)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21, alpha left aside.

    Source: WCAG 2.2, "contrast ratio".
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lightness(colour: Colour) -> float:
    """Return the lightness, 0 to 100, alpha left aside."""
    return _lab(colour)[0]


@lru_cache(maxsize=1024)
def with_lightness(colour: Colour, wanted: float) -> Colour:
    """Return a colour of the same hue with another lightness, cut to sRGB."""
    _, a, b = _lab(colour)
    middle = (wanted + 16) / 116
    roots = (middle + a / 500, middle, middle - b / 200)
    x, y, z = (
        w * (r**3 if r > _EDGE else 3 * _EDGE**2 * (r - 4 / 29))
        for w, r in zip(_WHITE_POINT, roots, strict=True)
    )
    linear = (
        3.2404542 * x - 1.5371385 * y - 0.4985314 * z,
        -0.9692660 * x + 1.8760108 * y + 0.0415560 * z,
        0.0556434 * x - 0.2040259 * y + 1.0572252 * z,
    )
    red, green, blue = map(_encode, linear)
    return Colour(red, green, blue, colour.alpha)


def _lab(colour: Colour) -> tuple[float, float, float]:
    r, g, b = map(_decode, colour[:3])
    xyz = (
        0.4124564 * r + 0.3575761 * g + 0.1804375 * b,
        0.2126729 * r + 0.7151522 * g + 0.0721750 * b,
        0.0193339 * r + 0.1191920 * g + 0.9503041 * b,
    )
    x, y, z = (
        t ** (1 / 3) if t > _EDGE**3 else t / (3 * _EDGE**2) + 4 / 29
        for t in (c / w for c, w in zip(xyz, _WHITE_POINT, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _luminance(colour: Colour) -> float:
    """Return the relative luminance: 0 for black, 1 for white (WCAG 2.2)."""
    red, green, blue = map(_decode, colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _decode(channel: float) -> float:
    """Return linear light (sRGB, IEC 61966-2-1; WCAG's 0.03928 is an old misprint)."""
    if channel <= 0.04045:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)


def _encode(light: float) -> float:
    light = min(1.0, max(0.0, light))
    coded = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return min(1.0, max(0.0, coded))
