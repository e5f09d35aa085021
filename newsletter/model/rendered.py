"""What a browser made of a copy: plain values that the rules are judged by."""

from dataclasses import dataclass
from enum import StrEnum


class Look(StrEnum):
    """Under which light a copy was looked at."""

    LIGHT = "light"
    #: By the dark rules of the mail itself.
    DARK = "dark"
    #: All colours turned round by the mail program: the worst case.
    INVERTED = "inverted"


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue, 0 to 255; opaque."""

    red: float
    green: float
    blue: float

    def __str__(self) -> str:
        """Return it as it is written in a style."""
        return "#" + "".join(
            f"{round(part):02x}" for part in (self.red, self.green, self.blue)
        )


@dataclass(frozen=True, slots=True)
class SeenText:
    """A stretch of text within one element, as it is painted."""

    #: Its first words; spaces are single.
    words: str
    colour: Colour
    #: What it stands on; None where a picture or a gradient does.
    ground: Colour | None
    #: Height of its letters, in CSS pixels.
    font_px: float
    #: That of the paragraph around it.
    block_font_px: float
    #: Letters in the paragraph around it.
    block_length: int
    is_bold: bool
    is_heading: bool
    #: Lines it takes.
    lines: int
    #: Distance from line to line, in CSS pixels; 0 for a single line.
    line_px: float


@dataclass(frozen=True, slots=True)
class SeenLink:
    """A link that can be seen."""

    words: str
    href: str
    width_px: float
    height_px: float
    #: It stands among other words of a sentence.
    is_in_text: bool
    #: Something besides its colour sets it off: a line, weight, border or ground.
    is_marked: bool
    #: It has a ground or a frame of its own.
    is_button: bool
    #: Another link is so near that a finger of 24 pixels may hit both.
    is_crowded: bool


@dataclass(frozen=True, slots=True)
class WideThing:
    """An element that reaches beyond the window."""

    #: Its tag: "table", "img", "p", …
    tag: str
    width_px: float
    words: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """A copy as it looks in a window of one width."""

    look: Look
    width_px: int
    #: What there would be to scroll through sideways.
    page_width_px: int
    texts: tuple[SeenText, ...] = ()
    links: tuple[SeenLink, ...] = ()
    #: Innermost elements that reach out; empty when the page fits.
    wide: tuple[WideThing, ...] = ()
