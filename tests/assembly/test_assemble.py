"""An issue put together: what stands in the mail, in which order, and what does not."""

import quopri
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import html as lxml_html

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.loaders import Templates
from newsletter.config import read_settings
from newsletter.definition.parse import parse
from newsletter.errors import DefinitionError
from newsletter.model.assembled import AssembledImage, LinkUse
from newsletter.model.issue import (
    Attributes,
    Button,
    Field,
    Image,
    Inline,
    Item,
    Link,
    Paragraph,
    Section,
    Text,
)
from newsletter.model.problem import Place, Problem

if TYPE_CHECKING:
    from tests.assembly.conftest import Composer

AT = Place("issues/2023-05.md", 9, 1)
NAME = Field("first_name", "lezer", AT)


def paragraph(*content: str | Inline) -> Paragraph:
    parts = (Text(part) if isinstance(part, str) else part for part in content)
    return Paragraph(tuple(parts), AT)


def item(heading: str, *words: str, **more: object) -> Item:
    blocks = tuple(map(paragraph, words))
    return Item((Text(heading),), blocks, AT, **more)  # type: ignore[arg-type]


def section(heading: str, *items: Item, **more: object) -> Section:
    title = (Text(heading),) if heading else ()
    return Section(title, (), items, AT, **more)  # type: ignore[arg-type]


def picture(source: str) -> AssembledImage:
    name = source.replace(".", "-1.")
    return AssembledImage(
        source, name, f"{source}@x", "image/png", b"", 600, 300, "", AT
    )


def words(html: str) -> str:
    """Return what a reader sees, as one line."""
    body = lxml_html.document_fromstring(html).body
    return " ".join(" ".join(body.itertext()).split())


def tree(html: str) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(html)


# --- the whole ------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["bulletin", "letter"])
def test_parts_of_an_issue_come_in_order(composer: "Composer", template: str) -> None:
    html = composer.html(
        template=template,
        opening=(paragraph("Lieve lezer"),),
        leads=(item("Groot nieuws", "Het nieuws", is_lead=True),),
        sections=(
            Section(
                (Text("Rechten"),), (paragraph("Vooraf"),), (item("A", "Tekst"),), AT
            ),
            section("Agenda", item("B", "Nog iets")),
        ),
    )
    expected = (
        r"Over bruggen.*De Brug.*woensdag 3 mei 2023.*Lieve lezer.*Groot nieuws"
        r".*Het nieuws.*Rechten.*Vooraf.*A.*Tekst.*Agenda.*B.*Nog iets"
        r".*Wie wij zijn\..*Wat wij doen\..*Postbus 1.*Utrecht.*Uitschrijven"
    )
    assert re.search(expected, words(html))


def test_bulletin_names_number_and_date(composer: "Composer") -> None:
    seen = words(composer.html(number="5"))
    assert "De Brug Nummer 5 · woensdag 3 mei 2023" in seen


def test_sections_are_numbered_when_the_theme_says_so(composer: "Composer") -> None:
    composer.theme(number_sections=True)
    html = composer.html(
        sections=(section("", item("X")), section("Een"), section("Twee"))
    )
    headings = [h.text_content() for h in tree(html).iter("h2")]
    assert headings == ["X", "1. Een", "2. Twee"]


def test_headings_go_down_one_level_at_a_time(composer: "Composer") -> None:
    html = composer.html(paragraph("x"), leads=(item("Groot", is_lead=True),))
    levels = [e.tag for e in tree(html).iter() if re.fullmatch(r"h\d", str(e.tag))]
    assert levels == ["h1", "h2", "h2", "h3"]


def test_subject_holds_markers(composer: "Composer") -> None:
    mail = composer.assemble(subject=(Text("Dag "), NAME))
    marker = next(slot.marker for slot in mail.slots if slot.name == "first_name")
    assert mail.subject == f"Dag {marker}"
    assert tree(mail.html).findtext(".//title") == f"Dag {marker}"


