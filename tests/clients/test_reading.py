import pytest

from newsletter.clients.reading import Kind, Spoken, reading_order


def spoken(body: str) -> list[tuple[str, int, str]]:
    html = f"<html><body>{body}</body></html>"
    return [
        (entry.kind.value, entry.level, entry.text) for entry in reading_order(html)
    ]


@pytest.mark.parametrize(
    ("body", "entries"),
    [
        ("<h2>Two <b>words</b></h2>", [("heading", 2, "Two words")]),
        ('<p role="heading" aria-level="3">a</p>', [("heading", 3, "a")]),
        ("<p>a</p><p>b <i>c</i></p>", [("text", 0, "a"), ("text", 0, "b c")]),
        ("one<br>two", [("text", 0, "one"), ("text", 0, "two")]),
        (
            '<p>See <a href="b">this</a> now.</p>',
            [("text", 0, "See"), ("link", 0, "this"), ("text", 0, "now.")],
        ),
        (
            '<a href="b">one</a> · <a href="c">two</a>',
            [("link", 0, "one"), ("link", 0, "two")],
        ),
        ('<a href="b"><img src="x.png" alt="Logo"></a>', [("link", 0, "Logo")]),
        ('<a href="b"><img src="x.png"></a>', [("link", 0, "")]),
        ('<a href="b" aria-label="On ships">More</a>', [("link", 0, "On ships")]),
        ('<a name="x">a</a>', [("text", 0, "a")]),
        (
            '<td bgcolor="#000"><a href="b">Sign</a></td>',
            [("link, looks like a button", 0, "Sign")],
        ),
        (
            '<a href="b" style="background-color: #000">Sign</a>',
            [("link, looks like a button", 0, "Sign")],
        ),
        (
            '<p style="background: #eee">Now <a href="b">sign</a></p>',
            [("text", 0, "Now"), ("link", 0, "sign")],
        ),
        (
            '<a href="b" style="background: none">Sign</a>',
            [("link", 0, "Sign")],
        ),
        ('<img src="x.png" alt="A boat">', [("picture", 0, "A boat")]),
        ('<img src="x.png" alt="">', []),
        ('<img src="x.png" alt="A" role="presentation">', []),
        ('<img src="a/boat.png?x=1">', [("picture without text", 0, "boat.png")]),
        (
            "<ul><li>one</li><li>two<ol><li>a</li></ol></li></ul>",
            [
                *(("list", 2, ""), ("text", 0, "one"), ("text", 0, "two")),
                *(("list", 1, ""), ("text", 0, "a")),
            ],
        ),
        (
            "<table><caption>Ships</caption><tr><th>Name</th><td>Ann</td></tr></table>",
            [("table", 1, "Ships"), ("text", 0, "Name"), ("text", 0, "Ann")],
        ),
        (
            '<table role="presentation"><tr><td><table><tr><td>a</td></tr><tr></tr>'
            "</table></td></tr></table>",
            [("table", 2, ""), ("text", 0, "a")],
        ),
        ("<blockquote>a</blockquote>", [("quotation", 0, ""), ("text", 0, "a")]),
        (
            '<div role="article" aria-label="May">a</div>',
            [("region", 0, "May"), ("text", 0, "a")],
        ),
        ('<div role="article">a</div>', [("text", 0, "a")]),
        ('a<p aria-hidden="true">b</p>', [("text", 0, "a")]),
        ('a<p hidden>b</p><p style="visibility: hidden">c</p>', [("text", 0, "a")]),
        ("a<!--[if mso]>b<![endif]--><style>c {}</style>", [("text", 0, "a")]),
        ("soft\u00adhy\u200bphen", [("text", 0, "softhyphen")]),
        ("👩\u200d⚕️ می\u200cشود", [("text", 0, "👩\u200d⚕️ می\u200cشود")]),
        ("", []),
    ],
)  # fmt: skip
def test_spoken(body: str, entries: list[tuple[str, int, str]]) -> None:
    assert spoken(body) == entries


def test_preview_line_comes_first_without_its_filling() -> None:
    body = (
        '<div><div style="display:none">What &amp; when\u034f\u200c\u00a0\u034f\u200c '
        "</div><h1>Title</h1></div>"
    )
    assert spoken(body) == [
        ("preview line", 0, "What & when"),
        ("heading", 1, "Title"),
    ]


def test_hidden_words_behind_seen_ones_are_no_preview_line() -> None:
    assert spoken('<p>a</p><p style="display: none">b</p>') == [("text", 0, "a")]


def test_language_is_that_of_the_words() -> None:
    html = (
        '<html lang="nl"><body><p>een <span lang="en">two</span> drie</p>'
        '<div lang="ar"><h2>أ</h2></div><p>vier</p></body></html>'
    )
    assert reading_order(html) == (
        Spoken(Kind.TEXT, 0, "een", "nl"),
        Spoken(Kind.TEXT, 0, "two", "en"),
        Spoken(Kind.TEXT, 0, "drie", "nl"),
        Spoken(Kind.HEADING, 2, "أ", "ar"),
        Spoken(Kind.TEXT, 0, "vier", "nl"),
    )


def test_link_and_linked_heading_tell_where_they_lead() -> None:
    html = '<h3><a href="https://a.example">a</a></h3><a href="https://b.example">b</a>'
    assert [entry.target for entry in reading_order(html)] == [
        "https://a.example",
        "https://b.example",
    ]
