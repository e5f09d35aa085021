"""What Word leaves of small mails."""

import re

import pytest

from newsletter.clients.imitated import Imitated
from newsletter.clients.outlook import show_in_outlook


def shown(body: str, css: str = "") -> Imitated:
    head = f"<head><style>{css}</style></head>" if css else ""
    return show_in_outlook(f"<html>{head}<body>{body}</body></html>")


def inside(imitated: Imitated) -> str:
    return imitated.html.split("<body>")[1].removesuffix("</body></html>")


def first_sheet(css: str) -> str:
    match = re.search(r"<style>(.*?)</style>", shown("a", css).html, re.DOTALL)
    assert match
    return match[1]


@pytest.mark.parametrize(
    ("tag", "style", "left"),
    [
        ("p", "border-radius: 4px; color: red", "color: red"),
        ("p", "padding: 8px; margin: 0 auto", "margin: 0 0"),
        ("td", "padding: 8px", "padding: 8px"),
        ("td", "padding: 8px; mso-padding-alt: 0 2px", "padding: 8px; padding: 0 2px"),
        ("a", "mso-padding-alt: 2px; color: red", "color: red"),
        ("p", "margin: -8px 4px", "margin: 0 4px"),
        ("span", "margin: 8px", None),
        ("div", "width: 50%; height: 4px; max-width: 600px", None),
        ("table", "width: 50%; max-width: 600px", "width: 50%"),
        ("div", "display: flex; gap: 4px", None),
        ("div", "display: inline-block", None),
        ("div", "display: none", "display: none"),
        ("div", "mso-hide: all", "display: none !important"),
        ("div", "max-height: 0; overflow: hidden; opacity: 0", None),
        ("div", "position: absolute; top: 0", None),
        ("p", "font-size: 1.5rem; line-height: calc(1em + 2px)", None),
        ("p", "font-size: 16px; line-height: 1.5", "font-size: 16px; line-height: 1.5"),
        ("p", "color: rgba(0, 0, 0, 0.5)", None),
        ("p", "background: #fff url(a.png) no-repeat", "background-color: #fff"),
        ("p", "background: url(a.png)", None),
        ("p", "background: linear-gradient(red, blue)", None),
        (
            "p",
            "background: linear-gradient(red, blue), navy",
            "background-color: navy",
        ),
        ("p", "background: rgb(1, 2, 3)", "background-color: rgb(1, 2, 3)"),
        ("p", "background-color: rgba(1, 2, 3, 0.5)", None),
        ("p", "background-image: url(a.png); background-size: cover", None),
        ("p", "background: none", None),
        ("p", "text-align: center; float: left", "text-align: center"),
    ],
)
def test_style_attribute(tag: str, style: str, left: str | None) -> None:
    element = f'<{tag} style="{style}">a</{tag}>'
    body = f"<table><tr>{element}</tr></table>" if tag == "td" else element
    match = re.search(rf'<{tag} style="([^"]*)"', shown(body).html)
    assert (match and match[1]) == left


@pytest.mark.parametrize(
    ("css", "left"),
    [
        ("p { color: red }", "p { color: red }"),
        ("td.a, .b c { padding: 4px }", "td.a, .b c { padding: 4px }"),
        ("td.a { padding: 4px }", "td.a { padding: 4px }"),
        ("div.a { padding: 4px; color: red }", "div.a { color: red }"),
        ("img { width: 100%; border: 0 }", "img { border: 0 }"),
        ("@media screen { p { color: red } }", ""),
        ("@font-face { font-family: F }", ""),
        ("a > b, a + b, .a.b, *, [x], a:hover, p { margin: 0 }", "p { margin: 0 }"),
    ],
)
def test_sheet(css: str, left: str) -> None:
    assert first_sheet(css) == left


def test_sheet_for_some_media_is_not_read() -> None:
    html = '<head><style media="(min-width: 480px)">p { color: red }</style></head>a'
    assert "color: red" not in show_in_outlook(html).html


FACE = "<style>@font-face { font-family: 'Open Sans'; src: url(a) }</style>"
LINK = '<link href="https://fonts.example/css?family=Lato:400,700|Open+Sans">'