def test_slots_stand_in_text_link_words_and_address_of_leaving(
    composer: "Composer",
) -> None:
    link = Link((Text("Dag "), NAME), "https://example.org", "", AT)
    mail = composer.assemble(paragraph(NAME, " en ", link))
    markers = {slot.name: slot.marker for slot in mail.slots}
    name, leave = markers["first_name"], markers["unsubscribe_url"]
    assert f'{name} en <a href="https://example.org"' in mail.html
    assert f">Dag {name}</a>" in mail.html
    assert f'<a href="{leave}"' in mail.html
    assert name in mail.text
    assert leave in mail.text


def test_slots_say_what_goes_there(composer: "Composer") -> None:
    mail = composer.assemble(paragraph(NAME))
    assert [(slot.name, slot.fallback) for slot in mail.slots] == [
        ("unsubscribe_url", ""),
        ("preferences_url", ""),
        ("first_name", "lezer"),
    ]


def test_assembling_twice_gives_the_same(composer: "Composer") -> None:
    assert composer.assemble(paragraph(NAME)) == composer.assemble(paragraph(NAME))


def test_classes_of_items_and_sections_are_kept(composer: "Composer") -> None:
    own, inner = Attributes(classes=("agenda",)), Attributes(classes=("wide",))
    html = composer.html(
        sections=(section("Een", item("x", attributes=inner), attributes=own),)
    )
    assert [e.tag for e in tree(html).find_class("agenda")] == ["div"]
    assert [e.text_content() for e in tree(html).find_class("wide")] == ["x"]


# --- languages ------------------------------------------------------------------------


def test_language_and_direction_stand_on_document_and_first_child(
    composer: "Composer",
) -> None:
    document = tree(composer.html(language="ar"))
    first = document.body[0]
    for element in (document, first):
        assert (element.get("lang"), element.get("dir")) == ("ar", "rtl")


def test_item_in_another_language_says_so_and_has_its_words(
    composer: "Composer",
) -> None:
    english = Attributes(language="en")
    html = composer.html(
        sections=(section("Een", item("Two", "words", attributes=english)),)
    )
    (part,) = tree(html).xpath("//*[@lang='en']")
    assert (part.get("dir"), [*part.itertext()]) == ("ltr", ["Two", "words"])


def test_item_of_the_other_direction_is_turned(composer: "Composer") -> None:
    arabic = Attributes(language="ar")
    html = composer.html(sections=(section("Een", item("x", "y", attributes=arabic)),))
    (part,) = tree(html).xpath("//*[@lang='ar']")
    assert (part.get("dir"), part.get("style")) == ("rtl", "text-align:right")


def test_items_of_a_section_in_another_language_inherit_it(
    composer: "Composer",
) -> None:
    english = Attributes(language="en")
    html = composer.html(sections=(section("Two", item("x"), attributes=english),))
    assert [e.tag for e in tree(html).xpath("//*[@lang='en']")] == ["h2", "div"]


def test_mail_from_right_to_left_is_mirrored(composer: "Composer") -> None:
    composer.newsletter(language="ar")
    html = composer.html(paragraph("x"), language="ar")
    assert "direction:ltr" not in html
    assert "text-align:left" not in html.replace("font-size:0px;text-align:left", "")


def test_closing_lines_keep_the_language_of_the_newsletter(
    composer: "Composer",
) -> None:
    html = composer.html(language="en")
    (part,) = tree(html).xpath("//*[@lang='nl']")
    assert part.text_content() == "Wie wij zijn.Wat wij doen.Postbus 1Utrecht"


# --- preheader ------------------------------------------------------------------------


def test_preheader_is_filled_up_so_that_no_text_follows_it(
    composer: "Composer",
) -> None:
    hidden = tree(composer.html()).body[0][0]
    assert "display:none" in hidden.get("style")
    assert hidden.text_content().startswith("Over bruggen\u034f\u200c\u00a0")
    assert hidden.text_content().count("\u00a0") == 150 - len("Over bruggen")


