import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.checks.links.pages import read_page
from newsletter.model.link import PageFacts

_PAGE = """<!doctype html><html><head><title> Een
 pagina </title><style>.a{}</style><script src="/a.js"></script></head>
<body id="top"><h2>Menu</h2><h1>Kop</h1><p hidden>niet</p><p>Een <b>eerste</b> woord.
<template>weg</template><script>weg()</script></p><a name="oud">x</a>
<form action="/login"><input type="password"></form></body></html>"""


def _read(
    html: str | bytes, *, charset: str | None = None, is_whole: bool = True
) -> PageFacts:
    body = html if isinstance(html, bytes) else html.encode()
    return read_page(body, "text/html; charset=x", charset, is_whole=is_whole)


def test_page_of_html_is_taken_apart() -> None:
    page = _read(_PAGE)
    assert page.media_type == "text/html"
    assert page.title == "Een pagina"
    assert page.headline == "Kop"
    assert page.words == "Menu Kop Een eerste woord. x"
    assert page.anchors == ("top", "oud")
    assert page.sources == ("/a.js", "/login")
    assert page.asks_password
    assert page.is_whole


def test_page_that_was_cut_off_is_not_whole() -> None:
    page = _read(_PAGE[:200], is_whole=False)
    assert not page.is_whole
    assert page.title == "Een pagina"


def test_page_of_another_type_has_type_and_size_only() -> None:
    page = read_page(b"%PDF-1.7 <a id=x>", "Application/PDF", None, is_whole=False)
    assert (page.media_type, page.size_bytes) == ("application/pdf", 17)
    assert (page.title, page.anchors) == ("", ())


@pytest.mark.parametrize(
    ("body", "charset", "title"),
    [
        ("<title>caf\u00e9</title>".encode(), None, "caf\u00e9"),
        ("<title>caf\u00e9</title>".encode("latin-1"), "iso-8859-1", "caf\u00e9"),
        ("<meta charset=cp1256><title>سلام</title>".encode("cp1256"), None, "سلام"),
        ("<title>é</title>".encode("utf-16"), "utf-8", "é"),
        ("<title>é</title>".encode(), "rot13", "é"),
        ("<title>é</title>".encode(), "no such thing", "é"),
        (b"<?xml version='1.0' encoding='ascii'?><title>a\0b</title>", None, "ab"),
        (b"<title>\xff\xfe</title>", None, "\ufffd\ufffd"),
    ],
)
def test_page_is_decoded_as_browsers_do(
    body: bytes, charset: str | None, title: str
) -> None:
    assert _read(body, charset=charset).title == title


@pytest.mark.parametrize("body", [b"", b"   ", b"<!-- -->", b"\0", b"<", b"\x1f\x8b"])
def test_page_of_nothing_has_no_words(body: bytes) -> None:
    assert _read(body).title == ""


def test_page_words_and_anchors_end_at_their_limits() -> None:
    page = _read("".join(f"<p id=a{n}>word {n}</p>" for n in range(5000)))
    assert len(page.words) == 600
    assert len(page.anchors) == 1000


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=https://example.org/new", "https://example.org/new"),
        ("5;URL='/new'", "/new"),
        ("300", ""),
    ],
)
def test_page_refresh_is_where_it_passes_on(content: str, target: str) -> None:
    page = _read(f'<meta http-equiv="Refresh" content="{content}">')
    assert page.refresh == target


@pytest.mark.parametrize(
    "unit", ["<div>", "<a name=x href=", "<p><b>", "<!--", "&#x", "<svg><title>", "<"]
)
def test_page_of_any_kind_is_read_in_time(unit: str) -> None:
    body = (unit * (300_000 // len(unit))).encode()
    began = time.process_time()
    page = _read(body)
    assert time.process_time() - began < 2
    assert not page.is_whole


@given(
    st.binary(max_size=400), st.sampled_from([None, "utf-16", "latin-1", "idna", "?"])
)
def test_page_of_any_bytes_is_read(body: bytes, charset: str | None) -> None:
    page = _read(b"<title>" + body, charset=charset)
    assert len(page.title) <= 300
