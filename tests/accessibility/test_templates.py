"""Every built-in template, as readers with other eyes, ears and screens meet it.

axe-core finds what can be found by rules of WCAG 2.2 AA in light and dark, on a phone
and on a desk. It does not see layout tables without a role, a lost direction or a page
that scrolls sideways: those are looked for here.
"""

import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html
from PIL import Image as Picture

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.model.issue import (
    Attributes,
    Block,
    Button,
    Code,
    CodeBlock,
    Divider,
    Emphasis,
    Event,
    Field,
    Image,
    Issue,
    Item,
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
from newsletter.model.settings import NewsletterSettings, Settings, Theme

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

AT = Place("issues/2023-05.md", 7, 1)
ZONE = ZoneInfo("Europe/Amsterdam")
SETTINGS = Settings(
    NewsletterSettings(
        name="De Brug",
        sender="De Brug <post@example.org>",
        language="nl",
        address="Postbus 1, Utrecht",
        about="Wie wij zijn en wat wij doen.",
        base_url="https://news.example.org",
    ),
    Theme(number_sections=True, logo="logo.png"),
)
EVENT = Event(
    "Open dag",
    datetime(2023, 5, 9, 19, tzinfo=ZONE),
    None,
    AT,
    "Brug 1, Utrecht",
    "https://example.org/e",
)
TEMPLATES = tuple(Templates().names())
LANGUAGES = ("nl", "ar")

#: What WCAG 2.2 asks at level AA; best practices for whole pages are not for mail.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def text(words: str) -> tuple[Text]:
    return (Text(words),)


def paragraph(words: str) -> Paragraph:
    return Paragraph(text(words), AT)


def blocks() -> tuple[Block, ...]:
    """Return one of everything an item can hold."""
    link = Link(text("het verslag van de commissie"), "https://example.org/a", "", AT)
    long_word = "Ongedocumenteerdensteunpuntwaarheidsvindingscommissievoorzitter"
    table = Table(
        (text("Stad"), text("Spreekuren"), text("Sinds")),
        ((text("Utrecht"), text("1.200"), text(long_word)),),
        ("", "right", "center"),
        AT,
    )
    return (
        Paragraph(
            (
                Text("Lees "),
                link,
                Text(f" van {long_word}, "),
                Strong(text("vet")),
                Emphasis(text(" schuin ")),
                Code("code()"),
                Field("first_name", "lezer", AT),
            ),
            AT,
        ),
        Subheading(text("Een tussenkop"), AT),
        ListBlock(((paragraph("een"),), (paragraph("twee"),)), False, 1, AT),
        Quote((paragraph("Wat iemand zei."),), AT),
        table,
        Image("brug.png", "Een brug over de Vecht", "Foto: De Brug", AT),
        Image("brug.png", "Een brug", "", AT, target="https://example.org/brug"),
        Image("weg.png", "Een brug die er niet meer is", "", AT),
        Button(text("Teken de petitie"), "https://example.org/p", "", AT),
        Button(text("Nog zonder doel"), "", "", AT),
        Note((paragraph("Het spreekuur is verhuisd."), table), AT),
        EVENT,
        Divider(AT),
        CodeBlock("if brug:\n    ga(over='de " + "lange " * 20 + "brug')", AT),
    )


@cache
def mail(template: str, language: str) -> str:
    """Return the HTML of an issue that holds everything, pictures left out."""
    english, some = Attributes(language="en"), (*blocks()[:3], EVENT)
    link = Link(text("Een kop als link"), "https://example.org/k", "", AT)
    items = (
        Item((link,), blocks(), AT),
        Item(text("An item in English"), some, AT, attributes=english),
    )
    issue = Issue(
        "issues/2023-05.md",
        "2023-05",
        text("Een brug"),
        text("Over bruggen"),
        date(2023, 5, 3),
        language,
        number="5",
        template=template,
        opening=some,
        leads=(Item(text("Groot nieuws over bruggen"), some, AT, is_lead=True),),
        sections=(Section(text("Een sectie"), some, items, AT),),
    )
    originals = {"brug.png": png(1600, 900), "/logo.png": png(300, 100)}
    images, problems = prepare_images(issue, originals, shown_width=600)
    assert not problems
    return assemble_issue(issue, SETTINGS, images, Templates()).html


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Picture.new("RGB", (width, height), "#336699").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    """Open one page for all tests: a new one takes longer than a test."""
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


def show(tab: "Page", html: str, *, width: int = 640, scheme: Any = "light") -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)
    tab.set_content(html)