def test_long_preheader_gets_no_filler(composer: "Composer") -> None:
    html = composer.html(preheader=(Text("x" * 200),))
    assert tree(html).body[0][0].text_content() == "x" * 200


# --- addresses of our own -------------------------------------------------------------


def test_page_of_an_archived_issue_is_linked(composer: "Composer") -> None:
    mail = composer.assemble()
    assert "https://news.example.org/2023-05/" in mail.html
    assert mail.links == (
        LinkUse(
            "https://news.example.org/2023-05/",
            "Bekijk in de browser",
            "own",
            Place("issues/2023-05.md"),
        ),
    )


def test_issue_kept_off_the_pages_is_not_linked(composer: "Composer") -> None:
    mail = composer.assemble(is_archived=False)
    assert "Bekijk in de browser" not in mail.html
    assert mail.links == ()


def test_newsletter_with_pages_leads_each_reader_to_their_settings(
    composer: "Composer",
) -> None:
    mail = composer.assemble()
    (marker,) = (slot.marker for slot in mail.slots if slot.name == "preferences_url")
    assert f'<a href="{marker}"' in mail.html
    words = [link.text_content() for link in tree(mail.html).iter("a")]
    assert words == ["Uitschrijven", "Uw instellingen", "Bekijk in de browser"]
    assert f"\nUw instellingen: <{marker}>\n" in mail.text


def test_newsletter_without_pages_has_only_the_address_of_leaving(
    composer: "Composer",
) -> None:
    composer.newsletter(base_url="")
    html = composer.html()
    assert "Bekijk in de browser" not in html
    assert re.findall(r'href="(.*?)"', html) == ["@@" + html.split("@@")[1] + "@@"]


# --- promised links -------------------------------------------------------------------


def test_promised_link_is_its_plain_words(composer: "Composer") -> None:
    promised = Link((Text("Zie hier"),), "", "", AT)
    html = composer.html(paragraph("Lees meer. ", promised, "."))
    assert "Lees meer. Zie hier." in html
    assert 'href=""' not in html


def test_button_without_target_is_no_link(composer: "Composer") -> None:
    html = composer.html(Button((Text("Ik teken"),), "", "", AT))
    (button,) = tree(html).find_class("button")
    assert [child.tag for child in button] == ["span"]


# --- pictures -------------------------------------------------------------------------


def test_embedded_pictures_are_shown_by_content_id(composer: "Composer") -> None:
    composer.images = {"a.png": picture("a.png")}
    mail = composer.assemble(Image("a.png", 'Een "brug"', "", AT))
    (image,) = tree(mail.html).iter("img")
    assert (image.get("src"), image.get("alt")) == ("cid:a.png@x", 'Een "brug"')
    assert mail.embedded == mail.images == (picture("a.png"),)


def test_hosted_pictures_are_shown_from_the_page(composer: "Composer") -> None:
    composer.images = {"a.png": picture("a.png")}
    composer.theme(images="hosted")
    mail = composer.assemble(Image("a.png", "Een brug", "", AT))
    (image,) = tree(mail.html).iter("img")
    assert image.get("src") == "https://news.example.org/2023-05/a-1.png"
    assert (mail.embedded, mail.images) == ((), (picture("a.png"),))


def test_pictures_come_in_order_of_use_each_once_the_logo_first(
    composer: "Composer",
) -> None:
    composer.images = {name: picture(name) for name in ("b.png", "a.png", "/logo.png")}
    composer.theme(logo="logo.png")
    uses = (Image(name, "x", "", AT) for name in ("a.png", "b.png", "a.png"))
    mail = composer.assemble(*uses)
    assert [image.source for image in mail.images] == ["/logo.png", "a.png", "b.png"]


