import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.assembly.palette import (
    Palette,
    contrast,
    dark_palette,
    light_palette,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#abcdef", "#abcdef", 1.0),
    ],
)
def test_contrast_is_that_of_wcag(first: str, second: str, ratio: float) -> None:
    assert round(contrast(first, second), 2) == ratio
    assert contrast(first, second) == contrast(second, first)


def worst(palette: Palette) -> float:
    inks = (palette.text, palette.muted, palette.heading, palette.link)
    pairs = [(ink, base) for ink in inks for base in (palette.paper, palette.card)]
    pairs.append((palette.on_accent, palette.accent))
    return min(contrast(*pair) for pair in pairs)


@given(colour=COLOURS, accent=COLOURS)
def test_text_is_readable_on_light_whatever_was_chosen(
    colour: str, accent: str
) -> None:
    assert worst(light_palette(colour, accent)) >= 4.5


@given(colour=COLOURS, accent=COLOURS)
def test_text_is_readable_on_dark_whatever_was_chosen(colour: str, accent: str) -> None:
    assert worst(dark_palette(colour, accent)) >= 4.5


def test_readable_colours_stay_as_chosen() -> None:
    palette = light_palette("#1f2a37", "#0b5cad")
    assert (palette.heading, palette.link, palette.accent) == (
        "#1f2a37",
        "#0b5cad",
        "#0b5cad",
    )
