import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.assembly.webpage import render_webpage
from newsletter.errors import DefinitionError
from newsletter.model.issue import Issue
from newsletter.model.settings import ListSettings, Settings

Read = Callable[..., Issue]


@pytest.fixture
def page_of(read_issue: Read, settings: Settings) -> Callable[..., Any]:
    """Return the web page of a definition, as a tree."""

    def page(definition: str, **keys: str) -> Any:
        issue = read_issue(definition, **keys)
        return lxml_html.document_fromstring(render_webpage(issue, settings, {}))

    return page


def meta(page: Any, name: str) -> str:
    (content,) = page.xpath(f'//meta[@name="{name}" or @property="{name}"]/@content')
    return str(content)


def texts(page: Any, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.xpath(path)]


#: What the editor wrote; the link to the other issues is ours.
WORDS = "//main//p[not(a/@href='../')]"

SECTIONS = """\
# Groot

Tekst.

## Eerste sectie

### Een item

#### Tussenkop

Tekst.

## Tweede sectie

### Nog een item

Tekst.
"""


def test_page_says_its_language_title_and_what_it_is_about(
    page_of: Callable[..., Any],
) -> None:
    page = page_of("Dag.", subject="Een <brug> & meer", preheader='Over "bruggen"')
    assert page.get("lang") == "nl"
    assert page.get("dir") == "ltr"
    assert texts(page, "//title") == ["Een <brug> & meer · De Brug"]
    assert texts(page, "//h1") == ["Een <brug> & meer"]
    assert meta(page, "description") == 'Over "bruggen"'
    assert meta(page, "og:title") == "Een <brug> & meer"


def test_page_in_arabic_runs_from_right_to_left(page_of: Callable[..., Any]) -> None:
    page = page_of("مرحبًا.", language="ar")
    assert page.get("dir") == "rtl"
    assert texts(page, '//*[@class="issue"]') == ["الأربعاء 3 مايو 2023"]


def test_page_has_no_script_form_or_anything_from_elsewhere(
    read_issue: Read, settings: Settings
) -> None:
    html = render_webpage(read_issue(SECTIONS), settings, {})
    page = lxml_html.document_fromstring(html)
    assert (
        page.xpath(
            "//script | //form | //iframe | //object "
            "| //link[not(@rel='canonical' or @rel='alternate')]"
        )
        == []
    )
    assert page.xpath("//@style | //@*[starts-with(name(), 'on')]") == []
    assert "url(" not in html
    assert "@import" not in html


def test_policy_of_the_page_allows_its_own_style_alone(
    read_issue: Read, settings: Settings
) -> None:
    html = render_webpage(read_issue(SECTIONS), settings, {})
    style = html.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    page = lxml_html.document_fromstring(html)
    assert page.xpath('//meta[@http-equiv="Content-Security-Policy"]/@content') == [
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    ]
    assert meta(page, "referrer") == "no-referrer"


def test_page_shows_fallbacks_and_no_personal_link(
    read_issue: Read, settings: Settings
) -> None:
    issue = read_issue('Dag {{ first_name or "lezer" }},')
    html = render_webpage(issue, settings, {})
    assert "<p>Dag lezer,</p>" in html
    assert "@@" not in html
    assert "Uitschrijven" not in html


def test_headings_of_the_page_make_an_outline_without_gaps(
    page_of: Callable[..., Any],
) -> None:
    page = page_of(SECTIONS)
    levels = [int(tag.tag[1]) for tag in page.xpath("//h1|//h2|//h3|//h4|//h5")]
    assert levels == [1, 2, 2, 2, 3, 4, 2, 3]


def test_contents_lead_to_every_part_by_its_name(page_of: Callable[..., Any]) -> None:
    page = page_of(SECTIONS)
    assert page.xpath("//nav//a/@href") == [
        "#groot",
        "#eerste-sectie",
        "#tweede-sectie",
    ]
    assert page.xpath("//main/*/@id") == ["groot", "eerste-sectie", "tweede-sectie"]