def test_picture_of_two_names_is_embedded_once(composer: "Composer") -> None:
    copy = replace(picture("copy.png"), content_id="a.png@x")
    composer.images = {"a.png": picture("a.png"), "copy.png": copy}
    mail = composer.assemble(*(Image(name, "x", "", AT) for name in composer.images))
    assert mail.embedded == (picture("a.png"),)
    assert mail.images == (picture("a.png"), copy)


def test_picture_is_as_wide_as_the_text_for_outlook(composer: "Composer") -> None:
    composer.images = {"a.png": picture("a.png")}
    (image,) = tree(composer.html(Image("a.png", "x", "", AT))).iter("img")
    assert (image.get("width"), image.get("height")) == ("552", "276")


def test_picture_that_is_missing_shows_what_it_would_show(
    composer: "Composer",
) -> None:
    html = composer.html(Image("gone.png", "Een brug", "", AT))
    assert "[Een brug]" in words(html)
    assert not list(tree(html).iter("img"))


def test_logo_stands_for_the_name(composer: "Composer") -> None:
    composer.images = {"/logo.png": picture("logo.png")}
    composer.theme(logo="logo.png")
    (logo,) = tree(composer.html()).iter("img")
    assert (logo.get("alt"), logo.get("height")) == ("De Brug", "72")


@pytest.mark.parametrize("template", ["bulletin", "letter"])
def test_wide_logo_shrinks_on_a_phone(composer: "Composer", template: str) -> None:
    composer.images = {"/logo.png": replace(picture("logo.png"), width=600, height=90)}
    composer.theme(logo="logo.png", name=template)
    (logo,) = tree(composer.html()).iter("img")
    style = logo.get("style", "")
    assert "width:100%;max-width:480px;height:auto" in style.replace(" ", "")


# --- text that looks like something else ----------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</mj-text></mj-column><mj-raw>",
        "{{ 7 * 7 }} {% for x in y %} {# x #}",
        "&nbsp; &lt;b&gt; &#64;",
        "@@3fa9c1_0@@ @@unsubscribe_url@@",
        "<!--[if mso]> --> <![endif]-->",
        "\\u{a0} C:\\new \\",
        'x" onload="alert(1)',
        "<style data-premailer=\"ignore\"> <!doctype html>",
        "50 % &amp; {{%20x%20}} %7B",
    ],
)  # fmt: skip
def test_text_is_only_text_wherever_it_stands(composer: "Composer", text: str) -> None:
    composer.newsletter(name=text, about=text, address=text)
    composer.images = {"a.png": picture("a.png")}
    link = Link((Text(text),), f"https://example.org/?q={text}", "", AT)
    html = composer.html(
        paragraph(text, link),
        Image("a.png", text, text, AT),
        subject=(Text(text),),
        preheader=(Text(text),),
    )
    document, same = tree(html), " ".join(text.split())
    assert document.findtext(".//title") == same
    assert document.xpath("//img/@alt") == [text]
    assert document.xpath("//div/@aria-label") == [text]
    assert words(html).count(same) == 8
    assert not document.xpath("//script | //*[@onload]")


def test_marker_of_another_mail_stays_text(composer: "Composer") -> None:
    taken = composer.assemble(paragraph(NAME)).slots[1].marker
    mail = composer.assemble(paragraph(taken, NAME))
    assert taken not in {slot.marker for slot in mail.slots}
    assert taken in mail.html


def test_font_of_the_theme_cannot_leave_its_style(composer: "Composer") -> None:
    composer.theme(font='"Gill Sans", x;}</style><script>')
    html = composer.html(paragraph("x"))
    assert "font-family:'Gill Sans', xstylescript;" in html
    assert "<script" not in html


# --- templates ------------------------------------------------------------------------


def test_project_overrides_one_block(composer: "Composer") -> None:
    composer.template("blocks/paragraph.j2", "<p>Ours: {{ inline(block.content) }}</p>")
    assert "Ours: x" in words(composer.html(paragraph("x")))


