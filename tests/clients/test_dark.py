import re

import pytest

from newsletter.clients.colours import read_colour
from newsletter.clients.dark import show_inverted, show_partly_inverted, turned
from newsletter.clients.imitated import Imitated


def style(imitated: Imitated) -> str | None:
    match = re.search(r'<p style="([^"]*)"', imitated.html)
    return match and match[1]


@pytest.mark.parametrize(
    ("light", "dark"),
    [("#ffffff", "#333333"), ("#000000", "#ffffff"), ("#333333", "#cfcfcf")],
)
def test_grey_is_turned_by_lightness_above_that_of_333333(
    light: str, dark: str
) -> None:
    colour = read_colour(light)
    assert colour is not None
    assert turned(colour).hex == dark


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("color: #000; margin: 0", "color: #ffffff; margin: 0"),
        ("color: #fff", "color: #333333"),
        ("background: url(white.png) #fff", "background: url(white.png) #333333"),
        ("background-color: black", "background-color: #ffffff"),
        ("border: 1px solid #000", "border: 1px solid #ffffff"),
        ("text-decoration: underline #000", "text-decoration: underline #ffffff"),
        (
            "background: linear-gradient(#fff, #000)",
            "background: linear-gradient(#333333, #ffffff)",
        ),
        ("color: inherit; background: none", "color: inherit; background: none"),
        ("background: transparent", "background: rgba(0, 0, 0, 0)"),
        ("color: #000 !important", "color: #ffffff !important"),
        ("box-shadow: 0 0 1px #000", "box-shadow: 0 0 1px #000"),
    ],
)
def test_every_colour_is_turned(before: str, after: str) -> None:
    assert style(show_inverted(f'<p style="{before}">a</p>')) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("background: #fff; color: #000", "background: #333333; color: #ffffff"),
        ("background: #000; color: #fff", "background: #000000; color: #ffffff"),
        ("border: 1px solid #000", "border: 1px solid #ffffff"),
    ],
)
def test_dark_grounds_and_light_words_stay_where_only_light_parts_are_turned(
    before: str, after: str
) -> None:
    assert style(show_partly_inverted(f'<p style="{before}">a</p>')) == after


def test_attributes_and_sheets_are_turned_too() -> None:
    html = (
        "<head><style>@media screen { p { color: #000 } }</style></head>"
        '<body bgcolor="ffffff" text="#000000"><font color="black">a</font>'
    )
    shown = show_inverted(html).html
    assert '<body bgcolor="#333333" text="#ffffff">' in shown
    assert '<font color="#ffffff">' in shown
    assert "p { color: #ffffff }" in shown


def test_mail_without_colours_gets_a_dark_ground_and_light_links() -> None:
    shown = show_inverted('<p>a <a href="b">c</a></p>').html
    assert "background-color: #333333; color: #ffffff;" in shown
    assert "a { color: #" in shown


def test_pictures_stay() -> None:
    image = '<img src="white.png" alt="white">'
    assert image in show_inverted(f"<p>{image}</p>").html


def test_dark_rules_of_the_mail_are_out_of_force() -> None:
    html = (
        '<head><meta name="color-scheme" content="light dark"><style>@media '
        "(prefers-color-scheme: dark) { p { color: red } }</style></head><p>a</p>"
    )
    imitated = show_inverted(html)
    assert "prefers-color-scheme" not in imitated.html
    assert "@media (max-width: 0)" in imitated.html
    assert "<meta" not in imitated.html
    assert imitated.remarks == ("The mail's own dark rules are not asked.",)


def test_words_that_become_hard_to_read_are_told() -> None:
    html = '<p style="color: #999">Grey words</p><p style="color: #000">b</p>'
    assert show_inverted(html).remarks == (
        "1 pair of colours is hard to read, with a contrast below 4.5: “Grey words”.",
    )
