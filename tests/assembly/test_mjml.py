import re

import pytest
from lxml import html as lxml_html
from markupsafe import Markup

from newsletter.assembly.mjml import MjmlFault, compile_mjml, find_faults


def document(content: str, *, head: str = "") -> str:
    """Return MJML with *content* in a column."""
    return (
        f"<mjml><mj-head><mj-title>Title</mj-title>{head}</mj-head><mj-body>"
        f"<mj-section><mj-column>{content}</mj-column></mj-section>"
        "</mj-body></mjml>"
    )


def text(content: str) -> str:
    return document(f"<mj-text>{content}</mj-text>")


def faults(content: str) -> list[tuple[str, str]]:
    found = find_faults(document(content))
    return [(fault.message, fault.advice) for fault in found]


@pytest.mark.parametrize(
    "words",
    [
        'He said "no"',
        "it's",
        r"a\b \u{a0} C:\new",
        "a\u00a0b",
        "soft\u00adhyphen",
        "zero\u200bwidth\u200d\u200c",
        "famil\u00efe e\u0301",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        "a & b < c > d",
        "نص عربي",
    ],
)
def test_attribute_comes_out_as_it_went_in(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    html = compile_mjml(
        document(
            f'<mj-image src="cid:a" alt="{escaped}" title="{escaped}" />'
            f'<mj-text><a href="#" title="{escaped}">x</a></mj-text>'
        )
    )
    tree = lxml_html.document_fromstring(html)
    assert tree.xpath("//img/@alt | //img/@title | //a/@title") == [words] * 3


def test_line_end_and_tab_in_a_tag_become_spaces() -> None:
    html = compile_mjml(text('<a\n\thref="#"\n title="one\ntwo\tthree">x</a>'))
    assert '<a href="#" title="one two three">x</a>' in html


def test_line_end_between_words_stays() -> None:
    assert "one\ntwo" in compile_mjml(text("one\ntwo"))


def test_line_end_between_inline_tags_is_a_space() -> None:
    assert "<b>a</b> <i>b</i>" in compile_mjml(text("<b>a</b>\n  <i>b</i>"))


def test_what_a_template_made_is_not_escaped_once_more() -> None:
    made = Markup(text("<b>a</b>\n<i>b</i>"))  # noqa: S704 - as a template does
    assert "<b>a</b> <i>b</i>" in compile_mjml(made)


def test_title_with_characters_beyond_ascii_labels_the_mail() -> None:
    mjml = document("<mj-text>x</mj-text>").replace(
        "Title", "Caf\u00e9 \\ \u201cx\u201d"
    )
    tree = lxml_html.document_fromstring(compile_mjml(mjml))
    assert tree.xpath("//div/@aria-label") == ["Caf\u00e9 \\ \u201cx\u201d"]


def test_doctype_is_upper_case() -> None:
    assert compile_mjml(text("x")).startswith("<!DOCTYPE html>")


def test_nothing_is_fetched_from_a_third_party() -> None:
    html = compile_mjml(document("<mj-text>x</mj-text><mj-button>y</mj-button>"))
    assert not re.findall(r"<link|@import|fonts\.", html)


def test_notes_of_a_template_are_not_mailed() -> None:
    assert "secret" not in compile_mjml(text("<!-- secret --><p>x</p>"))


def test_conditionals_for_outlook_stay_merged_and_balanced() -> None:
    two = "<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>" * 2
    html = compile_mjml(f"<mjml><mj-body>{two}</mj-body></mjml>")
    assert "<![endif]--><!--[if mso | IE]>" not in html
    opened, closed = html.count("<!--[if"), html.count("<![endif]-->")
    assert opened == closed > 4
    outlook = re.sub(r"<!--\[if mso[^>]*>|<!--\[if lte[^>]*>|<!\[endif\]-->", "", html)
    assert outlook.count("<table") == outlook.count("</table")
    assert outlook.count("<td") == outlook.count("</td")


def test_widths_for_outlook_count_paddings_in_pixels() -> None:
    image = '<mj-image src="cid:a" alt="" padding="0px 24px" />'
    assert 'width="552"' in compile_mjml(document(image))


@pytest.mark.parametrize("padding", ["0 24px", "10px 0", "5%", "0px 24px 0 24px"])
def test_padding_that_misleads_the_compiler_is_a_fault(padding: str) -> None:
    assert faults(f'<mj-text padding="{padding}">x</mj-text>') == [
        (
            f'padding="{padding}" of <mj-text> has a part that is not in pixels.',
            'Write every part in pixels: "0px 24px".',
        )
    ]


def test_padding_that_misleads_is_found_in_defaults_too() -> None:
    head = '<mj-attributes><mj-text padding="0 24px" /></mj-attributes>'
    assert len(find_faults(document("", head=head))) == 1


@pytest.mark.parametrize("padding", ["0", "0px", "0px 24px", "10px 20px 30px 40px"])
def test_padding_in_pixels_is_no_fault(padding: str) -> None:
    assert not faults(f'<mj-text padding="{padding}">x</mj-text>')


def test_tag_that_is_misspelt_is_a_fault_with_a_suggestion() -> None:
    assert faults("<mj-txt>x</mj-txt>") == [
        ("<mj-txt> is unknown, or of no effect in mail.", 'Did you mean "mj-text"?')
    ]


@pytest.mark.parametrize("tag", ["mj-social", "mj-font", "mj-include", "mj-carousel"])
def test_tag_that_is_no_use_or_fetches_something_is_a_fault(tag: str) -> None:
    assert find_faults(document(f"<{tag} />"))[0].message.startswith(
        f"<{tag}> is unknown"
    )


def test_attribute_that_is_misspelt_is_a_fault_with_a_suggestion() -> None:
    assert faults('<mj-text colour="red">x</mj-text>') == [
        (
            'the attribute "colour" of <mj-text> is unknown, or of no effect in mail.',
            'Did you mean "color"?',
        )
    ]


def test_text_directly_in_a_section_is_a_fault() -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-text>x</mj-text></mj-section></mj-body></mjml>"
    )
    assert find_faults(mjml) == [
        MjmlFault(
            mjml.index("<mj-text"),
            "<mj-text> cannot stand in <mj-section>.",
            "Put it in <mj-column>.",
        )
    ]