def test_project_adds_a_template(composer: "Composer") -> None:
    composer.template(
        "poster.mjml.j2",
        "<mjml><mj-body><mj-section><mj-column><mj-text>{{ newsletter.name }}"
        "</mj-text></mj-column></mj-section></mj-body></mjml>",
    )
    assert words(composer.html(template="poster")) == "De Brug"


def test_template_that_is_not_there_is_a_problem_at_its_key(
    composer: "Composer",
) -> None:
    at = {"template": Place("issues/2023-05.md", 4, 1)}
    with pytest.raises(DefinitionError) as caught:
        composer.assemble(template="bulletn", places=at)
    assert str(caught.value) == (
        'issues/2023-05.md:4:1: there is no template "bulletn".'
        ' Did you mean "bulletin"?'
    )


def test_template_that_is_like_no_other_gets_a_list(composer: "Composer") -> None:
    with pytest.raises(DefinitionError) as caught:
        composer.assemble(template="../secret")
    assert caught.value.problems == (
        Problem(
            Place("issues/2023-05.md"),
            'there is no template "../secret".',
            "There are bulletin, letter.",
        ),
    )


# --- size and form --------------------------------------------------------------------


@pytest.mark.parametrize("template", ["bulletin", "letter"])
def test_twenty_long_items_are_far_from_being_clipped(
    composer: "Composer", template: str
) -> None:
    """Gmail hides what is beyond about 102 KB, the way to leave included."""
    text = "Een zin van een gewone lengte over bruggen en rivieren. " * 12
    items = (item(f"Kop {number}", text) for number in range(20))
    html = composer.html(template=template, sections=(section("Een", *items),))
    assert len(quopri.encodestring(html.encode())) < 45_000


@pytest.mark.parametrize("template", ["bulletin", "letter"])
def test_mail_is_whole_for_outlook(composer: "Composer", template: str) -> None:
    html = composer.html(paragraph("x"), template=template)
    assert html.startswith("<!DOCTYPE html>")
    assert html.count("<!--[if") == html.count("<![endif]-->")
    assert "!important" in html
    assert "prefers-color-scheme: dark" in html
    assert "\\u" not in html


@pytest.mark.parametrize("template", ["bulletin", "letter"])
def test_mail_fetches_nothing(composer: "Composer", template: str) -> None:
    html = composer.html(paragraph("x"), template=template)
    assert not re.search(r"<link|@import|url\(|src=\"http", html)


def test_widths_follow_the_theme(composer: "Composer") -> None:
    composer.theme(width=520)
    html = composer.html(paragraph("x"))
    assert "max-width:520px" in html
    assert "600px" not in html


def test_assembled_issue_carries_what_it_was_made_of(composer: "Composer") -> None:
    mail = composer.assemble()
    assert mail.issue == composer.issue
    assert [slot.name for slot in mail.slots] == ["unsubscribe_url", "preferences_url"]
    assert mail.text.endswith("\n")
    assert replace(mail.issue, date=date(2023, 5, 4)) != mail.issue


# --- the real issue -------------------------------------------------------------------


def test_real_issue_is_whole_and_small(shared: Path) -> None:
    settings = read_settings(shared / "real")
    text = (shared / "real" / "2023-02.md").read_text(encoding="utf-8")
    parsed = parse(text, file="issues/2023-02.md", slug="2023-02", settings=settings)
    assert parsed.issue is not None
    html = assemble_issue(parsed.issue, settings, {}, Templates()).html
    assert len(quopri.encodestring(html.encode())) < 40_000
    wanted = re.findall(r"\w+", text.partition("# Event")[2].partition("\n::: ")[0])
    seen = iter(re.findall(r"\w+", words(html).partition("Nummer 2")[2]))
    assert all(word in seen for word in wanted)
