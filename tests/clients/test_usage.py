import pytest
from lxml.html import document_fromstring

from newsletter.clients.usage import Audience, Usage, Use, read_usage


def usage_of(body: str, head: str = "") -> Usage:
    html = f"<html><head>{head}</head><body>{body}</body></html>"
    return read_usage(document_fromstring(html))


def uses_of(feature: str, body: str, head: str = "") -> list[Use]:
    return [use for use in usage_of(body, head).uses if use.feature == feature]


@pytest.mark.parametrize(
    ("style", "feature"),
    [
        ("display:grid", "css-display-grid"),
        ("DISPLAY : inline-FLEX", "css-display-flex"),
        ("border-top:1px solid", "css-border"),
        ("border-top-left-radius:9px", "css-border-radius"),
        ("grid-template-columns:1fr", "css-grid-template"),
        ("margin-inline-start:1px", "css-margin-inline-start-end"),
        ("width:calc(100% - 1px)", "css-unit-calc"),
        ("width:min(1px, calc(2rem))", "css-unit-rem"),
        ("color:var(--x)", "css-variables"),
        ("--x: 1px", "css-variables"),
        ("color:oklch(1 0 0)", "css-modern-color"),
        ("background:url(a.webp)", "css-background-image"),
        ("background:url('a.webp')", "image-webp"),
        ("background:url(data:image/svg+xml;base64,AA)", "image-svg"),
        (
            "background-image:repeating-linear-gradient(red, blue)",
            "css-linear-gradient",
        ),
        ("font-size:1px!important", "css-important"),
        ("flex-direction:column", "css-flex-direction"),
        ("font-size:max(1px, 2vmin)", "css-unit-vmin"),
    ],
)
def test_declaration_uses_feature(style: str, feature: str) -> None:
    assert uses_of(feature, f'<p style="{style}">x</p>')


@pytest.mark.parametrize(
    ("style", "feature"),
    [
        ("content:'display:grid'", "css-display-grid"),
        ("background-image:linear-gradient(red, blue)", "css-background-image"),
        ("-webkit-border-radius:9px", "css-border-radius"),
        ("flex-direction:row", "css-flex-direction"),
        ("grid", "css-display-grid"),
        ("color:red /* position: absolute */", "css-position"),
    ],
)
def test_declaration_does_not_use_feature(style: str, feature: str) -> None:
    assert not uses_of(feature, f'<p style="{style}">x</p>')


@pytest.mark.parametrize(
    ("css", "feature", "shown"),
    [
        (
            "@media only screen and (hover) {}",
            "css-at-media",
            "@media only screen and (hover)",
        ),
        ("@media (hover) {}", "css-at-media-hover", "@media (hover)"),
        ("@font-face{src:url(a)}", "css-at-font-face", "@font-face"),
        ("@import url(a.css);", "css-at-import", "@import url(a.css)"),
        ("a:hover{color:red}", "css-pseudo-class-hover", "a:hover"),
        ("p::before{content:'x'}", "css-pseudo-element-before", "p::before"),
        ("li:nth-child(2){color:red}", "css-pseudo-class-nth-child", "li:nth-child(2)"),
        ("p{color:red; & b{color:blue}}", "css-nesting", "& b"),
        (".a{display:grid}", "css-display-grid", "display: grid"),
    ],
)
def test_sheet_uses_feature(css: str, feature: str, shown: str) -> None:
    (use,) = uses_of(feature, "x", f"<style>{css}</style>")
    assert use.shown == shown


def test_use_in_at_rules_knows_all_of_them() -> None:
    css = "@media screen { @supports (display: grid) { .a { display: grid } } }"
    (use,) = uses_of("css-display-grid", "x", f'<style media="print">{css}</style>')
    assert use.conditions == (
        "@media print",
        "@media screen",
        "@supports (display: grid)",
    )


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<img src="https://a.test/x.SVG?y=1">', "image-svg"),
        (f'<img src="https://a.test/{"long/" * 30}x.webp">', "image-webp"),
        ('<img src="data:image/gif;base64,R0">', "image-base64"),
        ('<input type="CHECKBOX">', "html-input-checkbox"),
        ("<input>", "html-input-text"),
        ("<button>x</button>", "html-button-submit"),
        ("<nav>x</nav>", "html-semantics"),
        ('<a href="#top">x</a>', "html-anchor-links"),
        ("<p hidden>x</p>", "html-hidden"),
        ("<svg><path d='M0'/></svg>", "html-svg"),
    ],
)
def test_element_uses_feature(html: str, feature: str) -> None:
    assert uses_of(feature, html)


def test_elements_styled_alike_are_one_use() -> None:
    (use,) = uses_of("css-display-grid", '<p style="display:grid">x</p>' * 3)
    assert len(use.elements) == 3


def test_hidden_part_is_passed_over() -> None:
    body = '<div style="display:none"><p style="display:grid">x</p></div>'
    assert not uses_of("css-display-grid", body)


@pytest.mark.parametrize(
    ("body", "audience"),
    [
        ('<p style="display:grid">x</p>', Audience.ALL),
        ('<!--[if mso]><td style="display:grid">x<![endif]-->', Audience.OUTLOOK),
        (
            '<!--[if !mso]><!--><p style="display:grid">x</p><!--<![endif]-->',
            Audience.OTHERS,
        ),
        ('<!--[if !mso]> --><p style="display:grid">x</p>', Audience.OTHERS),
        ('<!--[if gte mso 9]><!--><p style="display:grid">x</p>', Audience.ALL),
        ('<p style="display:grid;mso-hide:all">x</p>', Audience.OTHERS),
        ('<!--[if !mso]><!-->a<!--<![endif]--><p style="display:grid">x', Audience.ALL),
        ('<!-- not one --><p style="display:grid">x', Audience.ALL),
    ],
)
def test_use_is_meant_for(body: str, audience: Audience) -> None:
    (use,) = uses_of("css-display-grid", body)
    assert use.audience is audience


@pytest.mark.parametrize("condition", ["lte mso 11", "!mso", "IE"])
def test_comment_that_no_program_reads_is_passed_over(condition: str) -> None:
    body = f'<!--[if {condition}]><p style="display:grid">x</p><![endif]-->'
    assert not uses_of("css-display-grid", body)


def test_background_painted_by_vml_is_kept_from_outlook() -> None:
    vml = '<!--[if mso]><v:rect><v:fill src="https://a.test/x.jpg" /><![endif]-->'
    div = '<div style="background:url(https://a.test/x.jpg)">x</div>'
    (use,) = uses_of("css-background-image", vml + div)
    assert use.audience is Audience.OTHERS
    other = div.replace("x.jpg", "y.jpg")
    (use,) = uses_of("css-background-image", vml + other)
    assert use.audience is Audience.ALL


def test_positions_of_vml_are_its_own() -> None:
    vml = '<!--[if mso]><v:image style="position:absolute" /><![endif]-->'
    assert not uses_of("css-position", vml)


def test_broken_css_is_left_out() -> None:
    body = '<p style="display:grid;}{;color">x</p>'
    head = "<style>a { b } } @media ( { .x { display: flex </style>"
    assert {use.feature for use in usage_of(body, head).uses} >= {"css-display-grid"}


def test_later_declaration_of_the_same_property_has_a_fallback() -> None:
    uses = usage_of('<p style="display:block;display:grid">x</p>').uses
    assert {
        u.feature: u.has_fallback for u in uses if u.feature[:11] == "css-display"
    } == {
        "css-display": False,
        "css-display-grid": True,
    }
