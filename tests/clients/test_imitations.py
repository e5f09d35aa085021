"""All imitations: they say what they are, and survive any mail."""

import re

import pytest

from newsletter.clients.document import read_document
from newsletter.clients.faint_text import faint_pairs
from newsletter.clients.imitations import IMITATIONS, imitate
from newsletter.clients.reading import reading_order

#: Right to left, spaces that do not break, emoji, VML, and what no mail should hold.
ROUGH = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html><html lang="ar" dir="rtl" xmlns:v="urn:schemas-microsoft-com:vml">
<head><meta charset="iso-8859-1"><style>p { color: }</style>
<!--[if mso]><xml><o:OfficeDocumentSettings/></xml><![endif]--></head>
<body><p>مرحبا&nbsp;👩\u200d⚕️ &lt;b&gt; &amp;amp;</p>
<!--[if mso]><v:rect style="width:9px"><v:fill src="a.png"/></v:rect><![endif]-->
<table><tr><td style="color: red; background: url(">é\u0000</td></table></p></b>"""


@pytest.fixture(params=IMITATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_imitation_says_what_it_is() -> None:
    for name, imitation in IMITATIONS.items():
        assert imitation.name == name
        assert imitation.title
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", imitation.facts_date)
        assert imitation.facts_date[:7] in imitation.note or name == "images-off"
        assert imitation.note.endswith(".")


def test_imitations_are_those_the_preview_knows() -> None:
    assert list(IMITATIONS) == [
        "gmail",
        "gmail-imap",
        "outlook-classic",
        "dark-obey",
        "dark-invert",
        "dark-partial",
        "images-off",
    ]


def test_unknown_imitation_is_an_error() -> None:
    with pytest.raises(KeyError):
        imitate("lotus-notes", "")


def test_rough_mail_keeps_its_words(name: str) -> None:
    words = read_document(imitate(name, ROUGH).html).text_content()
    assert "مرحبا\u00a0👩\u200d⚕️ <b> &amp;" in words
    assert "é" in words


def test_doctype_is_kept_or_left_out(name: str) -> None:
    plain = "<html><body>a</body></html>"
    assert imitate(name, f"<!DOCTYPE html>{plain}").html.startswith("<!DOCTYPE html>")
    assert "DOCTYPE" not in imitate(name, plain).html


@pytest.mark.parametrize(
    "html",
    [
        "",
        " ",
        "words",
        "<",
        "<!--",
        "<style>",
        "<style>{{{",
        "<body style='color:\ud800'>",
        "<p style=';;:;a:;:b;color'>a",
        "<img>",
        "<a>",
        "<frameset><frame></frameset>",
        "<![if mso]><![endif]><![endif]-->",
        "<div>" * 3000,
        "<table background><td background=''>",
    ],
)
def test_odd_mail_is_survived(name: str, html: str) -> None:
    assert imitate(name, html).html.startswith("<")


def test_mail_that_is_nested_without_end_is_read() -> None:
    html = "<div>" * 3000 + "words"
    assert len(reading_order(html)) <= 1
    assert faint_pairs(read_document(html)) == ()


def test_same_mail_gives_the_same_imitation(name: str) -> None:
    assert imitate(name, ROUGH) == imitate(name, ROUGH)


def test_script_and_handlers_do_not_outlive_gmail() -> None:
    shown = imitate("gmail", "<script>x()</script><p onclick='x()'>a</p>").html
    assert "x()" not in shown
