import pytest
from lxml.html import document_fromstring

from newsletter.clients.consequences import Lacking, Verdict, judge_usage
from newsletter.clients.names import CLIENTS
from newsletter.clients.ratings import Consequence
from newsletter.clients.usage import read_usage

BREAKS, DEGRADES = Consequence.BREAKS, Consequence.DEGRADES


def judge(body: str, head: str = "", *, clients: tuple[str, ...] = ()) -> list[Verdict]:
    html = f"<html><head>{head}</head><body>{body}</body></html>"
    usage = read_usage(document_fromstring(html))
    return list(judge_usage(usage, clients or tuple(CLIENTS)))


def rated(body: str, css: str = "") -> dict[str, Consequence]:
    head = f"<style>{css}</style>" if css else ""
    return {verdict.feature: verdict.consequence for verdict in judge(body, head)}


WHITE = "color:#ffffff"
PAIR = "<b>a</b><b>b</b>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # grid and row
        (f'<p style="display:grid">{PAIR}</p>', {"css-display-grid": BREAKS}),
        (f'<p style="display:flex">{PAIR}</p>', {"css-display-flex": BREAKS}),
        ('<p style="display:flex"><b>alone</b></p>', {}),
        (f'<p style="display:block;display:flex">{PAIR}</p>', {}),
        # place
        ('<p style="position:absolute">x</p>', {"css-position": BREAKS}),
        ('<p style="position:relative;top:3px">x</p>', {"css-position": DEGRADES}),
        ('<p style="position:relative">x</p>', {}),
        ('<p style="float:left">x</p>', {"css-float": DEGRADES}),
        ('<p style="float:none">x</p>', {}),
        # words on a ground
        (
            f'<p style="background-image:url(a.jpg);{WHITE}">x</p>',
            {"css-background-image": BREAKS},
        ),
        (
            f'<p style="background:#123456 url(a.jpg);{WHITE}">x</p>',
            {"css-background-image": DEGRADES},
        ),
        (
            f'<table><tr><td bgcolor="#123456" style="background:url(a.jpg);{WHITE}">x',
            {"css-background-image": DEGRADES},
        ),
        (
            '<p style="background-image:url(a.jpg);color:#000000">x</p>',
            {"css-background-image": DEGRADES},
        ),
        (
            f'<div style="background-color:#000"><p style="background-image:url(a.jpg);'
            f'{WHITE}">x</p></div>',
            {"css-background-image": DEGRADES},
        ),
        (
            f'<p style="background-image:url(a.jpg)"><b style="{WHITE}">x</b></p>',
            {"css-background-image": BREAKS},
        ),
        (
            '<p style="background-image:url(a.jpg)">'
            f'<b style="background:#000;{WHITE}">x</b></p>',
            {"css-background-image": DEGRADES},
        ),
        (
            f'<p style="background-image:linear-gradient(#000, #111);{WHITE}">x</p>',
            {"css-linear-gradient": BREAKS},
        ),
        (f'<p style="background:rgba(0,0,0,.9);{WHITE}">x</p>', {"css-rgba": BREAKS}),
        ('<p style="background:rgba(0,0,0,.1)">x</p>', {"css-rgba": DEGRADES}),
        (
            f'<p style="background:#000;background:rgba(0,0,0,.9);{WHITE}">x</p>',
            {},
        ),
        (f'<p style="background:var(--a);{WHITE}">x</p>', {"css-variables": BREAKS}),
        ('<p style="color:var(--a)">x</p>', {"css-variables": DEGRADES}),
        # pictures
        ('<img src="a.svg" alt="A house">', {"image-svg": BREAKS}),
        ('<img src="a.svg" alt="">', {"image-svg": DEGRADES}),
        ('<img src="a.png" alt="A house">', {}),
        ("<svg><path d='M0'/></svg>", {"html-svg": BREAKS}),
        ('<svg aria-hidden="true"><path d="M0"/></svg>', {"html-svg": DEGRADES}),
        ('<video src="a.mp4"></video>', {"html-video": BREAKS}),
        ('<video src="a.mp4"><a href="a">The film</a></video>', {}),
        ('<video src="a.mp4"><img src="a.png" alt="x"></video>', {}),
        # hiding
        ("<p hidden>x</p>", {"html-hidden": BREAKS}),
        ('<p style="visibility:hidden">x</p>', {"css-visibility": BREAKS}),
        ('<p style="visibility:visible">x</p>', {}),
        # ornament
        ('<p style="border-radius:24px">x</p>', {"css-border-radius": DEGRADES}),
        ('<p style="border-radius:50%">x</p>', {"css-border-radius": DEGRADES}),
        ('<p style="border-radius:8px">x</p>', {}),
        ('<p style="border-radius:0 3px / 2px">x</p>', {}),
        ('<p style="box-shadow:0 0 3px rgba(0,0,0,.2)">x</p>',
         {"css-box-shadow": DEGRADES}),
        ('<p style="opacity:1">x</p>', {}),
        ('<p style="opacity:.5">x</p>', {"css-opacity": DEGRADES}),
        ('<p style="animation:a 1s">x</p>', {"css-animation": DEGRADES}),
        ('<p style="opacity:0;animation:a 1s">x</p>',
         {"css-animation": BREAKS, "css-opacity": DEGRADES}),
        # lengths
        ('<p style="font-size:1.2rem">x</p>', {"css-unit-rem": DEGRADES}),
        ('<p style="font-size:16px;font-size:1rem">x</p>', {}),
        # known to be good
        ('<p style="mso-line-height-rule:exactly;-webkit-hyphens:auto">x</p>', {}),
        ('<p style="max-width:600px;letter-spacing:1px">x</p>', {}),
        ('<p style="white-space:pre-wrap">x</p>', {}),
        # for Outlook alone
        ('<!--[if mso]><p style="box-shadow:1px 1px red"><![endif]-->',
         {"css-box-shadow": DEGRADES}),
        ("<!--[if mso]><video src='a.mp4'></video><![endif]-->", {}),
    ],
)  # fmt: skip
def test_use_in_html_comes_to(body: str, expected: dict[str, Consequence]) -> None:
    assert rated(body) == expected


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("@media only screen { .a { display: grid; position: fixed } }", {}),
        ("@supports (display: grid) { .a { display: grid } }", {}),
        ("@media screen { a:hover { color: red } }", {}),
        ("a:hover { color: red }", {"css-pseudo-class-hover": DEGRADES}),
        ("p::after { content: '' }", {"css-pseudo-element-after": DEGRADES}),
        ("p::after { content: 'Free' }", {"css-pseudo-element-after": BREAKS}),
        ("@font-face { font-family: x; src: url(a) }", {"css-at-font-face": DEGRADES}),
        (".a { color: red }", {"html-style": DEGRADES}),
        (".a { overflow-wrap: anywhere }", {}),
        ("#outlook a { padding: 0 }", {}),
        (".mj-menu { color: red }", {}),
        (
            "@media (max-width: 479px) { .w { display: none } }"
            "@media (min-width: 480px) { .n { display: none } }",
            {"css-at-media": BREAKS},
        ),
        ("@media (max-width: 479px) { .w { display: none } }", {}),
        (
            "@media (max-width: 479px) { .w { display: none } }"
            "@media (min-width: 480px) { .w { display: none } }",
            {},
        ),
        (
            ".a { background: url(x.jpg); color: white }",
            {"css-background-image": BREAKS, "html-style": DEGRADES},
        ),
    ],
)
def test_use_in_a_sheet_comes_to(css: str, expected: dict[str, Consequence]) -> None:
    assert rated("x", css) == expected


