from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.html import check_html
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Look = Callable[..., list[Finding]]
FILE = "issues/2023-02.md"


@pytest.fixture
def look(
    assemble: Callable[..., Assembled], facts: Facts, make_copy: Callable[..., Copy]
) -> Look:
    """Return a function: body and head of a mail -> findings."""

    def found(body: str, head: str = "", **known: object) -> list[Finding]:
        html = f"<html><head>{head}</head><body>{body}</body></html>"
        changed = replace(facts, copies=(make_copy(html),), **known)  # type: ignore[arg-type]
        return check_html(assemble(), changed)

    return found


def test_form_is_an_error_where_the_template_writes_it(look: Look) -> None:
    templates = {"templates/a.j2": "<p>\n <FORM>", "templates/b.j2": "<form>"}
    assert look("<form><input></form>", templates=templates) == [
        Finding(
            "html-forbidden",
            Severity.ERROR,
            Place("templates/a.j2", 2, 2),
            "the mail has <form>, which mail programs take out.",
            "Link to a form on a web page.",
        )
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<script>x</script>", "the mail has <script>, which mail programs take out."),
        ("<iframe></iframe>", "the mail has <iframe>, which mail programs take out."),
        ("<object></object>", "the mail has <object>, which mail programs take out."),
        ("<embed>", "the mail has <embed>, which mail programs take out."),
        ("<input>", "the mail has <input>, which mail programs take out."),
        (
            '<video src="a.mp4"><source src="b.mp4"></video>',
            "the mail has <video> with nothing in its stead: "
            "most mail programs play none.",
        ),
        (
            '<link rel="stylesheet" href="https://a.test/a.css">',
            "the mail fetches a style sheet, which most mail programs do not.",
        ),
        (
            '<meta http-equiv="Refresh" content="0;url=https://a.test/">',
            "the mail sends its readers on by <meta http-equiv=refresh>; "
            "mail programs take that for an attack.",
        ),
        (
            '<p onclick="x()">a</p>',
            'the mail has the attribute "onclick", which would run a script; '
            "mail programs take it out.",
        ),
    ],
)
def test_what_programs_take_out_is_an_error(
    look: Look, body: str, message: str
) -> None:
    (finding,) = look(body)
    assert (finding.rule, finding.message) == ("html-forbidden", message)
    assert finding.place == Place(FILE)


@pytest.mark.parametrize(
    "body",
    [
        '<video src="a.mp4"><a href="https://a.test">See it</a></video>',
        '<table role="presentation"><tr><td>x</td></tr></table>',
        '<meta http-equiv="Content-Type" content="text/html">',
        "<!--[if mso]><v:rect><w:anchorlock/></v:rect><![endif]-->",
        "",
    ],
)
def test_what_programs_show_is_fine(look: Look, body: str) -> None:
    assert look(body) == []


def test_without_a_mail_there_is_nothing_to_look_at(
    assemble: Callable[..., Assembled], facts: Facts
) -> None:
    assert check_html(assemble(), facts) == []


# --- style blocks ---------------------------------------------------------------------


