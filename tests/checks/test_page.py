import pytest

from newsletter.checks.css import declarations
from newsletter.checks.page import Conditional, StyleBlock, page_of, style_of

MAIL = """\
<!DOCTYPE html>
<html lang="nl" dir="ltr"><head><title>A title</title>
<style>p { margin: 0 }</style></head>
<body><div style="display:none">Only in lists</div>
<!--[if mso | IE]><table><tr><td><![endif]-->
<h1>Words  of
the head</h1><p>One <b>bold</b>word,<br>two lines.</p>
<style media="screen">b { color: red }</style>
<!--[if mso | IE]></td></tr></table><![endif]-->
<!--[if !mso]><!--><p style="color:red">Open</p><!--<![endif]-->
<a href=" https://example.org/a "><img src="x.png" alt="A house"> More</a>
<a name="b">b</a>
</body></html>
"""


def test_page_text_is_what_a_reader_sees_a_line_for_each_block() -> None:
    assert page_of(MAIL).text.split("\n") == [
        "Words of the head",
        "One boldword,",
        "two lines.",
        "Open",
        "More b",
    ]


def test_page_links_have_words_of_pictures_too() -> None:
    (link,) = page_of(MAIL).links
    assert (link.href, link.words) == ("https://example.org/a", "More A house")


def test_page_styles_say_where_they_stand() -> None:
    assert page_of(MAIL).styles == (
        StyleBlock("p { margin: 0 }", "", is_in_body=False),
        StyleBlock("b { color: red }", "screen", is_in_body=True),
    )
    assert page_of(MAIL).inline_styles == ("display:none", "color:red")


def test_page_conditionals_have_their_content_unless_it_is_open_to_all() -> None:
    assert page_of(MAIL).conditionals == (
        Conditional("mso | IE", "<table><tr><td>"),
        Conditional("mso | IE", "</td></tr></table>"),
        Conditional("!mso", ""),
    )


def test_page_elements_are_in_order_without_comments() -> None:
    tags = [element.tag for element in page_of(MAIL).elements]
    assert tags[:5] == ["html", "head", "title", "style", "body"]
    assert all(isinstance(tag, str) for tag in tags)


@pytest.mark.parametrize(
    "html", ["", " \n", "<!-- only this -->", "<!DOCTYPE html>", "</p>", "\0"]
)
def test_page_of_nothing_is_empty(html: str) -> None:
    page = page_of(html)
    assert (page.text, page.links, page.styles) == ("", (), ())


def test_page_of_xml_and_odd_letters_is_read() -> None:
    page = page_of('<?xml version="1.0" encoding="utf-8"?><p>Größe مرحبا 🙂</p>')
    assert page.text == "Größe مرحبا 🙂"


def test_page_of_a_thousand_elements_in_one_another_is_read() -> None:
    assert page_of("<div>" * 1000 + "deep").root.tag == "html"


def test_page_of_the_same_text_is_parsed_once() -> None:
    assert page_of(MAIL) is page_of(MAIL + "")


def test_style_of_an_element_is_what_holds_in_the_end() -> None:
    page = page_of('<p style="Color: red; color: BLUE; margin">x</p>')
    (element,) = page.root.iter("p")
    assert dict(style_of(element)) == {"color": "BLUE"}


def test_declarations_that_are_important_are_not_replaced() -> None:
    style = "color: red !important; color: blue; margin: 0 /* none */ 1px"
    assert dict(declarations(style)) == {"color": "red", "margin": "0  1px"}
