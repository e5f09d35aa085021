"""What Gmail strips, drops and clips, on small mails."""

import re

import pytest

from newsletter.clients.gmail import clipped, show_in_gmail, show_in_gmail_app
from newsletter.clients.imitated import Imitated

RED = "p { color: red }"


def shown(body: str = "<p>Words</p>", *blocks: str) -> Imitated:
    styles = "".join(f"<style>{css}</style>" for css in blocks)
    return show_in_gmail(
        f"<!DOCTYPE html><html><head>{styles}</head><body>{body}</body></html>", None
    )


def sheets(imitated: Imitated) -> list[str]:
    """Return the style sheets of the mail; the first is that of Gmail's page."""
    return re.findall(r"<style>(.*?)</style>", imitated.html, re.DOTALL)[1:]


def inside(imitated: Imitated) -> str:
    """Return what stands in the div that the body became."""
    match = re.search(
        r'<div class="gmail-pane"><div[^>]*>(.*)</div></div></body>',
        imitated.html,
        re.DOTALL,
    )
    assert match
    return match[1]


def style_of(style: str) -> str | None:
    match = re.search(r'<p style="([^"]*)"', shown(f'<p style="{style}">a</p>').html)
    return match and match[1]


def test_sheet_that_gmail_reads_is_kept() -> None:
    css = "p { color: red }\n@media screen and (max-width: 479px) {\np { margin: 0 }\n}"
    imitated = shown("<p>Words</p>", css)
    assert sheets(imitated) == [css]
    assert imitated.remarks == ()


def test_style_in_the_body_is_left_out() -> None:
    imitated = shown(f"<style>{RED}</style><p>Words</p>")
    assert sheets(imitated) == []
    assert imitated.remarks == (
        "1 style block is left out: Gmail reads none in the body.",
    )


@pytest.mark.parametrize(
    ("css", "remark"),
    [
        (
            RED + " @media x { @font-face { font-family: F } }",
            "1 style block is left out: a rule such as @media stands inside another "
            "one.",
        ),
        (
            RED + " @media x { @supports (display: grid) { p { color: blue } } }",
            "1 style block is left out: a rule such as @media stands inside another "
            "one.",
        ),
        (
            RED + " p { color }",
            "1 style block is left out: a fault in the CSS makes Gmail drop the whole "
            "block.",
        ),
        (
            RED + " p { color: rgb(0 128 0) }",
            "1 style block is left out: a fault in the CSS makes Gmail drop the whole "
            "block.",
        ),
    ],
)
def test_whole_block_goes_for_one_thing(css: str, remark: str) -> None:
    imitated = shown("<p>Words</p>", css, "b { color: blue }")
    assert sheets(imitated) == ["b { color: blue }"]
    assert imitated.remarks == (remark,)


def test_block_that_passes_16_kb_goes_and_all_later_ones() -> None:
    long = "p { color: #000001 }" * 500
    imitated = shown("<p>Words</p>", long, long, RED)
    assert [len(css) for css in sheets(imitated)] == [500 * 21 - 1]
    assert imitated.remarks == (
        "2 style blocks are left out: Gmail reads 16 KB of styles and no more.",
    )


@pytest.mark.parametrize(
    "query",
    [
        "(prefers-color-scheme: dark)",
        "screen and (hover: hover)",
        "(min-height: 1px)",
        "(-webkit-min-device-pixel-ratio: 2)",
    ],
)
def test_media_query_that_gmail_does_not_ask_goes(query: str) -> None:
    css = f"@media {query} {{ p {{ color: blue }} }} {RED}"
    assert sheets(shown("<p>Words</p>", css)) == [RED]


def test_other_at_rules_go_and_are_named() -> None:
    css = "@import url(a.css); @font-face { font-family: F } " + RED
    imitated = shown("<p>Words</p>", css)
    assert sheets(imitated) == [RED]
    assert imitated.details == ("2 blocks of rules are left out: @import, @font-face.",)


@pytest.mark.parametrize(
    ("selector", "kept"),
    [
        ("a:hover", "a:hover"),
        (".a > b + i", ".m_a > b + i"),
        ("#x.y-1", "#m_x.m_y-1"),
        ('[class~="x"]', '[class~="m_x"]'),
        ("a:focus", None),
        ("li:first-child", None),
        ("p::before", None),
        ("[title]", None),
        ('[class="x"]', None),
        ("body", None),
        (":root", None),
        ("html p", None),
        (".body", ".m_body"),
    ],
)
def test_selector(selector: str, kept: str | None) -> None:
    css = sheets(shown("<p>Words</p>", f"{selector} {{ margin: 0 }}"))
    assert css == ([f"{kept} {{ margin: 0 }}"] if kept else [])


def test_known_selector_of_a_group_stays() -> None:
    imitated = shown("<p>Words</p>", "p, a:focus { color: red }")
    assert sheets(imitated) == ["p { color: red }"]
    assert imitated.remarks == ("Small things of the style are left out.",)
    assert imitated.details == ("1 selector is not known.",)


def test_rule_that_colours_the_page_is_missed_and_told() -> None:
    imitated = shown("<p>Words</p>", "body { background: #000000; margin: 0 }")
    assert imitated.details == (
        "1 rule for the page itself finds nothing: the body becomes a div.",
    )