def test_styles_beyond_16_kb_are_told(look: Look) -> None:
    rule = "p { color: red }\n"
    just = rule * (16 * 1024 // len(rule))
    assert look("", f"<style>{just}</style>") == []
    (finding,) = look("", f"<style>{just}</style><style>{rule}{rule}</style>")
    assert finding == Finding(
        "style-gmail",
        Severity.WARNING,
        Place(FILE),
        "the mail has 17 KB of style blocks; Gmail drops what goes beyond 16 KB.",
        "Take out rules that nothing uses.",
    )


@pytest.mark.parametrize(
    ("css", "fault"),
    [
        (
            "@media screen { @supports (display: grid) { p { color: red } } }",
            "has an at-rule inside @media",
        ),
        ("p { color: red", "has a brace that is never closed"),
        ("@media screen { p { color: red }", "has a brace that is never closed"),
        ("p { color: red } }", "closes a brace that was never opened"),
        ("p { color: red }\nh1", "does not parse in line 2"),
        ("p { color red }", "does not parse in line 1"),
        ("p { color: rgb(0 0 0) }", "writes a colour with spaces, rgb(0 0 0)"),
    ],
)
def test_style_block_that_gmail_drops_is_told(look: Look, css: str, fault: str) -> None:
    assert look("", f"<style>{css}</style>") == [
        Finding(
            "style-gmail",
            Severity.WARNING,
            Place(FILE),
            f"a style block {fault}; Gmail drops the whole block.",
            "Put it right, or move what it holds to a block of its own.",
        )
    ]


@pytest.mark.parametrize(
    "css",
    [
        "@media screen { p { color: red } } .a::after { content: '}' }",
        "/* } */ p { color: red }",
        "@font-face { font-family: x }",
        "",
    ],
)
def test_style_block_that_gmail_keeps_is_fine(look: Look, css: str) -> None:
    assert look("", f"<style>{css}</style>") == []


def test_style_block_in_the_body_is_told(look: Look) -> None:
    (finding,) = look("<style>p { color: red }</style>")
    assert finding.message == (
        "a style block stands in the body, not in the head; "
        "Gmail drops the whole block."
    )


# --- hidden text ----------------------------------------------------------------------

SEEN = "<p>Seen</p>"


def test_tiny_text_is_told_with_its_first_words(look: Look) -> None:
    text = "win win win win win win win win win win win win"
    templates = {"templates/a.j2": "\n<p>win  win win"}
    assert look(f'<p style="font-size:1px">{text}</p>', templates=templates) == [
        Finding(
            "hidden-text",
            Severity.WARNING,
            Place("templates/a.j2", 2, 4),
            '"win win win win win win win win win win…" is set in letters of 2 pixels '
            "or less; spam filters take that for a trick.",
            "Show the words, or take them out.",
        )
    ]


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ('<p style="font-size:2px">a</p>', "is set in letters of 2 pixels or less"),
        ('<p style="font-size:0">a</p>', "is set in letters of 2 pixels or less"),
        ('<p style="color:#fff">a</p>', "has the colour of its background"),
        (
            '<div style="background:rgb(0, 0, 0) none"><p>a</p></div>',
            "has the colour of its background",
        ),
        (
            '<td bgcolor="#123456"><font color="#123456">a</font></td>',
            "has the colour of its background",
        ),
        (f'{SEEN}<p style="display:none">a</p>', "is taken out of sight"),
        (
            f'{SEEN}<p style="max-height:0;overflow:hidden">a</p>',
            "is taken out of sight",
        ),
    ],
)
def test_ways_to_hide_a_text_are_told(look: Look, body: str, how: str) -> None:
    (finding,) = look(f"<table><tr>{body}</tr></table>" if "<td" in body else body)
    assert finding.message == f'"a" {how}; spam filters take that for a trick.'


@pytest.mark.parametrize(
    "body",
    [
        f'<div style="display:none;font-size:1px;color:#fff">Preheader</div>{SEEN}',
        f'{SEEN}<div style="display:none">\u200c \u034f \u00a0</div>',
        '<td style="font-size:0px"><p style="font-size:16px">a</p></td>',
        '<div style="font-size:1px"><p style="font-size:12pt">a</p></div>',
        '<div style="background:#000"><p style="color:#fff">a</p></div>',
        '<div style="background:url(a.png)"><p style="color:#fff">a</p></div>',
        '<div style="background:#fff"><a href="https://a.test">a</a></div>',
        '<p style="font-size:80%">a</p>',
        '<!--[if mso]><p style="font-size:0">a</p><![endif]--><p>b</p>',
    ],
)
def test_preheader_and_text_that_is_seen_are_fine(look: Look, body: str) -> None:
    assert look(body) == []


def test_text_for_phones_only_is_fine(look: Look) -> None:
    head = "<style>@media (max-width: 480px) { .phone { display: block } }</style>"
    body = f'{SEEN}<p class="phone" style="display:none">a</p>'
    assert look(body, head) == []
    assert [f.rule for f in look(body)] == ["hidden-text"]