def test_contents_of_two_parts_are_not_shown(page_of: Callable[..., Any]) -> None:
    assert page_of("## Een\n\nX\n\n## Twee\n\nY").xpath("//nav") == []


def test_parts_of_one_name_and_without_latin_letters_have_names_of_their_own(
    page_of: Callable[..., Any],
) -> None:
    page = page_of("## Nieuws\n\nX\n\n## Nieuws\n\nY\n\n## أخبار\n\nZ\n\n## حقوق\n\nZ")
    assert page.xpath("//main/*/@id") == ["nieuws", "nieuws-2", "section", "section-2"]


def test_numbered_sections_have_their_numbers_in_page_and_contents(
    read_issue: Read, settings: Settings
) -> None:
    numbered = replace(
        settings, template=replace(settings.template, number_sections=True)
    )
    html = render_webpage(read_issue(SECTIONS), numbered, {})
    page = lxml_html.document_fromstring(html)
    assert texts(page, '//h2[@class="label"]') == [
        "1. Eerste sectie",
        "2. Tweede sectie",
    ]
    assert texts(page, "//nav//a") == ["Groot", "1. Eerste sectie", "2. Tweede sectie"]


def test_item_in_another_language_says_so(page_of: Callable[..., Any]) -> None:
    page = page_of(
        "## Nieuws\n\n{lang=ar}\n### خبر\n\n::: event\nwhen: 2023-05-09\n"
        "link: https://example.org/x\n:::"
    )
    (item,) = page.xpath('//article/*[@lang="ar" and @dir="rtl"]')
    assert texts(item, './/*[@class="when"]') == ["الثلاثاء 9 مايو 2023"]
    assert "لمزيد من المعلومات" in item.text_content()


def test_classes_of_an_editor_stand_on_section_item_and_block(
    page_of: Callable[..., Any],
) -> None:
    page = page_of("{.wide}\n## Nieuws\n\n{.big}\n### Item\n\n{.small lang=ar}\nText.")
    assert page.xpath('//section[@class="wide"]')
    assert page.xpath('//article/*[@class="big"]')
    (small,) = page.xpath('//*[@class="small"]')
    assert (small.get("lang"), small.get("dir")) == ("ar", "rtl")
    assert small.get("style") is None


def test_subheading_before_the_first_item_is_below_its_section(
    page_of: Callable[..., Any],
) -> None:
    assert texts(page_of("## Nieuws\n\n#### Vooraf\n\nX"), "//h3") == ["Vooraf"]


def test_links_leave_without_telling_where_from(page_of: Callable[..., Any]) -> None:
    page = page_of(
        "[Lees](https://example.org/a?b=1&c=2) [schrijf](mailto:a@example.org)"
    )
    (link,) = page.xpath('//main//a[starts-with(@href, "https:")]')
    assert link.get("href") == "https://example.org/a?b=1&c=2"
    assert link.get("rel") == "noopener"
    assert page.xpath('//a[@href="mailto:a@example.org"]')


def test_words_that_look_like_a_link_stay_words(page_of: Callable[..., Any]) -> None:
    page = page_of('Schrijf `<a href="http://example.org">` zo.')
    assert texts(page, WORDS) == ['Schrijf <a href="http://example.org"> zo.']


def test_event_has_a_time_for_machines_and_its_calendar_beside_the_page(
    page_of: Callable[..., Any],
) -> None:
    page = page_of(
        "## Agenda\n\n### Avond\n\n::: event\nwhen: 2023-05-09 19:00-20:30\n:::"
    )
    assert page.xpath('//*[@class="when"]/time/@datetime') == [
        "2023-05-09T19:00:00+02:00"
    ]
    assert page.xpath('//a[@type="text/calendar"]/@href') == ["./avond.ics"]