def test_html_outside_a_text_is_a_fault() -> None:
    assert faults("<p>x</p>") == [
        ("<p> cannot stand directly in <mj-column>.", "Put it in an <mj-text>.")
    ]


def test_root_other_than_mjml_is_a_fault() -> None:
    assert find_faults("<mj-body></mj-body>") == [
        MjmlFault(0, "<mj-body> cannot stand alone.", "Put it in <mjml>.")
    ]


@pytest.mark.parametrize("tag", ["script", "form", "iframe", "object", "link", "video"])
def test_html_that_mail_programs_remove_is_a_fault(tag: str) -> None:
    assert faults(f"<mj-text><{tag} /></mj-text>") == [
        (
            f"<{tag}> is not for mail: mail programs remove it.",
            "Use plain HTML without scripts, forms and frames.",
        )
    ]


def test_script_in_an_attribute_is_a_fault() -> None:
    assert faults('<mj-text><p onclick="x()">x</p></mj-text>') == [
        ('the attribute "onclick" of <p> is a script.', "Leave it out.")
    ]


def test_style_sheet_beyond_ascii_is_a_fault() -> None:
    head = "<mj-style>p::before { content: '\u2022' }</mj-style>"
    assert [fault.message for fault in find_faults(document("", head=head))] == [
        "a style sheet can hold neither a backslash nor letters beyond ASCII."
    ]


def test_markup_that_is_not_well_formed_is_a_fault_where_it_shows() -> None:
    mjml = text("<p>x<br></p>")
    assert find_faults(mjml) == [
        MjmlFault(
            mjml.index("</p>") + 2,
            "the markup is not well-formed here inside <br>: mismatched tag.",
            "Close every tag, write <br /> with its slash, and &amp; and &lt; for the"
            " characters & and <.",
        )
    ]


def test_named_characters_of_html_are_no_fault() -> None:
    assert not faults("<mj-text>a&nbsp;b &eacute;</mj-text>")


def test_named_character_that_does_not_exist_is_a_fault() -> None:
    assert faults("<mj-text>a&nbps;b</mj-text>") == [
        ("there is no character called &nbps;.", "Write it as itself.")
    ]


def test_nesting_that_would_end_the_process_is_a_fault() -> None:
    deep = "<div>" * 3000 + "</div>" * 3000
    assert faults(f"<mj-text>{deep}</mj-text>") == [
        ("tags are nested more than 100 deep.", "Nest fewer blocks.")
    ]


def test_position_of_a_fault_in_a_fragment_counts_bytes_from_its_start() -> None:
    assert find_faults("<p>\u00e9<blink /></p>", is_fragment=True)[0].position == 5


def test_faults_are_told_all_at_once() -> None:
    assert len(faults('<mj-txt /><mj-text colour="x" padding="0 1px">x</mj-text>')) == 3
