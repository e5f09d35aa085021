"""Each block as HTML, by the built-in templates."""

import re
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from newsletter.assembly.blocks import BLOCKS
from newsletter.assembly.loaders import Templates
from newsletter.model.issue import (
    Alignment,
    Attributes,
    Block,
    Button,
    Code,
    CodeBlock,
    Divider,
    Emphasis,
    Event,
    Image,
    Inline,
    Item,
    LineBreak,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Section,
    Strong,
    Subheading,
    Table,
    Text,
)
from newsletter.model.problem import Place

if TYPE_CHECKING:
    from tests.assembly.conftest import Composer

AT = Place("issues/2023-05.md", 9, 1)
ZONE = ZoneInfo("Europe/Amsterdam")


def text(words: str) -> tuple[Text]:
    return (Text(words),)


def paragraph(*content: Inline) -> Paragraph:
    return Paragraph(content, AT)


def event(**more: object) -> Event:
    values: dict[str, object] = {
        "title": "Open dag",
        "start": datetime(2023, 5, 9, 19, tzinfo=ZONE),
        "end": datetime(2023, 5, 9, 20, 30, tzinfo=ZONE),
        "place": AT,
        "where": "Brug 1, Utrecht",
    }
    return Event(**values | more)  # type: ignore[arg-type]


def shown(composer: "Composer", *blocks: Block) -> lxml_html.HtmlElement:
    """Return the part of the mail that holds *blocks*, without its heading."""
    document = lxml_html.document_fromstring(composer.html(*blocks))
    heading = document.xpath("//h3")[0]
    cell = heading.getparent()
    cell.remove(heading)
    return cell


def lines(composer: "Composer", *blocks: Block) -> list[str]:
    return [line for line in shown(composer, *blocks).itertext() if line.strip()]


def bare(composer: "Composer", *blocks: Block) -> str:
    """Return the HTML of *blocks* without attributes."""
    cell = shown(composer, *blocks)
    for element in cell.iter():
        element.attrib.clear()
    inner = (lxml_html.tostring(child, encoding="unicode") for child in cell)
    return "".join(inner).replace("\n", "")


def test_every_block_has_a_template() -> None:
    templates = Templates()
    assert all(templates.has(f"blocks/{name}.j2") for name in BLOCKS.values())


def test_inline_content_keeps_its_meaning_and_its_spaces(composer: "Composer") -> None:
    link = Link(text("daar"), "https://example.org/?a=1&b=2", "", AT)
    html = bare(
        composer,
        paragraph(
            Strong(text("vet")),
            Text(" "),
            Emphasis((Text("schuin "), Strong(text("allebei")))),
            Text(" "),
            Code("{x}"),
            LineBreak(),
            link,
        ),
    )
    assert html == (
        "<p><strong>vet</strong> <em>schuin <strong>allebei</strong></em>"
        " <code>{x}</code><br><a>daar</a></p>"
    )


def test_target_of_a_link_is_exact(composer: "Composer") -> None:
    target = "https://example.org/?id=ECLI:NL:RBDHA:2023:1&q=a%20b#c"
    cell = shown(composer, paragraph(Link(text("daar"), target, "", AT)))
    assert cell.xpath("//a[text()='daar']/@href") == [target]


def test_list_of_single_paragraphs_is_tight(composer: "Composer") -> None:
    entries = ((paragraph(Text("a")),), (paragraph(Text("b")),))
    html = bare(composer, ListBlock(entries, False, 1, AT))
    assert html == "<ul><li>a</li><li>b</li></ul>"


def test_list_in_a_list_stands_inside_its_entry(composer: "Composer") -> None:
    inner = ListBlock(((paragraph(Text("b")),),), False, 1, AT)
    html = bare(composer, ListBlock(((paragraph(Text("a")), inner),), False, 1, AT))
    assert html == "<ul><li><p>a</p><ul><li>b</li></ul></li></ul>"


def test_numbered_list_begins_where_it_says(composer: "Composer") -> None:
    cell = shown(composer, ListBlock(((paragraph(Text("a")),),), True, 4, AT))
    assert cell.xpath(".//ol/@start") == ["4"]


def test_quote_holds_its_blocks(composer: "Composer") -> None:
    html = bare(composer, Quote((paragraph(Text("a")), paragraph(Text("b"))), AT))
    assert html == "<blockquote><p>a</p><p>b</p></blockquote>"


def test_note_is_a_box_that_is_no_table_to_the_ear(composer: "Composer") -> None:
    cell = shown(composer, Note((paragraph(Text("a")),), AT))
    assert cell.xpath("./table/@role") == ["presentation"]
    assert cell.text_content().strip() == "a"


def test_subheading_is_one_below_its_item(composer: "Composer") -> None:
    assert bare(composer, Subheading(text("a"), AT)) == "<h4>a</h4>"


def test_divider_is_a_rule(composer: "Composer") -> None:
    assert bare(composer, Divider(AT)) == "<hr>"


def test_code_keeps_lines_spaces_and_braces(composer: "Composer") -> None:
    html = bare(composer, CodeBlock("if {{ a }}:\n    b < c\n", AT))
    assert html == "<pre>if {{ a }}:<br>\u00a0 \u00a0 b &lt; c</pre>"


def table(*alignments: Alignment, word: str = "d") -> Table:
    header = (text("a"), text("b"))
    return Table(header, ((text("c"), text(word)),), alignments, AT)