def test_picture_lies_beside_the_page(read_issue: Read, settings: Settings) -> None:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (900, 450), "teal").save(file, "PNG")
    issue = read_issue('![Een deur](deur.png "Open.")')
    images, _ = prepare_images(issue, {"deur.png": file.getvalue()}, shown_width=600)
    html = render_webpage(issue, settings, images)
    name = images["deur.png"].name
    # As wide as the mail: on the page it fills the column, which is wider.
    assert (
        f'<figure><img src="{name}" alt="Een deur" width="600" height="300" '
        'class="wide">'
        "<figcaption>Open.</figcaption></figure>"
    ) in html


def test_picture_that_is_missing_is_told_in_words(page_of: Callable[..., Any]) -> None:
    page = page_of("![Een deur](deur.png)")
    assert texts(page, WORDS) == ["[Een deur]"]


def test_page_of_an_archived_issue_names_its_own_address(
    page_of: Callable[..., Any],
) -> None:
    address = ["https://news.example.org/2023-05/"]
    assert page_of("Dag.").xpath('//link[@rel="canonical"]/@href') == address
    assert page_of("Dag.", archive="no").xpath('//link[@rel="canonical"]') == []


def test_page_of_an_archived_issue_leads_to_the_others_and_to_the_feed(
    page_of: Callable[..., Any],
) -> None:
    link, feed = '//main/p/a[@href="../"]', '//link[@type="application/atom+xml"]'
    page, apart = page_of("Dag."), page_of("Dag.", archive="no")
    assert texts(page, link) == ["Alle nummers"]
    assert page.xpath(f"{feed}/@href") == ["../feed.xml"]
    assert apart.xpath(f"{link} | {feed}") == []


@pytest.mark.parametrize(
    ("base_url", "is_public", "archive", "links"),
    [
        ("https://n.org/news", True, "yes", ["https://n.org/news/join?lang=nl"]),
        ("https://n.org/news", False, "yes", []),
        ("https://n.org/news", True, "no", []),
        ("", True, "yes", []),
    ],
)
def test_page_leads_to_joining_where_anybody_may_join(
    read_issue: Read,
    settings: Settings,
    base_url: str,
    is_public: bool,
    archive: str,
    links: list[str],
) -> None:
    open_to_all = replace(
        settings,
        newsletter=replace(settings.newsletter, base_url=base_url),
        lists={"main": ListSettings(is_public=is_public)},
    )
    issue = read_issue("Dag.", archive=archive)
    page = lxml_html.document_fromstring(render_webpage(issue, open_to_all, {}))
    assert page.xpath('//a[text()="Inschrijven"]/@href') == links


def test_closing_lines_are_in_the_language_of_the_newsletter(
    page_of: Callable[..., Any],
) -> None:
    page = page_of("مرحبًا.", language="ar")
    (footer,) = page.xpath("//footer")
    assert (footer.get("lang"), footer.get("dir")) == ("nl", "ltr")
    assert texts(footer, "./*") == [
        "Wie wij zijn.",
        "Wat wij doen.",
        "Postbus 1Utrecht",
    ]


def test_page_is_the_same_each_time(read_issue: Read, settings: Settings) -> None:
    issue = read_issue(SECTIONS)
    assert render_webpage(issue, settings, {}) == render_webpage(issue, settings, {})


def test_template_of_the_project_replaces_the_built_in_one(
    read_issue: Read, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "templates" / "web" / "blocks"
    folder.mkdir(parents=True)
    (folder / "divider.j2").write_text("<p>***</p>")
    templates = Templates.of_project(tmp_path)
    html = render_webpage(read_issue("Een\n\n---\n\ntwee"), settings, {}, templates)
    assert re.search(r"<p>Een</p>\s*<p>\*\*\*</p>\s*<p>twee</p>", html)


def test_template_of_the_project_that_fails_is_named_with_its_line(
    read_issue: Read, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "templates" / "web" / "blocks"
    folder.mkdir(parents=True)
    (folder / "divider.j2").write_text("<hr>\n{{ block.colour }}")
    templates = Templates.of_project(tmp_path)
    with pytest.raises(DefinitionError) as raised:
        render_webpage(read_issue("Een\n\n---\n\ntwee"), settings, {}, templates)
    assert str(raised.value).startswith("templates/web/blocks/divider.j2:2: ")