def test_verdict_names_clients_platforms_and_months() -> None:
    body = f'<p style="display:grid">{PAIR}</p>'
    (verdict,) = judge(body, clients=("gmx", "outlook-classic", "apple-mail"))
    assert verdict.is_certain
    assert verdict.lacking == (
        Lacking("GMX (browser)", ("2022-06",)),
        Lacking("Outlook classic", ("2019-02",)),
    )


def test_what_breaks_is_a_doubt_where_the_test_is_old() -> None:
    body = f'<p style="display:grid">{PAIR}</p>'
    (verdict,) = judge(body, clients=("apple-mail",))
    assert not verdict.is_certain
    assert verdict.lacking == (Lacking("Apple Mail", ("2019-02",)),)


def test_what_degrades_is_no_doubt_where_the_test_is_old() -> None:
    body = '<p style="text-shadow:1px 1px red">x</p>'
    assert judge(body, clients=("thunderbird",)) == []


def test_what_is_kept_from_outlook_is_not_missed_there() -> None:
    grid = f'<p style="display:grid">{PAIR}</p>'
    body = f"<!--[if !mso]><!-->{grid}<!--<![endif]-->"
    assert judge(body, clients=("outlook-classic",)) == []
    assert [v.feature for v in judge(grid, clients=("outlook-classic",))] == [
        "css-display-grid"
    ]


def test_what_is_for_outlook_alone_is_not_missed_elsewhere() -> None:
    body = '<!--[if mso]><p style="border-radius:24px">x<![endif]-->'
    assert judge(body, clients=("gmx",)) == []


def test_gravest_uses_of_a_feature_are_told_once() -> None:
    body = (
        '<p style="position:relative;top:1px">x</p>'
        '<p style="position:absolute">x</p><i style="position:fixed">x</i>'
    )
    (verdict,) = judge(body, clients=("gmail",))
    assert [use.shown for use in verdict.uses] == [
        "position: absolute",
        "position: fixed",
    ]
    assert verdict.consequence is BREAKS


def test_unknown_client_is_passed_over() -> None:
    assert judge("<p hidden>x</p>", clients=("pine",)) == []