def test_table_is_a_table_with_headers(composer: "Composer") -> None:
    cell = shown(composer, table("", "right"))
    assert cell.xpath(".//th/@scope") == ["col", "col"]
    assert cell.xpath(".//table/@role") == []
    assert [c.text_content() for c in cell.xpath(".//td")] == ["c", "d"]


def test_columns_of_a_table_are_aligned(composer: "Composer") -> None:
    styles = shown(composer, table("", "right")).xpath(".//td/@style")
    assert ["text-align:left" in style for style in styles] == [True, False]
    assert ["text-align:right" in style for style in styles] == [False, True]


@pytest.mark.parametrize(
    ("word", "kept"), [("d", []), ("d" * 20, []), ("d" * 40, ["8px", "247px"])]
)
def test_words_of_a_table_are_broken_only_in_a_column_too_wide(
    composer: "Composer", word: str, kept: list[str]
) -> None:
    styles = shown(composer, table("", "", word=word)).xpath(".//td/@style")
    breaking = [style for style in styles if "overflow-wrap:anywhere" in style]
    assert [re.findall(r"min-width:(\d+px)", style) for style in breaking] == [
        [pixels] for pixels in kept
    ]


def test_button_is_a_link_in_a_cell(composer: "Composer") -> None:
    cell = shown(composer, Button(text("Teken"), "https://example.org/x", "", AT))
    assert cell.xpath(".//td[@class='button']/a/@href") == ["https://example.org/x"]
    assert cell.xpath("./table/@role") == ["presentation"]


def test_button_keeps_its_size_in_outlook(composer: "Composer") -> None:
    cell = shown(composer, Button(text("Teken"), "https://example.org/x", "", AT))
    (style,) = cell.xpath(".//td[@class='button']/@style")
    assert "mso-padding-alt:13px 26px" in style


def test_event_shows_time_place_and_where_to_read_on(composer: "Composer") -> None:
    assert lines(composer, event(link="https://example.org/e")) == [
        "Open dag",
        "dinsdag 9 mei 2023, 19:00–20:30",
        "Brug 1, Utrecht",
        "Meer informatie",
        "\u00a0\u00a0·\u00a0 ",
        "Zet in uw agenda",
    ]


def test_event_title_that_is_the_heading_is_not_repeated(composer: "Composer") -> None:
    assert "Een item" not in lines(composer, event(title="Een item"))


def test_event_is_offered_to_the_calendar_where_there_is_a_page(
    composer: "Composer",
) -> None:
    cell = shown(composer, event())
    assert cell.xpath(".//td//a/@href") == [
        "https://news.example.org/2023-05/open-dag.ics"
    ]


def test_event_of_a_newsletter_without_pages_has_no_calendar(
    composer: "Composer",
) -> None:
    composer.newsletter(base_url="")
    assert shown(composer, event()).xpath(".//a") == []


def test_event_online_is_a_link_or_words(composer: "Composer") -> None:
    composer.newsletter(base_url="")
    address = shown(composer, event(online="https://meet.example.org"))
    assert address.xpath(".//a/@href") == ["https://meet.example.org"]
    assert "Online: by telephone" in lines(composer, event(online="by telephone"))


def test_event_of_whole_days_shows_the_days(composer: "Composer") -> None:
    days = event(start=date(2023, 5, 9), end=date(2023, 5, 11), where="")
    assert lines(composer, days)[1] == "dinsdag 9 – donderdag 11 mei 2023"


def test_event_in_another_language_has_its_words(composer: "Composer") -> None:
    english = event(attributes=Attributes(language="en"))
    assert "Tuesday 9 May 2023, 19:00–20:30" in lines(composer, english)


def test_image_without_file_and_words_shows_its_caption(composer: "Composer") -> None:
    assert lines(composer, Image("gone.png", "", "Foto: wij", AT)) == ["Foto: wij"]


def test_block_in_another_language_says_so(composer: "Composer") -> None:
    arabic = Paragraph(text("x"), AT, Attributes(language="ar"))
    cell = shown(composer, arabic)
    assert [tuple(child.attrib.items()) for child in cell] == [
        (("lang", "ar"), ("dir", "rtl"), ("style", "text-align:right"))
    ]


def test_classes_of_a_block_are_kept_for_the_style_sheet(composer: "Composer") -> None:
    composer.template("bulletin.css.j2", ".wide { color: #123456 }")
    wide = Paragraph(text("x"), AT, Attributes(classes=("wide", "tall")))
    (child,) = shown(composer, wide)
    assert (child.get("class"), child.get("style")) == ("wide tall", "color:#123456")


def test_direction_alone_can_be_turned(composer: "Composer") -> None:
    turned = Paragraph(text("x"), AT, Attributes(direction="rtl"))
    (child,) = shown(composer, turned)
    assert (child.get("lang"), child.get("dir")) == (None, "rtl")


def test_bars_and_indents_stand_where_lines_begin(composer: "Composer") -> None:
    blocks = (
        Quote((paragraph(Text("a")),), AT),
        ListBlock(((paragraph(Text("a")),),), False, 1, AT),
        event(),
    )
    item = Item(text("x"), blocks, AT, attributes=Attributes(language="ar"))
    html = composer.html(sections=(Section((), (), (item,), AT),))
    part = lxml_html.document_fromstring(html).xpath("//div[@lang='ar']")[0]
    inner = lxml_html.tostring(part, encoding="unicode")
    assert inner.count("border-right:") == 2
    assert inner.count("padding-right:") == 2
    assert "border-left" not in inner
    assert "padding-left" not in inner