@pytest.mark.parametrize(
    ("style", "left"),
    [
        ("color: red; position: absolute", "color: red"),
        ("top: 0; z-index: 2; box-shadow: 0 0 1px red", None),
        ("margin: -8px; color: red", "color: red"),
        ("margin: 8px -1.5em; color: red", "color: red"),
        ("margin: 0 8px", "margin: 0 8px"),
        ("margin-left: calc(1px - 2px)", "margin-left: calc(1px - 2px)"),
        ("display: grid; grid-template-columns: 1fr 1fr", "display: grid"),
        ("color: var(--x); --x: red; border-radius: 4px", "border-radius: 4px"),
        ("color: oklch(40% 0.2 30)", None),
        ("color: rgb(0 0 0); margin: 0", None),
        ("color: rgb(0, 0, 0)", "color: rgb(0, 0, 0)"),
        ("background: url(data:image/png;base64,AA)", None),
        ("background: url(a.png) #fff", "background: url(a.png) #fff"),
        ("mso-hide: all", "mso-hide: all"),
    ],
)
def test_style_attribute(style: str, left: str | None) -> None:
    assert style_of(style) == left


def test_left_out_declarations_are_counted_and_named() -> None:
    imitated = shown('<p style="position: relative; top: 1px; position: fixed">a</p>')
    assert imitated.details == ("3 declarations are left out: position, top.",)


def test_body_becomes_a_div_with_its_attributes() -> None:
    imitated = show_in_gmail(
        '<html lang="ar" dir="rtl"><body class="x" bgcolor="#eeeeee" '
        'style="margin: 0">a</body></html>',
        None,
    )
    assert imitated.html.endswith(
        '<body><div class="gmail-pane"><div class="m_x" bgcolor="#eeeeee" '
        'style="margin: 0">a</div></div></body></html>'
    )
    assert imitated.html.startswith("<html><head>")


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('<img src="data:image/gif;base64,AA" alt="Dot">', '<img alt="Dot">'),
        ('<img src="logo.SVG" alt="Logo">', '<img alt="Logo">'),
        (
            '<img src="a.png" srcset="b.png 2x" alt="A">',
            '<img src="a.png" alt="A">',
        ),
        ("<svg><circle/></svg>b", "b"),
        ("<main><nav>a</nav></main>", "a"),
        ("<section>a</section>", "<section>a</section>"),
        ("<script>x()</script><link rel=stylesheet href=a.css>a", "a"),
        ('<p hidden onclick="x()">a</p>', "<p>a</p>"),
        ('<video src="a.mp4"><b>a</b></video>', "<b>a</b>"),
        (
            '<a href="#end">a</a><b id="end" class="x y">b</b>',
            '<a href="#m_end">a</a><b id="m_end" class="m_x m_y">b</b>',
        ),
        ("<!--[if mso]>x<![endif]-->a", "<!--[if mso]>x<![endif]-->a"),
    ],
)
def test_element(body: str, left: str) -> None:
    assert inside(shown(body)) == left


def test_pictures_that_are_not_shown_are_told() -> None:
    assert shown('<img src="a.svg"><img src="b.svg">').remarks == (
        "2 pictures are not shown: Gmail shows neither SVG nor pictures inside the "
        "HTML.",
    )


def test_mail_of_102_kb_as_it_travels_is_whole() -> None:
    html = "<p>" + "é" * 20_000
    assert clipped(html, 102 * 1024) == html
    assert "clipped" not in show_in_gmail(html, 102 * 1024).html.split("</style>")[-1]


def test_longer_mail_is_clipped_where_its_encoded_size_says() -> None:
    html = "<p>" + "é" * 40_000
    cut = clipped(html, 204 * 1024)
    assert len(cut.encode()) in (len(html.encode()) // 2, len(html.encode()) // 2 - 1)


def test_clip_leaves_no_half_tag() -> None:
    html = "<p>" + "a" * (102 * 1024 - 10) + '<a href="https://example.org/">b</a>'
    assert clipped(html, None) == html[: html.index("<a ")]


def test_clipped_mail_says_so_at_its_end() -> None:
    imitated = show_in_gmail("<p>" + "a" * 110_000, None)
    assert imitated.html.endswith(
        '<p class="gmail-clipped">[Message clipped]  <span>View entire message</span>'
        "</p></body></html>"
    )
    assert imitated.remarks == (
        "Clipped after 102 KB: the rest stands behind “View entire message”, and there "
        "without any style sheet.",
    )


def test_app_with_another_account_has_no_sheets_and_no_grounds() -> None:
    imitated = show_in_gmail_app(
        f"<head><style>{RED}</style></head><body>"
        '<table background="a.png"><tr><td style="background: url(b.png) #ffffff; '
        'display: flex">a</td></tr></table>',
        None,
    )
    assert sheets(imitated) == []
    assert '<table><tr><td style="background: #ffffff">' in imitated.html
    assert imitated.remarks == (
        "1 style block is left out: accounts that are not Google's get no style sheet.",
        "2 background pictures are left out.",
    )
    assert imitated.details == ("1 declaration is left out: display.",)
