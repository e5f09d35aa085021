import pytest

from newsletter.clients.document import read_document
from newsletter.clients.faint_text import FaintPair, faint_pairs


def colours(html: str) -> list[tuple[str, str, str]]:
    return [
        (pair.words, pair.text, pair.ground)
        for pair in faint_pairs(read_document(html))
    ]


def test_pair_tells_words_colours_and_contrast() -> None:
    (pair,) = faint_pairs(read_document('<p style="color: #777777">Grey words</p>'))
    assert pair == FaintPair("Grey words", "#777777", "#ffffff", pair.contrast)
    # 4.48: the well-known grey that just fails.
    assert round(pair.contrast, 2) == 4.48


def test_same_pair_is_told_once() -> None:
    html = '<p style="color: #777">a</p><p style="color: #777777">b</p>'
    assert colours(html) == [("a", "#777777", "#ffffff")]


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: #767676">a</p>',
        '<div style="background: #000"><p style="color: #fff">a</p></div>',
        '<table bgcolor="000000"><tr><td><font color="#fff">a</font></td></tr></table>',
        '<p style="color: #fff; display: none">a</p>',
        '<p style="color: #fff">\u00a0 \u200c</p>',
        '<div style="background: url(a.png)"><p style="color: #fff">a</p></div>',
        '<p style="background: linear-gradient(#000, #111); color: #fff">a</p>',
        '<style>p { color: #fff } .a { color: #000 }</style><p class="a">a</p>',
        "<style>@media print { p { color: #fff } }</style><p>a</p>",
        '<style>a:hover { color: #fff }</style><a href="b">a</a>',
        '<style>p { color: #fff }</style><p style="color: #000">a</p>',
    ],
)
def test_readable_unseen_or_unknown_words_are_not_told(html: str) -> None:
    assert faint_pairs(read_document(html)) == ()


@pytest.mark.parametrize(
    "html",
    [
        '<body text="#ffffff">a</body>',
        '<div style="color: #fff"><p>a</p></div>',
        "<style>p { color: #fff }</style><p>a</p>",
        "<style>.x p { color: #fff }</style><div class=x><p>a</p></div>",
        "<style>#x.y { color: #fff } p { color: #000 }</style><p id=x class=y>a</p>",
        "<style>p { color: #fff !important }</style><p style='color: #000'>a</p>",
        "<style>@media screen and (min-width: 0) { p { color: #fff } }</style><p>a</p>",
        '<p style="background: #fff url(a.png); color: #fff">a</p>',
        '<p style="color: #fff; background: transparent">a</p>',
        '<p style="color: rgba(255, 255, 255, 0.9)">a</p>',
    ],
)
def test_white_on_white_is_told(html: str) -> None:
    assert colours(html) == [("a", "#ffffff", "#ffffff")]


def test_ground_that_one_sees_through_is_laid_over_what_is_behind() -> None:
    html = (
        '<div style="background: #000"><p style="background: rgba(255, 255, 255, 0.5);'
        ' color: #777">a</p></div>'
    )
    assert colours(html) == [("a", "#777777", "#808080")]