@pytest.mark.parametrize(
    ("head", "style", "left"),
    [
        (FACE, "font-family: Open Sans, Arial", "font-family: Times"),
        (FACE, "font-family: Arial, Open Sans", "font-family: Arial, Open Sans"),
        (LINK, "font: bold 16px/1.5 Open Sans, x", "font: bold 16px/1.5 Times"),
        (LINK, "font-family: Lato", "font-family: Times"),
        (
            "<style>@import url(https://fonts.example/css?family=Lato);</style>",
            "font-family: Lato",
            "font-family: Times",
        ),
        (
            "<style>@media screen { @font-face { font-family: Lato } }</style>",
            "font-family: Lato, Arial",
            "font-family: Lato, Arial",
        ),
        (
            f"<!--[if !mso]><!-->{LINK}<!--<![endif]-->",
            "font-family: Lato, Arial",
            "font-family: Lato, Arial",
        ),
    ],
)
def test_text_that_begins_with_a_web_font(head: str, style: str, left: str) -> None:
    html = f'<head>{head}</head><body><p style="{style}">a</p></body>'
    match = re.search(r"<p style=(['\"])(.*?)\1>", show_in_outlook(html).html)
    assert match
    assert match[2].replace('"Times New Roman"', "Times") == left


def test_ghost_table_gives_the_width() -> None:
    body = (
        '<!--[if mso]><table width="600"><tr><td><![endif]-->'
        '<div style="max-width: 600px; margin: 0 auto">a</div>'
        "<!--[if mso]></td></tr></table><![endif]-->"
    )
    assert inside(shown(body)) == (
        '<table width="600"><tr><td><div style="margin: 0 0">a</div></td></tr></table>'
    )


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="64" height="32"', "width: 64px !important; height: 32px !important"),
        ('width="50%"', "width: 50% !important; height: auto !important"),
        (
            'width="64" style="width: 100%; height: auto"',
            "width: 64px !important; height: auto !important",
        ),
        ("", "width: auto !important; height: auto !important"),
    ],
)
def test_size_of_a_picture_is_that_of_its_attributes(
    attributes: str, size: str
) -> None:
    assert f'style="{size}"' in shown(f'<img src="a.png" {attributes}>').html


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("<section><h1>a</h1></section>", "<h1>a</h1>"),
        ('<form>a<input value="b"><button>c</button></form>', "ac"),
        ("<p hidden>a</p>", "<p>a</p>"),
        ('<table background="a.png"></table>', "<table></table>"),
        ("<svg><circle/></svg>a", "a"),
        (
            "<xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><p>a<o:p></o:p></p>",
            "<p>a</p>",
        ),
    ],
)
def test_element(body: str, left: str) -> None:
    assert inside(shown(body)) == left


def test_picture_of_an_unknown_kind_is_not_shown() -> None:
    imitated = shown('<img src="a.webp" alt="A">')
    assert "a.webp" not in imitated.html
    assert imitated.remarks == ("1 picture is of a kind that is not shown.",)


def test_drawing_is_named_in_its_size_and_colour() -> None:
    body = (
        "<!--[if mso]>"
        '<v:roundrect href="https://example.org" style="height:40px;width:200px;'
        'v-text-anchor:middle" fillcolor="#0b5cad"><w:anchorlock/>'
        "<center>Sign</center></v:roundrect><![endif]-->"
    )
    imitated = shown(body)
    assert '<div data-vml="" style="outline: 1px dashed #8c8c8c; max-width: 100%; ' in (
        imitated.html
    )
    assert "width: 200px; background-color: #0b5cad" in imitated.html
    assert "VML drawing: not shown here</span><center>Sign</center></div>" in (
        imitated.html
    )
    assert imitated.remarks == ("1 VML drawing is named in its place, not drawn.",)


def test_drawing_takes_the_colour_of_its_fill_and_keeps_its_words() -> None:
    body = (
        '<v:rect style="width:600px"><v:fill type="frame" src="a.png" color="#123456"/>'
        "<v:textbox><div>Words</div></v:textbox></v:rect><p>After</p>"
    )
    html = inside(shown(f"<!--[if gte vml 1]>{body}<![endif]-->"))
    assert "background-color: #123456" in html
    assert html.endswith("<div>Words</div></div><p>After</p>")


def test_losses_are_counted_in_words() -> None:
    imitated = shown(
        '<div style="display: grid"><p style="padding: 4px; border-radius: 2px">a</p>'
        '<p style="background: url(a.png); color: oklch(40% 0.2 30)">b</p></div>',
        "@media print { p { color: red } } a > b { color: red }",
    )
    assert imitated.remarks == (
        "Rules for small screens are not read: the mail keeps its desktop form.",
        "1 group of parts stands below each other, not side by side.",
        "1 background picture or gradient is not shown.",
        "1 text colour is not understood.",
        "Rounded corners are square.",
        "Space around words is left out here and there.",
    )
    assert imitated.details == (
        "1 block of rules is not read: @media.",
        "1 selector is not known.",
        "1 layout by grid or flex is not known.",
        "1 style has border-radius, which is not known.",
        "1 padding outside a table cell is left out.",
    )