def run_axe(tab: "Page", axe: str) -> Any:
    """Return what axe-core says of the page that is shown."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(axe)
    return tab.evaluate(
        "tags => axe.run({runOnly: {type: 'tag', values: tags},"
        " resultTypes: ['violations']})",
        TAGS,
    )


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=TEMPLATES)
def html(request: pytest.FixtureRequest, language: str) -> str:
    return mail(request.param, language)


# --- in the browser -------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640])
def test_mail_has_no_violations(
    tab: "Page", axe: str, html: str, width: int, scheme: str
) -> None:
    show(tab, html, width=width, scheme=scheme)
    result = run_axe(tab, axe)
    violations = {
        found["id"]: [node["html"] for node in found["nodes"]]
        for found in result["violations"]
    }
    assert violations == {}
    assert len(result["passes"]) > 15


def test_axe_finds_what_is_wrong(tab: "Page", axe: str) -> None:
    """The check can fail: a mail spoilt on purpose is not let through."""
    spoilt = mail("bulletin", "nl").replace("color:#2c3138", "color:#aaaaaa")
    spoilt = re.sub(r' alt="[^"]*"', "", spoilt)
    show(tab, spoilt.replace('<html lang="nl"', "<html", 1))
    found = {violation["id"] for violation in run_axe(tab, axe)["violations"]}
    assert {"color-contrast", "image-alt", "html-has-lang"} <= found


@pytest.mark.parametrize("text_size", ["", "32px"])
def test_mail_does_not_scroll_sideways_on_a_phone(
    tab: "Page", html: str, text_size: str
) -> None:
    """At twice the text size too (WCAG 1.4.4 and 1.4.10)."""
    show(tab, html, width=320)
    if text_size:
        rule = f"p, li, td, pre {{ font-size: {text_size} !important }}"
        tab.add_style_tag(content=rule)
    assert tab.evaluate("document.documentElement.scrollWidth") == 320


def test_mail_is_no_wider_than_its_column_on_a_desk(tab: "Page", html: str) -> None:
    show(tab, html, width=1400)
    widest = tab.evaluate(
        "Math.max(...[...document.querySelectorAll('p, img, .data, pre')]"
        ".map(e => e.getBoundingClientRect().width))"
    )
    assert 500 < widest <= 552


def test_lines_begin_at_the_side_of_their_language(
    tab: "Page", html: str, language: str
) -> None:
    show(tab, html)
    sides = tab.evaluate(
        "[...document.querySelectorAll('p, h2, h3, li, blockquote')].map(e =>"
        " [getComputedStyle(e).direction, getComputedStyle(e).textAlign])"
    )
    expected = (
        {("ltr", "left"), ("rtl", "right")} if language == "ar" else {("ltr", "left")}
    )
    assert {tuple(side) for side in sides} == expected


def test_dark_mode_is_dark(tab: "Page", html: str) -> None:
    show(tab, html, scheme="dark")
    colours = tab.evaluate(
        "[...document.querySelectorAll('body, .mail, .card, .foot, .foot table')]"
        ".map(e => getComputedStyle(e).backgroundColor)"
    )
    assert len(colours) > 4
    for colour in colours:
        channels = [int(number) for number in re.findall(r"\d+", colour)[:3]]
        assert max(channels) < 64, colour


# --- without a browser ----------------------------------------------------------------


def test_layout_tables_say_that_they_are_none(html: str) -> None:
    tables = lxml_html.document_fromstring(html).xpath("//table")
    roles = {table.get("role") for table in tables if not table.xpath(".//th")}
    layout = [t for t in tables if not t.xpath("./thead")]
    assert {table.get("role") for table in layout} == {"presentation"}
    assert roles <= {"presentation"}


def test_data_tables_are_tables(html: str) -> None:
    tables = lxml_html.document_fromstring(html).xpath("//table[thead]")
    assert tables
    assert {table.get("role") for table in tables} == {None}


def test_language_and_direction_stand_on_document_and_body(
    html: str, language: str
) -> None:
    document = lxml_html.document_fromstring(html)
    direction = "rtl" if language == "ar" else "ltr"
    for element in (document, *document.body):
        if isinstance(element.tag, str):
            assert element.get("lang") == language
            assert element.get("dir") == direction


def test_every_image_has_its_words(html: str) -> None:
    images = lxml_html.document_fromstring(html).xpath("//img")
    assert len(images) == 3
    assert all(image.get("alt") for image in images)


def test_headings_begin_at_one_and_skip_no_level(html: str) -> None:
    document = lxml_html.document_fromstring(html)
    levels = [
        int(element.tag[1])
        for element in document.iter()
        if re.fullmatch(r"h[1-6]", str(element.tag))
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))  # noqa: RUF007, B905


def test_text_is_never_smaller_than_fourteen_pixels(html: str) -> None:
    sizes = {int(size) for size in re.findall(r"font-size:(\d+)px", html)}
    # 0 and 1 are spacing and the hidden preheader; 13 is the label of a section.
    assert min(sizes - {0, 1}) >= 13


def test_mail_keeps_its_sense_without_pictures(html: str) -> None:
    """Alternative text stands in the size and colour of small text, not in 0 pixels."""
    for image in lxml_html.document_fromstring(html).xpath("//img"):
        if image.get("alt") != "De Brug":
            assert "font-size:14px" in image.get("style")


def test_shipped_file_of_axe_is_recent(axe: str) -> None:
    version = re.search(r"axe v(\d+)\.(\d+)", axe)
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (4, 11)


def test_templates_are_all_of_the_folder() -> None:
    folder = Path(__file__).parents[2] / "templates"
    names = {path.name.removesuffix(".mjml.j2") for path in folder.glob("*.mjml.j2")}
    assert set(TEMPLATES) == names
