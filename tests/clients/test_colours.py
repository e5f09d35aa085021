import pytest

from newsletter.clients.colours import (
    BLACK,
    WHITE,
    Colour,
    colours_in,
    contrast,
    lay_over,
    lightness,
    read_attribute,
    read_colour,
    replace_colours,
    with_lightness,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#0b5cad", "#0b5cad"),
        ("#FFF", "#ffffff"),
        ("rgb(11, 92, 173)", "#0b5cad"),
        ("hsl(0, 100%, 50%)", "#ff0000"),
        ("navy", "#000080"),
        ("rgba(255, 0, 0, 0.5)", "rgba(255, 0, 0, 0.5)"),
    ],
)
def test_colour_is_read(text: str, value: str) -> None:
    colour = read_colour(text)
    assert colour is not None
    assert colour.hex == value


@pytest.mark.parametrize("text", ["", "currentColor", "12px", "serif", "oklch(1 2 3)"])
def test_other_words_are_no_colour(text: str) -> None:
    assert read_colour(text) is None


@pytest.mark.parametrize("text", ["#0b5cad", "0b5cad", " 0B5CAD "])
def test_attribute_may_lack_the_sign(text: str) -> None:
    assert read_attribute(text) == read_colour("#0b5cad")


# Reference values of CIELAB with D65, as colour calculators give them.
@pytest.mark.parametrize(
    ("text", "expected"),
    [("white", 100), ("black", 0), ("#333333", 21.25), ("red", 53.24), ("#777", 50.03)],
)
def test_lightness(text: str, expected: float) -> None:
    colour = read_colour(text)
    assert colour is not None
    assert lightness(colour) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("text", ["#0b5cad", "#777777", "#eef3f8", "#b3261e"])
def test_colour_with_its_own_lightness_is_itself(text: str) -> None:
    colour = read_colour(text)
    assert colour is not None
    assert with_lightness(colour, lightness(colour)).hex == text


def test_half_of_a_colour_is_seen_through() -> None:
    assert lay_over(Colour(0, 0, 0, 0.5), Colour(1, 1, 1)).hex == "#808080"


@pytest.mark.parametrize(
    ("value", "replaced"),
    [
        ("1px solid red", "1px solid #00ff00"),
        (
            "linear-gradient(90deg, red, #fff 40%)",
            "linear-gradient(90deg, #00ff00, #00ff00 40%)",
        ),
        ("url(red.png) rgb(1, 2, 3) no-repeat", "url(red.png) #00ff00 no-repeat"),
        ('url("a(red).png")', 'url("a(red).png")'),
        ("none", "none"),
        ("dark-red", "dark-red"),
    ],
)
def test_colours_in_a_value_are_replaced(value: str, replaced: str) -> None:
    assert replace_colours(value, lambda _: Colour(0, 1, 0)) == replaced


def test_colours_in_a_value_are_found_in_order() -> None:
    found = colours_in("url(red.png) navy, #fff")
    assert [colour.hex for colour in found] == ["#000080", "#ffffff"]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (BLACK, WHITE, 21.0),
        (WHITE, BLACK, 21.0),
        (Colour(0.5, 0.5, 0.5), Colour(0.5, 0.5, 0.5), 1.0),
        (Colour(0.5, 0.5, 0.5), WHITE, 3.98),
    ],
)
def test_contrast_is_that_of_wcag(one: Colour, other: Colour, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
