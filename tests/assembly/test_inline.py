from newsletter.assembly.inline import inline_css

PAGE = (
    "<!DOCTYPE html><html lang='nl'><head><style>{style}</style></head>"
    "<body>{body}</body></html>"
)


def page(body: str, style: str = "") -> str:
    return PAGE.format(body=body, style=style)


def test_rules_become_style_attributes() -> None:
    html = inline_css(page("<p>x</p>"), "p { color: red }")
    assert '<p style="color:red">x</p>' in html


def test_doctype_survives() -> None:
    assert inline_css(page(""), "p { color: red }").startswith("<!DOCTYPE html>")


def test_style_sheet_of_the_document_stays_as_it_is_and_is_not_inlined() -> None:
    css = "@media (max-width: 480px) { p { color: red !important } } p { margin: 1px }"
    html = inline_css(page("<p>x</p>", css), "p { color: blue }")
    assert f"<style>{css}</style>" in html
    assert '<p style="color:blue">x</p>' in html


def test_style_attribute_goes_before_the_style_sheet() -> None:
    html = inline_css(page('<p style="color:green">x</p>'), "p { color: blue }")
    assert '<p style="color:green">x</p>' in html


def test_width_and_alignment_become_no_attributes() -> None:
    css = "p { width: 5px; height: 5px; text-align: right; background-color: red }"
    html = inline_css(page("<p>x</p>"), css)
    assert (
        '<p style="width:5px; height:5px; text-align:right; background-color:red">x<'
        in html
    )


def test_conditionals_for_outlook_are_left_alone() -> None:
    body = "<!--[if mso | IE]><table><tr><td><style>p{}</style><![endif]--><p>x</p>"
    assert body[:-8] in inline_css(page(body), "td { color: red }")


def test_mark_of_the_inliner_in_a_text_is_only_text() -> None:
    words = 'the mark &lt;style data-premailer="ignore"&gt; is data-premailer="ignore"'
    assert words in inline_css(page(f"<p>{words}</p>"), "td { color: red }")


def test_addresses_keep_markers_and_fragments() -> None:
    links = '<a href="@@3fa9c1_0@@">x</a><a href="#a">y</a><a href="cid:a@b">z</a>'
    assert links in inline_css(page(links), "td { color: red }")


def test_classes_stay_for_the_responsive_rules() -> None:
    html = inline_css(page('<p class="a">x</p>'), ".a { color: red }")
    assert '<p class="a" style="color:red">x</p>' in html


def test_second_mail_with_the_same_rules_gets_all_of_them() -> None:
    css = "p { color: red } b { color: blue }"
    first = inline_css(page("<p>x</p>"), css)
    assert inline_css(page("<p>x</p>"), css) == first
    assert '<b style="color:blue">' in inline_css(page("<b>y</b>"), css)


def test_characters_beyond_ascii_stay_themselves() -> None:
    assert "<p>caf\u00e9 \u201ca\u201d</p>" in inline_css(
        page("<p>caf&#233; \u201ca\u201d</p>"), "b { color: red }"
    )


def test_important_rules_stay_important() -> None:
    html = inline_css(page("<p>x</p>"), "p { color: red !important }")
    assert "color:red !important" in html
